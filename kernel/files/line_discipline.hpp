// What happens to bytes between a terminal's device and the programs that read and write it: editing of lines, echo,
// keys that mean a signal, flow control, line ends.
//
//   device --receive--> [ taken ... | lines complete | line being typed ] --read--> program
//   device <--output--- echo, line ends, tabs  <---------------------------write--- program
//
// Behaves as Linux's n_tty does, with its settings. Pure: what it wants done it tells its device. Owns a ring of
// kRingBytes and where the cursor is in its line. Invariants: I1 tail <= complete <= head <= tail + kRingBytes (counters
// that wrap); I2 a mark is set only on bytes inside that end a line. Where a typed line fills the ring, further
// characters are dropped until it ends or is erased. Cost: constant a byte but for erasing. Main line only.
// [POSIX] 11.1; [linux] termios(3)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kernel/files/terminal_output.hpp"
#include "kernel/files/terminal_settings.hpp"

namespace kernel {

class LineDiscipline {
  public:
    static constexpr std::uint32_t kRingBytes = 4096;

    explicit constexpr LineDiscipline(LineDisciplineDevice& device)
        : device_(device), output_(device, settings_) {}

    [[nodiscard]] const TerminalSettings& settings() const { return settings_; }
    /// What was received under the old settings stays; unread bytes become a line or stop being lines.
    void set_settings(const TerminalSettings& settings);

    /// A byte came. Call only while has_room().
    void receive(char byte);
    /// False while unread input fills the ring: the device keeps what comes.
    [[nodiscard]] bool has_room() const;
    /// Forgets what has not been read.
    void drop_input();

    [[nodiscard]] bool canonical() const { return settings_.has_local(TerminalSettings::kCanonical); }
    /// Whether a read would get something: a complete line (which may be an end of file) in canonical mode, else a
    /// byte.
    [[nodiscard]] bool can_read() const { return canonical() ? complete_ != tail_ : head_ != tail_; }
    /// What FIONREAD tells.
    [[nodiscard]] std::uint32_t readable_bytes() const;

    struct Piece {
        std::size_t size_bytes = 0;
        bool ends_line = false;  ///< The newline, or the end-of-file key, has been taken.
    };
    /// Takes bytes of one line, or in raw mode what there is. Call only while can_read(), with room in `to`.
    Piece read(std::span<char> to);

    /// What a program writes, on its way to the device.
    void write(std::string_view bytes);

    /// Panics if an invariant does not hold.
    void check_invariants() const;

  private:
    /// What an erasing key takes away.
    enum class Erase : std::uint8_t { kCharacter, kWord, kLine };

    /// Where a byte comes from: a newline that no line ends with is shown as one only when it was a carriage return.
    enum class Origin : std::uint8_t { kKey, kReturn };

    void receive_special(char byte);
    bool receive_signal(char byte);
    bool receive_editing(char byte);
    void receive_ordinary(char byte, Origin origin);
    void end_line(char byte);
    void erase(Erase what, char key);
    void erase_shown(char byte);
    void reprint(char key);
    void send_signal(KeySignal signal, char key);
    void append(char byte);

    void echo(char byte);
    void begin_echo();
    [[nodiscard]] std::uint32_t column_behind_line() const;

    [[nodiscard]] char at(std::uint32_t position) const { return ring_[position % kRingBytes]; }
    [[nodiscard]] bool is_marked(std::uint32_t position) const;
    void set_mark(std::uint32_t position, bool marked);

    LineDisciplineDevice& device_;
    TerminalSettings settings_ = kTerminalDefaults;
    TerminalOutput output_;
    std::array<char, kRingBytes> ring_{};
    std::array<std::uint32_t, kRingBytes / 32> marks_{};  // of bytes that end a line
    std::uint32_t tail_ = 0;                              // the next to be read
    std::uint32_t complete_ = 0;                          // behind the last complete line
    std::uint32_t head_ = 0;                              // behind the last received
    bool literal_next_ = false;
};

}  // namespace kernel
