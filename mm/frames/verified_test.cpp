#include "mm/frames/verified.hpp"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "mm/frames/frame_account.hpp"
#include "tests/doubles/bitmap_subject.hpp"
#include "tests/doubles/frame_memory.hpp"

namespace mm {
namespace {

// Verified reports through a plain function.
std::vector<std::pair<FrameNumber, FrameFault>> found;
FrameAccount* told_account = nullptr;

class VerifiedTest : public testing::Test {
  protected:
    static constexpr FrameCount kFrames = 16;

    VerifiedTest() {
        found.clear();
        told_account = nullptr;
    }

    host::FrameMemory memory{kFrames};
    host::BitmapSubject bitmap{kFrames, std::vector{FrameRange{FrameNumber(0), FrameNumber(kFrames)}}};
    // One byte more than needed, to see that nothing is written behind.
    std::vector<std::byte> seen{kFrames / 8 + 1, std::byte{0xff}};
    Verified<BitmapFrames, host::FrameMemory> verified{
        bitmap.source(), memory, std::span(seen).first(kFrames / 8), [](FrameNumber frame, FrameFault fault) {
            found.emplace_back(frame, fault);
            if (told_account != nullptr && fault == FrameFault::kAbsent) {
                told_account->withdraw(frame);
            }
        }};
};

TEST_F(VerifiedTest, sound_memory_is_handed_out_and_nothing_is_reported) {
    for (std::uint32_t frame = 0; frame < kFrames; ++frame) {
        EXPECT_EQ(verified.allocate(), FrameNumber(frame));
    }
    EXPECT_EQ(verified.allocate(), failure(Error::kNoMemory));
    EXPECT_TRUE(found.empty());
    EXPECT_EQ(seen.back(), std::byte{0xff});
}

TEST_F(VerifiedTest, memory_that_is_not_there_is_withdrawn_at_its_first_hand_out) {  // A7
    memory.make_absent(FrameNumber(0), std::byte{0x00});  // Frame 0's own pattern is all zero.
    memory.make_absent(FrameNumber(1), std::byte{0xff});
    memory.make_absent(FrameNumber(5), std::byte{0x00});
    memory.make_absent(FrameNumber(15), std::byte{0xf4});
    std::vector<FrameNumber> got;
    while (const Result<FrameNumber> frame = verified.allocate()) {
        EXPECT_FALSE(memory.is_absent(*frame));
        got.push_back(*frame);
    }
    EXPECT_EQ(got.size(), kFrames - 4u);
    const std::vector<std::pair<FrameNumber, FrameFault>> expected{{FrameNumber(0), FrameFault::kAbsent},
                                                                   {FrameNumber(1), FrameFault::kAbsent},
                                                                   {FrameNumber(5), FrameFault::kAbsent},
                                                                   {FrameNumber(15), FrameFault::kAbsent}};
    EXPECT_EQ(found, expected);
    // Never again: what was withdrawn does not come back with the others.
    for (const FrameNumber frame : got) {
        ASSERT_TRUE(verified.release(frame).has_value());
    }
    EXPECT_EQ(verified.free_frames(), kFrames - 4u);
    EXPECT_FALSE(verified.is_free(FrameNumber(5)));
}

TEST_F(VerifiedTest, a_single_stuck_bit_is_found_whichever_way_it_is_stuck) {  // A7
    // A pattern alone has each bit as it is stuck half of the time: only with its complement is none missed.
    for (unsigned bit = 0; bit < 8; ++bit) {
        const std::byte mask = std::byte{1} << bit;
        for (const std::byte stuck : {std::byte{0}, mask}) {
            host::FrameMemory broken(1);
            host::BitmapSubject one(1, std::vector{FrameRange{FrameNumber(0), FrameNumber(1)}});
            std::vector<std::byte> bits(1);
            broken.on_event([&] {
                std::byte& last = broken.raw(FrameNumber(0))[kPageSize - 1];
                last = (last & ~mask) | stuck;
            });
            Verified<BitmapFrames, host::FrameMemory> picky(
                one.source(), broken, bits,
                [](FrameNumber frame, FrameFault fault) { found.emplace_back(frame, fault); });
            EXPECT_EQ(picky.allocate(), failure(Error::kNoMemory)) << "bit " << bit;
        }
    }
    EXPECT_EQ(found.size(), 16u);
}

TEST_F(VerifiedTest, a_write_after_the_release_is_reported_at_the_next_hand_out) {
    const FrameNumber frame = verified.allocate().value();
    ASSERT_TRUE(verified.release(frame).has_value());
    memory.raw(frame)[4095] ^= std::byte{1};
    EXPECT_EQ(verified.allocate(), frame) << "the memory itself is sound";
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0], std::pair(frame, FrameFault::kUsedAfterRelease));
    // Released again and left alone: no second report.
    ASSERT_TRUE(verified.release(frame).has_value());
    EXPECT_EQ(verified.allocate(), frame);
    EXPECT_EQ(found.size(), 1u);
}

TEST_F(VerifiedTest, a_refused_release_poisons_nothing) {  // B3
    const FrameNumber frame = verified.allocate().value();
    ASSERT_TRUE(verified.release(frame).has_value());
    std::memset(memory.raw(frame), 0x11, kPageSize);
    EXPECT_EQ(verified.release(frame), failure(Error::kNotAllocated));
    EXPECT_EQ(verified.release(FrameNumber(kFrames)), failure(Error::kOutOfRange));
    EXPECT_EQ(memory.raw(frame)[0], std::byte{0x11});
}

TEST_F(VerifiedTest, the_account_stays_in_balance_when_a_frame_is_withdrawn) {  // A7
    std::vector<FrameRecord> records(kFrames);
    Erased erased(verified);
    FrameAccount account(erased, FrameTable(records), [](const WrongRelease&) {});
    account.admit({FrameNumber(0), FrameNumber(kFrames)}, FrameOwner::kFree);
    told_account = &account;
    memory.make_absent(FrameNumber(0), std::byte{0xff});
    {
        const Result<OwnedFrame> frame = account.allocate(FrameOwner::kExercise);
        ASSERT_TRUE(frame.has_value());
        EXPECT_EQ(frame->number(), FrameNumber(1));
        EXPECT_EQ(account.owner_of(FrameNumber(0)), FrameOwner::kWithdrawn);
        EXPECT_EQ(account.frames_of(FrameOwner::kWithdrawn), 1u);
        EXPECT_EQ(account.frames_of(FrameOwner::kFree) + 2, account.total_frames());
        EXPECT_EQ(account.release(FrameNumber(0), FrameOwner::kWithdrawn), failure(Error::kNotAllocated));
        EXPECT_EQ(account.release_admitted({FrameNumber(0), FrameNumber(1)}, FrameOwner::kWithdrawn),
                  failure(Error::kNotAllocated));
    }
    EXPECT_EQ(account.frames_of(FrameOwner::kFree) + 1, account.total_frames());
}

}  // namespace
}  // namespace mm
