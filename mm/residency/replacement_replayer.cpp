#include "mm/residency/replacement_replayer.hpp"

namespace mm {

using Move = ReplacementMove;

ReplacementReplayer::ReplacementReplayer(const Room& room, std::optional<ReplacementTuning> tuning)
    : room_(room), tuning_(tuning) {
    for (Place& place : room_.places) {
        place.slot.stop();
        place.instance = 0;
    }
    for (ResidentRecord& record : room_.records) {
        record = {};
    }
}

ReplacementReplayer::~ReplacementReplayer() {
    for (Place& place : room_.places) {
        place.slot.stop();
    }
}

ReplacementEvent ReplacementReplayer::read_event() {
    ++events_;
    return static_cast<ReplacementEvent>(trace_->kind());
}

Result<void> ReplacementReplayer::outcome() const {
    if (!trace_->ok()) {
        return failure(Error::kBadInput);
    }
    return {};
}

ReplacementReplayer::Place* ReplacementReplayer::place_of(InstanceId instance) const {
    for (Place& place : room_.places) {
        if (place.instance == instance) {
            return &place;
        }
    }
    return nullptr;
}

Result<void> ReplacementReplayer::next(TraceReader& trace) {
    if (difference_) {
        return {};
    }
    trace_ = &trace;
    const ReplacementEvent event = read_event();
    if (event == ReplacementEvent::kMemory) {
        return set_memory();
    }
    const std::uint32_t instance = trace_->number32();
    if (!trace_->ok() || !has_memory_ || instance == 0 || instance > UINT16_MAX) {
        return failure(Error::kBadInput);
    }
    instance_ = static_cast<InstanceId>(instance);
    return event == ReplacementEvent::kBegin ? begin() : call(event);
}

Result<void> ReplacementReplayer::set_memory() {
    const std::uint32_t version = trace_->number32();
    const std::uint32_t records = trace_->number32();
    const std::uint32_t ghosts = trace_->number32();
    if (!trace_->ok() || version != kReplacementTraceVersion || has_memory_) {
        return failure(Error::kBadInput);
    }
    if (records > room_.records.size() || ghosts > room_.ghosts.size()) {
        return failure(Error::kNoMemory);
    }
    room_.records = room_.records.first(records);
    if (ghosts != 0) {
        ghosts_.emplace(room_.ghosts.first(ghosts));
    }
    has_memory_ = true;
    return {};
}

Result<void> ReplacementReplayer::begin() {
    std::array<char, 16> letters{};
    const std::uint32_t length = trace_->number32();
    if (length > letters.size()) {
        return failure(Error::kBadInput);
    }
    for (char& letter : std::span(letters).first(length)) {
        letter = static_cast<char>(trace_->number32());
    }
    const std::uint32_t seed = trace_->number32();
    if (trace_->number32() != kReplacementTunings.size()) {
        return failure(Error::kBadInput);
    }
    ReplacementTuning tuning;
    for (const auto member : kReplacementTunings) {
        tuning.*member = trace_->number32();
    }
    const std::optional<ReplacementKind> kind = replacement_named(std::span(letters).first(length));
    if (!trace_->ok() || !kind || place_of(instance_) != nullptr) {
        return failure(Error::kBadInput);
    }
    Place* const place = place_of(0);
    if (place == nullptr) {
        return failure(Error::kNoMemory);
    }
    place->instance = instance_;
    place->slot.start(*kind, {.memory = {.records = room_.records, .ghosts = ghosts_ ? &*ghosts_ : nullptr},
                              .instance = instance_,
                              .seed = seed,
                              .tuning = tuning_.value_or(tuning)});
    return {};
}

/// An event of an instance that has begun.
Result<void> ReplacementReplayer::call(ReplacementEvent event) {
    Place* const place = place_of(instance_);
    if (place == nullptr) {
        return failure(Error::kBadInput);
    }
    ReplacementPolicy& policy = *place->slot.policy();
    const auto owner_of = [this](FrameIndex frame) -> std::uint32_t {
        return trace_->ok() && frame < room_.records.size() ? room_.records[frame].instance : UINT32_MAX;
    };
    switch (event) {
        case ReplacementEvent::kEnd:
            place->slot.stop();
            place->instance = 0;
            return {};
        case ReplacementEvent::kEntered: {
            const FrameIndex frame = trace_->number32();
            const std::uint32_t owner = trace_->number32();
            const std::uint32_t page = trace_->number32();
            const CpuTime now = trace_->number32();
            if (owner_of(frame) != 0) {
                return failure(Error::kBadInput);
            }
            policy.entered(frame, {owner, page}, now, *this);
            break;
        }
        case ReplacementEvent::kLeft: {
            const FrameIndex frame = trace_->number32();
            const std::uint32_t departure = trace_->number32();
            if (owner_of(frame) != instance_ || departure > 1) {
                return failure(Error::kBadInput);
            }
            policy.left(frame, static_cast<ReplacementPolicy::Departure>(departure));
            break;
        }
        case ReplacementEvent::kChoose:
            choose(policy);
            return outcome();
        case ReplacementEvent::kRefused: {
            const FrameIndex frame = trace_->number32();
            if (owner_of(frame) != instance_) {
                return failure(Error::kBadInput);
            }
            policy.refused(frame);
            break;
        }
        case ReplacementEvent::kTick: {
            const CpuTime now = trace_->number32();
            if (!trace_->ok()) {
                return failure(Error::kBadInput);
            }
            policy.tick(now, *this);
            break;
        }
        default:
            return failure(Error::kBadInput);
    }
    expect_return();
    return outcome();
}

void ReplacementReplayer::choose(ReplacementPolicy& policy) {
    const std::uint32_t owner = trace_->number32();
    const std::uint32_t page = trace_->number32();
    const CpuTime now = trace_->number32();
    if (!trace_->ok()) {
        return;
    }
    const std::optional<FrameIndex> victim = policy.choose({owner, page}, now, *this);
    const Move got = victim ? Move{Move::Kind::kChoose, *victim} : Move{Move::Kind::kChooseNone};
    if (trace_->ok() && !difference_) {
        const Move expected = read_move();
        if (expected.kind == Move::Kind::kReturn) {
            trace_->fail();  // A choice without its decision: cut off, or damaged.
        }
        compare(expected, got);
    }
}

/// The call is over: the trace must not have more of it.
void ReplacementReplayer::expect_return() {
    if (trace_->ok() && !difference_) {
        compare(read_move(), {Move::Kind::kReturn});
    }
}

Move ReplacementReplayer::read_move() {
    Move move{Move::Kind::kReturn};
    const auto event = static_cast<ReplacementEvent>(trace_->next_kind());
    switch (event) {
        case ReplacementEvent::kNotAccessed:
        case ReplacementEvent::kAccessed:
            move.kind = Move::Kind::kAskAccessed;
            break;
        case ReplacementEvent::kClean:
        case ReplacementEvent::kDirty:
            move.kind = Move::Kind::kAskDirty;
            break;
        case ReplacementEvent::kChose:
            move.kind = Move::Kind::kChoose;
            break;
        case ReplacementEvent::kChoseNone:
            read_event();
            return {Move::Kind::kChooseNone};
        default:
            return move;
    }
    read_event();
    last_answer_ = event == ReplacementEvent::kAccessed || event == ReplacementEvent::kDirty;
    move.frame = trace_->number32();
    return move;
}

void ReplacementReplayer::compare(const Move& expected, const Move& got) {
    if (trace_->ok() && expected != got) {
        // What is expected to return has not been read: the difference is at the event that follows.
        const std::uint64_t event = expected.kind == Move::Kind::kReturn ? events_ + 1 : events_;
        difference_ = {.event = event, .instance = instance_, .expected = expected, .got = got};
    }
}

bool ReplacementReplayer::answer(Move::Kind question, FrameIndex frame) {
    if (!trace_->ok() || difference_) {
        return false;  // The policy comes to an end with any answer; nothing it does counts any more.
    }
    if (trace_->at_end()) {
        trace_->fail();  // Cut off.
        return false;
    }
    compare(read_move(), {question, frame});
    return !difference_ && trace_->ok() && last_answer_;
}

bool ReplacementReplayer::take_accessed(FrameIndex frame) {
    return answer(Move::Kind::kAskAccessed, frame);
}

bool ReplacementReplayer::is_dirty(FrameIndex frame) {
    return answer(Move::Kind::kAskDirty, frame);
}

Result<std::optional<ReplacementDifference>> replay_replacement(
    std::span<const std::byte> trace, const ReplacementReplayer::Room& room,
    const std::optional<ReplacementTuning>& tuning) {
    ReplacementReplayer replayer(room, tuning);
    TraceReader reader(trace);
    while (!reader.at_end() && !replayer.difference()) {
        if (const Result<void> read = replayer.next(reader); !read) {
            return failure(read.error());
        }
    }
    return replayer.difference();
}

}  // namespace mm
