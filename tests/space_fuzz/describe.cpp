#include "tests/space_fuzz/describe.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace space_fuzz {

namespace {

std::string hexadecimal(std::uint32_t value) {
    char text[16];
    std::snprintf(text, sizeof text, "0x%x", value);
    return text;
}

std::string address(std::uint32_t value) {
    if (value < kArenaBegin || value > kArenaEnd) {
        return hexadecimal(value);
    }
    const std::uint32_t offset = value % kPageBytes;
    return "arena + " + std::to_string((value - kArenaBegin) / kPageBytes) + " pages" +
           (offset != 0 ? " + " + hexadecimal(offset) : "");
}

std::string access(std::int32_t value) {
    switch (value) {
        case kFine:
            return "fine";
        case kSegvNoRegion:
            return "SIGSEGV (SEGV_MAPERR)";
        case kSegvForbidden:
            return "SIGSEGV (SEGV_ACCERR)";
        case kBusBeyond:
            return "SIGBUS (BUS_ADRERR)";
        case kNoMemory:
            return "out of memory";
        default:
            return "another fault";
    }
}

std::string call_text(const Operation& operation) {
    const std::uint32_t(&a)[6] = operation.arguments;
    switch (operation.kind) {
        case Kind::kMap:
            return "mmap2(" + address(a[0]) + ", " + hexadecimal(a[1]) + ", prot " + hexadecimal(a[2]) +
                   ", flags " + hexadecimal(a[3]) + ", fd " +
                   std::to_string(static_cast<std::int32_t>(a[4])) + ", page " + hexadecimal(a[5]) + ")";
        case Kind::kUnmap:
            return "munmap(" + address(a[0]) + ", " + hexadecimal(a[1]) + ")";
        case Kind::kProtect:
            return "mprotect(" + address(a[0]) + ", " + hexadecimal(a[1]) + ", " + hexadecimal(a[2]) + ")";
        case Kind::kRemap:
            return "mremap(" + address(a[0]) + ", " + hexadecimal(a[1]) + ", " + hexadecimal(a[2]) +
                   ", flags " + hexadecimal(a[3]) + ", " + address(a[4]) + ")";
        case Kind::kAdvise:
            return "madvise(" + address(a[0]) + ", " + hexadecimal(a[1]) + ", " + std::to_string(a[2]) + ")";
        case Kind::kResidency:
            return "mincore(" + address(a[0]) + ", " + hexadecimal(a[1]) + ")";
        case Kind::kSync:
            return "msync(" + address(a[0]) + ", " + hexadecimal(a[1]) + ", " + std::to_string(a[2]) + ")";
        case Kind::kBreak:
            return "brk(" + address(a[0]) + ")";
        case Kind::kRead:
            return "read at " + address(a[0]);
        case Kind::kWrite:
            return "write " + hexadecimal(a[1]) + " at " + address(a[0]);
        case Kind::kFork:
            return "fork process " + std::to_string(a[0]);
        case Kind::kExit:
            return "exit";
        case Kind::kFileWrite:
            return "pwrite " + hexadecimal(a[1]) + " at " + hexadecimal(a[0]) + " of the file";
        case Kind::kFileRead:
            return "pread at " + hexadecimal(a[0]) + " of the file";
        case Kind::kFileResize:
            return "ftruncate to " + std::to_string(a[0]) + " pages";
        case Kind::kSweep:
            return "touch every page";
        default:
            return "?";
    }
}

}  // namespace

std::string describe(const Operation& operation) {
    return "process " + std::to_string(operation.process) + ": " + call_text(operation);
}

std::string describe(const Operation& operation, const Outcome& outcome) {
    if (operation.kind == Kind::kRead || operation.kind == Kind::kWrite) {
        return access(outcome.value) + (operation.kind == Kind::kRead && outcome.value == kFine
                                            ? ", " + hexadecimal(outcome.detail)
                                            : "");
    }
    std::string text = outcome.value < 0 && outcome.value >= -4'095
                           ? std::string("-") + strerrorname_np(-outcome.value)
                           : address(static_cast<std::uint32_t>(outcome.value));
    if (operation.kind == Kind::kFileRead) {
        text += ", detail " + hexadecimal(outcome.detail);
    }
    return text;
}

std::string describe(const PageState& state) {
    if (state.mapped == 0) {
        return "not mapped";
    }
    return state.read != kFine ? "read " + access(state.read)
                               : "write " + access(state.write) + ", contents " + hexadecimal(state.contents);
}

}  // namespace space_fuzz
