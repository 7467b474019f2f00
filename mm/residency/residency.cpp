#include "mm/residency/residency.hpp"

#include <optional>

#include "mm/core/panic.hpp"
#include "mm/space/page_object.hpp"

namespace mm {

Watermarks Watermarks::for_memory(FrameCount frame_count) {
    const auto between = [](FrameCount value, FrameCount least, FrameCount most) {
        return value < least ? least : value > most ? most : value;
    };
    const FrameCount low = between(frame_count / 64, 8, 256);
    return {.reserve = between(frame_count / 128, 16, 256), .low = low, .high = low * 2};
}

Residency::Residency(FrameAccount& account, PageMappings& mappings, BackingStore& store,
                     std::span<ResidentFrame> frames, std::span<SlotRecord> slots, std::uint32_t head)
    : account_(account),
      mappings_(mappings),
      store_(store),
      frames_(frames),
      slots_(slots, head),
      marks_(Watermarks::for_memory(account.total_frames())) {
    for (ResidentFrame& frame : frames_) {
        frame = {};
    }
}

Residency::~Residency() {
    expect(slots_.used() == 0 && writing_ == 0 && reading_ == 0,
           "residency: ended while pages are on the disk");
}

void Residency::set_policy(ReplacementPolicy& policy) {
    ReplacementPolicy* const before = policy_;
    policy_ = &policy;
    for (std::uint32_t frame = 0; frame < frames_.size(); ++frame) {
        if (frames_[frame].tracked) {
            if (before != nullptr) {
                before->left(frame, ReplacementPolicy::Departure::kEnded);
            }
            policy.entered(frame, page_id(FrameNumber(frame)), store_.now(), *this);
        }
    }
}

Result<OwnedFrame> Residency::frame_for_page(FrameOwner owner, std::uint32_t holder) {
    const FrameCount free = account_.frames_of(FrameOwner::kFree);
    if (beyond_reserve(free) != 0) {
        return account_.allocate(owner, holder);
    }
    if (pool_count_ != 0 && beyond_reserve(free + pool_count_) != 0) {
        const FrameNumber frame = take_oldest_from_pool();
        return account_.take_over(frame, FrameOwner::kBufferPool, owner, holder);
    }
    return failure(shortage());
}

Error Residency::shortage() const {
    const bool is_final = (draining_ || stuck_) && writing_ == 0 && reading_ == 0;
    return is_final ? Error::kNoMemory : Error::kWouldWait;
}

// Who is there.

PageId Residency::page_id(FrameNumber frame) const {
    const FrameRecord& record = account_.table()[frame];
    const PageObject* const object = frames_[frame.value()].object;
    // Objects have no numbers; where one lies tells it from others, and from spaces by the highest bit.
    const auto place = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(object) >> 2);
    return {.owner = object != nullptr ? place | (1U << 31) : record.holder, .page = record.page};
}

void Residency::entered(FrameNumber frame, PageObject* object) {
    ResidentFrame& its = record(frame);
    expect(its.slot == 0 && !its.tracked, "residency: a frame that is in use got a new page");
    track(frame, object);
}

void Residency::track(FrameNumber frame, PageObject* object) {
    ResidentFrame& its = record(frame);
    its.object = object;
    its.dirty = false;
    its.tracked = true;
    // It can leave again, if it has a slot or may get one.
    stuck_ = stuck_ && its.slot == 0 && slots_.used() == slots_.total();
    const CpuTime now = store_.now();
    policy_->entered(frame.value(), page_id(frame), now, *this);
    if (++entered_since_tick_ * 16 >= account_.total_frames()) {
        entered_since_tick_ = 0;
        policy_->tick(now, *this);
    }
}

void Residency::untrack(FrameNumber frame, ReplacementPolicy::Departure departure) {
    record(frame).tracked = false;
    policy_->left(frame.value(), departure);
}

void Residency::link(FrameNumber frame, SlotNumber slot) {
    record(frame).slot = slot.value() + 1;
    slots_[slot].frame = frame.value() + 1;
}

