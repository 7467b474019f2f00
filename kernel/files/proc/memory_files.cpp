#include "kernel/files/proc/memory_files.hpp"

#include "kernel/memory/swap_area.hpp"

#include "kernel/memory/program_memory.hpp"

namespace kernel {

MemoryFiles::MemoryFiles(KernelMemory& memory)
    : iomem_(memory),
      meminfo_(memory),
      vmstat_(memory),
      modules_(memory),
      frames_(memory),
      heap_(memory),
      page_tables_(memory),
      nodes_{{"iomem", iomem_},   {"meminfo", meminfo_}, {"vmstat", vmstat_},         {"modules", modules_},
             {"frames", frames_}, {"heap", heap_},       {"pagetables", page_tables_}} {}

void MemoryFiles::add_to(Directory& proc) {
    for (Node& node : nodes_) {
        proc.add(node);
    }
}

FileResult<void> HeapFile::read(Printer& out) {
    const mm::HeapCounts counts = memory_.heap().blocks().counts();
    out.print("size {}\n", counts.used_bytes + counts.free_bytes);
    out.print("in-use {}\n", counts.used_bytes);
    out.print("requested {}\n", counts.requested_bytes);
    out.print("free {}\n", counts.free_bytes);
    out.print("largest-free {}\n", counts.largest_free_bytes);
    out.print("blocks {}\n", counts.used_blocks);
    out.print("free-blocks {}\n", counts.free_blocks);
    out.print("frames-held {}\n", counts.pages_held);
    out.print("frames-taken {}\n", counts.pages_taken);
    out.print("frames-given-back {}\n", counts.pages_given_back);
    out.print("requests {}\n", memory_.heap().requests());
    return {};
}

FileResult<void> VmstatFile::read(Printer& out) {
    const mm::FrameAccount& account = memory_.account();
    out.print("nr_free_pages {}\n", account.frames_of(mm::FrameOwner::kFree));
    out.print("nr_anon_pages {}\n", account.frames_of(mm::FrameOwner::kAnonymous));
    out.print("nr_shmem {}\n", account.frames_of(mm::FrameOwner::kSharedMemory));
    out.print("nr_page_table_pages {}\n", account.frames_of(mm::FrameOwner::kPageTable));
    out.print("nr_kernel_heap_pages {}\n", account.frames_of(mm::FrameOwner::kKernelHeap));
    out.print("pgalloc_boot {}\n", memory_.boot_requests());
    out.print("pgalloc_normal {}\n", account.allocations());
    out.print("pgfree {}\n", account.releases());
    out.print("pgfree_refused {}\n", account.wrong_releases());
    out.print("pgfault {}\n", program_faults());
    const SwapArea* const swap = SwapArea::active();
    const mm::ResidencyFigures figures =
        swap != nullptr ? swap->residency().figures() : mm::ResidencyFigures{};
    out.print("pgmajfault {}\n", figures.reads);
    out.print("pswpin {}\npswpout {}\n", figures.pages_in, figures.pages_out);
    out.print("pgsteal {}\npgsteal_clean {}\n", figures.evictions, figures.clean_evictions);
    out.print("buffer_pool_hits {}\n", figures.pool_hits);
    out.print("swap_reads {}\nswap_writes {}\nswap_lost {}\n", figures.reads, figures.writes, figures.lost);
    out.print("nr_buffer_pool {}\n", account.frames_of(mm::FrameOwner::kBufferPool));
    return {};
}

}  // namespace kernel
