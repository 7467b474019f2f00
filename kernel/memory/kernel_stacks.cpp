#include "kernel/memory/kernel_stacks.hpp"

#include <array>
#include <cstdint>
#include <utility>

#include "kernel/memory/kernel_memory.hpp"
#include "mm/core/panic.hpp"

namespace kernel {
namespace {

constexpr std::size_t kSlotBytes = KernelStack::kBytes + mm::kPageSize;
constexpr std::size_t kSlots = layout::kKernelStacks.size() / kSlotBytes;
constexpr std::size_t kNoSlot = kSlots;

constinit std::array<std::uint32_t, (kSlots + 31) / 32> taken{};
constinit std::size_t taken_count = 0;
constinit std::size_t first_word = 0;  // no slot of the words before it is free

bool is_taken(std::size_t slot) {
    return (taken[slot / 32] >> (slot % 32) & 1U) != 0;
}

std::size_t take_slot() {
    for (; first_word < taken.size(); ++first_word) {
        if (taken[first_word] != UINT32_MAX) {
            const std::size_t slot =
                first_word * 32 + static_cast<std::size_t>(__builtin_ctz(~taken[first_word]));
            if (slot >= kSlots) {
                return kNoSlot;
            }
            taken[first_word] |= 1U << (slot % 32);
            ++taken_count;
            return slot;
        }
    }
    return kNoSlot;
}

void give_slot(std::size_t slot) {
    taken[slot / 32] &= ~(1U << (slot % 32));
    --taken_count;
    first_word = slot / 32 < first_word ? slot / 32 : first_word;
}

/// The first page above the slot's guard.
mm::VirtAddr stack_begin(std::size_t slot) {
    return layout::kKernelStacks.begin + slot * kSlotBytes + mm::kPageSize;
}

void unmap_pages(mm::VirtAddr begin, std::size_t count) {
    KernelMemory& memory = *kernel_memory();
    mm::UnmapBatch batch;
    for (std::size_t i = 0; i < count; ++i) {
        const mm::Result<void> unmapped = memory.tables().unmap(begin + i * mm::kPageSize, batch);
        mm::expect(unmapped.has_value(), "kernel stacks: a page of a stack was not mapped");
    }
    mm::flush(memory.tlb(), memory.tables().frames(), batch, [](mm::OwnedFrame&&) {});
}

mm::Result<void> map_pages(mm::VirtAddr begin) {
    KernelMemory& memory = *kernel_memory();
    for (std::size_t i = 0; i < KernelStack::kPages; ++i) {
        mm::Result<mm::OwnedFrame> frame = memory.account().allocate(mm::FrameOwner::kKernelStack);
        mm::Result<void> mapped = frame ? memory.tables().map(begin + i * mm::kPageSize, std::move(*frame),
                                                              mm::page_flags::kWritable)
                                        : mm::failure(frame.error());
        if (!mapped) {
            unmap_pages(begin, i);
            return mapped;
        }
    }
    return {};
}

}  // namespace

mm::Result<KernelStack> KernelStack::allocate() {
    const std::size_t slot = take_slot();
    if (slot == kNoSlot) {
        return mm::failure(mm::Error::kNoAddresses);
    }
    if (const mm::Result<void> mapped = map_pages(stack_begin(slot)); !mapped) {
        give_slot(slot);
        return mm::failure(mapped.error());
    }
    return KernelStack(stack_begin(slot) + kBytes);
}

void KernelStack::release() {
    const mm::VirtAddr begin(end_.value() - kBytes);
    unmap_pages(begin, kPages);
    give_slot((begin - layout::kKernelStacks.begin) / kSlotBytes);
    end_ = mm::VirtAddr{};
}

bool is_on_kernel_stack(mm::VirtRange bytes) {
    if (!layout::kKernelStacks.contains(bytes)) {
        return false;
    }
    const std::size_t slot = (bytes.begin - layout::kKernelStacks.begin) / kSlotBytes;
    const mm::VirtRange stack{stack_begin(slot), stack_begin(slot) + KernelStack::kBytes};
    return slot < kSlots && is_taken(slot) && stack.contains(bytes);
}

bool is_kernel_stack_guard(mm::VirtAddr address) {
    return layout::kKernelStacks.contains(address) &&
           (address - layout::kKernelStacks.begin) % kSlotBytes < mm::kPageSize;
}

std::size_t kernel_stack_pages() {
    return taken_count * KernelStack::kPages;
}

}  // namespace kernel