/// The frame and its slot know nothing of each other any more.
void Residency::unlink(FrameNumber frame) {
    slots_[SlotNumber(std::exchange(record(frame).slot, 0) - 1)].frame = 0;
}

bool Residency::take_accessed(FrameIndex frame) {
    return mappings_.take_accessed(FrameNumber(frame), frames_[frame].object);
}

bool Residency::is_dirty(FrameIndex frame) {
    const ResidentFrame& its = frames_[frame];
    return its.slot == 0 || its.dirty || mappings_.is_dirty(FrameNumber(frame), its.object);
}

void Residency::page_ends(FrameNumber frame) {
    ResidentFrame& its = record(frame);
    if (its.tracked) {
        untrack(frame, ReplacementPolicy::Departure::kEnded);
    }
    if (its.slot != 0) {
        const SlotNumber slot(its.slot - 1);
        unlink(frame);
        slots_[slot].state = SlotState::kOnDisk;
        if (slots_[slot].references == 0) {
            slots_.give_back(slot);
        }
    }
    its = {};
    stuck_ = false;
}

void Residency::becomes_writable(FrameNumber frame) {
    const std::uint32_t slot = record(frame).slot;
    if (slot != 0 && slots_[SlotNumber(slot - 1)].references != 0) {
        // Others rely on what the disk has; this page goes its own way.
        unlink(frame);
        slots_[SlotNumber(slot - 1)].state = SlotState::kOnDisk;
    }
}

// The pool: oldest first.

void Residency::into_pool(FrameNumber frame, FrameOwner from) {
    account_.reassign(frame, from, FrameOwner::kBufferPool, 0);
    ResidentFrame& its = record(frame);
    its.next = 0;
    its.previous = newest_;
    (newest_ != 0 ? frames_[newest_ - 1].next : oldest_) = frame.value() + 1;
    newest_ = frame.value() + 1;
    ++pool_count_;
    slots_[SlotNumber(its.slot - 1)].state = SlotState::kInPool;
}

void Residency::out_of_pool(FrameNumber frame) {
    ResidentFrame& its = record(frame);
    (its.previous != 0 ? frames_[its.previous - 1].next : oldest_) = its.next;
    (its.next != 0 ? frames_[its.next - 1].previous : newest_) = its.previous;
    --pool_count_;
}

/// Its page is on the disk alone from now on.
FrameNumber Residency::take_oldest_from_pool() {
    const FrameNumber frame(oldest_ - 1);
    out_of_pool(frame);
    const SlotNumber slot(record(frame).slot - 1);
    unlink(frame);
    slots_[slot].state = SlotState::kOnDisk;
    record(frame) = {};
    return frame;
}

bool Residency::make_one_free() {
    if (pool_count_ == 0) {
        return false;
    }
    free_frame(take_oldest_from_pool(), FrameOwner::kBufferPool);
    return true;
}

void Residency::free_frame(FrameNumber frame, FrameOwner owner) {
    record(frame) = {};
    expect(account_.release(frame, owner).has_value(), "residency: a frame was not its own");
}

// Out.

void Residency::balance() {
    const FrameCount before = available();
    Evicted evicted = Evicted::kYes;
    while (available() < marks_.high && has_room_for_write() && evicted == Evicted::kYes) {
        evicted = evict_one();
    }
    start_writes();
    stuck_ = evicted != Evicted::kYes;
    if (stuck_ || available() > before) {
        store_.progress();
    }
}

Residency::Evicted Residency::evict_one() {
    constexpr unsigned kTries = 64;
    bool has_slots = true;
    for (unsigned i = 0; i < kTries; ++i) {
        const std::optional<FrameIndex> frame = policy_->choose({}, store_.now(), *this);
        if (!frame) {
            return Evicted::kNothingLeft;
        }
        expect(*frame < frames_.size() && frames_[*frame].tracked,
               "residency: a policy chose a frame without a page");
        if ((has_slots || !is_dirty(*frame)) && evict(FrameNumber(*frame))) {
            return Evicted::kYes;
        }
        has_slots = false;
        policy_->refused(*frame);
    }
    return Evicted::kRefused;
}

