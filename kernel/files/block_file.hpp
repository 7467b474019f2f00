// A disk as an open file: /dev/sda. Bytes at any offset, through a few pages that its open files share.
//
// Owns: those pages, one set a disk, while any file on it is open; they are taken when the first is opened. One transfer
// a disk at a time uses them, the others wait. Nothing is cached: what is read comes from the disk, what is written is
// there (in the disk's own cache, until fsync) when the call returns. What is on the disk for the kernel (swap) goes
// past this file. The calling thread sleeps until the disk has answered, whatever signals come.
// Cost: a request for each 64 KiB, one a page where such a request has failed; where a write does not begin and end with
// a sector, another one to read what stays.
#pragma once

#include "kernel/drivers/block_device.hpp"
#include "kernel/files/open_file.hpp"

namespace kernel {

/// An open file on `disk`, whose node is `node`. Errors: kReadOnlyFileSystem, kNoMemory.
FileResult<Shared<OpenFile>> open_block_device(Shared<Inode> node, BlockDevice& disk, OpenFlags flags);

/// st_rdev of the disk with this index: Linux's numbers of SCSI disks.
constexpr std::uint32_t block_device_number(std::size_t index) {
    constexpr std::uint32_t kMajor = 8, kMinorsPerDisk = 16;
    return kMajor << 8 | static_cast<std::uint32_t>(index) * kMinorsPerDisk;
}

}  // namespace kernel
