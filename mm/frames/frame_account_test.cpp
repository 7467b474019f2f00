#include "mm/frames/frame_account.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "mm/frames/fail_nth.hpp"
#include "mm/frames/verified.hpp"
#include "tests/doubles/bitmap_subject.hpp"
#include "tests/doubles/frame_memory.hpp"

namespace mm {
namespace {

constexpr FrameRange run(std::uint32_t begin, std::uint32_t end) {
    return {FrameNumber(begin), FrameNumber(end)};
}

// The account reports through a plain function: what it was told last, and how often, per test.
WrongRelease last_report;
std::size_t report_count = 0;

/// A machine of 100 frames, one of each kind, the rest free. Records of free frames hold garbage on purpose:
/// the table is never cleared in a kernel.
class FrameAccountTest : public testing::Test {
  protected:
    static constexpr FrameCount kLimit = 100;
    static constexpr FrameRange kHoles = run(50, 60);
    static constexpr FrameRange kFirmware = run(0, 1);
    static constexpr FrameRange kImage = run(1, 11);
    static constexpr FrameRange kModule = run(20, 25);
    static constexpr FrameRange kMetadata = run(25, 26);

    FrameAccountTest() {
        report_count = 0;
        account.admit(kHoles, FrameOwner::kHole);
        account.admit(kFirmware, FrameOwner::kFirmware);
        account.admit(kImage, FrameOwner::kKernelImage);
        account.admit(kModule, FrameOwner::kModule);
        account.admit(kMetadata, FrameOwner::kFrameMetadata);
        for (const FrameRange& frames : free_runs()) {
            account.admit(frames, FrameOwner::kFree);
        }
    }

    static std::vector<FrameRange> free_runs() { return {run(11, 20), run(26, 50), run(60, 100)}; }

    /// Everything the account knows: equal before and after means "nothing changed".
    struct State {
        std::vector<FrameOwner> owners;
        std::vector<FrameCount> counts;
        std::vector<std::uint16_t> references;
        FrameCount total = 0;
        friend bool operator==(const State&, const State&) = default;
    };
    State state() const {
        State all;
        for (std::uint32_t frame = 0; frame < kLimit; ++frame) {
            all.owners.push_back(account.owner_of(FrameNumber(frame)));
            all.references.push_back(records[frame].references);
        }
        for (std::size_t owner = 0; owner < kFrameOwnerCount; ++owner) {
            all.counts.push_back(account.frames_of(static_cast<FrameOwner>(owner)));
        }
        all.total = account.total_frames();
        return all;
    }
    /// I1, and the counters against a recount frame by frame: counters that echo each other would prove
    /// nothing.
    void expect_sound() const {
        std::vector<FrameCount> recount(kFrameOwnerCount);
        for (const FrameOwner owner : state().owners) {
            ++recount[static_cast<std::size_t>(owner)];
        }
        EXPECT_EQ(recount[static_cast<std::size_t>(FrameOwner::kHole)], kHoles.size());
        recount[static_cast<std::size_t>(FrameOwner::kHole)] = 0;
        EXPECT_EQ(recount, state().counts);
        EXPECT_EQ(account.total_frames(), kLimit - kHoles.size());
        EXPECT_TRUE(account.source().check_invariants());
    }
    void expect_refused(FrameNumber frame, FrameOwner claimed, FrameOwner actual, Error error) {
        const State before = state();
        const std::size_t reports = report_count;
        EXPECT_EQ(account.release(frame, claimed), failure(error));
        EXPECT_EQ(state(), before);
        ASSERT_EQ(report_count, reports + 1);
        EXPECT_EQ(account.wrong_releases(), report_count);
        EXPECT_EQ(last_report.frame, frame);
        EXPECT_EQ(last_report.claimed, claimed);
        EXPECT_EQ(last_report.actual, actual);
        EXPECT_EQ(last_report.error, error);
    }
    OwnedFrame take(FrameOwner owner) { return std::move(account.allocate(owner).value()); }

