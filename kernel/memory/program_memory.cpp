#include "kernel/memory/program_memory.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/boot/image.hpp"
#include "kernel/memory/kernel_memory.hpp"
#include "kernel/memory/page_arrivals.hpp"
#include "kernel/programs/process.hpp"

namespace kernel {
namespace {

constinit ProgramMemory* first_memory = nullptr;
constinit std::uint32_t last_id = 0;
constinit std::uint32_t faults = 0;

constexpr std::size_t kKernelEntries =
    layout::kKernelBase.value() >> 22;  // the first directory entry of the kernel's
constexpr std::size_t kDirectoryEntries = KernelLayout::kEntries;

bool id_is_taken(std::uint32_t id) {
    for (const ProgramMemory* memory = first_memory; memory != nullptr; memory = memory->next()) {
        if (memory->id() == id) {
            return true;
        }
    }
    return false;
}

/// A number that no living address space has, and not 0.
std::uint32_t next_id() {
    do {
        ++last_id;
    } while (last_id == 0 || id_is_taken(last_id));
    return last_id;
}

mm::PhysAddr kernel_directory() {
    return image::to_physical(mm::VirtAddr::of(image::page_directory()));
}

/// Nothing in the user's half, in the kernel's what every directory has.
void fill_directory(mm::FrameNumber directory) {
    auto bytes = kernel_memory()->window().open(directory);
    auto* const entries = reinterpret_cast<std::uint32_t*>(bytes.bytes());
    static_assert(KernelLayout::kAbsent == 0);
    std::memset(entries, 0,
                kKernelEntries * sizeof(*entries));  // a string instruction: a loop costs four times that
    std::copy(image::page_directory() + kKernelEntries, image::page_directory() + kDirectoryEntries,
              entries + kKernelEntries);
}

mm::FaultAccess access_of(std::uint32_t error_code) {
    constexpr std::uint32_t kWrite = 2;
    constexpr std::uint32_t kFetch = 16;
    if ((error_code & kWrite) != 0) {
        return mm::FaultAccess::kWrite;
    }
    return (error_code & kFetch) != 0 ? mm::FaultAccess::kExecute : mm::FaultAccess::kRead;
}

/// For /proc/plant: as if the page came from a disk.
[[gnu::noinline]] mm::FaultOutcome slow_fault(ProgramMemory& memory, UserAddress address,
                                              std::uint32_t error_code) {
    return is_slow_page(memory.id(), address / mm::kPageSize)
               ? mm::FaultOutcome::kWaiting
               : memory.space().fault(mm::VirtAddr(address), access_of(error_code));
}

}  // namespace

namespace detail {
constinit ProgramMemory* running_memory = nullptr;
}  // namespace detail

ProgramMemory::ProgramMemory(mm::OwnedFrame&& directory, std::uint32_t id)
    : directory_(std::move(directory)),
      space_(directory_.number(), id, program_machine()),
      next_(first_memory) {
    if (first_memory != nullptr) {
        first_memory->previous_ = this;
    }
    first_memory = this;
}

ProgramMemory::~ProgramMemory() {
    (previous_ != nullptr ? previous_->next_ : first_memory) = next_;
    if (next_ != nullptr) {
        next_->previous_ = previous_;
    }
    space_.clear();
    if (detail::running_memory == this) {
        detail::running_memory = nullptr;
    }
    if (cpu::read_cr3() == page_directory().value()) {
        cpu::write_cr3(static_cast<std::uint32_t>(kernel_directory().value()));
    }
}

ProgramMemory* ProgramMemory::first() {
    return first_memory;
}

FileResult<Shared<ProgramMemory>> ProgramMemory::create() {
    const std::uint32_t id = next_id();
    mm::Result<mm::OwnedFrame> directory =
        kernel_memory()->account().allocate(mm::FrameOwner::kPageTable, id);
    if (!directory) {
        return file_error(Errno::kNoMemory);
    }
    Shared<ProgramMemory> memory(new (std::nothrow) ProgramMemory(std::move(*directory), id));
    if (!memory) {
        return file_error(Errno::kNoMemory);
    }
    // Only now: the heap may have grown by a page table for `new`, and tells those on the list alone.
    fill_directory(memory->directory_.number());
    return memory;
}

FileResult<Shared<ProgramMemory>> ProgramMemory::fork() {
    FileResult<Shared<ProgramMemory>> child = create();
    if (!child) {
        return child;
    }
    if (!space_.fork_into((*child)->space_)) {
        return file_error(Errno::kNoMemory);
    }
    (*child)->layout = layout;
    return child;
}

std::size_t ProgramMemory::peek(UserAddress from, std::span<std::byte> bytes) const {
    std::size_t done = 0;
    while (done < bytes.size()) {
        const mm::VirtAddr at(from + done);
        const std::optional<mm::FrameNumber> frame = space_.frame_at(at);
        if (!frame || at.value() < from) {
            break;
        }
        const std::size_t count = std::min(bytes.size() - done, mm::kPageSize - at.offset_in_page());
        const auto page = kernel_memory()->window().open(*frame);
        __builtin_memcpy(bytes.data() + done, page.bytes() + at.offset_in_page(), count);
        done += count;
    }
    return done;
}

mm::FaultOutcome handle_program_fault(UserAddress address, std::uint32_t error_code) {
    ++faults;
    ProgramMemory* const memory = detail::running_memory;
    if (memory == nullptr) [[unlikely]] {
        return mm::FaultOutcome::kNoRegion;
    }
    if (detail::pages_are_slow) [[unlikely]] {
        return slow_fault(*memory, address, error_code);
    }
    return memory->space().fault(mm::VirtAddr(address), access_of(error_code));
}

std::uint32_t program_faults() {
    return faults;
}

}  // namespace kernel
