// The kernel's log: what happened, a line each, with the time since the kernel's first instruction.
//
// Owns: the last 32 KiB of lines; when full, the oldest whole lines make room. Every line also goes to COM1
// and to the VGA screen once those are attached. Never allocates, never waits for anything but the serial
// line. Invariant I1: the ring holds whole lines only. Cost: some 20 instructions a character. Callable
// anywhere, interrupt handlers included, from the first instruction of kernel_main on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/files/printer.hpp"
#include "kernel/fixed_text.hpp"

namespace kernel {

class Serial;
class VgaText;

/// Linux's numbers, as /proc/kmsg shows them.
enum class LogLevel : std::uint8_t { kError = 3, kWarning = 4, kInfo = 6 };

class Log {
  public:
    /// Lines from now on go to these devices as well; nullptr: to none.
    void attach(Serial* serial, VgaText* screen) {
        serial_ = serial;
        screen_ = screen;
    }

    /// From now on only lines of this weight and weightier ones go to the devices.
    void show_from(LogLevel level) { shown_from_ = level; }

    /// Adds one line: `format` and `arguments` as Printer::print takes them, without a newline. Cut after
    /// kLineBytes characters.
    template <typename... Arguments>
    void info(std::string_view format, const Arguments&... arguments) {
        add(LogLevel::kInfo, format, arguments...);
    }
    template <typename... Arguments>
    void warning(std::string_view format, const Arguments&... arguments) {
        add(LogLevel::kWarning, format, arguments...);
    }
    template <typename... Arguments>
    void error(std::string_view format, const Arguments&... arguments) {
        add(LogLevel::kError, format, arguments...);
    }

    /// The lines as Linux's kmsg has them, oldest first: `<6>[    0.012345] text`.
    void print_kmsg(Printer& out) const;

  private:
    static constexpr std::size_t kRingBytes = 32 * 1024;
    static constexpr std::size_t kLineBytes = 240;

    template <typename... Arguments>
    void add(LogLevel level, std::string_view format, const Arguments&... arguments) {
        FixedText<kLineBytes> line;
        Printer(line).print(format, arguments...);
        add_line(level, line.text());
    }
    void add_line(LogLevel level, std::string_view text);
    void append(std::string_view bytes);
    void drop_oldest_line();

    std::array<char, kRingBytes> ring_{};
    std::size_t begin_ = 0;  // index of the oldest byte
    std::size_t size_ = 0;
    Serial* serial_ = nullptr;
    VgaText* screen_ = nullptr;
    LogLevel shown_from_ = LogLevel::kInfo;
};

/// The log of this kernel.
Log& log();

}  // namespace kernel
