// cpio's "newc" format.
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

/// The value of a digit; 0xff for anything else.
constexpr std::array<std::uint8_t, 256> make_digits() {
    std::array<std::uint8_t, 256> digits{};
    for (std::uint8_t& digit : digits) {
        digit = 0xff;
    }
    for (std::uint8_t i = 0; i < 16; ++i) {
        digits[static_cast<std::size_t>("0123456789abcdef"[i])] = i;
        digits[static_cast<std::size_t>("0123456789ABCDEF"[i])] = i;
    }
    return digits;
}
constexpr std::array<std::uint8_t, 256> kDigits = make_digits();

/// Reads the fields of a header one by one, and remembers whether each was a number.
class Fields {
  public:
    explicit Fields(const std::byte* header) : header_(header) {}

    std::uint32_t operator[](Field field) {
        const std::byte* at = header_ + kMagicBytes + kFieldDigits * field;
        std::uint32_t value = 0;
        unsigned wrong = 0;
        for (std::size_t i = 0; i < kFieldDigits; ++i) {
            const std::uint8_t digit = kDigits[static_cast<std::uint8_t>(at[i])];
            wrong |= digit;
            value = value << 4 | (digit & 0xfU);
        }
        wrong_ |= wrong;
        return value;
    }
    [[nodiscard]] bool are_numbers() const { return wrong_ < 16; }

  private:
    const std::byte* header_;
    unsigned wrong_ = 0;
};

bool has_magic(const std::byte* header) {
    return std::memcmp(header, "070701", kMagicBytes) == 0 || std::memcmp(header, "070702", kMagicBytes) == 0;
}

constexpr std::uint32_t up_to_4(std::uint32_t offset) {
    return (offset + 3) & ~std::uint32_t{3};
}

}  // namespace

bool is_cpio_header(const std::byte* header) {
    return has_magic(header);
}

/// Name and, for a link, target of the entry at entry_offset_. What is wrong with them, or null.
const char* ArchiveReader::read_cpio_texts(ArchiveEntry& entry, std::uint32_t name_bytes) {
    if (name_bytes == 0 || name_bytes > path_.size()) {
        return "its name is empty or longer than 4,095 bytes";
    }
    // A name may be padded with many NULs (to move the contents to a page): read what can matter first.
    std::size_t length = 0;
    while (true) {
        const std::size_t end = length + 64 < name_bytes ? length + 64 : name_bytes;
        bytes_.read(entry_offset_ + kHeaderBytes + static_cast<std::uint32_t>(length),
                    std::as_writable_bytes(std::span(path_).subspan(length, end - length)));
        const void* const nul = std::memchr(path_.data() + length, 0, end - length);
        if (nul != nullptr) {
            length = static_cast<std::size_t>(static_cast<const char*>(nul) - path_.data());
            break;
        }
        if (end == name_bytes) {
            return "its name does not end";
        }
        length = end;
    }
    if (length == 0) {
        return "its name is empty or longer than 4,095 bytes";
    }
    entry.path = {path_.data(), length};
    if (entry.is_supported && entry.kind == FileKind::kSymlink) {
        if (entry.content_bytes == 0 || entry.content_bytes >= target_.size()) {
            return "its target is empty or longer than 4,095 bytes";
        }
        bytes_.read(entry.content_offset,
                    std::as_writable_bytes(std::span(target_).first(entry.content_bytes)));
        entry.target = {target_.data(), entry.content_bytes};
        if (entry.target.find('\0') != std::string_view::npos) {
            return "its target holds a NUL";
        }
    }
    return nullptr;
}

ArchiveStep ArchiveReader::next_in_cpio(ArchiveEntry& entry) {
    while (true) {
        std::array<std::byte, kHeaderBytes> header;
        entry_offset_ = offset_;
        if (offset_ == bytes_.size_bytes()) {
            return ArchiveStep::kEnd;
        }
        if (!is_inside(offset_, kHeaderBytes)) {
            entry_offset_ = bytes_.skip_zeros(offset_);
            return entry_offset_ == bytes_.size_bytes() ? ArchiveStep::kEnd
                                                        : broken("the archive ends in a header");
        }
        bytes_.read(offset_, header);
        if (!has_magic(header.data())) {
            if (header[0] != std::byte{0}) {
                return broken("no header of cpio's newc format");
            }
            // Headers are aligned; what stands a few bytes off is none.
            offset_ = bytes_.skip_zeros(offset_);
            continue;
        }
        Fields fields(header.data());
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
