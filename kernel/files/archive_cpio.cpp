// cpio's "newc" format.
#include <algorithm>
#include <cstring>

#include "kernel/files/archive.hpp"

namespace kernel {
namespace {

constexpr std::uint32_t kHeaderBytes = 110;
constexpr std::size_t kMagicBytes = 6;
constexpr std::size_t kFieldDigits = 8;
constexpr std::string_view kTrailer = "TRAILER!!!";

/// Fields of the header, in order.
enum Field : std::size_t {
    kInode,
    kMode,
    kUser,
    kGroup,
    kLinks,
    kModified,
    kSize,
    kMajor,
    kMinor,
    kDeviceMajor,
    kDeviceMinor,
    kNameBytes
};

/// Four hexadecimal digits as a program wrote them, the most significant one first, and so in the lowest byte of the
/// word. All four at once: a root has hundreds of headers, each of a hundred digits.
struct FourDigits {
    std::uint32_t value;
    std::uint32_t wrong;  // not 0: one of them is no digit

    explicit FourDigits(std::uint32_t text) : value(0), wrong(0) {
        constexpr std::uint32_t kEach = 0x0101'0101;
        if (text == '0' * kEach) {
            return;
        }
        const std::uint32_t letters = text >> 6 & kEach;  // 1 in each byte that holds a letter
        const std::uint32_t digits = (text & 0xf * kEach) + 9 * letters;
        const std::uint32_t upper_case = text & ~(letters << 5);
        const std::uint32_t spelled = digits + '0' * kEach + ('A' - '9' - 1) * letters;
        const std::uint32_t above_nine = (digits + 6 * kEach) >> 4 & kEach;
        wrong = (upper_case ^ spelled) | (digits & 0xf0 * kEach) | (above_nine ^ letters);
        const std::uint32_t pairs = digits << 4 | digits >> 8;  // in bytes 0 and 2
        value = (pairs & 0xff) << 8 | (pairs >> 16 & 0xff);
    }
};

/// Reads the fields of a header one by one, and remembers whether each was a number.
class Fields {
  public:
    explicit Fields(const std::byte* header) : header_(header) {}

    std::uint32_t operator[](Field field) {
        const std::byte* const at = header_ + kMagicBytes + kFieldDigits * field;
        std::uint32_t words[2];
        std::memcpy(words, at, sizeof words);
        const FourDigits high(words[0]);
        const FourDigits low(words[1]);
        wrong_ |= high.wrong | low.wrong;
        return high.value << 16 | low.value;
    }
    [[nodiscard]] bool are_numbers() const { return wrong_ == 0; }

