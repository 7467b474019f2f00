#include "kernel/files/printer.hpp"

#include <array>
#include <cstddef>

namespace kernel {
namespace {

struct Spec {
    bool left = false;
    bool zero = false;
    bool hexadecimal = false;
    std::size_t width = 0;
};

constexpr std::size_t kMostDigits = 20;  // 2^64 - 1 in decimal

Spec parse_spec(std::string_view text) {
    Spec spec;
    for (const char c : text) {
        if (c == '<') {
            spec.left = true;
        } else if (c == '0' && spec.width == 0) {
            spec.zero = true;
        } else if (c >= '0' && c <= '9') {
            spec.width = spec.width * 10 + static_cast<std::size_t>(c - '0');
        } else if (c == 'x') {
            spec.hexadecimal = true;
        }
    }
    return spec;
}

/// Divides in two halves where it can: 64-bit division is a library call on a 32-bit machine.
std::string_view format_number(std::array<char, kMostDigits>& buffer, std::uint64_t value,
                               std::uint32_t base) {
    std::size_t at = buffer.size();
    do {
        std::uint32_t digit = 0;
        if (value <= UINT32_MAX) {
            const auto low = static_cast<std::uint32_t>(value);
            digit = low % base;
            value = low / base;
        } else {
            digit = static_cast<std::uint32_t>(value % base);
            value /= base;
        }
        buffer[--at] = "0123456789abcdef"[digit];
    } while (value != 0);
    return {buffer.data() + at, buffer.size() - at};
}

void pad(Sink& sink, std::size_t count, char with) {
    while (count-- > 0) {
        sink.write({&with, 1});
    }
}

void print_argument(Sink& sink, const Spec& spec, const Printer::Argument& argument) {
    std::array<char, kMostDigits> buffer;
    std::string_view sign;
    std::string_view body = argument.text;
    bool left = spec.left;
    if (argument.kind == Printer::Argument::Kind::kText) {
        left = true;
    } else {
        std::uint64_t magnitude = argument.number;
        if (argument.kind == Printer::Argument::Kind::kSigned && static_cast<std::int64_t>(magnitude) < 0) {
            magnitude = ~magnitude + 1;
            sign = "-";
        }
        body = format_number(buffer, magnitude, spec.hexadecimal ? 16 : 10);
    }
    const std::size_t length = sign.size() + body.size();
    const std::size_t padding = spec.width > length ? spec.width - length : 0;
    if (!left && !spec.zero) {
        pad(sink, padding, ' ');
    }
    sink.write(sign);
    if (!left && spec.zero) {
        pad(sink, padding, '0');
    }
    sink.write(body);
    if (left) {
        pad(sink, padding, ' ');
    }
}

}  // namespace

void Printer::print_list(std::string_view format, std::span<const Argument> arguments) {
    std::size_t next = 0;
    while (!format.empty()) {
        const std::size_t brace = format.find('{');
        sink_.write(format.substr(0, brace));
        if (brace == std::string_view::npos) {
            return;
        }
        format.remove_prefix(brace + 1);
        if (format.starts_with('{')) {
            sink_.write("{");
            format.remove_prefix(1);
            continue;
        }
        const std::size_t close = format.find('}');
        if (close == std::string_view::npos) {
            return;
        }
        if (next < arguments.size()) {
            print_argument(sink_, parse_spec(format.substr(0, close)), arguments[next++]);
        } else {
            sink_.write("{?}");
        }
        format.remove_prefix(close + 1);
    }
}

}  // namespace kernel
