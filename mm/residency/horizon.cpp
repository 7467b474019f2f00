#include "mm/residency/horizon.hpp"

#include <bit>
#include <utility>

namespace mm {

namespace {

/// A record's `bits`: the page's first look is still to come.
constexpr std::uint8_t kFresh = 0x01;

/// A ghost's note: the class above the epoch's low bits. A ghost is gone long before they come round.
constexpr std::uint32_t kNoteEpochBits = 11;
constexpr std::uint32_t kNoteEpochs = 1U << kNoteEpochBits;
static_assert(ReuseAges::kClasses <= 1U << (16 - kNoteEpochBits));

/// Learning all classes takes at least this many faults: small memories have short epochs.
constexpr std::uint32_t kLearnFaults = 128;
/// What was counted counts half after this many uses a frame.
constexpr std::uint32_t kUsesAFrame = 32;

constexpr std::uint32_t at_least(std::uint32_t least, std::uint32_t value) {
    return value < least ? least : value;
}

template <std::size_t... kLevel>
constexpr std::array<ResidentList, sizeof...(kLevel)> make_levels(std::index_sequence<kLevel...>) {
    return {ResidentList(static_cast<std::uint8_t>(kLevel + 1))...};
}

/// Of a record's word: the epoch of the page's last use, then its class, then the low byte of the epoch that saw it last.
constexpr std::uint32_t kClassShift = 16;
constexpr std::uint32_t kSeenShift = 24;

}  // namespace

Horizon::Horizon(const ReplacementSetup& setup)
    : ReplacementInstance(setup),
      levels_(make_levels(std::make_index_sequence<ReuseAges::kLevels>{})),
      ghosts_(setup.memory.ghosts, setup.instance) {}

Horizon::~Horizon() {
    for (ResidentList& level : levels_) {
        abandon(level);
    }
}

Horizon::History Horizon::history_of(const ResidentRecord& record) {
    return {.last_use = static_cast<std::uint16_t>(record.word),
            .page_class = static_cast<ReuseAges::Class>(record.word >> kClassShift)};
}

void Horizon::write(ResidentRecord& record, History history) {
    record.word = record.word >> kSeenShift << kSeenShift | std::uint32_t{history.page_class} << kClassShift |
                  history.last_use;
}

std::uint16_t Horizon::note_of(History history) {
    return static_cast<std::uint16_t>(std::uint32_t{history.page_class} << kNoteEpochBits |
                                      history.last_use % kNoteEpochs);
}

Horizon::History Horizon::history_of_note(std::uint16_t note) const {
    const std::uint32_t age = (epoch_ - note) % kNoteEpochs;
    return {.last_use = static_cast<std::uint16_t>(epoch_ - age),
            .page_class = static_cast<ReuseAges::Class>(note >> kNoteEpochBits)};
}

void Horizon::entered(FrameIndex frame, PageId page, CpuTime, UseBits& bits) {
    count_fault(bits);
    take_back_those_aside();
    ResidentRecord& record = claim(frame, page);
    History history{.last_use = epoch_, .page_class = ReuseAges::kNewPage};
    if (const std::optional<std::uint16_t> note = ghosts_.take(page)) {
        history = history_of_note(*note);
        ages_.count_back(history.page_class);
        use(history);
    }
    write(record, history);
    record.bits = kFresh;
    file(frame);
}

void Horizon::left(FrameIndex frame, Departure departure) {
    const ResidentRecord& record = record_of(frame);
    if (departure == Departure::kEvicted) {
        const History history = history_of(record);
        ages_.count_gone(history.page_class);
        ghosts_.remember(record.page, share(tuning().horizon_ghost_percent), note_of(history));
    }
    remove(frame);
    disclaim(frame);
}

std::optional<FrameIndex> Horizon::choose(PageId, CpuTime, UseBits& bits) {
    if (levels_in_use_ == 0) {
        return choose_from_aside();
    }
    for (std::uint32_t passed = 0;; ++passed) {
        const auto level = static_cast<std::uint32_t>(std::countr_zero(levels_in_use_));
        const FrameIndex frame = levels_[level].front();
        if ((records()[frame].bits & kFresh) != 0 || passed >= tuning().scan_limit || !look(frame, bits)) {
            return frame;
        }
        file(frame);
    }
}

void Horizon::refused(FrameIndex frame) {
    remove(frame);
    set_aside(frame);
}

void Horizon::remove(FrameIndex frame) {
    if (!take_from_aside(frame)) {
        unfile(frame);
    }
}

void Horizon::take_back_those_aside() {
    while (const std::optional<FrameIndex> frame = choose_from_aside()) {
        take_from_aside(*frame);
        file(*frame);
    }
}

void Horizon::use(History& history) {
    const std::uint32_t age = age_of(history);
    ages_.count_use(history.page_class, age);
    history = {.last_use = epoch_, .page_class = ReuseAges::after_use(history.page_class, age)};
    if (++uses_ / kUsesAFrame >= at_least(1, count())) {
        uses_ = 0;
        ages_.forget_half();
    }
}

bool Horizon::look(FrameIndex frame, UseBits& bits) {
    ResidentRecord& record = records()[frame];
    History history = history_of(record);
    const bool fresh = (record.bits & kFresh) != 0;
    record.bits &= static_cast<std::uint8_t>(~kFresh);
    const bool accessed = bits.take_accessed(frame);
    if (accessed && fresh) {
        history.last_use = epoch_;
    } else if (accessed) {
        use(history);
    } else if (age_of(history) > ReuseAges::kAges) {
        history.last_use =
            static_cast<std::uint16_t>(epoch_ - ReuseAges::kAges);  // So that it never comes round.
    }
    write(record, history);
    return accessed && !fresh;
}

bool Horizon::is_seen(const ResidentRecord& record) const {
    return record.word >> kSeenShift == static_cast<std::uint8_t>(epoch_);
}

void Horizon::file(FrameIndex frame) {
    ResidentRecord& record = records()[frame];
    if (record.queue != 0) {
        unfile(frame);
    }
    const History history = history_of(record);
    const std::uint32_t level = ages_.level(history.page_class, age_of(history));
    record.word = (record.word & ((1U << kSeenShift) - 1)) | std::uint32_t{epoch_} << kSeenShift;
    levels_[level].push_back(records(), frame);
    levels_in_use_ |= std::uint64_t{1} << level;
}

void Horizon::unfile(FrameIndex frame) {
    const std::uint32_t level = records()[frame].queue - 1U;
    levels_[level].remove(records(), frame);
    if (levels_[level].empty()) {
        levels_in_use_ &= ~(std::uint64_t{1} << level);
    }
}

void Horizon::sweep(UseBits& bits) {
    for (std::uint32_t looks = 0; looks < tuning().horizon_looks;) {
        while (sweep_level_ < ReuseAges::kLevels &&
               (levels_[sweep_level_].empty() || is_seen(records()[levels_[sweep_level_].front()]))) {
            ++sweep_level_;
        }
        if (sweep_level_ == ReuseAges::kLevels) {
            return;
        }
        const FrameIndex frame = levels_[sweep_level_].front();
        look(frame, bits);
        file(frame);
        ++looks;
    }
}

void Horizon::count_fault(UseBits& bits) {
    sweep(bits);
    if (--faults_left_ == 0) {
        begin_epoch();
    }
    if (--faults_to_learn_ == 0) {
        ages_.learn(learn_next_);
        learn_next_ = static_cast<ReuseAges::Class>((learn_next_ + 1) % ReuseAges::kClasses);
        const std::uint32_t epoch_faults = count() / at_least(1, tuning().horizon_looks);
        faults_to_learn_ = at_least(kLearnFaults, epoch_faults) / ReuseAges::kClasses;
    }
}

void Horizon::begin_epoch() {
    ++epoch_;
    sweep_level_ = 0;
    const std::uint32_t looks = at_least(1, tuning().horizon_looks);
    faults_left_ = at_least(1, (count() + looks - 1) / looks);
}

bool Horizon::check_invariants() const {
    std::uint32_t found = aside().count();
    for (std::uint32_t level = 0; level < ReuseAges::kLevels; ++level) {
        const ResidentList& list = levels_[level];
        if (!list.check_invariants(records(), instance()) ||
            list.empty() == ((levels_in_use_ >> level & 1) != 0) || !are_seen_last(list)) {
            return false;
        }
        found += list.count();
    }
    return aside().check_invariants(records(), instance()) && found == count() && found == claimed() &&
           ghosts_.check_invariants();
}

bool Horizon::are_seen_last(const ResidentList& list) const {
    bool seen = false;
    for (FrameIndex frame = list.front(); frame != kNoFrame; frame = records()[frame].next) {
        if (seen && !is_seen(records()[frame])) {
            return false;
        }
        seen = is_seen(records()[frame]);
    }
    return true;
}

}  // namespace mm
