#include "mm/frames/bitmap.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>
#include <set>

#include "tests/doubles/bitmap_subject.hpp"
#include "tests/host_panic.hpp"

namespace mm {
namespace {

using Word = BitmapFrames::Word;
constexpr std::uint32_t kBits = sizeof(Word) * 8;

constexpr FrameRange run(std::uint32_t begin, std::uint32_t end) {
    return {FrameNumber(begin), FrameNumber(end)};
}

/// [0, limit), all free.
struct AllFree : host::BitmapSubject {
    explicit AllFree(FrameCount limit) : BitmapSubject(limit, std::vector{run(0, limit)}) {}
};

TEST(Bitmap, a_frame_costs_one_bit) {  // B2
    EXPECT_EQ(BitmapFrames::metadata_size(0), 0u);
    EXPECT_EQ(BitmapFrames::metadata_size(1), sizeof(Word));
    EXPECT_EQ(BitmapFrames::metadata_size(kBits), sizeof(Word));
    EXPECT_EQ(BitmapFrames::metadata_size(kBits + 1), 2 * sizeof(Word));
    EXPECT_EQ(BitmapFrames::metadata_size(1U << 20), 1U << 17);
    EXPECT_EQ(BitmapFrames::metadata_size(0xffff'ffff), std::size_t{1} << 29);
}

TEST(Bitmap, bit_i_of_byte_n_speaks_for_frame_8n_plus_i) {  // B2
    constexpr FrameCount kLimit = 200;
    host::BitmapSubject subject(kLimit, {});
    for (std::uint32_t frame = 0; frame < kLimit; ++frame) {
        ASSERT_TRUE(subject.source().release(FrameNumber(frame)).has_value());
        for (std::size_t byte = 0; byte < subject.metadata().size(); ++byte) {
            const unsigned expected = byte == frame / 8 ? 1U << (frame % 8) : 0U;
            ASSERT_EQ(std::to_integer<unsigned>(subject.metadata()[byte]), expected) << "frame " << frame;
        }
        ASSERT_EQ(subject.source().allocate(), FrameNumber(frame));
    }
}

TEST(Bitmap, the_lowest_free_frame_comes_first) {
    AllFree subject(3 * kBits + 5);
    for (std::uint32_t frame = 0; frame < 3 * kBits + 5; ++frame) {
        ASSERT_EQ(subject.source().allocate(), FrameNumber(frame));
    }
    for (const std::uint32_t frame : {3 * kBits + 4, 2 * kBits, 2 * kBits + 1, 0U, kBits - 1, 40U}) {
        ASSERT_TRUE(subject.source().release(FrameNumber(frame)).has_value());
    }
    for (const std::uint32_t frame : {0U, 40U, kBits - 1, 2 * kBits, 2 * kBits + 1, 3 * kBits + 4}) {
        EXPECT_EQ(subject.source().allocate(), FrameNumber(frame));
    }
}

TEST(Bitmap, the_search_begins_at_the_hint_and_a_release_below_lowers_it) {  // B4 B5
    AllFree subject(8 * kBits);
    BitmapFrames& bitmap = subject.source();
    for (std::uint32_t frame = 0; frame < 5 * kBits; ++frame) {
        ASSERT_TRUE(bitmap.allocate().has_value());
    }
    ASSERT_EQ(bitmap.allocate(), FrameNumber(5 * kBits));
    // Planted behind the search's back, below the hint: the search must not pass there ...
    subject.metadata()[0] |= std::byte{1};
    EXPECT_FALSE(bitmap.check_invariants());
    EXPECT_EQ(bitmap.allocate(), FrameNumber(5 * kBits + 1));
    subject.metadata()[0] &= ~std::byte{1};
    // ... until a release below lowers the hint.
    ASSERT_TRUE(bitmap.release(FrameNumber(kBits + 3)).has_value());
    EXPECT_EQ(bitmap.allocate(), FrameNumber(kBits + 3));
    EXPECT_TRUE(bitmap.check_invariants());
    // The word right below the hint is below it, too.
    ASSERT_EQ(bitmap.allocate(), FrameNumber(5 * kBits + 2));
    ASSERT_TRUE(bitmap.release(FrameNumber(5 * kBits - 1)).has_value());
    EXPECT_TRUE(bitmap.check_invariants());
    EXPECT_EQ(bitmap.allocate(), FrameNumber(5 * kBits - 1));
}

TEST(Bitmap, a_whole_word_is_taken_bit_by_bit_without_touching_its_neighbours) {  // B4
    host::BitmapSubject subject(4 * kBits, std::vector{run(kBits, 2 * kBits), run(3 * kBits, 3 * kBits + 1)});
    for (std::uint32_t frame = kBits; frame < 2 * kBits; ++frame) {
        ASSERT_EQ(subject.source().allocate(), FrameNumber(frame));
    }
    EXPECT_EQ(subject.source().allocate(), FrameNumber(3 * kBits));
    EXPECT_EQ(subject.source().allocate(), failure(Error::kNoMemory));
}

TEST(Bitmap, a_reserved_run_is_never_handed_out) {  // A4
    AllFree subject(5 * kBits);
    ASSERT_TRUE(subject.source().reserve(run(3, 3 * kBits + 7)).has_value());
    EXPECT_TRUE(subject.source().check_invariants());
    EXPECT_EQ(subject.source().free_frames(), 5 * kBits - (3 * kBits + 4));
    while (const Result<FrameNumber> frame = subject.source().allocate()) {
        EXPECT_FALSE(run(3, 3 * kBits + 7).contains(*frame));
    }
}

TEST(Bitmap, a_reservation_that_cannot_be_met_changes_nothing) {
    AllFree subject(2 * kBits);
    ASSERT_TRUE(subject.source().reserve(run(kBits + 1, kBits + 2)).has_value());
    const std::vector<std::byte> before(subject.metadata().begin(), subject.metadata().end());
    EXPECT_EQ(subject.source().reserve(run(0, 2 * kBits)), failure(Error::kNoMemory));
    EXPECT_EQ(subject.source().reserve(run(kBits + 1, kBits + 2)), failure(Error::kNoMemory));
    EXPECT_EQ(subject.source().reserve(run(0, 2 * kBits + 1)), failure(Error::kOutOfRange));
    EXPECT_TRUE(std::equal(before.begin(), before.end(), subject.metadata().begin()));
    EXPECT_EQ(subject.source().free_frames(), 2 * kBits - 1);
    EXPECT_TRUE(subject.source().reserve(run(5, 5)).has_value()) << "nothing can always be reserved";
}

TEST(Bitmap, a_frame_cannot_become_free_twice_or_beyond_the_limit) {
    host::BitmapSubject subject(100, std::vector{run(10, 20)});
    EXPECT_THROW(subject.source().add_free(run(19, 21)), host::Panic);
    EXPECT_THROW(subject.source().add_free(run(90, 101)), host::Panic);
}

TEST(Bitmap, metadata_too_small_or_misaligned_is_refused) {
    std::vector<Word> words(3);
    const auto bytes = std::as_writable_bytes(std::span(words));
    EXPECT_THROW(BitmapFrames(bytes.first(sizeof(Word) - 1), 1), host::Panic);
    EXPECT_THROW(BitmapFrames(bytes.subspan(1, 2 * sizeof(Word)), kBits), host::Panic);
}

TEST(Bitmap, any_flipped_bit_is_found) {
    constexpr FrameCount kLimit = 150;
    AllFree subject(kLimit);
    for (int i = 0; i < 70; ++i) {
        ASSERT_TRUE(subject.source().allocate().has_value());
    }
    for (std::size_t bit = 0; bit < subject.metadata().size() * 8; ++bit) {
        const std::byte mask = std::byte{1} << (bit % 8);
        subject.metadata()[bit / 8] ^= mask;
        EXPECT_FALSE(subject.source().check_invariants()) << "bit " << bit;
        subject.metadata()[bit / 8] ^= mask;
    }
    EXPECT_TRUE(subject.source().check_invariants());
}

TEST(Bitmap, a_bit_moved_below_the_hint_or_beyond_the_limit_is_found_though_the_count_is_right) {
    AllFree subject(kBits + 10);
    for (std::uint32_t i = 0; i <= kBits; ++i) {
        ASSERT_TRUE(subject.source().allocate().has_value());
    }
    auto word = [&](std::size_t index) -> Word& {
        return reinterpret_cast<Word*>(subject.metadata().data())[index];
    };
    word(1) &= ~Word{2};
    word(0) |= 4;  // I2
    EXPECT_FALSE(subject.source().check_invariants());
    word(0) = 0;
    word(1) |= Word{1} << 10;  // I3
    EXPECT_FALSE(subject.source().check_invariants());
}

RC_GTEST_PROP(Bitmap, reservations_agree_with_a_set, ()) {
    const auto limit = *rc::gen::inRange<std::uint32_t>(1, 300);
    AllFree subject(limit);
    std::set<std::uint32_t> free;
    for (std::uint32_t frame = 0; frame < limit; ++frame) {
        free.insert(frame);
    }
    for (int step = 0; step < 40; ++step) {
        const auto begin = *rc::gen::inRange<std::uint32_t>(0, limit + 2);
        const auto end = begin + *rc::gen::inRange<std::uint32_t>(0, 80);
        bool all_free = end <= limit;
        for (std::uint32_t frame = begin; frame < end; ++frame) {
            all_free = all_free && free.contains(frame);
        }
        RC_ASSERT(subject.source().reserve(run(begin, end)).has_value() == all_free);
        if (all_free) {
            free.erase(free.lower_bound(begin), free.lower_bound(end));
        }
        RC_ASSERT(subject.source().free_frames() == free.size());
        RC_ASSERT(subject.source().check_invariants());
    }
    for (const std::uint32_t frame : free) {
        RC_ASSERT(subject.source().allocate().value() == FrameNumber(frame));
    }
}

}  // namespace
}  // namespace mm