    std::vector<FrameRecord> records{
        kLimit,
        FrameRecord{
            .page = 1, .holder = 2, .references = 0, .owner = FrameOwner::kKernelHeap, .audit_mark = 9}};
    host::BitmapSubject bitmap{kLimit, free_runs()};
    Erased<BitmapFrames> source{bitmap.source()};
    FrameAccount account{source, FrameTable(records), [](const WrongRelease& wrong) {
                             last_report = wrong;
                             ++report_count;
                         }};
};

TEST_F(FrameAccountTest, every_admitted_frame_is_counted_with_its_owner) {  // A4 A6
    EXPECT_EQ(account.frames_of(FrameOwner::kFirmware), 1u);
    EXPECT_EQ(account.frames_of(FrameOwner::kKernelImage), 10u);
    EXPECT_EQ(account.frames_of(FrameOwner::kModule), 5u);
    EXPECT_EQ(account.frames_of(FrameOwner::kFrameMetadata), 1u);
    EXPECT_EQ(account.frames_of(FrameOwner::kFree), 9u + 24 + 40);
    EXPECT_EQ(account.owner_of(FrameNumber(55)), FrameOwner::kHole);
    EXPECT_EQ(account.owner_of(FrameNumber(12)), FrameOwner::kFree) << "whatever its record says";
    EXPECT_EQ(account.owner_of(FrameNumber(kLimit)), FrameOwner::kHole);
    EXPECT_EQ(account.owner_of(FrameNumber(0xffff'ffff)), FrameOwner::kHole);
    expect_sound();
}

TEST_F(FrameAccountTest, a_frame_taken_is_its_owners_and_a_frame_dropped_is_free) {
    const State before = state();
    {
        const OwnedFrame heap = take(FrameOwner::kKernelHeap);
        const OwnedFrame table = take(FrameOwner::kPageTable);
        EXPECT_NE(heap.number(), table.number());
        EXPECT_EQ(account.owner_of(heap.number()), FrameOwner::kKernelHeap);
        EXPECT_EQ(account.owner_of(table.number()), FrameOwner::kPageTable);
        EXPECT_EQ(account.frames_of(FrameOwner::kKernelHeap), 1u);
        EXPECT_EQ(account.frames_of(FrameOwner::kPageTable), 1u);
        expect_sound();
    }
    EXPECT_EQ(state().owners, before.owners);
    EXPECT_EQ(state().counts, before.counts);
    EXPECT_EQ(report_count, 0u);
}

TEST_F(FrameAccountTest, a_moved_frame_is_released_once_by_its_last_holder) {
    const FrameCount free = account.frames_of(FrameOwner::kFree);
    {
        OwnedFrame first = take(FrameOwner::kExercise);
        const FrameNumber number = first.number();
        const OwnedFrame second(std::move(first));
        EXPECT_EQ(second.number(), number);
        EXPECT_EQ(second.owner(), FrameOwner::kExercise);
        EXPECT_EQ(account.frames_of(FrameOwner::kFree), free - 1);
    }
    EXPECT_EQ(account.frames_of(FrameOwner::kFree), free);
    EXPECT_EQ(report_count, 0u);
}

TEST_F(FrameAccountTest, assigning_over_a_frame_in_hand_releases_that_one) {
    OwnedFrame kept = take(FrameOwner::kExercise);
    OwnedFrame other = take(FrameOwner::kKernelHeap);
    const FrameNumber dropped = kept.number();
    const FrameNumber number = other.number();
    kept = std::move(other);
    EXPECT_EQ(account.owner_of(dropped), FrameOwner::kFree);
    EXPECT_EQ(kept.number(), number);
    EXPECT_EQ(kept.owner(), FrameOwner::kKernelHeap);
    OwnedFrame& itself = kept;
    kept = std::move(itself);
    EXPECT_EQ(account.owner_of(number), FrameOwner::kKernelHeap);
    expect_sound();
}

TEST_F(FrameAccountTest, an_empty_machine_is_no_memory_and_changes_nothing) {
    std::vector<OwnedFrame> all;
    while (Result<OwnedFrame> frame = account.allocate(FrameOwner::kExercise)) {
        all.push_back(std::move(*frame));
    }
    const State before = state();
    EXPECT_EQ(account.allocate(FrameOwner::kExercise).error(), Error::kNoMemory);
    EXPECT_EQ(state(), before);
    expect_sound();
}

TEST_F(FrameAccountTest, a_double_release_is_refused) {                // B3
    const FrameNumber frame = take(FrameOwner::kKernelHeap).number();  // Taken and dropped.
    expect_refused(frame, FrameOwner::kKernelHeap, FrameOwner::kFree, Error::kNotAllocated);
    expect_refused(frame, FrameOwner::kPageTable, FrameOwner::kFree, Error::kNotAllocated);
    expect_refused(FrameNumber(99), FrameOwner::kKernelHeap, FrameOwner::kFree, Error::kNotAllocated);
    expect_sound();
}

TEST_F(FrameAccountTest, a_release_of_another_owners_frame_is_refused) {  // B3
    const OwnedFrame heap = take(FrameOwner::kKernelHeap);
    expect_refused(heap.number(), FrameOwner::kExercise, FrameOwner::kKernelHeap, Error::kNotAllocated);
    expect_refused(heap.number(), FrameOwner::kFree, FrameOwner::kKernelHeap, Error::kNotAllocated);
    expect_sound();
}

TEST_F(FrameAccountTest, reserved_frames_are_not_released_one_by_one_even_under_their_own_name) {  // A4 A5 A6
    for (const auto& [frames, owner] :
         {std::pair{kFirmware, FrameOwner::kFirmware}, std::pair{kImage, FrameOwner::kKernelImage},
          std::pair{kModule, FrameOwner::kModule}, std::pair{kMetadata, FrameOwner::kFrameMetadata}}) {
        expect_refused(frames.begin, owner, owner, Error::kNotAllocated);
        expect_refused(frames.begin, FrameOwner::kKernelHeap, owner, Error::kNotAllocated);
        expect_refused(frames.begin, FrameOwner::kFree, owner, Error::kNotAllocated);
    }
    expect_refused(kHoles.begin, FrameOwner::kHole, FrameOwner::kHole, Error::kNotAllocated);
    expect_refused(kHoles.begin, FrameOwner::kKernelHeap, FrameOwner::kHole, Error::kNotAllocated);
    expect_sound();
}

TEST_F(FrameAccountTest, a_release_out_of_range_is_refused) {  // B3
    for (const std::uint32_t frame : {kLimit, kLimit + 1, 0xffff'ffffU}) {
        expect_refused(FrameNumber(frame), FrameOwner::kKernelHeap, FrameOwner::kHole, Error::kOutOfRange);
    }
}

TEST_F(FrameAccountTest, a_frame_still_referenced_is_refused) {
    const OwnedFrame heap = take(FrameOwner::kKernelHeap);
    records[heap.number().value()].references = 1;
    expect_refused(heap.number(), FrameOwner::kKernelHeap, FrameOwner::kKernelHeap, Error::kNotAllocated);
    records[heap.number().value()].references = 0;
}

TEST_F(FrameAccountTest, a_module_is_released_as_a_whole_and_counted) {  // A5
    const FrameCount free = account.frames_of(FrameOwner::kFree);
    ASSERT_TRUE(account.release_admitted(kModule, FrameOwner::kModule).has_value());
    EXPECT_EQ(account.frames_of(FrameOwner::kFree), free + kModule.size());
    EXPECT_EQ(account.frames_of(FrameOwner::kModule), 0u);
    expect_sound();
    // A second time: refused.
    const State before = state();
    EXPECT_EQ(account.release_admitted(kModule, FrameOwner::kModule), failure(Error::kNotAllocated));
    EXPECT_EQ(last_report.actual, FrameOwner::kFree);
    EXPECT_EQ(state(), before);
}

TEST_F(FrameAccountTest, a_release_of_admitted_frames_is_all_or_nothing) {  // A5
    records[8].references = 1;
    struct Case {
        FrameRange frames;
        FrameOwner owner;
        std::uint32_t first_wrong;
        Error error;
    };
    for (const Case& wrong : {Case{run(20, 26), FrameOwner::kModule, 25, Error::kNotAllocated},
                              Case{run(19, 25), FrameOwner::kModule, 19, Error::kNotAllocated},
                              Case{run(1, 11), FrameOwner::kKernelImage, 8, Error::kNotAllocated},
                              Case{run(20, 25), FrameOwner::kKernelImage, 20, Error::kNotAllocated},
                              Case{kHoles, FrameOwner::kHole, 50, Error::kNotAllocated},
                              Case{run(11, 20), FrameOwner::kFree, 11, Error::kNotAllocated},
                              Case{run(11, 20), FrameOwner::kKernelHeap, 11, Error::kNotAllocated},
                              Case{run(100, 101), FrameOwner::kHole, 100, Error::kOutOfRange}}) {
        const State before = state();
        EXPECT_EQ(account.release_admitted(wrong.frames, wrong.owner), failure(wrong.error));
        EXPECT_EQ(last_report.frame, FrameNumber(wrong.first_wrong));
        EXPECT_EQ(state(), before);
    }
    expect_sound();
}

TEST_F(FrameAccountTest, random_takes_and_drops_keep_the_account_in_balance) {  // B3
    std::mt19937 random(3);
    std::vector<OwnedFrame> held;
    for (int step = 0; step < 20'000; ++step) {
        if (random() % 100 < 55) {
            constexpr std::array kOwners{FrameOwner::kKernelHeap, FrameOwner::kPageTable,
                                         FrameOwner::kExercise};
            if (Result<OwnedFrame> frame = account.allocate(kOwners[random() % 3])) {
                held.push_back(std::move(*frame));
            } else {
                ASSERT_EQ(account.frames_of(FrameOwner::kFree), 0u);
                held.erase(held.begin() + static_cast<std::ptrdiff_t>(random() % held.size()), held.end());
            }
        } else if (!held.empty()) {
            std::swap(held[random() % held.size()], held.back());
            held.pop_back();
        }
        if (step % 500 == 0) {
            expect_sound();
        }
    }
    held.clear();
    expect_sound();
    EXPECT_EQ(report_count, 0u);
}

TEST(FailNth, exactly_the_nth_allocation_fails) {
    host::BitmapSubject bitmap(10, std::vector{run(0, 10)});
    FailNth<BitmapFrames> failing(bitmap.source(), 3);
    EXPECT_EQ(failing.allocate(), FrameNumber(0));
    EXPECT_EQ(failing.allocate(), FrameNumber(1));
    EXPECT_EQ(failing.allocate(), failure(Error::kNoMemory));
    EXPECT_EQ(failing.free_frames(), 8u) << "the failure took nothing";
    EXPECT_EQ(failing.allocate(), FrameNumber(2));
    EXPECT_EQ(failing.requests(), 4u);
}

}  // namespace
}  // namespace mm
