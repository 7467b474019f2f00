// The memory calls: registers in, mm/space does the work, by the rules of memory_rules.hpp.
#include <array>
#include <cstdint>
#include <new>

#include "kernel/files/open_file.hpp"
#include "kernel/memory/program_memory.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/syscalls/call.hpp"
#include "kernel/syscalls/space_calls.hpp"

namespace kernel {
namespace {

using memory_rules::MapArguments;
using memory_rules::MappableFile;
using memory_rules::RemapArguments;

using Calls = memory_rules::SpaceCalls<ProgramSpace>;

constexpr std::uint32_t kZeroDevice = 1U << 8 | 5;

ProgramMemory& memory() {
    return *current_process().memory;
}
Calls calls() {
    return {memory().space(), ProgramMachine::kUserPages};
}

/// Where the caller's mappings get their pages from.
class ProcessFiles final : public memory_rules::MapSources {
  public:
    FileResult<MappableFile> mappable(std::int32_t descriptor) override {
        const FileResult<OpenFile*> file = current_process().files->find(descriptor);
        if (!file) {
            return file_error(file.error());
        }
        Inode& inode = *(*file)->inode();
        MappableFile found{.object = inode.pages(),
                           .readable = (*file)->flags.readable(),
                           .writable = (*file)->flags.writable()};
        if (found.object == nullptr) {
            FileStatus status;
            inode.status(status);
            if (inode.kind() != FileKind::kCharacterDevice || status.represented_device != kZeroDevice) {
                return file_error(Errno::kNoSuchDevice);
            }
        } else {
            found.object->label = &inode;
        }
        return found;
    }

    FileResult<mm::PageObject*> shared_memory(mm::PageCount pages) override {
        auto* const object = new (std::nothrow) ProgramObject(pages);
        if (object == nullptr) {
            return file_error(Errno::kNoMemory);
        }
        return object;
    }
};

/// Whether `bytes` more would be beyond what RLIMIT_AS allows.
bool is_beyond_limit(std::uint32_t bytes) {
    const std::uint32_t limit = current_process().limits[kLimitAddressSpace].soft;
    if (limit == UINT32_MAX) [[likely]] {
        return false;
    }
    const std::uint64_t mapped = std::uint64_t{memory().space().total_pages()} * mm::kPageSize;
    return mapped + bytes > limit;
}

CallResult map(const MapArguments& arguments) {
    if (is_beyond_limit(arguments.length)) {
        return call_error(Errno::kNoMemory);
    }
    ProcessFiles sources;
    return calls().map(arguments, sources);
}

CallResult mmap2(const CallArguments& call) {
    return map({.address = call.first(),
                .length = call.second(),
                .protection = call.third(),
                .flags = call.fourth(),
                .descriptor = static_cast<std::int32_t>(call.fifth()),
                .offset_pages = call.sixth()});
}

/// The first form, with its six arguments in memory and the offset in bytes.
CallResult old_mmap(const CallArguments& call) {
    std::array<std::uint32_t, 6> words;
    if (const auto read = read_user(words, call.first()); !read) {
        return call_error(read.error());
    }
    if (words[5] % mm::kPageSize != 0) {
        return call_error(Errno::kInvalid);
    }
    return map({.address = words[0],
                .length = words[1],
                .protection = words[2],
                .flags = words[3],
                .descriptor = static_cast<std::int32_t>(words[4]),
                .offset_pages = words[5] >> mm::kPageShift});
}

CallResult munmap(const CallArguments& call) {
    return calls().unmap(call.first(), call.second());
}

CallResult mprotect(const CallArguments& call) {
    return calls().protect(call.first(), call.second(), call.third());
}

CallResult mremap(const CallArguments& call) {
    const RemapArguments arguments{.address = call.first(),
                                   .old_length = call.second(),
                                   .new_length = call.third(),
                                   .flags = call.fourth(),
                                   .new_address = call.fifth()};
    if (arguments.new_length > arguments.old_length &&
        is_beyond_limit(arguments.new_length - arguments.old_length)) {
        return call_error(Errno::kNoMemory);
    }
    return calls().remap(arguments);
}

CallResult madvise(const CallArguments& call) {
    return calls().advise(call.first(), call.second(), call.third());
}

CallResult msync(const CallArguments& call) {
    return calls().sync(call.first(), call.second(), call.third());
}

CallResult mincore(const CallArguments& call) {
    const UserAddress answers = call.third();
    return calls().residency(call.first(), call.second(),
                             [answers](std::uint32_t offset, std::span<const std::uint8_t> bytes) {
                                 return copy_to_user(answers + offset, std::as_bytes(bytes)) == bytes.size();
                             });
}

CallResult brk(const CallArguments& call) {
    ProgramLayout& layout = memory().layout;
    const UserAddress wanted = call.first();
    if (wanted <= layout.break_end || !is_beyond_limit(wanted - layout.break_end)) {
        layout.break_end = calls().set_break(layout.break_begin, layout.break_end, wanted);
    }
    return static_cast<CallResult>(layout.break_end);
}

/// Nothing is ever taken out of memory yet, so everything is locked as it is; the range must be there all the same.
CallResult mlock(const CallArguments& call) {
    constexpr std::uint32_t kOffset = mm::kPageSize - 1;
    const std::uint32_t begin = call.first() & ~kOffset;
    const std::uint32_t length = (call.second() + (call.first() & kOffset) + kOffset) & ~kOffset;
    return calls().sync(begin, length, 0);
}
CallResult mlockall(const CallArguments& call) {
    constexpr std::uint32_t kKnownFlags = 7;
    const bool known = call.first() != 0 && (call.first() & ~kKnownFlags) == 0;
    return known ? 0 : call_error(Errno::kInvalid);
}
CallResult munlockall(const CallArguments&) {
    return 0;
}

constexpr CallRow kRows[] = {
    {45, "brk", "end", brk},
    {90, "mmap", "arguments", old_mmap},
    {91, "munmap", "address, size", munmap},
    {125, "mprotect", "address, size, protection", mprotect},
    {144, "msync", "address, size, flags", msync},
    {150, "mlock", "address, size", mlock},
    {151, "munlock", "address, size", mlock},
    {152, "mlockall", "flags", mlockall},
    {153, "munlockall", "", munlockall},
    {163, "mremap", "address, old size, new size, flags, new address", mremap},
    {192, "mmap2", "address, size, protection, flags, fd, page offset", mmap2},
    {218, "mincore", "address, size, answers", mincore},
    {219, "madvise", "address, size, advice", madvise},
};

}  // namespace

std::span<const CallRow> memory_calls() {
    return kRows;
}

}  // namespace kernel
