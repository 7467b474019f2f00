// An executable's headers, read and judged: what to map where, and where to begin.
//
// The file is anybody's: every number in it is checked before it is used, in arithmetic that cannot wrap. What a
// header says and Linux would accept only to kill the program a moment later (contents beyond the end of the file) is
// refused here. Owns nothing; looks at bytes only. Callable anywhere.
//
// Accepted is: ELF for the i386, fixed (ET_EXEC) or position-independent (ET_DYN), with 1 to kMostSegments segments
// that ascend and share no page. [gabi] chapters 4 and 5, [abi/i386] 3
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "kernel/files/errno.hpp"

namespace kernel::elf {

inline constexpr std::size_t kMostSegments = 32;
inline constexpr std::size_t kHeaderBytes = 52;
inline constexpr std::size_t kProgramHeaderBytes = 32;
/// More are refused: those of real programs, ten or so, are read in one piece.
inline constexpr std::size_t kMostProgramHeaders = 128;

/// The page and the addresses that programs may have. Programs are linked for Linux: it is the same there.
inline constexpr std::uint32_t kPageBytes = 4096;
inline constexpr std::uint32_t kLowestAddress = 0x1'0000;
inline constexpr std::uint32_t kEndAddress = 0xC000'0000;

enum class Kind : std::uint8_t {
    kFixed,                ///< Runs where its addresses say.
    kPositionIndependent,  ///< Runs anywhere: addresses count from where it is put.
};

/// What the first kHeaderBytes of the file say.
struct Header {
    Kind kind = Kind::kFixed;
    std::uint32_t entry = 0;  ///< Not checked: a program that begins nowhere dies of its own jump.
    std::uint32_t program_headers_offset = 0;
    std::uint32_t program_header_count = 0;

    [[nodiscard]] std::size_t program_headers_bytes() const {
        return program_header_count * kProgramHeaderBytes;
    }
};

/// A part of the file that is to be in memory. All of it lies below kEndAddress, and at least at kLowestAddress when
/// the program is fixed.
struct Segment {
    std::uint32_t address = 0;       ///< Of its first byte.
    std::uint32_t file_offset = 0;   ///< The same offset in its page as `address`.
    std::uint32_t file_bytes = 0;    ///< From the file: all of them exist.
    std::uint32_t memory_bytes = 0;  ///< At least file_bytes; the rest is zero. Not 0.
    std::uint8_t protection = 0;     ///< PROT_READ 1, PROT_WRITE 2, PROT_EXEC 4.

    [[nodiscard]] std::uint32_t first_page() const { return address / kPageBytes; }
    /// The page behind its last byte.
    [[nodiscard]] std::uint32_t end_page() const { return (address + memory_bytes - 1) / kPageBytes + 1; }
    /// The page behind the last byte that is from the file.
    [[nodiscard]] std::uint32_t file_end_page() const {
        return file_bytes == 0 ? first_page() : (address + file_bytes - 1) / kPageBytes + 1;
    }
};

/// A piece of the file.
struct FilePiece {
    std::uint32_t offset = 0;
    std::uint32_t size_bytes = 0;
};

struct Image {
    std::array<Segment, kMostSegments> segment_array{};
    std::size_t segment_count = 0;
    /// Where the program headers are in memory: AT_PHDR. 0 when no segment has them.
    std::uint32_t program_headers_address = 0;
    /// The path of the program that is to load this one, its NUL included: 2 to 4096 bytes, all in the file.
    std::optional<FilePiece> interpreter;

    [[nodiscard]] std::span<const Segment> segments() const {
        return std::span(segment_array).first(segment_count);
    }
    /// Pages from the first segment's first to the last one's end.
    [[nodiscard]] std::uint32_t first_page() const { return segment_array[0].first_page(); }
    [[nodiscard]] std::uint32_t end_page() const { return segment_array[segment_count - 1].end_page(); }
};

/// Reads the header of a file of `file_bytes` bytes, given as much of its beginning as there is, up to
/// kHeaderBytes. Error: kNotExecutable.
FileResult<Header> read_header(std::span<const std::byte> beginning, std::uint64_t file_bytes);

/// Reads the program headers: all header.program_headers_bytes() of them. Error: kNotExecutable.
FileResult<void> read_program_headers(const Header& header, std::span<const std::byte> table,
                                      std::uint64_t file_bytes, Image& image);

}  // namespace kernel::elf
