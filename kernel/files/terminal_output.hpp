// What a terminal shows: line ends and tabs as its settings want them, and which column the cursor is in then.
//
// Gathers bytes into batches for the device. Pure; owns one batch. Cost: about 20 instructions a byte. Main line only.
// [POSIX] 11.2.3
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/files/terminal_settings.hpp"

namespace kernel {

/// The signals that keys send, by their numbers.
enum class KeySignal : std::uint8_t { kInterrupt = 2, kQuit = 3, kSuspend = 20 };

/// What a line discipline asks of the terminal that it belongs to.
class LineDisciplineDevice {
  public:
    /// Shows `bytes` as they are.
    virtual void show(std::string_view bytes) = 0;
    /// To the foreground processes.
    virtual void send_key_signal(KeySignal signal) = 0;
    /// Programs' output waits, or goes on.
    virtual void stop_output() = 0;
    virtual void start_output() = 0;
    [[nodiscard]] virtual bool output_stopped() const = 0;

  protected:
    ~LineDisciplineDevice() = default;
};

class TerminalOutput {
  public:
    static constexpr std::uint32_t kTabStop = 8;

    constexpr TerminalOutput(LineDisciplineDevice& device, const TerminalSettings& settings)
        : device_(device), settings_(settings) {}

    /// Adds one byte.
    void put(char byte);
    /// Shows what has been added.
    void flush();
    /// A line begins to be typed where the cursor is now; where the line on the screen began that is being typed.
    void begin_line() { line_column_ = column_; }
    [[nodiscard]] std::uint32_t line_column() const { return line_column_; }

  private:
    LineDisciplineDevice& device_;
    const TerminalSettings& settings_;
    std::uint32_t column_ = 0;  // of the cursor
    std::uint32_t line_column_ = 0;
    std::array<char, 128> batch_{};
    std::size_t batched_ = 0;
};

}  // namespace kernel
