#include "mm/residency/trace_bytes.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <vector>

namespace mm {
namespace {

class Bytes final : public TraceSink {
  public:
    void append(std::span<const std::byte> bytes) override {
        all.insert(all.end(), bytes.begin(), bytes.end());
    }
    std::vector<std::byte> all;
};

TEST(TraceBytes, numbers_take_seven_bits_a_byte) {
    Bytes bytes;
    {
        TraceWriter writer(bytes, 0x41);
        writer.number(300);
        writer.signed_number(-1);
    }
    EXPECT_EQ(bytes.all, (std::vector{std::byte{0x41}, std::byte{0xAC}, std::byte{0x02}, std::byte{0x01}}));
}

RC_GTEST_PROP(TraceBytes, what_is_read_is_what_was_written,
              (const std::vector<std::uint64_t>& unsigneds, const std::vector<std::int64_t>& signeds)) {
    Bytes bytes;
    {
        TraceWriter writer(bytes, 7);
        for (const std::uint64_t value : unsigneds) {
            writer.number(value);
        }
        for (const std::int64_t value : signeds) {
            writer.signed_number(value);
        }
    }
    TraceReader reader(bytes.all);
    RC_ASSERT(reader.next_kind() == 7);
    RC_ASSERT(reader.kind() == 7);
    for (const std::uint64_t value : unsigneds) {
        RC_ASSERT(reader.number() == value);
    }
    for (const std::int64_t value : signeds) {
        RC_ASSERT(reader.signed_number() == value);
    }
    RC_ASSERT(reader.ok());
    RC_ASSERT(reader.at_end());
}

TEST(TraceBytes, the_ends_of_the_range_survive) {
    Bytes bytes;
    {
        TraceWriter writer(bytes, 1);
        writer.number(std::numeric_limits<std::uint64_t>::max());
        writer.signed_number(std::numeric_limits<std::int64_t>::min());
        writer.signed_number(std::numeric_limits<std::int64_t>::max());
    }
    TraceReader reader(bytes.all);
    reader.kind();
    EXPECT_EQ(reader.number(), std::numeric_limits<std::uint64_t>::max());
    EXPECT_EQ(reader.signed_number(), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(reader.signed_number(), std::numeric_limits<std::int64_t>::max());
    EXPECT_TRUE(reader.ok());
}

TEST(TraceBytes, a_stream_cut_anywhere_is_noticed) {
    Bytes bytes;
    {
        TraceWriter writer(bytes, 1);
        writer.number(1U << 20);
        writer.number(5);
    }
    for (std::size_t cut = 0; cut < bytes.all.size(); ++cut) {
        TraceReader reader(std::span(bytes.all).first(cut));
        reader.kind();
        reader.number();
        EXPECT_EQ(reader.number(), 0U);
        EXPECT_FALSE(reader.ok());
    }
}

TEST(TraceBytes, a_number_that_never_ends_or_is_too_wide_is_refused) {
    const std::vector<std::byte> endless(12, std::byte{0xFF});
    TraceReader reader(endless);
    EXPECT_EQ(reader.number(), 0U);
    EXPECT_FALSE(reader.ok());
    Bytes wide;
    {
        TraceWriter writer(wide, 1);
        writer.number(std::uint64_t{1} << 32);
    }
    TraceReader narrow(wide.all);
    narrow.kind();
    EXPECT_EQ(narrow.number32(), 0U);
    EXPECT_FALSE(narrow.ok());
}

}  // namespace
}  // namespace mm
