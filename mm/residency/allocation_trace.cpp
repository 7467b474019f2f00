#include "mm/residency/allocation_trace.hpp"

namespace mm {
namespace {

using Outcome = AllocationReplay::Outcome;

// Each part of an event is listed once, and passed to a writer or to a reader.

class Put {
  public:
    explicit Put(TraceWriter& writer) : writer_(writer) {}
    template <typename T>
    void number(const T& value) {
        writer_.number(static_cast<std::uint64_t>(value));
    }
    template <typename T>
    void signed_number(const T& value) {
        writer_.signed_number(value);
    }

  private:
    TraceWriter& writer_;
};

class Take {
  public:
    explicit Take(TraceReader& reader) : reader_(reader) {}
    template <typename T>
    void number(T& value) {
        const std::uint64_t read = reader_.number();
        value = static_cast<T>(read);
        if (static_cast<std::uint64_t>(value) != read) {
            reader_.fail();
        }
    }
    template <typename T>
    void signed_number(T& value) {
        const std::int64_t read = reader_.signed_number();
        value = static_cast<T>(read);
        if (value != read) {
            reader_.fail();
        }
    }

  private:
    TraceReader& reader_;
};

template <typename Coder, typename Facts>
void facts(Coder coder, Facts& it) {
    coder.number(it.id);
    coder.number(it.size);
    coder.number(it.resident);
    coder.number(it.minimum);
    coder.number(it.faults);
    coder.number(it.refaults);
    coder.number(it.cpu_time);
    coder.number(it.scanned_at);
    coder.number(it.accessed);
    coder.signed_number(it.nice);
}

template <typename Coder, typename Request>
void request(Coder coder, Request& it) {
    coder.number(it.frames);
    coder.number(it.fault_time);
}

template <typename Coder, typename Sample>
void sample(Coder coder, Sample& it) {
    coder.number(it.frames);
    coder.number(it.faults);
    coder.number(it.ghost_hits);
    coder.number(it.cpu_time);
    coder.number(it.fault_time);
    coder.number(it.now);
}

template <typename Coder, typename Program>
void program(Coder coder, Program& it) {
    coder.number(it.id);
    coder.number(it.resident);
    coder.number(it.state);
    coder.number(it.since);
}

template <typename Coder, typename Candidate>
void candidate(Coder coder, Candidate& it) {
    coder.number(it.id);
    coder.number(it.state);
    coder.signed_number(it.score_adjustment);
    coder.number(it.resident);
    coder.number(it.swapped);
    coder.number(it.tables);
}

template <typename Coder, typename Answer>
void answer(Coder coder, Answer& it) {
    coder.number(it.pool);
    coder.number(it.short_by);
    coder.number(it.refused);
}

std::uint64_t code_of(std::optional<std::uint32_t> id) {
    return id ? std::uint64_t{*id} + 1 : 0;
}

/// kNoQuota is 0.
std::uint32_t code_of(FrameCount quota) {
    return quota + 1;
}

void put_decision(TraceWriter& writer, const LoadDecision& decision) {
    writer.number(static_cast<std::uint64_t>(decision.reason));
    writer.number(code_of(decision.suspend));
    writer.number(code_of(decision.resume));
}

/// Whether the numbers that come next are `decision`.
bool take_decision(TraceReader& reader, const LoadDecision& decision) {
    bool same = reader.number() == static_cast<std::uint64_t>(decision.reason);
    same = (reader.number() == code_of(decision.suspend)) && same;
    return (reader.number() == code_of(decision.resume)) && same;
}

Outcome judged(const TraceReader& reader, bool same) {
    if (!reader.ok()) {
        return Outcome::kBadTrace;
    }
    return same ? Outcome::kSame : Outcome::kDiffers;
}

/// A number of things that follow, no more than there is room for.
std::size_t take_count(TraceReader& reader, std::size_t room) {
    const std::uint64_t count = reader.number();
    return static_cast<std::size_t>(count <= room ? count : reader.fail());
}

AllocationPolicy* take_scheme(TraceReader& reader, const AllocationPolicies& policies) {
    const std::uint64_t place = reader.number();
    const bool known = reader.ok() && place < AllocationPolicies::kCount;
    return known ? policies.all().at(static_cast<std::size_t>(place)) : nullptr;
}

std::uint8_t kind_of(AllocationEvent event) {
    return static_cast<std::uint8_t>(event);
}

void put_load(TraceWriter& writer, const LoadSample& seen, std::span<const LoadProgram> programs) {
    sample(Put(writer), seen);
    writer.number(programs.size());
    for (const LoadProgram& one : programs) {
        program(Put(writer), one);
    }
}

}  // namespace

Allotment RecordedAllocation::allocate(std::size_t scheme, const AllocationRequest& asked,
                                       std::span<ProgramShare> programs) {
    TraceWriter writer(sink_, kind_of(AllocationEvent::kAllocate));
    writer.number(scheme);
    request(Put(writer), asked);
    writer.number(programs.size());
    for (const ProgramShare& share : programs) {
        facts(Put(writer), share.facts);
    }
    const Allotment allotment = policies_.all().at(scheme)->allocate(asked, programs);
    answer(Put(writer), allotment);
    for (const ProgramShare& share : programs) {
        writer.number(code_of(share.quota));
    }
    return allotment;
}

bool RecordedAllocation::scan_due(std::size_t scheme, const ProgramFacts& seen) {
    TraceWriter writer(sink_, kind_of(AllocationEvent::kScanDue));
    writer.number(scheme);
    facts(Put(writer), seen);
    const bool due = policies_.all().at(scheme)->scan_due(seen);
    writer.number(due ? 1 : 0);
    return due;
}

void RecordedAllocation::forget(ProgramShare& share) {
    TraceWriter writer(sink_, kind_of(AllocationEvent::kForgotten));
    writer.number(share.facts.id);
    share.history = {};
}

LoadDecision RecordedAllocation::review(const LoadSample& seen, std::span<const LoadProgram> programs) {
    TraceWriter writer(sink_, kind_of(AllocationEvent::kReview));
    put_load(writer, seen, programs);
    const LoadDecision decision = load_.review(seen, programs);
    put_decision(writer, decision);
    return decision;
}

LoadDecision RecordedAllocation::program_ended(const LoadSample& seen,
                                               std::span<const LoadProgram> programs) {
    TraceWriter writer(sink_, kind_of(AllocationEvent::kEnded));
    put_load(writer, seen, programs);
    const LoadDecision decision = load_.program_ended(seen, programs);
    put_decision(writer, decision);
    return decision;
}

std::optional<std::uint32_t> RecordedAllocation::last_resort(std::span<const LastResortCandidate> candidates,
                                                             std::uint64_t total) {
    TraceWriter writer(sink_, kind_of(AllocationEvent::kLastResort));
    writer.number(total);
    writer.number(candidates.size());
    for (const LastResortCandidate& one : candidates) {
        candidate(Put(writer), one);
    }
    const std::optional<std::uint32_t> chosen = mm::last_resort(candidates, total);
    writer.number(code_of(chosen));
    return chosen;
}

Outcome AllocationReplay::step(TraceReader& reader) {
    if (reader.at_end()) {
        return Outcome::kEnd;
    }
    const auto event = static_cast<AllocationEvent>(reader.next_kind());
    switch (event) {
        case AllocationEvent::kAllocate:
            return allocate(reader);
        case AllocationEvent::kScanDue:
            return scan_due(reader);
        case AllocationEvent::kForgotten:
            return forget(reader);
        case AllocationEvent::kReview:
        case AllocationEvent::kEnded:
            return load(reader, event);
        case AllocationEvent::kLastResort:
            return last_resort(reader);
    }
    return reader.ok() ? Outcome::kNotMine : Outcome::kBadTrace;
}

/// The record of program `id`, new if need be; null when there is no room.
ProgramShare* AllocationReplay::remembered(std::uint32_t id) {
    for (ProgramShare& share : storage_.known.first(known_)) {
        if (share.facts.id == id) {
            return &share;
        }
    }
    if (known_ == storage_.known.size()) {
        return nullptr;
    }
    ProgramShare& fresh = storage_.known[known_++];
    fresh = ProgramShare{};
    fresh.facts.id = id;
    return &fresh;
}

Outcome AllocationReplay::allocate(TraceReader& reader) {
    reader.kind();
    AllocationPolicy* const scheme = take_scheme(reader, policies_);
    AllocationRequest asked;
    request(Take(reader), asked);
    const std::span<ProgramShare> programs = storage_.asked.first(take_count(reader, storage_.asked.size()));
    for (ProgramShare& share : programs) {
        share = ProgramShare{};
        facts(Take(reader), share.facts);
        const ProgramShare* const before = remembered(share.facts.id);
        if (before == nullptr) {
            return Outcome::kBadTrace;
        }
        share.history = before->history;
    }
    if (scheme == nullptr || !reader.ok() || asked.fault_time == 0 || asked.frames > kMostFrames) {
        return Outcome::kBadTrace;
    }
    const Allotment now = scheme->allocate(asked, programs);
    Allotment then;
    answer(Take(reader), then);
    bool same = now == then;
    for (const ProgramShare& share : programs) {
        same = reader.number() == code_of(share.quota) && same;
        *remembered(share.facts.id) = share;
    }
    return judged(reader, same);
}

Outcome AllocationReplay::scan_due(TraceReader& reader) {
    reader.kind();
    const AllocationPolicy* const scheme = take_scheme(reader, policies_);
    ProgramFacts seen;
    facts(Take(reader), seen);
    const bool then = reader.number() != 0;
    return scheme == nullptr ? Outcome::kBadTrace : judged(reader, scheme->scan_due(seen) == then);
}

Outcome AllocationReplay::forget(TraceReader& reader) {
    reader.kind();
    const std::uint32_t id = reader.number32();
    for (ProgramShare& share : storage_.known.first(known_)) {
        if (share.facts.id == id) {
            share = storage_.known[--known_];
            break;
        }
    }
    return judged(reader, true);
}

Outcome AllocationReplay::load(TraceReader& reader, AllocationEvent event) {
    reader.kind();
    LoadSample seen;
    sample(Take(reader), seen);
    const std::span<LoadProgram> programs =
        storage_.programs.first(take_count(reader, storage_.programs.size()));
    for (LoadProgram& one : programs) {
        program(Take(reader), one);
    }
    if (!reader.ok() || seen.fault_time == 0) {
        return Outcome::kBadTrace;
    }
    const LoadDecision now = event == AllocationEvent::kReview ? load_.review(seen, programs)
                                                               : load_.program_ended(seen, programs);
    return judged(reader, take_decision(reader, now));
}

Outcome AllocationReplay::last_resort(TraceReader& reader) {
    reader.kind();
    const std::uint64_t total = reader.number();
    const std::span<LastResortCandidate> candidates =
        storage_.candidates.first(take_count(reader, storage_.candidates.size()));
    for (LastResortCandidate& one : candidates) {
        candidate(Take(reader), one);
    }
    return judged(reader, reader.number() == code_of(mm::last_resort(candidates, total)));
}

}  // namespace mm
