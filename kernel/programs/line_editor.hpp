// A line being typed: bytes in, a line out, and on the way what the terminal must show.
//
// Keys: printable characters, backspace (both codes), Ctrl-U (forget the line), Ctrl-C (cancel it), Ctrl-D on
// an empty line (end of input), Enter (carriage return, newline, or both). Escape sequences, which arrow keys
// send, are skipped. The serial line and the VGA keyboard send the same codes, so both are edited alike. A
// line is bounded: what goes beyond is neither shown nor kept, only counted, so that backspace can take it back;
// Enter says so instead of handing out half a line.
// Owns its buffer. Cost: constant a byte, Ctrl-U linear. Main line only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/files/printer.hpp"

namespace kernel {

class LineEditor {
  public:
    /// The longest line, in bytes.
    static constexpr std::size_t kLongestLine = 1024;

    enum class Event : std::uint8_t {
        kNone,
        kLine,        ///< line() is complete.
        kCancelled,   ///< Ctrl-C: the line is forgotten.
        kTooLong,     ///< Enter behind more than kLongestLine bytes: the line is forgotten.
        kEndOfInput,  ///< Ctrl-D on an empty line.
    };

    /// What is typed is shown on `screen`.
    explicit constexpr LineEditor(Sink& screen) : screen_(screen) {}

    /// Takes one byte. After kLine, line() is valid until the next byte, which begins a new line.
    Event feed(char byte);

    [[nodiscard]] std::span<char> line() { return std::span(bytes_).first(size_); }

  private:
    enum class Escape : std::uint8_t { kNone, kStarted, kParameters };

    bool skip_escape_sequence(char byte);
    void add(char byte);
    void erase_last();
    Event finish(Event event);

    Sink& screen_;
    std::array<char, kLongestLine> bytes_{};
    std::size_t size_ = 0;
    Escape escape_ = Escape::kNone;
    std::size_t excess_ = 0;              // characters typed behind a full line, and not taken
    bool fresh_ = true;                   // nothing of a new line has been typed
    bool after_carriage_return_ = false;  // a newline now belongs to that
};

}  // namespace kernel
