#include "kernel/memory/swap_audit.hpp"

#include "kernel/memory/program_memory.hpp"
#include "kernel/memory/swap_area.hpp"

namespace kernel {
namespace {

using mm::FrameNumber;
using mm::FrameOwner;
using mm::SlotNumber;
using mm::SlotState;

constexpr std::uint8_t kSeen = 1;

/// Whether a frame of `owner` is what a slot in `state` says of the frame that its page is in.
bool fits(SlotState state, FrameOwner owner) {
    switch (state) {
        case SlotState::kReading:
            return owner == FrameOwner::kReading;
        case SlotState::kWriting:
        case SlotState::kStranded:
            return owner == FrameOwner::kWriting;
        case SlotState::kInPool:
            return owner == FrameOwner::kBufferPool;
        case SlotState::kMapped:
            return owner == FrameOwner::kAnonymous || owner == FrameOwner::kSharedMemory;
        case SlotState::kFree:
        case SlotState::kOnDisk:
        case SlotState::kLost:
        case SlotState::kBad:
            break;
    }
    return false;
}

}  // namespace

void SwapAudit::check() {
    SwapArea* const area = SwapArea::active();
    mm::Residency* const residency = area != nullptr ? &area->residency() : nullptr;
    count_entries(residency, Count::kDown);
    if (residency != nullptr) {
        check_slots(*residency);
    }
    count_entries(residency, Count::kUp);
    if (residency != nullptr && !residency->check_invariants()) {
        findings_.find("audit: what the swap area knows of frames contradicts itself");
    }
}

void SwapAudit::count_entries(mm::Residency* residency, Count direction) {
    for (const ProgramMemory* memory = ProgramMemory::first(); memory != nullptr; memory = memory->next()) {
        mm::PageCount stored = 0;
        memory->space().page_tables().for_each_used_page(
            ProgramMachine::kUserPages.begin.address(),
            mm::PageNumber(ProgramMachine::kUserPages.end.value() - 1).address(),
            [&](mm::VirtAddr, const mm::Mapping& mapping) {
                if (mapping.flags.has(mm::page_flags::kStored)) {
                    ++stored;
                    count(residency, SlotNumber(mapping.frame.value()), direction);
                }
            });
        if (direction == Count::kDown && stored != memory->space().stored_pages()) {
            findings_.find("audit: space {} has {} pages on the swap disk, its count says {}", memory->id(),
                           stored, memory->space().stored_pages());
        }
    }
    for (const ProgramObject* object = ProgramObject::first(); object != nullptr; object = object->next()) {
        object->for_each_stored([&](SlotNumber slot) { count(residency, slot, direction); });
    }
}

void SwapAudit::count(mm::Residency* residency, SlotNumber slot, Count direction) {
    if (residency == nullptr || !residency->slots().contains(slot)) {
        if (direction == Count::kDown) {
            findings_.find("audit: an entry names slot {}, which no swap disk has", slot.value());
        }
        return;
    }
    std::uint16_t& references = residency->slots()[slot].references;
    // Wraps where a record says too little, and back again.
    references = static_cast<std::uint16_t>(direction == Count::kDown ? references - 1 : references + 1);
}

/// While the references are counted down.
void SwapAudit::check_slots(const mm::Residency& residency) {
    const mm::SwapSlots& slots = residency.slots();
    for (SlotNumber slot(0); slots.contains(slot); slot = slot + 1) {
        if (slots[slot].references != 0) {
            findings_.find("audit: slot {}: its record has {} references too many", slot.value(),
                           static_cast<std::int16_t>(slots[slot].references));
        }
        if (slots[slot].frame != 0) {
            check_frame(residency, slot);
        }
    }
}

void SwapAudit::check_frame(const mm::Residency& residency, SlotNumber slot) {
    const mm::SlotRecord& record = residency.slots()[slot];
    const FrameNumber frame(record.frame - 1);
    const FrameOwner owner = account_.owner_of(frame);
    if (!fits(record.state, owner) || residency.frame(frame).slot != slot.value() + 1) {
        findings_.find("audit: the page of slot {} should be in frame 0x{x}, which belongs to {}",
                       slot.value(), frame, mm::to_string(owner));
        return;
    }
    if (record.state != SlotState::kMapped) {
        if (account_.table()[frame].references != 0) {
            findings_.find("audit: frame 0x{x} of {} has references", frame, mm::to_string(owner));
        }
        account_.table()[frame].audit_mark = kSeen;
    }
}

}  // namespace kernel
