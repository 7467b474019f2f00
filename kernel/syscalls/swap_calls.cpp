// swapon and swapoff: a disk for the pages that memory has no room for. The priorities of several disks that swapon's
// flags give mean nothing here: one is in use at a time.
#include "kernel/files/block_file.hpp"
#include "kernel/memory/swap_area.hpp"
#include "kernel/syscalls/call.hpp"
#include "kernel/syscalls/file_arguments.hpp"

namespace kernel {
namespace {

/// The disk whose node the path names. Errors: those of the path, kInvalid (not a disk).
FileResult<BlockDevice*> disk_of(UserAddress path) {
    const auto node = node_of(static_cast<std::uint32_t>(kAtWorkingDirectory), path, LastLink::kFollow);
    if (!node) {
        return file_error(node.error());
    }
    FileStatus status;
    (*node)->status(status);
    for (std::size_t i = 0; BlockDevice* const disk = block_device(i); ++i) {
        if ((*node)->kind() == FileKind::kBlockDevice &&
            status.represented_device == block_device_number(i)) {
            return disk;
        }
    }
    return file_error(Errno::kInvalid);
}

CallResult swapon(const CallArguments& arguments) {
    const FileResult<BlockDevice*> disk = disk_of(arguments.first());
    return disk ? call_result(SwapArea::turn_on(**disk)) : call_error(disk.error());
}

CallResult swapoff(const CallArguments& arguments) {
    const FileResult<BlockDevice*> disk = disk_of(arguments.first());
    return disk ? call_result(SwapArea::turn_off(**disk)) : call_error(disk.error());
}

constexpr CallRow kRows[] = {
    {87, "swapon", "path, flags", swapon},
    {115, "swapoff", "path", swapoff},
};

}  // namespace

std::span<const CallRow> swap_calls() {
    return kRows;
}

}  // namespace kernel
