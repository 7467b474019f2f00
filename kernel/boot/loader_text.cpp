#include "kernel/boot/loader_text.hpp"

#include <cstddef>

namespace kernel {
namespace {

std::string_view without_first_word(std::string_view text) {
    const std::size_t blank = text.find(' ');
    return blank == std::string_view::npos ? std::string_view{} : text.substr(blank + 1);
}

bool is_hexadecimal(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// GRUB passes \xHH on as it is, and doubles every other backslash.
bool starts_with_byte_escape(std::string_view text) {
    return text.size() >= 4 && text.starts_with("\\x") && is_hexadecimal(text[2]) && is_hexadecimal(text[3]);
}

std::string_view without_grub_quoting(std::span<char> text) {
    const std::string_view from(text.data(), text.size());
    std::size_t kept = 0;
    for (std::size_t at = 0; at < from.size(); ++at) {
        if (from[at] == '"') {
            continue;
        }
        if (from[at] == '\\' && at + 1 < from.size() && !starts_with_byte_escape(from.substr(at))) {
            ++at;
        }
        text[kept++] = from[at];
    }
    return from.substr(0, kept);
}

}  // namespace

Loader loader_named(std::string_view name) {
    if (name == "qemu") {
        return Loader::kQemu;
    }
    return name.starts_with("GRUB ") ? Loader::kGrub : Loader::kOther;
}

std::string_view restore_loader_text(Loader loader, std::span<char> text) {
    const std::string_view all(text.data(), text.size());
    switch (loader) {
        case Loader::kQemu:
            return without_first_word(all);
        case Loader::kGrub:
            return without_grub_quoting(text);
        case Loader::kOther:
            break;
    }
    return all;
}

}  // namespace kernel
