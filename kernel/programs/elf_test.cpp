#include "kernel/programs/elf.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <cstring>
#include <vector>

namespace kernel::elf {
namespace {

constexpr std::uint32_t kLoad = 1, kInterpreter = 3, kNote = 4, kGnuStack = 0x6474e551;

struct ProgramHeaderFields {
    std::uint32_t type = kLoad, offset = 0, address = 0x0804'8000, physical = 0, file_bytes = 0x1000,
                  memory_bytes = 0x1000, flags = 5, alignment = 0x1000;
};

/// A file of `size` bytes that claims these program headers, which stand right behind its header.
using Fields = ProgramHeaderFields;

class File {
  public:
    explicit File(std::vector<ProgramHeaderFields> headers, std::uint64_t size = 0x10000)
        : size_(size), bytes_(kHeaderBytes + headers.size() * kProgramHeaderBytes) {
        const unsigned char identification[] = {0x7f, 'E', 'L', 'F', 1, 1, 1};
        std::memcpy(bytes_.data(), identification, sizeof(identification));
        set_half(16, 2);
        set_half(18, 3);
        set_word(20, 1);
        set_word(24, 0x0804'8100);
        set_word(28, kHeaderBytes);
        set_half(42, kProgramHeaderBytes);
        set_half(44, static_cast<std::uint16_t>(headers.size()));
        for (std::size_t i = 0; i < headers.size(); ++i) {
            std::memcpy(bytes_.data() + kHeaderBytes + i * kProgramHeaderBytes, &headers[i],
                        kProgramHeaderBytes);
        }
    }

    void set_half(std::size_t at, std::uint16_t value) { std::memcpy(bytes_.data() + at, &value, 2); }
    void set_word(std::size_t at, std::uint32_t value) { std::memcpy(bytes_.data() + at, &value, 4); }

    [[nodiscard]] FileResult<Header> header() const {
        return read_header(std::span(bytes_).first(std::min(bytes_.size(), kHeaderBytes)), size_);
    }
    /// kNotExecutable, or the image.
    [[nodiscard]] FileResult<Image> image() const {
        const auto found = header();
        if (!found) {
            return file_error(found.error());
        }
        Image read;
        const auto result =
            read_program_headers(*found, std::span(bytes_).subspan(kHeaderBytes), size_, read);
        if (!result) {
            return file_error(result.error());
        }
        return read;
    }

  private:
    std::uint64_t size_;
    std::vector<std::byte> bytes_;
};

bool is_refused(const File& file) {
    const auto image = file.image();
    return !image && image.error() == Errno::kNotExecutable;
}

bool is_refused(ProgramHeaderFields header) {
    return is_refused(File({header}));
}

TEST(Elf, a_fixed_program_is_read) {
    const File file(
        {{.type = kNote, .address = 0},
         {.file_bytes = 0x2345, .memory_bytes = 0x2345},
         {.type = kGnuStack, .address = 0},
         {.offset = 0x3ff0, .address = 0x0804'fff0, .file_bytes = 0x20, .memory_bytes = 0x4000, .flags = 6}});
    const auto header = file.header();
    ASSERT_TRUE(header);
    EXPECT_EQ(header->kind, Kind::kFixed);
    EXPECT_EQ(header->entry, 0x0804'8100U);
    const auto image = file.image();
    ASSERT_TRUE(image);
    ASSERT_EQ(image->segment_count, 2U);
    const Segment& code = image->segments()[0];
    EXPECT_EQ(code.protection, 5);
    EXPECT_EQ(code.first_page(), 0x8048U);
    EXPECT_EQ(code.end_page(), 0x804bU);
    EXPECT_EQ(code.file_end_page(), 0x804bU);
    const Segment& data = image->segments()[1];
    EXPECT_EQ(data.protection, 3);
    EXPECT_EQ(data.first_page(), 0x804fU);
    EXPECT_EQ(data.file_end_page(), 0x8051U);
    EXPECT_EQ(data.end_page(), 0x8054U);
    EXPECT_EQ(image->program_headers_address, 0x0804'8000U + kHeaderBytes);
    EXPECT_FALSE(image->interpreter);
}

TEST(Elf, a_position_independent_program_may_begin_at_zero_and_a_fixed_one_may_not) {
    File file({Fields{.address = 0}});
    EXPECT_TRUE(is_refused(file));
    file.set_half(16, 3);
    ASSERT_TRUE(file.image());
    EXPECT_EQ(file.header()->kind, Kind::kPositionIndependent);
}

TEST(Elf, an_interpreter_is_found_and_must_lie_in_the_file) {
    File file({{}, {.type = kInterpreter, .offset = 0x200, .file_bytes = 19}});
    const auto image = file.image();
    ASSERT_TRUE(image);
    ASSERT_TRUE(image->interpreter);
    EXPECT_EQ(image->interpreter->offset, 0x200U);
    EXPECT_EQ(image->interpreter->size_bytes, 19U);
    EXPECT_TRUE(is_refused(File({{}, {.type = kInterpreter, .offset = 0xfff0, .file_bytes = 19}})));
    EXPECT_TRUE(is_refused(File({{}, {.type = kInterpreter, .offset = 0x200, .file_bytes = 1}})));
    EXPECT_TRUE(is_refused(File({{}, {.type = kInterpreter, .offset = 0x200, .file_bytes = 4097}})));
}

TEST(Elf, what_is_not_for_this_machine_is_refused) {
    for (const auto& [at, value] : {std::pair{16, 1}, {16, 4}, {18, 62}, {42, 56}, {44, 0}, {44, 129}}) {
        File file({Fields{}});
        ASSERT_FALSE(is_refused(file));
        file.set_half(static_cast<std::size_t>(at), static_cast<std::uint16_t>(value));
        EXPECT_TRUE(is_refused(file)) << "half word at " << at;
    }
    for (std::size_t at = 0; at < 7; ++at) {
        File file({Fields{}});
        file.set_half(at, 0x7777);
        EXPECT_TRUE(is_refused(file)) << "identification at " << at;
    }
}

TEST(Elf, a_cut_off_file_is_refused) {
    const std::array<std::byte, kHeaderBytes - 1> short_file{};
    EXPECT_FALSE(read_header(short_file, short_file.size()));
    EXPECT_FALSE(read_header({}, 0));
    // The headers' table, and a segment, reach behind the end.
    EXPECT_TRUE(is_refused(File({Fields{}}, kHeaderBytes + kProgramHeaderBytes - 1)));
    EXPECT_TRUE(is_refused(File({Fields{}}, 0xfff)));
    EXPECT_FALSE(is_refused(File({Fields{}}, 0x1000)));
}

TEST(Elf, program_headers_beyond_the_file_are_refused_wherever_they_claim_to_be) {
    for (const std::uint32_t offset : {0x10000U, 0xffffU, 0xffff'ffffU, 0xffff'ffe0U}) {
        File file({Fields{}});
        file.set_word(28, offset);
        EXPECT_TRUE(is_refused(file)) << offset;
    }
}

TEST(Elf, segments_that_wrap_or_reach_into_the_kernel_are_refused) {
    EXPECT_TRUE(is_refused({.address = 0xffff'f000, .memory_bytes = 0x2000}));
    EXPECT_TRUE(is_refused({.address = 0xbfff'f000, .memory_bytes = 0x1001}));
    EXPECT_FALSE(is_refused({.address = 0xbfff'f000, .memory_bytes = 0x1000}));
    EXPECT_TRUE(is_refused({.address = 0xc000'0000}));
    EXPECT_TRUE(is_refused({.address = 0xf000}));
    EXPECT_TRUE(is_refused({.memory_bytes = 0xffff'ffff}));
    EXPECT_TRUE(is_refused({.offset = 0xffff'f000, .file_bytes = 0x1000}));
    EXPECT_TRUE(is_refused({.offset = 0xffff'f000, .file_bytes = 0xffff'f000, .memory_bytes = 0xffff'f000}));
}

TEST(Elf, segments_out_of_step_with_their_pages_are_refused) {
    EXPECT_TRUE(is_refused({.offset = 1}));
    EXPECT_TRUE(is_refused({.address = 0x0804'8004}));
    EXPECT_FALSE(is_refused({.offset = 4, .address = 0x0804'8004}));
}

TEST(Elf, a_segment_with_more_file_than_memory_is_refused) {
    EXPECT_TRUE(is_refused({.file_bytes = 0x1000, .memory_bytes = 0xfff}));
}

TEST(Elf, segments_that_overlap_or_share_a_page_or_descend_are_refused) {
    const auto with_second = [](std::uint32_t address) {
        return is_refused(File({{.file_bytes = 0x1800, .memory_bytes = 0x1800}, {.address = address}}));
    };
    EXPECT_TRUE(with_second(0x0804'8000));
    EXPECT_TRUE(with_second(0x0804'9000));
    EXPECT_TRUE(with_second(0x0804'7000));
    EXPECT_FALSE(with_second(0x0804'a000));
}

TEST(Elf, empty_segments_count_for_nothing_and_a_program_needs_one) {
    EXPECT_TRUE(is_refused(File({Fields{.file_bytes = 0, .memory_bytes = 0}})));
    EXPECT_TRUE(is_refused(File({Fields{.type = kNote}})));
    const auto image = File({{.file_bytes = 0, .memory_bytes = 0}, {}}).image();
    ASSERT_TRUE(image);
    EXPECT_EQ(image->segment_count, 1U);
}

TEST(Elf, more_segments_than_there_is_room_for_are_refused) {
    std::vector<ProgramHeaderFields> headers;
    for (std::uint32_t i = 0; i < kMostSegments; ++i) {
        headers.push_back({.address = 0x0804'8000 + i * 0x1000});
    }
    EXPECT_FALSE(is_refused(File(headers)));
    headers.push_back({.address = 0x0904'8000});
    EXPECT_TRUE(is_refused(File(headers)));
}

TEST(Elf, headers_that_no_segment_brings_along_have_no_address) {
    const auto image = File({Fields{.offset = 0x1000}}).image();
    ASSERT_TRUE(image);
    EXPECT_EQ(image->program_headers_address, 0U);
}

/// Whatever the words are: what is accepted keeps the promises of Segment and Image.
RC_GTEST_PROP(ElfProperties, what_is_accepted_is_safe_to_map, ()) {
    const auto near = [](std::uint32_t center) {
        return rc::gen::map(rc::gen::inRange(-3, 4),
                            [center](int by) { return center + static_cast<std::uint32_t>(by); });
    };
    const auto word =
        rc::gen::oneOf(near(0), near(0x1000), near(0x0804'8000), near(0xc000'0000), near(0xffff'f000),
                       rc::gen::map(rc::gen::inRange<std::uint32_t>(0, 0xc0000),
                                    [](std::uint32_t page) { return page << 12; }),
                       rc::gen::arbitrary<std::uint32_t>());
    std::vector<ProgramHeaderFields> headers;
    for (int i = *rc::gen::inRange(0, 5); i >= 0; --i) {
        headers.push_back({.type = *rc::gen::element(kLoad, kLoad, kLoad, kInterpreter),
                           .offset = *word,
                           .address = *word,
                           .file_bytes = *word,
                           .memory_bytes = *word,
                           .flags = *rc::gen::inRange<std::uint32_t>(0, 8)});
    }
    const std::uint64_t size = *word;
    File file(headers, size);
    file.set_half(16, *rc::gen::element<std::uint16_t>(2, 3));
    const auto image = file.image();
    RC_CLASSIFY(image.has_value());
    if (!image) {
        return;
    }
    RC_ASSERT(image->segment_count != 0U);
    std::uint64_t end = 0;
    for (const Segment& segment : image->segments()) {
        RC_ASSERT(std::uint64_t{segment.address} >= end);
        RC_ASSERT(segment.memory_bytes != 0U);
        RC_ASSERT(segment.file_bytes <= segment.memory_bytes);
        RC_ASSERT(std::uint64_t{segment.file_offset} + segment.file_bytes <= size);
        RC_ASSERT(segment.address % kPageBytes == segment.file_offset % kPageBytes);
        RC_ASSERT(segment.file_end_page() <= segment.end_page());
        end = std::uint64_t{segment.end_page()} * kPageBytes;
    }
    RC_ASSERT(end <= kEndAddress);
}

}  // namespace
}  // namespace kernel::elf