/// False: there is no slot for its page.
bool Residency::evict(FrameNumber frame) {
    ResidentFrame& its = record(frame);
    SlotNumber slot(its.slot - 1);
    // A slot that cannot take all the references is as good as none.
    const bool dirty = is_dirty(frame.value()) ||
                       slots_[slot].references > kMostReferences - account_.table()[frame].references;
    if (dirty) {
        const std::optional<SlotNumber> taken = slot_for_writing();
        if (!taken) {
            return false;
        }
        if (its.slot != 0) {
            unlink(frame);
            slots_[slot].state = SlotState::kOnDisk;
            if (slots_[slot].references == 0) {
                slots_.give_back(slot);
            }
        }
        slot = *taken;
        link(frame, slot);
    }
    const FrameOwner owner = account_.table()[frame].owner;
    SlotRecord& place = slots_[slot];
    place.references =
        static_cast<std::uint16_t>(place.references + mappings_.store(frame, its.object, slot));
    untrack(frame, ReplacementPolicy::Departure::kEvicted);
    its.object = nullptr;
    its.dirty = false;
    ++figures_.evictions;
    if (dirty) {
        account_.reassign(frame, owner, FrameOwner::kWriting, 0);
        place.state = SlotState::kWriting;
        ++writing_;
        queue_write(slot, frame);
    } else {
        ++figures_.clean_evictions;
        into_pool(frame, owner);
    }
    return true;
}

/// A slot that is free, or that only keeps what is in memory as well.
std::optional<SlotNumber> Residency::slot_for_writing() {
    if (const std::optional<SlotNumber> slot = slots_.take()) {
        return slot;
    }
    for (SlotNumber slot = slots_.begin(); slots_.contains(slot); slot = slot + 1) {
        const SlotRecord& its = slots_[slot];
        if (its.state == SlotState::kMapped && its.references == 0) {
            const FrameNumber frame(its.frame - 1);
            unlink(frame);
            slots_.give_back(slot);
            return slots_.take();
        }
    }
    return std::nullopt;
}

void Residency::queue_write(SlotNumber slot, FrameNumber frame) {
    Cluster* last = clusters_used_ != 0 ? &clusters_[clusters_used_ - 1] : nullptr;
    if (last == nullptr || last->first + last->count != slot || last->count == last->frames.size()) {
        last = &clusters_[clusters_used_++];
        last->first = slot;
        last->count = 0;
    }
    last->frames[last->count++] = frame;
    // One more page may need one more cluster.
    if (clusters_used_ == kClusters) {
        start_writes();
    }
}

void Residency::start_writes() {
    std::size_t started = 0;
    for (; started < clusters_used_; ++started) {
        const Cluster& cluster = clusters_[started];
        for (std::uint32_t i = 0; i < cluster.count; ++i) {
            slots_[cluster.first + i].checksum = store_.checksum(cluster.frames[i]);
        }
        if (!store_.start(BackingStore::Operation::kWrite, cluster.first,
                          std::span(cluster.frames).first(cluster.count))) {
            break;
        }
        figures_.pages_out += cluster.count;
        ++figures_.writes;
    }
    for (std::size_t i = started; i < clusters_used_; ++i) {
        clusters_[i - started] = clusters_[i];
    }
    clusters_used_ -= started;
}

void Residency::finish_write(SlotNumber slot, FrameNumber frame, Outcome outcome) {
    SlotRecord& place = slots_[slot];
    --writing_;
    if (place.references == 0) {
        unlink(frame);
        free_frame(frame, FrameOwner::kWriting);
        slots_.give_back(slot, outcome == Outcome::kDone ? SwapSlots::End::kFree : SwapSlots::End::kRetired);
    } else if (outcome == Outcome::kDone) {
        into_pool(frame, FrameOwner::kWriting);
    } else {
        place.state = SlotState::kStranded;
    }
}

// In.

