// Formatted text into a sink: the kernel's only formatter. Allocates nothing; callable anywhere, also while
// the machine is dying.
//
//   out.print("{} frames at {x}\n", count, address);
//
// A placeholder is `{}` or `{[<][0][width][x]}`: `<` aligns left (numbers align right by default, text left
// when a width is given), `0` pads with zeros, `x` prints an integer in hexadecimal, lower case, without
// `0x`.
// `{{` prints a brace. Too few arguments print `{?}`: a message with a hole beats no message.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string_view>

#include "mm/core/address.hpp"

namespace kernel {

/// Where text goes: a device, a log, a stream of a command.
class Sink {
  public:
    /// Takes all of `bytes`, in order. Never fails: a sink that is full drops or waits, as its head says.
    virtual void write(std::string_view bytes) = 0;

  protected:
    ~Sink() = default;
};

class Printer {
  public:
    explicit Printer(Sink& sink) : sink_(sink) {}

    /// One argument of print: an integer or a text.
    struct Argument {
        enum class Kind : std::uint8_t { kSigned, kUnsigned, kText };
        Kind kind = Kind::kUnsigned;
        std::uint64_t number = 0;
        std::string_view text{};

        template <std::unsigned_integral T>
        Argument(T value) : number(value) {}
        template <std::signed_integral T>
        Argument(T value) : kind(Kind::kSigned), number(static_cast<std::uint64_t>(std::int64_t{value})) {}
        Argument(char value) = delete;  // Say whether a character or a number is meant.
        Argument(bool value) = delete;
        Argument(std::string_view value) : kind(Kind::kText), text(value) {}
        Argument(const char* value) : kind(Kind::kText), text(value) {}
        Argument(const void* value) : number(reinterpret_cast<std::uintptr_t>(value)) {}
        Argument(mm::PhysAddr value) : number(value.value()) {}
        Argument(mm::VirtAddr value) : number(value.value()) {}
        Argument(mm::FrameNumber value) : number(value.value()) {}
        Argument(mm::PageNumber value) : number(value.value()) {}
    };

    /// Prints `format` with its placeholders replaced by `arguments`, in order.
    template <typename... Arguments>
    void print(std::string_view format, const Arguments&... arguments) {
        const Argument list[] = {Argument(arguments)..., Argument(0U)};
        print_list(format, std::span<const Argument>(list, sizeof...(arguments)));
    }

    /// The bytes as they are.
    void write(std::string_view bytes) { sink_.write(bytes); }

  private:
    void print_list(std::string_view format, std::span<const Argument> arguments);

    Sink& sink_;
};

}  // namespace kernel