  private:
    const std::byte* header_;
    std::uint32_t wrong_ = 0;
};

/// "070701", or "070702": with a checksum, which is not looked at.
bool has_magic(const std::byte* header) {
    std::uint32_t begin = 0;
    std::memcpy(&begin, header, sizeof begin);
    constexpr std::uint32_t kBegin = '0' | '7' << 8 | '0' << 16 | '7' << 24;
    return begin == kBegin && header[4] == std::byte{'0'} &&
           (header[5] == std::byte{'1'} || header[5] == std::byte{'2'});
}

constexpr std::uint32_t up_to_4(std::uint32_t offset) {
    return (offset + 3) & ~std::uint32_t{3};
}

}  // namespace

bool is_cpio_header(const std::byte* header) {
    return has_magic(header);
}

/// Name and, for a link, target of the entry at entry_offset_, whose first bytes are in head_. What is wrong with
/// them, or null.
const char* ArchiveReader::read_cpio_texts(ArchiveEntry& entry, std::uint32_t name_bytes) {
    if (name_bytes == 0 || name_bytes > path_.size()) {
        return "its name is empty or longer than 4,095 bytes";
    }
    // A name may be padded with many NULs (to move the contents to a page): look at what can matter first.
    const std::string_view head(reinterpret_cast<const char*>(head_.data()), head_bytes_);
    const std::size_t head_length = std::min<std::size_t>(name_bytes, head_bytes_ - kHeaderBytes);
    entry.path = head.substr(kHeaderBytes, head_length);
    std::size_t end = entry.path.find('\0');
    if (end == std::string_view::npos) {
        bytes_.read(entry_offset_ + kHeaderBytes, std::as_writable_bytes(std::span(path_).first(name_bytes)));
        entry.path = {path_.data(), name_bytes};
        end = entry.path.find('\0');
    }
    if (end == 0 || end == std::string_view::npos) {
        return end == 0 ? "its name is empty or longer than 4,095 bytes" : "its name does not end";
    }
    entry.path = entry.path.substr(0, end);
    if (entry.is_supported && entry.kind == FileKind::kSymlink) {
        const std::uint32_t size = entry.content_bytes;
        if (size == 0 || size >= target_.size()) {
            return "its target is empty or longer than 4,095 bytes";
        }
        const std::uint32_t in_head = entry.content_offset - entry_offset_;
        if (in_head + size <= head_bytes_) {
            entry.target = head.substr(in_head, size);
        } else {
            bytes_.read(entry.content_offset, std::as_writable_bytes(std::span(target_).first(size)));
            entry.target = {target_.data(), size};
        }
        if (entry.target.find('\0') != std::string_view::npos) {
            return "its target holds a NUL";
        }
    }
    return nullptr;
}

ArchiveStep ArchiveReader::next_in_cpio(ArchiveEntry& entry) {
    while (true) {
        entry_offset_ = offset_;
        if (offset_ == bytes_.size_bytes()) {
            return ArchiveStep::kEnd;
        }
        if (!is_inside(offset_, kHeaderBytes)) {
            entry_offset_ = bytes_.skip_zeros(offset_);
            return entry_offset_ == bytes_.size_bytes() ? ArchiveStep::kEnd
                                                        : broken("the archive ends in a header");
        }
        head_bytes_ = std::min(bytes_.size_bytes() - offset_, kHeadBytes);
        bytes_.read(offset_, std::span(head_).first(head_bytes_));
        if (!has_magic(head_.data())) {
            if (head_[0] != std::byte{0}) {
                return broken("no header of cpio's newc format");
            }
            // Headers are aligned; what stands a few bytes off is none.
            offset_ = bytes_.skip_zeros(offset_);
            continue;
        }
        Fields fields(head_.data());
        const std::uint32_t mode = fields[kMode];
        const std::uint32_t name_bytes = fields[kNameBytes];
        entry = ArchiveEntry{.kind = static_cast<FileKind>(mode & 0170000),
                             .permissions = static_cast<std::uint16_t>(mode & 07777),
                             .user = fields[kUser],
                             .group = fields[kGroup],
                             .modified = fields[kModified],
                             .links = fields[kLinks],
                             .content_bytes = fields[kSize]};
        if (entry.links > 1) {
            entry.identity = {fields[kInode], fields[kMajor], fields[kMinor]};
        }
        entry.is_supported = entry.kind == FileKind::kRegular || entry.kind == FileKind::kDirectory ||
                             entry.kind == FileKind::kSymlink;
        if (!fields.are_numbers()) {
            return broken("its header holds no numbers");
        }
        const std::uint64_t content =
            (std::uint64_t{offset_} + kHeaderBytes + name_bytes + 3) & ~std::uint64_t{3};
        if (!is_inside(content, entry.content_bytes)) {
            return broken("it ends behind the archive");
        }
        entry.content_offset = static_cast<std::uint32_t>(content);
        if (const char* const wrong = read_cpio_texts(entry, name_bytes)) {
            return broken(wrong);
        }
        const std::uint32_t end = up_to_4(entry.content_offset + entry.content_bytes);
        offset_ = end >= entry.content_offset && end < bytes_.size_bytes() ? end : bytes_.size_bytes();
        if (entry.path != kTrailer) {
            return ArchiveStep::kEntry;
        }
    }
}

}  // namespace kernel