Result<PageStore::Restored> Residency::restore(SlotNumber slot) {
    expect(slots_.contains(slot), "residency: an entry names a slot that the disk does not have");
    const SlotRecord& place = slots_[slot];
    switch (place.state) {
        case SlotState::kInPool:
            figures_.pool_hits += record(FrameNumber(place.frame - 1)).was_read ? 0 : 1;
            return Restored{FrameNumber(place.frame - 1), RestoredUse::kMap};
        case SlotState::kMapped:
            return Restored{FrameNumber(place.frame - 1), RestoredUse::kMap};
        case SlotState::kStranded:
            return Restored{FrameNumber(place.frame - 1),
                            place.references == 1 ? RestoredUse::kMap : RestoredUse::kCopy};
        case SlotState::kReading:
        case SlotState::kWriting:
            return failure(Error::kWouldWait);
        case SlotState::kOnDisk:
            return read(slot);
        case SlotState::kLost:
            return failure(Error::kBadInput);
        case SlotState::kFree:
        case SlotState::kBad:
            break;
    }
    expect(false, "residency: an entry names a slot that nobody has");
    return failure(Error::kBadInput);
}

/// How many slots from `slot` on are read at once: more and more as long as they are asked for in a row.
std::uint32_t Residency::read_ahead(SlotNumber slot) {
    ahead_ = slot.value() == next_ahead_ ? ahead_ * 2 : 1;
    ahead_ = ahead_ < kMostAhead ? ahead_ : kMostAhead;
    if (slots_[slot].read_alone) {
        return 1;
    }
    std::uint32_t count = 1;
    while (count < ahead_ && slots_.contains(slot + count) &&
           slots_[slot + count].state == SlotState::kOnDisk && !slots_[slot + count].read_alone) {
        ++count;
    }
    return count;
}

Result<PageStore::Restored> Residency::read(SlotNumber slot) {
    std::array<FrameNumber, kMostAhead> frames;
    const std::uint32_t wanted = read_ahead(slot);
    std::uint32_t count = 0;
    Error error = Error::kWouldWait;
    while (count < wanted) {
        Result<OwnedFrame> frame = frame_for_page(FrameOwner::kReading, 0);
        if (!frame) {
            error = frame.error();
            break;
        }
        frames[count++] = std::move(*frame).give_up();
    }
    if (count == 0) {
        return failure(error);
    }
    if (!store_.start(BackingStore::Operation::kRead, slot, std::span(frames).first(count))) {
        for (std::uint32_t i = 0; i < count; ++i) {
            free_frame(frames[i], FrameOwner::kReading);
        }
        return failure(Error::kWouldWait);
    }
    for (std::uint32_t i = 0; i < count; ++i) {
        slots_[slot + i].state = SlotState::kReading;
        link(frames[i], slot + i);
    }
    reading_ += count;
    figures_.pages_in += count;
    ++figures_.reads;
    next_ahead_ = slot.value() + count;
    return failure(Error::kWouldWait);
}

void Residency::finish_read(SlotNumber slot, FrameNumber frame, Outcome outcome, std::size_t count) {
    SlotRecord& place = slots_[slot];
    --reading_;
    const bool changed = outcome == Outcome::kDone && store_.checksum(frame) != place.checksum;
    if (place.references != 0 && outcome == Outcome::kDone && !changed) {
        record(frame).was_read = true;
        into_pool(frame, FrameOwner::kReading);
        return;
    }
    unlink(frame);
    free_frame(frame, FrameOwner::kReading);
    if (place.references == 0) {
        slots_.give_back(slot);
    } else if (count > 1 && !changed) {
        place.state = SlotState::kOnDisk;
        place.read_alone = true;  // Which of them it was, those who need them will find out.
    } else {
        place.state = SlotState::kLost;
        ++figures_.lost;
        store_.lost(slot, changed ? BackingStore::Loss::kChanged : BackingStore::Loss::kUnreadable);
    }
}

