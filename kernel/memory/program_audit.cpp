#include "kernel/memory/program_audit.hpp"

#include "kernel/arch/i686/address_space.hpp"
#include "kernel/boot/image.hpp"

namespace kernel {
namespace {

using mm::FrameNumber;
using mm::FrameOwner;
using mm::VirtAddr;
using Entry = KernelLayout::Entry;

constexpr std::size_t kKernelEntries = layout::kKernelBase.value() >> 22;
constexpr std::size_t kEntries = KernelLayout::kEntries;
constexpr Entry kAccessed = mm::page_flags::kAccessed.bits();
constexpr std::uint8_t kSeen = 1;

bool is_counted(FrameOwner owner) {
    return owner == FrameOwner::kAnonymous || owner == FrameOwner::kSharedMemory;
}

/// Calls visit(index, entry) for each used entry of the table at `bytes` below `end`.
template <typename Visit>
void for_each_used(std::byte* bytes, std::size_t end, Visit visit) {
    const auto* const entries = reinterpret_cast<const volatile Entry*>(bytes);
    for (std::size_t index = 0; index < end; ++index) {
        if (const Entry entry = entries[index]; entry != KernelLayout::kAbsent) {
            visit(index, entry);
        }
    }
}

}  // namespace

void ProgramAudit::check() {
    for (const ProgramMemory* memory = ProgramMemory::first(); memory != nullptr; memory = memory->next()) {
        check_directory(*memory);
        check_space(*memory);
    }
    for (const ProgramObject* object = ProgramObject::first(); object != nullptr; object = object->next()) {
        object->for_each_frame([this](FrameNumber frame, FrameOwner owner) {
            if (account_.owner_of(frame) != owner) {
                findings_.find("audit: frame 0x{x} of a memory object belongs to {} instead of {}", frame,
                               mm::to_string(account_.owner_of(frame)), mm::to_string(owner));
            }
            see(frame);
        });
    }
    if (const FrameNumber zero = program_machine().zero_frame(); zero != FrameNumber{}) {
        see(zero);
    }
    count_references(Count::kDown);
    check_left_over_references();
    count_references(Count::kUp);
}

void ProgramAudit::check_directory(const ProgramMemory& memory) {
    const FrameNumber directory = memory.page_directory().frame();
    if (account_.owner_of(directory) != FrameOwner::kPageTable) {
        findings_.find("audit: page directory 0x{x} belongs to {}", directory,
                       mm::to_string(account_.owner_of(directory)));
        return;
    }
    see(directory);
    auto bytes = window_.open(directory);
    const auto* const entries = reinterpret_cast<const volatile Entry*>(bytes.bytes());
    for (std::size_t index = kKernelEntries; index < kEntries; ++index) {
        const Entry kernels = image::page_directory()[index];
        if (((entries[index] ^ kernels) & ~kAccessed) != 0) {
            findings_.find("audit: entry {} of page directory 0x{x} is 0x{x}, the kernel's is 0x{x}", index,
                           directory, entries[index], kernels);
        }
    }
}

void ProgramAudit::check_space(const ProgramMemory& memory) {
    const FrameNumber directory = memory.page_directory().frame();
    mm::ResidentPages resident;
    unsigned tables = 0;
    auto bytes = window_.open(directory);
    for_each_used(bytes.bytes(), kKernelEntries, [&](std::size_t index, Entry entry) {
        ++tables;
        check_table(memory, KernelLayout::frame(entry), VirtAddr(index * KernelLayout::entry_span(1)),
                    resident);
    });
    if (account_.table()[directory].references != tables) {
        findings_.find("audit: page directory 0x{x} has {} page tables, its record says {}", directory,
                       tables, account_.table()[directory].references);
    }
    const mm::ResidentPages& said = memory.space().resident();
    if (said.anonymous != resident.anonymous || said.file != resident.file ||
        said.shared != resident.shared) {
        findings_.find("audit: space {} has {} + {} + {} pages in memory, its counts say {} + {} + {}",
                       memory.id(), resident.anonymous, resident.file, resident.shared, said.anonymous,
                       said.file, said.shared);
    }
    if (!memory.space().regions().check_invariants()) {
        findings_.find("audit: the regions of space {} contradict one another", memory.id());
    }
}

void ProgramAudit::check_table(const ProgramMemory& memory, FrameNumber table, VirtAddr begin,
                               mm::ResidentPages& resident) {
    if (account_.owner_of(table) != FrameOwner::kPageTable) {
        findings_.find("audit: page table 0x{x} of space {} belongs to {}", table, memory.id(),
                       mm::to_string(account_.owner_of(table)));
        return;
    }
    if (account_.table()[table].audit_mark == kSeen) {
        findings_.find("audit: page table 0x{x} is in two places, one of them space {}", table, memory.id());
    }
    see(table);
    unsigned used = 0;
    auto bytes = window_.open(table);
    for_each_used(bytes.bytes(), kEntries, [&](std::size_t index, Entry entry) {
        ++used;
        check_entry(memory, begin + index * mm::kPageSize, entry, resident);
    });
    if (used == 0 || account_.table()[table].references != used) {
        findings_.find("audit: page table 0x{x} has {} entries, its record says {}", table, used,
                       account_.table()[table].references);
    }
}

void ProgramAudit::check_entry(const ProgramMemory& memory, VirtAddr page, Entry entry,
                               mm::ResidentPages& resident) {
    const FrameNumber frame = KernelLayout::frame(entry);
    const mm::PageFlags flags = KernelLayout::flags(entry);
    if (flags.has(mm::page_flags::kStored)) {
        if (memory.space().region_at(page) == nullptr) {
            findings_.find("audit: space {} has a page on the swap disk at 0x{x}, where it has no region",
                           memory.id(), page);
        }
        return;  // The rest is SwapAudit's.
    }
    const FrameOwner owner = account_.owner_of(frame);
    const mm::Region* const region = memory.space().region_at(page);
    if (region == nullptr) {
        findings_.find("audit: space {} maps page 0x{x}, where it has no region", memory.id(), page);
        return;
    }
    const bool is_writable = KernelLayout::is_present(entry) && flags.has(mm::page_flags::kWritable);
    if (KernelLayout::is_present(entry) == region->protection.none() ||
        (is_writable && !region->protection.has(mm::protection::kWrite))) {
        findings_.find("audit: page 0x{x} of space {} allows more than its region", page, memory.id());
    }
    if (flags.has(mm::page_flags::kOwned) != is_counted(owner)) {
        findings_.find("audit: page 0x{x} of space {} leads to frame 0x{x} of {}", page, memory.id(), frame,
                       mm::to_string(owner));
        return;
    }
    switch (owner) {
        case FrameOwner::kAnonymous:
            ++resident.anonymous;
            check_anonymous(frame, page, flags, *region);
            break;
        case FrameOwner::kSharedMemory:
            ++resident.shared;
            if (region->object == nullptr || (is_writable && region->sharing == mm::Sharing::kPrivate)) {
                findings_.find("audit: page 0x{x} of space {} shares frame 0x{x}, its region does not", page,
                               memory.id(), frame);
            }
            break;
        case FrameOwner::kModule:
            ++resident.file;
            if (region->object == nullptr || is_writable) {
                findings_.find("audit: page 0x{x} of space {} may write to a module's frame 0x{x}", page,
                               memory.id(), frame);
            }
            break;
        default:
            if (frame != program_machine().zero_frame() || is_writable) {
                findings_.find("audit: page 0x{x} of space {} leads to frame 0x{x} of {}", page, memory.id(),
                               frame, mm::to_string(owner));
            }
            return;
    }
    see(frame);
}

void ProgramAudit::check_anonymous(FrameNumber frame, VirtAddr page, mm::PageFlags flags,
                                   const mm::Region& region) {
    const mm::FrameRecord& record = account_.table()[frame];
    const bool is_writable = flags.has(mm::page_flags::kWritable) && !flags.has(mm::page_flags::kParked);
    if (mm::PageNumber(record.page) != page.page() || region.sharing != mm::Sharing::kPrivate ||
        (is_writable && record.references != 1)) {
        findings_.find("audit: frame 0x{x} at page 0x{x}: its record says {} mappings at page 0x{x}", frame,
                       page, record.references, record.page);
    }
}

void ProgramAudit::count_references(Count direction) {
    for (const ProgramMemory* memory = ProgramMemory::first(); memory != nullptr; memory = memory->next()) {
        auto bytes = window_.open(memory->page_directory().frame());
        for_each_used(bytes.bytes(), kKernelEntries, [this, direction](std::size_t, Entry entry) {
            count_table(KernelLayout::frame(entry), direction);
        });
    }
    for (const ProgramObject* object = ProgramObject::first(); object != nullptr; object = object->next()) {
        object->for_each_frame([this, direction](FrameNumber frame, FrameOwner) { count(frame, direction); });
    }
}

void ProgramAudit::count_table(FrameNumber table, Count direction) {
    auto bytes = window_.open(table);
    for_each_used(bytes.bytes(), kEntries, [this, direction](std::size_t, Entry entry) {
        if (KernelLayout::flags(entry).has(mm::page_flags::kOwned)) {
            count(KernelLayout::frame(entry), direction);
        }
    });
}

void ProgramAudit::count(FrameNumber frame, Count direction) {
    if (!is_counted(account_.owner_of(frame))) {
        return;
    }
    std::uint16_t& references = account_.table()[frame].references;
    // Wraps where a record says too little, and back again.
    references = static_cast<std::uint16_t>(direction == Count::kDown ? references - 1 : references + 1);
}

void ProgramAudit::check_left_over_references() {
    for (const mm::FrameRange range : map_.usable()) {
        for (FrameNumber frame = range.begin; frame < range.end; ++frame) {
            const FrameOwner owner = account_.owner_of(frame);
            if (!is_counted(owner) || account_.table()[frame].references == 0) {
                continue;
            }
            findings_.find("audit: frame 0x{x} of {}: its record has {} references too many", frame,
                           mm::to_string(owner),
                           static_cast<std::int16_t>(account_.table()[frame].references));
        }
    }
}

void ProgramAudit::see(FrameNumber frame) {
    if (account_.owner_of(frame) != FrameOwner::kHole) {
        account_.table()[frame].audit_mark = kSeen;
    }
}

}  // namespace kernel
