// A terminal: a line discipline between a device and the programs, and job control around it.
//
//   programs -- TerminalFile --> Terminal [LineDiscipline] --> TerminalDevice (COM1, keyboard, VGA)
//
// Owns: who waits to read or write, the session whose controlling terminal it is, that session's foreground group, the
// size of the screen. Invariant I1: a process's `terminal` is this one only if its session is session(). After a hangup
// files opened before it read nothing and cannot write. Main line only; read, write and some controls may sleep.
// [POSIX] 11.1; [linux] termios(3), ioctl_tty(2)
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/files/line_discipline.hpp"
#include "kernel/files/open_file.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/programs/wait.hpp"

namespace kernel {

/// What is behind a terminal.
class TerminalDevice {
  public:
    /// Shows all of `bytes`; may let other threads run when `sleeps` says so.
    enum class Sleeps : std::uint8_t { kNo, kYes };
    virtual void send(std::string_view bytes, Sleeps sleeps) = 0;
    /// Hands the terminal what has come in meanwhile, as far as it has room.
    virtual void deliver_input() = 0;

  protected:
    ~TerminalDevice() = default;
};

class Terminal final : private LineDisciplineDevice {
  public:
    /// `device_number`: major << 8 | minor.
    constexpr Terminal(TerminalDevice& device, std::uint32_t device_number)
        : device_(device), discipline_(*this), device_number_(device_number) {}
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    // --- for the device ---
    void receive(char byte) { discipline_.receive(byte); }
    [[nodiscard]] bool has_room() const { return discipline_.has_room(); }
    /// After a batch of receive: wakes who waits for it.
    void received();
    void set_size(const TerminalSize& size);

    // --- for sessions ---
    /// `leader` gets it as its controlling terminal, its group in the foreground. Error: kNotPermitted (another
    /// session has it, or the process leads none, or has one already).
    FileResult<void> become_controlling(Process& leader);
    /// The leader of its session ends, or gives it up: the foreground group is sent SIGHUP and SIGCONT, nobody has it
    /// any more.
    enum class Files : std::uint8_t { kKeepWorking, kAreHungUp };
    void leave_session(Files files);
    [[nodiscard]] ProcessId session() const { return session_; }
    [[nodiscard]] ProcessId foreground_group() const { return foreground_; }
    /// For /proc/PID/stat.
    [[nodiscard]] std::uint32_t device_number() const { return device_number_; }

    // --- for open files; `hangups` is hangups() when the file was opened ---
    [[nodiscard]] std::uint32_t hangups() const { return hangups_; }
    FileResult<std::size_t> read(Transfer& to, OpenFlags flags, std::uint32_t hangups);
    FileResult<std::size_t> write(Transfer& from, OpenFlags flags, std::uint32_t hangups);
    PollEvents poll(PollQueues* queues, std::uint32_t hangups);
    FileResult<std::int32_t> control(std::uint32_t request, std::uint32_t argument);

  private:
    enum class Access : std::uint8_t { kRead, kWrite, kChange };

    // LineDisciplineDevice
    void show(std::string_view bytes) override;
    void send_key_signal(KeySignal signal) override;
    void stop_output() override { stopped_ = true; }
    void start_output() override;
    [[nodiscard]] bool output_stopped() const override { return stopped_; }

    FileResult<void> check_foreground(Access access) const;
    FileResult<std::size_t> read_raw(Transfer& to);
    FileResult<std::size_t> read_line(Transfer& to);
    FileResult<void> wait_until_started(OpenFlags flags, std::uint32_t hangups);

    FileResult<void> control_session(std::uint32_t request, std::uint32_t argument);
    FileResult<void> control_flow(std::uint32_t request, std::uint32_t argument);
    FileResult<void> set_settings(UserAddress from, std::uint32_t request);
    FileResult<void> set_foreground_group(UserAddress from);
    FileResult<void> leave(Process& process);

    TerminalDevice& device_;
    LineDiscipline discipline_;
    TerminalSize size_;
    std::uint32_t device_number_;
    ProcessId session_ = 0;  // 0: nobody's controlling terminal
    ProcessId foreground_ = 0;
    std::uint32_t hangups_ = 0;
    bool stopped_ = false;             // Ctrl-S
    bool program_is_writing_ = false;  // show() may let others run
    WaitQueue readers_;
    WaitQueue writers_;
};

/// The console: COM1 and the keyboard in, COM1 and the VGA screen out.
Terminal& console_terminal();

/// From now on what is typed goes to it, and the log shows only warnings and errors. Once, before the first program
/// runs.
void start_console_terminal();

/// What TERM is for the console: as the host says, else "linux", which the VGA screen is.
std::string_view console_terminal_type();

}  // namespace kernel
