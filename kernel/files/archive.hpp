// Archives, entry by entry: cpio's "newc" and tar's "ustar" (with GNU's long names and pax's paths).
//
//   cpio   header 110 bytes | name NUL | to 4 | contents | to 4       header ...    "TRAILER!!!", NULs between entries
//   tar    header 512 bytes | contents | to 512                       header ...    two blocks of NULs
//
// Reads anybody's bytes: every number is checked before it is used, and whatever is wrong is one phrase and the place
// where it stands. Contents are not read, only located. Nothing is allocated. Several archives may follow one another.
// Owns: a copy of the current entry's name and target (8 KiB: not for the stack).
// [cpio(5); Linux: Documentation/driver-api/early-userspace/buffer-format.rst; POSIX pax, "ustar Interchange Format"]
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "kernel/files/inode.hpp"

namespace kernel {

/// Where an archive's bytes are.
class ArchiveBytes {
  public:
    /// Fills `to` with the bytes from `offset` on; offset + to.size() <= size_bytes().
    virtual void read(std::uint32_t offset, std::span<std::byte> to) = 0;
    /// The first byte that is not 0 in [offset, size_bytes()); size_bytes() when there is none.
    virtual std::uint32_t skip_zeros(std::uint32_t offset) = 0;
    [[nodiscard]] std::uint32_t size_bytes() const { return size_bytes_; }

  protected:
    explicit ArchiveBytes(std::uint32_t size_bytes) : size_bytes_(size_bytes) {}
    ~ArchiveBytes() = default;

  private:
    std::uint32_t size_bytes_;
};

enum class ArchiveFormat : std::uint8_t { kCpio, kTar };

/// Whether the 6 bytes at `header` begin an entry of cpio's; whether the 512 bytes there do of tar's.
bool is_cpio_header(const std::byte* header);
bool is_tar_header(const std::byte* header);

/// What the archive says it is by its first bytes; nothing when it is none of these.
std::optional<ArchiveFormat> archive_format(ArchiveBytes& bytes);

/// One entry. Texts are valid until the next one is read.
struct ArchiveEntry {
    std::string_view path{};    ///< As it stands there: perhaps with "./" or "/" in front, never empty.
    std::string_view target{};  ///< Of a symbolic link.
    std::string_view
        same_as{};  ///< tar: the path of the earlier entry that this is another name of; else empty.
    /// False for what is neither file, directory nor symbolic link: devices, FIFOs, sockets.
    bool is_supported = true;
    FileKind kind = FileKind::kRegular;
    std::uint16_t permissions = 0;
    std::uint32_t user = 0, group = 0;
    std::uint32_t modified = 0;  ///< Seconds since 1970.
    std::uint32_t links = 1;     ///< cpio: names of this file; those with the same identity are one.
    std::array<std::uint32_t, 3> identity{};  ///< cpio: inode, major, minor.
    std::uint32_t content_offset = 0;
    std::uint32_t content_bytes = 0;
};

/// What reading on gave.
enum class ArchiveStep : std::uint8_t { kEntry, kEnd, kBroken };

class ArchiveReader {
  public:
    /// Linux's PATH_MAX.
    static constexpr std::size_t kLongestPath = 4096;

    ArchiveReader(ArchiveBytes& bytes, ArchiveFormat format) : bytes_(bytes), format_(format) {}
    ArchiveReader(const ArchiveReader&) = delete;
    ArchiveReader& operator=(const ArchiveReader&) = delete;
    ~ArchiveReader() = default;

    /// The next entry, into `entry`. kEnd and kBroken are final.
    ArchiveStep next(ArchiveEntry& entry) {
        return format_ == ArchiveFormat::kCpio ? next_in_cpio(entry) : next_in_tar(entry);
    }

    /// After kBroken: what is wrong ("the name is longer than 4,095 bytes"), and where the entry begins.
    [[nodiscard]] const char* problem() const { return problem_; }
    [[nodiscard]] std::uint32_t problem_offset() const { return entry_offset_; }

  private:
    static constexpr std::uint32_t kHeadBytes = 176;

    ArchiveStep next_in_cpio(ArchiveEntry& entry);
    ArchiveStep next_in_tar(ArchiveEntry& entry);
    ArchiveStep broken(const char* problem) {
        problem_ = problem;
        return ArchiveStep::kBroken;
    }
    [[nodiscard]] bool is_inside(std::uint64_t begin, std::uint64_t size) const {
        return begin + size <= bytes_.size_bytes();
    }
    const char* read_cpio_texts(ArchiveEntry& entry, std::uint32_t name_bytes);
    const char* read_tar_header(struct TarHeader& header);
    const char* read_long_text(std::uint32_t size, std::span<char> to, std::size_t& length);
    const char* read_pax(std::uint32_t size);
    const char* fill_tar_entry(const struct TarHeader& header, std::uint32_t size, ArchiveEntry& entry);

    ArchiveBytes& bytes_;
    ArchiveFormat format_;
    std::uint32_t offset_ = 0;
    std::uint32_t entry_offset_ = 0;
    const char* problem_ = "";
    std::array<std::byte, kHeadBytes> head_{};  // cpio: a header, and most names and targets of links with it
    std::uint32_t head_bytes_ = 0;
    std::size_t path_length_ = 0;    // tar: of a long path that came before its entry; 0: none
    std::size_t target_length_ = 0;  // likewise
    std::array<char, kLongestPath> path_;
    std::array<char, kLongestPath> target_;
};

}  // namespace kernel
