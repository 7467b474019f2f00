#include "kernel/programs/elf.hpp"

#include <algorithm>

namespace kernel::elf {
namespace {

constexpr std::uint32_t kTypeLoad = 1;
constexpr std::uint32_t kTypeInterpreter = 3;
constexpr std::uint16_t kTypeExecutable = 2;
constexpr std::uint16_t kTypeDynamic = 3;
constexpr std::uint16_t kMachine386 = 3;
constexpr std::uint32_t kLongestInterpreter = 4096;

/// 0x7f E L F, 32 bits, little-endian, version 1.
constexpr std::array<std::uint8_t, 7> kIdentification{0x7f, 'E', 'L', 'F', 1, 1, 1};

constexpr auto kRefused = std::unexpected(Errno::kNotExecutable);

std::uint32_t word_at(std::span<const std::byte> bytes, std::size_t offset) {
    std::uint32_t word = 0;
    for (std::size_t i = 4; i-- > 0;) {
        word = word << 8 | std::to_integer<std::uint32_t>(bytes[offset + i]);
    }
    return word;
}

std::uint16_t half_at(std::span<const std::byte> bytes, std::size_t offset) {
    return static_cast<std::uint16_t>(std::to_integer<unsigned>(bytes[offset]) |
                                      std::to_integer<unsigned>(bytes[offset + 1]) << 8);
}

/// A program header as it stands in the file.
struct ProgramHeader {
    std::uint32_t type, offset, address, file_bytes, memory_bytes, flags;

    explicit ProgramHeader(std::span<const std::byte> bytes)
        : type(word_at(bytes, 0)),
          offset(word_at(bytes, 4)),
          address(word_at(bytes, 8)),
          file_bytes(word_at(bytes, 16)),
          memory_bytes(word_at(bytes, 20)),
          flags(word_at(bytes, 24)) {}

    [[nodiscard]] bool lies_in_file(std::uint64_t size) const {
        return std::uint64_t{offset} + file_bytes <= size;
    }
};

/// PF_X 1, PF_W 2, PF_R 4 as PROT_EXEC 4, PROT_WRITE 2, PROT_READ 1.
std::uint8_t protection_of(std::uint32_t flags) {
    return static_cast<std::uint8_t>((flags & 4U) >> 2 | (flags & 2U) | (flags & 1U) << 2);
}

bool add_segment(const ProgramHeader& header, Kind kind, std::uint64_t file_bytes, Image& image) {
    if (header.memory_bytes == 0 && header.file_bytes == 0) {
        return true;
    }
    const std::uint32_t lowest = kind == Kind::kFixed ? kLowestAddress : 0;
    if (image.segment_count == kMostSegments || header.file_bytes > header.memory_bytes ||
        !header.lies_in_file(file_bytes) || header.address % kPageBytes != header.offset % kPageBytes ||
        header.address < lowest || std::uint64_t{header.address} + header.memory_bytes > kEndAddress) {
        return false;
    }
    const Segment segment{.address = header.address,
                          .file_offset = header.offset,
                          .file_bytes = header.file_bytes,
                          .memory_bytes = header.memory_bytes,
                          .protection = protection_of(header.flags)};
    if (image.segment_count != 0 && segment.first_page() < image.end_page()) {
        return false;
    }
    image.segment_array[image.segment_count++] = segment;
    return true;
}

/// The address of the program headers, if a segment brings all of them along.
std::uint32_t find_program_headers(const Header& header, const Image& image) {
    for (const Segment& segment : image.segments()) {
        const std::uint32_t inside = header.program_headers_offset - segment.file_offset;
        if (header.program_headers_offset >= segment.file_offset && inside <= segment.file_bytes &&
            segment.file_bytes - inside >= header.program_headers_bytes()) {
            return segment.address + inside;
        }
    }
    return 0;
}

}  // namespace

FileResult<Header> read_header(std::span<const std::byte> beginning, std::uint64_t file_bytes) {
    if (beginning.size() < kHeaderBytes) {
        return kRefused;
    }
    const bool identified =
        std::equal(kIdentification.begin(), kIdentification.end(), beginning.begin(),
                   [](std::uint8_t wanted, std::byte found) { return std::byte{wanted} == found; });
    const std::uint16_t type = half_at(beginning, 16);
    if (!identified || (type != kTypeExecutable && type != kTypeDynamic) ||
        half_at(beginning, 18) != kMachine386 || half_at(beginning, 42) != kProgramHeaderBytes) {
        return kRefused;
    }
    const Header header{.kind = type == kTypeDynamic ? Kind::kPositionIndependent : Kind::kFixed,
                        .entry = word_at(beginning, 24),
                        .program_headers_offset = word_at(beginning, 28),
                        .program_header_count = half_at(beginning, 44)};
    if (header.program_header_count == 0 || header.program_header_count > kMostProgramHeaders ||
        header.program_headers_offset + std::uint64_t{header.program_headers_bytes()} > file_bytes) {
        return kRefused;
    }
    return header;
}

FileResult<void> read_program_headers(const Header& header, std::span<const std::byte> table,
                                      std::uint64_t file_bytes, Image& image) {
    image = {};
    if (table.size() < header.program_headers_bytes()) {
        return kRefused;
    }
    for (std::size_t i = 0; i < header.program_header_count; ++i) {
        const ProgramHeader entry(table.subspan(i * kProgramHeaderBytes, kProgramHeaderBytes));
        if (entry.type == kTypeLoad && !add_segment(entry, header.kind, file_bytes, image)) {
            return kRefused;
        }
        if (entry.type == kTypeInterpreter && !image.interpreter) {
            if (entry.file_bytes < 2 || entry.file_bytes > kLongestInterpreter ||
                !entry.lies_in_file(file_bytes)) {
                return kRefused;
            }
            image.interpreter = FilePiece{entry.offset, entry.file_bytes};
        }
    }
    if (image.segment_count == 0) {
        return kRefused;
    }
    image.program_headers_address = find_program_headers(header, image);
    return {};
}

}  // namespace kernel::elf