void Residency::finished(BackingStore::Operation operation, SlotNumber first,
                         std::span<const FrameNumber> frames, Outcome outcome) {
    if (operation == BackingStore::Operation::kRead) {
        // Backwards: the first one, which somebody waits for, becomes the newest of the pool.
        for (auto i = static_cast<std::uint32_t>(frames.size()); i-- != 0;) {
            finish_read(first + i, frames[i], outcome, frames.size());
        }
    } else {
        for (std::uint32_t i = 0; i < frames.size(); ++i) {
            finish_write(first + i, frames[i], outcome);
        }
    }
    stuck_ = false;
    start_writes();
    store_.progress();
}

void Residency::claim(FrameNumber frame, FrameOwner owner, std::uint32_t holder, std::uint32_t page,
                      PageObject* object) {
    ResidentFrame& its = record(frame);
    SlotRecord& place = slots_[SlotNumber(its.slot - 1)];
    FrameRecord& of_frame = account_.table()[frame];
    switch (place.state) {
        case SlotState::kInPool:
            out_of_pool(frame);
            its.was_read = false;
            account_.reassign(frame, FrameOwner::kBufferPool, owner, holder);
            place.state = SlotState::kMapped;
            break;
        case SlotState::kStranded:
            // The entry's reference, the only one, is about to go: the slot with it, for good.
            account_.reassign(frame, FrameOwner::kWriting, owner, holder);
            unlink(frame);
            break;
        default:
            of_frame.holder = of_frame.holder == 0 ? holder : of_frame.holder;
            return;
    }
    of_frame.page = page;
    track(frame, object);
}

Result<void> Residency::share(SlotNumber slot) {
    SlotRecord& place = slots_[slot];
    if (place.references == kMostReferences) {
        return failure(Error::kNoMemory);
    }
    ++place.references;
    return {};
}

void Residency::release(SlotNumber slot) {
    SlotRecord& place = slots_[slot];
    expect(place.references != 0, "residency: a slot was released more often than it was referenced");
    if (--place.references != 0) {
        return;
    }
    stuck_ = false;  // The slot is there for another page, now or soon.
    const FrameNumber frame(place.frame - 1);
    switch (place.state) {
        case SlotState::kOnDisk:
        case SlotState::kLost:
            slots_.give_back(slot);
            break;
        case SlotState::kInPool:
            out_of_pool(frame);
            unlink(frame);
            free_frame(frame, FrameOwner::kBufferPool);
            slots_.give_back(slot);
            break;
        case SlotState::kStranded:
            if (place.frame != 0) {
                unlink(frame);
                free_frame(frame, FrameOwner::kWriting);
            }
            slots_.give_back(slot, SwapSlots::End::kRetired);
            break;
        default:
            break;  // In flight: when it ends. Mapped: the slot keeps what it has, as long as that is true.
    }
}

bool Residency::release_spare_slots() {
    for (SlotNumber slot = slots_.begin(); slots_.contains(slot); slot = slot + 1) {
        const SlotRecord& place = slots_[slot];
        if (place.state == SlotState::kMapped && place.references == 0) {
            unlink(FrameNumber(place.frame - 1));
            slots_.give_back(slot);
        }
    }
    return slots_.used() == 0 && reading_ == 0 && writing_ == 0;
}

bool Residency::check_invariants() const {
    if (!slots_.check_invariants()) {
        return false;
    }
    FrameCount pool = 0;
    for (std::uint32_t i = 0; i < frames_.size(); ++i) {
        const ResidentFrame& its = frames_[i];
        const FrameOwner owner =
            its.slot != 0 || its.tracked ? account_.owner_of(FrameNumber(i)) : FrameOwner::kFree;
        if (its.slot != 0 && slots_[SlotNumber(its.slot - 1)].frame != i + 1) {
            return false;
        }
        if (its.tracked != (owner == FrameOwner::kAnonymous || owner == FrameOwner::kSharedMemory)) {
            return false;
        }
        pool += owner == FrameOwner::kBufferPool ? 1 : 0;
    }
    return pool == pool_count_ && pool == account_.frames_of(FrameOwner::kBufferPool);
}

}  // namespace mm
