// The files in /proc that show and steer the kernel's memory. Formats are Linux's where Linux has the file.
//
//   iomem       what the firmware says of physical memory, with the kernel's parts nested
//   meminfo     totals, in kB
//   vmstat      events since boot
//   modules     the loader's files:  INDEX BEGIN-END SIZE STATE CRC32 STRING       echo release N >
//   frames      the frame account: counts, then runs of frames with their owner and process    echo audit >
//   heap        the kernel heap
//   pagetables  the kernel's mappings:  BEGIN-END PHYSICAL RIGHTS CACHING REGION
//
// Each is generated from the live objects at every read; none keeps anything.
#pragma once

#include "kernel/files/file.hpp"
#include "kernel/files/tree.hpp"
#include "kernel/memory/kernel_memory.hpp"

namespace kernel {

/// What all of them refer to.
class MemoryFile : public File {
  protected:
    explicit MemoryFile(KernelMemory& memory) : memory_(memory) {}
    ~MemoryFile() = default;

    KernelMemory& memory_;
};

class IomemFile final : public MemoryFile {
  public:
    explicit IomemFile(KernelMemory& memory) : MemoryFile(memory) {}
    FileResult<void> read(Printer& out) override;
};

class MeminfoFile final : public MemoryFile {
  public:
    explicit MeminfoFile(KernelMemory& memory) : MemoryFile(memory) {}
    FileResult<void> read(Printer& out) override;
};

class VmstatFile final : public MemoryFile {
  public:
    explicit VmstatFile(KernelMemory& memory) : MemoryFile(memory) {}
    FileResult<void> read(Printer& out) override;
};

class ModulesFile final : public MemoryFile {
  public:
    explicit ModulesFile(KernelMemory& memory) : MemoryFile(memory) {}
    FileResult<void> read(Printer& out) override;
    /// `release N` gives the frames of module N back. Errors: kInvalid for other words, kNoEntry when there
    /// is no module N, kBusy when it is not present (any more), kNoMemory when there was none to keep track of it.
    FileResult<void> write(std::string_view text) override;
};

class FramesFile final : public MemoryFile {
  public:
    explicit FramesFile(KernelMemory& memory) : MemoryFile(memory) {}
    FileResult<void> read(Printer& out) override;
    /// `audit` counts everything again. Errors: kIo when the account is wrong (the log says how), kInvalid.
    FileResult<void> write(std::string_view text) override;
};

class HeapFile final : public MemoryFile {
  public:
    explicit HeapFile(KernelMemory& memory) : MemoryFile(memory) {}
    FileResult<void> read(Printer& out) override;
};

class PageTablesFile final : public MemoryFile {
  public:
    explicit PageTablesFile(KernelMemory& memory) : MemoryFile(memory) {}
    FileResult<void> read(Printer& out) override;
};

/// Prints `OWNER FRAMES BYTES` for every owner: part of /proc/frames and of a panic report. Allocates
/// nothing.
void print_frame_counts(Printer& out, const mm::FrameAccount& account);

/// All of the above, with their names. Lives as long as the directory they are added to.
class MemoryFiles {
  public:
    explicit MemoryFiles(KernelMemory& memory);
    void add_to(Directory& proc);

  private:
    IomemFile iomem_;
    MeminfoFile meminfo_;
    VmstatFile vmstat_;
    ModulesFile modules_;
    FramesFile frames_;
    HeapFile heap_;
    PageTablesFile page_tables_;
    Node nodes_[7];
};

}  // namespace kernel
