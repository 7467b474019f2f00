#include "mm/residency/replacement_trace.hpp"

namespace mm {

namespace {

TraceWriter event_writer(TraceSink& sink, ReplacementEvent event) {
    return {sink, static_cast<std::uint8_t>(event)};
}

}  // namespace

void trace_replacement_memory(TraceSink& sink, const ReplacementMemory& memory) {
    TraceWriter writer = event_writer(sink, ReplacementEvent::kMemory);
    writer.number(kReplacementTraceVersion);
    writer.number(memory.records.size());
    writer.number(memory.ghosts != nullptr ? memory.ghosts->capacity() : 0);
}

TracedReplacement::TracedReplacement(TraceSink& sink, ReplacementPolicy& policy,
                                     const ReplacementSetup& setup)
    : sink_(sink), policy_(policy), instance_(setup.instance) {
    TraceWriter writer = event_writer(sink, ReplacementEvent::kBegin);
    writer.number(instance_);
    const char* const name = policy.name();
    writer.number(__builtin_strlen(name));
    for (const char* letter = name; *letter != '\0'; ++letter) {
        writer.number(static_cast<unsigned char>(*letter));
    }
    writer.number(setup.seed);
    writer.number(kReplacementTunings.size());
    for (const auto tuning : kReplacementTunings) {
        writer.number(setup.tuning.*tuning);
    }
}

TracedReplacement::~TracedReplacement() {
    write(ReplacementEvent::kEnd, instance_);
}

template <typename... Numbers>
void TracedReplacement::write(ReplacementEvent event, Numbers... numbers) {
    TraceWriter writer = event_writer(sink_, event);
    (writer.number(numbers), ...);
}

void TracedReplacement::entered(FrameIndex frame, PageId page, CpuTime now, UseBits& bits) {
    write(ReplacementEvent::kEntered, instance_, frame, page.owner, page.page, now);
    bits_ = &bits;
    policy_.entered(frame, page, now, *this);
}

void TracedReplacement::left(FrameIndex frame, Departure departure) {
    write(ReplacementEvent::kLeft, instance_, frame, static_cast<std::uint8_t>(departure));
    policy_.left(frame, departure);
}

std::optional<FrameIndex> TracedReplacement::choose(PageId incoming, CpuTime now, UseBits& bits) {
    write(ReplacementEvent::kChoose, instance_, incoming.owner, incoming.page, now);
    bits_ = &bits;
    const std::optional<FrameIndex> victim = policy_.choose(incoming, now, *this);
    if (victim) {
        write(ReplacementEvent::kChose, *victim);
    } else {
        write(ReplacementEvent::kChoseNone);
    }
    return victim;
}

void TracedReplacement::refused(FrameIndex frame) {
    write(ReplacementEvent::kRefused, instance_, frame);
    policy_.refused(frame);
}

void TracedReplacement::tick(CpuTime now, UseBits& bits) {
    write(ReplacementEvent::kTick, instance_, now);
    bits_ = &bits;
    policy_.tick(now, *this);
}

bool TracedReplacement::take_accessed(FrameIndex frame) {
    const bool accessed = bits_->take_accessed(frame);
    write(accessed ? ReplacementEvent::kAccessed : ReplacementEvent::kNotAccessed, frame);
    return accessed;
}

bool TracedReplacement::is_dirty(FrameIndex frame) {
    const bool dirty = bits_->is_dirty(frame);
    write(dirty ? ReplacementEvent::kDirty : ReplacementEvent::kClean, frame);
    return dirty;
}

}  // namespace mm
