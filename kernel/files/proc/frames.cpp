// /proc/frames: the frame account. Counts are O(owners); the runs ask the allocator about every frame the
// firmware gives, some 30 instructions each. Prints from the live account: nothing it shows may change
// while it prints.
#include "kernel/files/proc/memory_files.hpp"
#include "kernel/memory/audit.hpp"

namespace kernel {
namespace {

std::uint64_t bytes_of(std::uint64_t frames) {
    return frames * mm::kPageSize;
}

/// `FIRST LAST OWNER`, a line for each run of usable frames with one owner.
void print_runs(Printer& out, const KernelMemory& memory, const mm::FrameAccount& account) {
    for (const mm::FrameRange range : memory.map().usable()) {
        mm::FrameNumber begin = range.begin;
        while (begin < range.end) {
            const mm::FrameOwner owner = account.owner_of(begin);
            mm::FrameNumber end = begin + 1;
            while (end < range.end && account.owner_of(end) == owner) {
                ++end;
            }
            out.print("{} {} {}\n", begin, end.value() - 1, mm::to_string(owner));
            begin = end;
        }
    }
}

}  // namespace

void print_frame_counts(Printer& out, const mm::FrameAccount& account) {
    out.print("total {} {}\n", account.total_frames(), bytes_of(account.total_frames()));
    for (std::size_t i = 0; i < mm::kFrameOwnerCount; ++i) {
        const auto owner = static_cast<mm::FrameOwner>(i);
        if (owner != mm::FrameOwner::kHole) {
            const mm::FrameCount frames = account.frames_of(owner);
            out.print("{} {} {}\n", mm::to_string(owner), frames, bytes_of(frames));
        }
    }
}

FileResult<void> FramesFile::read(Printer& out) {
    out.print("allocator {}\n", memory_.allocator_name());
    print_frame_counts(out, memory_.account());
    const std::uint64_t above = memory_.map().above_4g_frames();
    out.print("above-4G {} {}\n\n", above, bytes_of(above));
    print_runs(out, memory_, memory_.account());
    return {};
}

FileResult<void> FramesFile::write(std::string_view text) {
    if (text != "audit") {
        return file_error(Errno::kInvalid);
    }
    if (audit(memory_) != 0) {
        return file_error(Errno::kIo);
    }
    return {};
}

}  // namespace kernel
