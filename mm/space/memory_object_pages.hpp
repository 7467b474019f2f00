// MemoryObject: its pages and their index. Included by memory_object.hpp, at its end.
#pragma once

#include "mm/paging/tlb.hpp"

namespace mm {

template <SpaceMachine Machine>
MemoryObject<Machine>::~MemoryObject() {
    free_pages(0, page_count_);
    free_index(0);
}

template <SpaceMachine Machine>
Result<PageObject::Page> MemoryObject<Machine>::page(std::uint32_t index, PageUse /*use*/) {
    const Result<FrameNumber> frame = bring(index);
    if (!frame) {
        return failure(frame.error());
    }
    return Page{*frame, Hold::kCounted};
}

template <SpaceMachine Machine>
bool MemoryObject<Machine>::is_resident(std::uint32_t index) const {
    const Slot slot = slot_of(index);
    return slot != 0 && !is_stored(slot);
}

template <SpaceMachine Machine>
auto MemoryObject<Machine>::slot_of(std::uint32_t index) const -> Slot {
    Slot found = 0;
    if (index < page_count_) {
        // Reading makes and changes nothing.
        static_cast<void>(const_cast<MemoryObject*>(this)->at_slot(index, Missing::kLeave,
                                                                   [&found](Slot& slot) { found = slot; }));
    }
    return found;
}

/// The frame of page `index`, whatever it takes.
template <SpaceMachine Machine>
Result<FrameNumber> MemoryObject<Machine>::bring(std::uint32_t index) {
    if (index >= page_count_) {
        return failure(Error::kOutOfRange);
    }
    if (const Slot there = slot_of(index); there != 0) {
        return is_stored(there) ? restore(index, there) : Result<FrameNumber>(frame_of(there));
    }
    Result<OwnedFrame> frame = machine_.frame_for_page(FrameOwner::kSharedMemory, holder_);
    if (!frame) {
        return failure(frame.error());
    }
    const FrameNumber number = frame->number();
    {
        auto handle = machine_.access().open(number);
        __builtin_memset(__builtin_assume_aligned(handle.bytes(), kPageSize), 0, kPageSize);
    }
    const Result<void> placed =
        at_slot(index, Missing::kMake, [number](Slot& slot) { slot = number.value() + 1; });
    if (!placed) {
        return failure(placed.error());
    }
    MappedFrames(machine_.account()).enter(std::move(*frame), PageNumber(index));
    ++resident_;
    if (PageStore* const store = machine_.store()) {
        store->entered(number, this);
    }
    return number;
}

/// The frame of page `index`, which is in the store as `slot` says.
template <SpaceMachine Machine>
Result<FrameNumber> MemoryObject<Machine>::restore(std::uint32_t index, Slot slot) {
    PageStore& store = *machine_.store();
    const Result<PageStore::Restored> restored = store.restore(stored_slot(slot));
    if (!restored) {
        return failure(restored.error());
    }
    expect(restored->use == RestoredUse::kMap, "memory object: one of its slots is somebody else's, too");
    const FrameNumber frame = restored->frame;
    store.claim(frame, FrameOwner::kSharedMemory, holder_, index, this);
    machine_.account().table()[frame].references = 1;
    static_cast<void>(at_slot(index, Missing::kLeave, [frame](Slot& entry) { entry = frame.value() + 1; }));
    ++resident_;
    --stored_;
    store.release(stored_slot(slot));
    return frame;
}

template <SpaceMachine Machine>
void MemoryObject<Machine>::page_stored(std::uint32_t index, SlotNumber slot) {
    static_cast<void>(at_slot(index, Missing::kLeave, [this, slot](Slot& entry) {
        FrameRecord& record = machine_.account().table()[frame_of(entry)];
        expect(record.references == 1, "memory object: a page that goes is still mapped");
        record.references = 0;
        entry = kInStore | slot.value();
    }));
    --resident_;
    ++stored_;
}

template <SpaceMachine Machine>
Result<FrameNumber> MemoryObject<Machine>::frame_for_write(std::uint32_t index) {
    const Result<FrameNumber> frame = bring(index);
    if (frame && machine_.store() != nullptr) {
        machine_.store()->dirtied(*frame);
    }
    return frame;
}

template <SpaceMachine Machine>
Result<void> MemoryObject<Machine>::restore_all() {
    for (std::uint32_t index = 0; index < page_count_ && stored_ != 0; ++index) {
        if (const auto frame = frame_for_read(index); !frame) {
            return failure(frame.error());
        }
    }
    return {};
}

template <SpaceMachine Machine>
Result<std::optional<FrameNumber>> MemoryObject<Machine>::frame_for_read(std::uint32_t index) {
    const Slot slot = slot_of(index);
    if (slot == 0) {
        return std::nullopt;
    }
    if (!is_stored(slot)) {
        return frame_of(slot);
    }
    const Result<FrameNumber> frame = restore(index, slot);
    if (!frame) {
        return failure(frame.error());
    }
    return *frame;
}

template <SpaceMachine Machine>
Result<void> MemoryObject<Machine>::resize(std::uint32_t page_count) {
    if (page_count > kMostPages) {
        return failure(Error::kOutOfRange);
    }
    if (page_count < page_count_) {
        discard(page_count, page_count_);
        free_index(page_count);
    }
    page_count_ = page_count;
    return {};
}

template <SpaceMachine Machine>
void MemoryObject<Machine>::discard(std::uint32_t begin, std::uint32_t end) {
    withdraw(begin, end);
    free_pages(begin, end < page_count_ ? end : page_count_);
}

template <SpaceMachine Machine>
template <typename Visit>
void MemoryObject<Machine>::for_each_frame(Visit visit) const {
    auto* const self = const_cast<MemoryObject*>(this);  // Visits, and changes nothing.
    self->for_each_slot(0, page_count_, [&visit](Slot& slot) {
        if (!is_stored(slot)) {
            visit(frame_of(slot), FrameOwner::kSharedMemory);
        }
    });
    if (single_ != 0) {
        visit(frame_of(single_), FrameOwner::kObjectIndex);
    }
    if (double_ != 0) {
        visit(frame_of(double_), FrameOwner::kObjectIndex);
        auto table = machine_.access().open(frame_of(double_));
        for (std::uint32_t i = 0; i < kSlots; ++i) {
            if (slots(table)[i] != 0) {
                visit(frame_of(slots(table)[i]), FrameOwner::kObjectIndex);
            }
        }
    }
}

template <SpaceMachine Machine>
template <typename Visit>
void MemoryObject<Machine>::for_each_stored(Visit visit) const {
    const_cast<MemoryObject*>(this)->for_each_slot(0, page_count_, [&visit](Slot& slot) {
        if (is_stored(slot)) {
            visit(stored_slot(slot));
        }
    });
}

/// `slot`, which has nothing, gets an index frame of empty slots.
template <SpaceMachine Machine>
Result<void> MemoryObject<Machine>::make_index(Slot& slot) {
    Result<OwnedFrame> frame = machine_.frame_for_page(FrameOwner::kObjectIndex, holder_);
    if (!frame) {
        return failure(frame.error());
    }
    {
        auto handle = machine_.access().open(frame->number());
        __builtin_memset(__builtin_assume_aligned(handle.bytes(), kPageSize), 0, kPageSize);
    }
    slot = std::move(*frame).give_up().value() + 1;
    return {};
}

template <SpaceMachine Machine>
template <typename Visit>
Result<void> MemoryObject<Machine>::at_slot(std::uint32_t index, Missing missing, Visit visit) {
    if (index < kDirect) {
        visit(direct_[index]);
        return {};
    }
    const auto is_there = [&](Slot& slot) -> Result<void> {
        return slot != 0                   ? Result<void>()
               : missing == Missing::kMake ? make_index(slot)
                                           : failure(Error::kNotMapped);
    };
    if (index < kDoubleBegin) {
        const Result<void> there = is_there(single_);
        if (there) {
            auto table = machine_.access().open(frame_of(single_));
            visit(slots(table)[index - kSingleBegin]);
        }
        return there;
    }
    if (const Result<void> there = is_there(double_); !there) {
        return there;
    }
    Slot lower = 0;
    {
        auto table = machine_.access().open(frame_of(double_));
        Slot& slot = slots(table)[(index - kDoubleBegin) / kSlots];
        if (const Result<void> there = is_there(slot); !there) {
            return there;
        }
        lower = slot;
    }
    auto table = machine_.access().open(frame_of(lower));
    visit(slots(table)[(index - kDoubleBegin) % kSlots]);
    return {};
}

/// Calls visit(Slot&) for the slots [begin, end) of the index frame in `table`, if there is one, that have something.
template <SpaceMachine Machine>
template <typename Visit>
void MemoryObject<Machine>::for_each_slot_in(Slot& table, std::uint32_t begin, std::uint32_t end,
                                             Visit& visit) {
    if (table == 0) {
        return;
    }
    auto handle = machine_.access().open(frame_of(table));
    for (std::uint32_t i = begin; i < end && i < kSlots; ++i) {
        if (slots(handle)[i] != 0) {
            visit(slots(handle)[i]);
        }
    }
}

/// Calls visit(Slot&) for every page of [begin, end) that has been touched.
template <SpaceMachine Machine>
template <typename Visit>
void MemoryObject<Machine>::for_each_slot(std::uint32_t begin, std::uint32_t end, Visit visit) {
    for (std::uint32_t index = begin; index < end && index < kDirect; ++index) {
        if (direct_[index] != 0) {
            visit(direct_[index]);
        }
    }
    const auto behind = [](std::uint32_t index, std::uint32_t base) {
        return index > base ? index - base : 0;
    };
    for_each_slot_in(single_, behind(begin, kSingleBegin), behind(end, kSingleBegin), visit);
    const std::uint32_t first = behind(begin, kDoubleBegin);
    const std::uint32_t limit = behind(end, kDoubleBegin);
    if (double_ == 0 || first >= limit) {
        return;
    }
    auto table = machine_.access().open(frame_of(double_));
    for (std::uint32_t i = first / kSlots; i < kSlots && i * kSlots < limit; ++i) {
        for_each_slot_in(slots(table)[i], behind(first, i * kSlots), behind(limit, i * kSlots), visit);
    }
}

/// No space maps the pages [begin, end) any more: their frames go.
template <SpaceMachine Machine>
void MemoryObject<Machine>::free_pages(std::uint32_t begin, std::uint32_t end) {
    const MappedFrames frames(machine_.account());
    for_each_slot(begin, end, [&](Slot& slot) {
        if (is_stored(slot)) {
            machine_.store()->release(stored_slot(std::exchange(slot, 0)));
            --stored_;
            return;
        }
        const std::optional<UnmappedFrame> frame = frames.leave(frame_of(slot));
        expect(frame.has_value(), "memory object: a page that goes is still mapped");
        const OwnedFrame dropped = frames.regain(*frame);
        slot = 0;
        --resident_;
    });
}

/// Index frames that `page_count` pages, the only ones that are left, do not need.
template <SpaceMachine Machine>
void MemoryObject<Machine>::free_index(std::uint32_t page_count) {
    if (page_count <= kSingleBegin) {
        release_index(single_);
    }
    if (double_ != 0) {
        {
            auto table = machine_.access().open(frame_of(double_));
            const std::uint32_t left = page_count > kDoubleBegin ? page_count - kDoubleBegin : 0;
            for (std::uint32_t i = (left + kSlots - 1) / kSlots; i < kSlots; ++i) {
                release_index(slots(table)[i]);
            }
        }
        if (page_count <= kDoubleBegin) {
            release_index(double_);
        }
    }
}

template <SpaceMachine Machine>
void MemoryObject<Machine>::release_index(Slot& slot) {
    if (slot != 0) {
        const Result<void> released =
            machine_.account().release(frame_of(std::exchange(slot, 0)), FrameOwner::kObjectIndex);
        expect(released.has_value(), "memory object: an index frame was not the object's");
    }
}

}  // namespace mm
