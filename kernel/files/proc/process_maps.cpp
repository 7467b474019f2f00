// /proc/PID/maps and smaps_rollup. [linux] fs/proc/task_mmu.c
#include <array>

#include "kernel/files/proc/process_files.hpp"
#include "kernel/fixed_text.hpp"
#include "kernel/memory/kernel_memory.hpp"

namespace kernel {
namespace {

constexpr std::size_t kNameColumn = 73;

/// What a region is, for a person; may be empty.
std::string_view name_of(const mm::Region& region, const ProgramLayout& layout, const Inode* file,
                         std::span<char> buffer) {
    if (file != nullptr) {
        const auto path = file->path(buffer);
        return path ? *path : std::string_view("(deleted)");
    }
    if (region.object != nullptr) {
        return "/dev/zero (deleted)";  // Linux's name for shared memory without one
    }
    if (region.growth == mm::Growth::kDown) {
        return "[stack]";
    }
    const std::uintptr_t begin = region.pages.begin.address().value();
    const std::uintptr_t end = region.pages.end.address().value();
    return begin < layout.break_end && end > layout.break_begin ? "[heap]" : "";
}

void print_region(Printer& out, const mm::Region& region, const ProgramLayout& layout) {
    std::array<char, 256> path;
    const auto* const file =
        region.object != nullptr ? static_cast<const Inode*>(region.object->label) : nullptr;
    FileStatus status;
    if (file != nullptr) {
        file->status(status);
    }
    const auto right = [&region](mm::Protection wanted, const char* letter) {
        return region.protection.has(wanted) ? letter : "-";
    };
    const std::uint64_t offset = std::uint64_t{region.object_page} * mm::kPageSize;
    FixedText<kNameColumn> start;
    Printer line(start);
    line.print("{08x}-{08x} {}{}{}{} {08x} {02x}:{02x} {}", region.pages.begin.address(),
               region.pages.end.address(), right(mm::protection::kRead, "r"),
               right(mm::protection::kWrite, "w"), right(mm::protection::kExecute, "x"),
               region.sharing == mm::Sharing::kShared ? "s" : "p", offset, status.device >> 8,
               status.device & 0xFF, status.inode);
    out.write(start.text());
    const std::string_view name = name_of(region, layout, file, path);
    if (!name.empty()) {
        for (std::size_t column = start.text().size(); column < kNameColumn; ++column) {
            out.write(" ");
        }
        out.write(name);
    } else {
        out.write(" ");
    }
    out.write("\n");
}

/// Resident pages by who else has them and whether they can be had again.
struct Rollup {
    std::uint64_t shared_clean = 0, shared_dirty = 0, private_clean = 0, private_dirty = 0;
    std::uint64_t anonymous = 0;
    std::uint64_t proportional_bytes = 0;

    void add(const mm::FrameAccount& account, mm::FrameNumber frame) {
        const mm::FrameRecord& record = account.table()[frame];
        // The memory object's own hold is one reference, its mappings are the others.
        const bool is_object = record.owner == mm::FrameOwner::kSharedMemory;
        const std::uint32_t mappings = record.references - (is_object ? 1U : 0U);
        if (record.owner == mm::FrameOwner::kAnonymous || is_object) {
            ++(mappings > 1 ? shared_dirty : private_dirty);
            anonymous += is_object ? 0 : 1;
            proportional_bytes += mm::kPageSize / (mappings > 1 ? mappings : 1);
        } else {
            // Borrowed: a module's, which anybody may map; how many do is not counted.
            ++shared_clean;
            proportional_bytes += mm::kPageSize;
        }
    }
    [[nodiscard]] std::uint64_t resident() const {
        return shared_clean + shared_dirty + private_clean + private_dirty;
    }
};

void print_kib(Printer& out, const char* name, std::uint64_t kib) {
    out.print("{<16}{8} kB\n", name, kib);
}

}  // namespace

void print_process_maps(Printer& out, const ProcessFileSubject& subject) {
    if (!subject.process.memory) {
        return;
    }
    const ProgramMemory& memory = *subject.process.memory;
    memory.space().for_each_region(
        [&out, &memory](const mm::Region& region) { print_region(out, region, memory.layout); });
}

void print_process_smaps_rollup(Printer& out, const ProcessFileSubject& subject) {
    if (!subject.process.memory) {
        return;
    }
    const ProgramMemory& memory = *subject.process.memory;
    const mm::FrameAccount& account = kernel_memory()->account();
    const mm::FrameNumber zeros = program_machine().zero_frame();
    Rollup rollup;
    memory.space().page_tables().for_each_used_page(
        ProgramMachine::kUserPages.begin.address(),
        mm::PageNumber(ProgramMachine::kUserPages.end.value() - 1).address(),
        [&](mm::VirtAddr, const mm::Mapping& mapping) {
            if (mapping.frame != zeros && !mapping.flags.has(mm::page_flags::kStored)) {
                rollup.add(account, mapping.frame);
            }
        });
    const mm::Region* const first = memory.space().regions().first();
    const mm::Region* const last = memory.space().regions().last();
    const mm::VirtAddr begin = first != nullptr ? first->pages.begin.address() : mm::VirtAddr{};
    const mm::VirtAddr end = last != nullptr ? last->pages.end.address() : mm::VirtAddr{};
    constexpr std::uint64_t kPageKib = mm::kPageSize / 1024;
    out.print("{08x}-{08x} ---p 00000000 00:00 0{37}[rollup]\n", begin, end, "");
    print_kib(out, "Rss:", rollup.resident() * kPageKib);
    print_kib(out, "Pss:", rollup.proportional_bytes / 1024);
    print_kib(out, "Shared_Clean:", rollup.shared_clean * kPageKib);
    print_kib(out, "Shared_Dirty:", rollup.shared_dirty * kPageKib);
    print_kib(out, "Private_Clean:", rollup.private_clean * kPageKib);
    print_kib(out, "Private_Dirty:", rollup.private_dirty * kPageKib);
    print_kib(out, "Referenced:", rollup.resident() * kPageKib);
    print_kib(out, "Anonymous:", rollup.anonymous * kPageKib);
    print_kib(out, "Swap:", memory.space().stored_pages() * kPageKib);
    print_kib(out, "Locked:", 0);
}

}  // namespace kernel
