// Bugs in the memory of the program that plants them: each leaves something behind that the audit must find.
#include <utility>

#include "kernel/arch/i686/address_space.hpp"
#include "kernel/files/proc/plant.hpp"
#include "kernel/memory/program_memory.hpp"
#include "kernel/programs/process.hpp"

namespace kernel {
namespace {

using mm::FrameNumber;
using mm::FrameOwner;
using mm::VirtAddr;
using Entry = KernelLayout::Entry;

constexpr std::size_t kUserEntries = layout::kKernelBase.value() >> 22;

/// Calls alter(VirtAddr page, Entry& entry) for each entry of the page tables of the program that runs, until one
/// says that it was the right one. Errors: kNoProcess (the kernel's own console), kNoEntry (none was).
template <typename Alter>
FileResult<void> alter_entry(KernelMemory& memory, Alter alter) {
    ProgramMemory* const program = current_process().memory.get();
    if (program == nullptr) {
        return file_error(Errno::kNoProcess);
    }
    auto directory = memory.window().open(program->page_directory().frame());
    const auto* const tables = reinterpret_cast<const Entry*>(directory.bytes());
    for (std::size_t table = 0; table < kUserEntries; ++table) {
        if (tables[table] == KernelLayout::kAbsent) {
            continue;
        }
        auto bytes = memory.window().open(KernelLayout::frame(tables[table]));
        auto* const entries = reinterpret_cast<Entry*>(bytes.bytes());
        for (std::size_t index = 0; index < KernelLayout::kEntries; ++index) {
            if (alter(VirtAddr((table << 22) | (index << mm::kPageShift)), entries[index])) {
                return {};
            }
        }
    }
    return file_error(Errno::kNoEntry);
}

/// Lets the program write to a page of its file, which all that run it share.
FileResult<void> writable_file_page(KernelMemory& memory) {
    return alter_entry(memory, [&memory](VirtAddr, Entry& entry) {
        const bool found = KernelLayout::is_present(entry) &&
                           memory.account().owner_of(KernelLayout::frame(entry)) == FrameOwner::kModule;
        if (found) {
            entry |= KernelLayout::bits(mm::page_flags::kWritable);
        }
        return found;
    });
}

/// A reference that nobody has: the frame would never come back.
FileResult<void> forgotten_reference(KernelMemory& memory) {
    return alter_entry(memory, [&memory](VirtAddr, Entry& entry) {
        const FrameNumber frame = KernelLayout::frame(entry);
        const bool found = KernelLayout::is_present(entry) &&
                           KernelLayout::flags(entry).has(mm::page_flags::kWritable) &&
                           memory.account().owner_of(frame) == FrameOwner::kAnonymous;
        if (found) {
            ++memory.account().table()[frame].references;
        }
        return found;
    });
}

/// A page where the program has mapped nothing.
FileResult<void> page_without_region(KernelMemory& memory) {
    return alter_entry(memory, [](VirtAddr page, Entry& entry) {
        const bool found =
            entry == KernelLayout::kAbsent && current_process().memory->space().region_at(page) == nullptr;
        if (found) {
            entry = KernelLayout::page_entry(program_machine().zero_frame(), mm::page_flags::kUser);
        }
        return found;
    });
}

/// A frame of the program's that no page table leads to.
FileResult<void> lost_program_frame(KernelMemory& memory) {
    ProgramMemory* const program = current_process().memory.get();
    if (program == nullptr) {
        return file_error(Errno::kNoProcess);
    }
    mm::Result<mm::OwnedFrame> frame = memory.account().allocate(FrameOwner::kAnonymous, program->id());
    if (!frame) {
        return file_error(Errno::kNoMemory);
    }
    static_cast<void>(std::move(*frame).give_up());
    return {};
}

/// A directory whose kernel half is not the kernel's: an entry, not present, that the kernel's own has not.
FileResult<void> unequal_kernel_half(KernelMemory& memory) {
    constexpr std::size_t kUnusedEntry = 1000;
    ProgramMemory* const program = current_process().memory.get();
    if (program == nullptr) {
        return file_error(Errno::kNoProcess);
    }
    auto directory = memory.window().open(program->page_directory().frame());
    reinterpret_cast<Entry*>(directory.bytes())[kUnusedEntry] = KernelLayout::bits(mm::page_flags::kWritable);
    return {};
}

constexpr PlantedBug kBugs[] = {
    {"writable-file-page", writable_file_page},   {"forgotten-reference", forgotten_reference},
    {"page-without-region", page_without_region}, {"lost-program-frame", lost_program_frame},
    {"unequal-kernel-half", unequal_kernel_half},
};

}  // namespace

std::span<const PlantedBug> bugs_of_programs() {
    return kBugs;
}

}  // namespace kernel
