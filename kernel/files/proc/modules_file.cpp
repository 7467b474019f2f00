// /proc/modules: the loader's files. A checksum is worked out anew from the bytes at each read, a frame at
// a time through the window: that they arrived and stayed intact is seen, not remembered. Cost: some ten
// instructions a byte.
#include "kernel/boot/options.hpp"
#include "kernel/files/crc32.hpp"
#include "kernel/files/proc/memory_files.hpp"

namespace kernel {
namespace {

const char* name_of(ModuleState state) {
    switch (state) {
        case ModuleState::kPresent:
            return "present";
        case ModuleState::kReleased:
            return "released";
        case ModuleState::kUnreadable:
            return "missing";
        case ModuleState::kOutside:
            return "outside";
    }
    return "missing";
}

/// A line a module: a newline in its string is printed as `\012`, as Linux's files do.
void print_on_one_line(Printer& out, std::string_view text) {
    while (true) {
        const std::size_t newline = text.find('\n');
        out.write(text.substr(0, newline));
        if (newline == std::string_view::npos) {
            return;
        }
        out.write("\\012");
        text.remove_prefix(newline + 1);
    }
}

/// The checksum of the bytes as they lie in memory now.
std::uint32_t checksum(Window& window, mm::PhysRange bytes) {
    Crc32 crc;
    while (!bytes.empty()) {
        const std::size_t offset = bytes.begin.offset_in_frame();
        const std::uint64_t room = mm::kPageSize - offset;
        const std::uint64_t count = bytes.size() < room ? bytes.size() : room;
        const auto frame = window.open(bytes.begin.frame());
        crc.add({frame.bytes() + offset, static_cast<std::size_t>(count)});
        bytes.begin = bytes.begin + count;
    }
    return crc.value();
}

}  // namespace

FileResult<void> ModulesFile::read(Printer& out) {
    Modules& modules = memory_.modules();
    for (std::uint32_t i = 0; i < modules.count(); ++i) {
        const std::optional<LoadedModule> module = modules.find(i);
        const ModuleState state = modules.state(i);
        if (!module) {
            out.print("{} - - {} -\n", i, name_of(state));
            continue;
        }
        const mm::PhysRange bytes = module->bytes;
        out.print("{} {08x}-{08x} {} {} ", i, bytes.begin, bytes.end, bytes.size(), name_of(state));
        if (state == ModuleState::kPresent) {
            out.print("{08x} ", checksum(memory_.window(), bytes));
        } else {
            out.write("- ");
        }
        char text[BootInformation::kCommandLineBytes / 2];
        print_on_one_line(out, modules.text(*module, text));
        out.write("\n");
    }
    return {};
}

FileResult<void> ModulesFile::write(std::string_view text) {
    constexpr std::string_view kRelease = "release ";
    if (!text.starts_with(kRelease)) {
        return file_error(Errno::kInvalid);
    }
    text.remove_prefix(kRelease.size());
    const std::optional<std::uint32_t> index = parse_number(text);
    if (!index) {
        return file_error(Errno::kInvalid);
    }
    const mm::Result<mm::FrameCount> released = memory_.modules().release(*index);
    if (released) {
        return {};
    }
    switch (released.error()) {
        case mm::Error::kOutOfRange:
            return file_error(Errno::kNoEntry);
        case mm::Error::kNoMemory:
            return file_error(Errno::kNoMemory);
        default:
            return file_error(Errno::kBusy);
    }
}

}  // namespace kernel
