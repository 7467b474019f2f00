// tar's "ustar" format, POSIX's and GNU's.
#include <cstring>

#include "kernel/files/archive.hpp"

namespace kernel {

/// A block of 512 bytes at the head of an entry. Numbers are octal digits, ended by a blank or a NUL.
struct TarHeader {
    char name[100];
    char mode[8];
    char user[8];
    char group[8];
    char size[12];
    char modified[12];
    char checksum[8];
    char type;
    char link_name[100];
    char magic[8];  // "ustar\0" "00", or GNU's "ustar  \0"
    char user_name[32];
    char group_name[32];
    char device_major[8];
    char device_minor[8];
    char prefix[155];
    char padding[12];
};
static_assert(sizeof(TarHeader) == 512);
static_assert(offsetof(TarHeader, magic) == 257);

namespace {

constexpr std::uint32_t kBlockBytes = 512;

/// The octal number in a field; nothing when it is none, or needs more than 32 bits.
template <std::size_t kBytes>
std::optional<std::uint32_t> octal(const char (&field)[kBytes]) {
    std::uint64_t value = 0;
    std::size_t at = 0;
    while (at < kBytes && field[at] == ' ') {
        ++at;
    }
    for (; at < kBytes && field[at] != ' ' && field[at] != '\0'; ++at) {
        if (field[at] < '0' || field[at] > '7') {
            return std::nullopt;
        }
        value = value << 3 | static_cast<std::uint64_t>(field[at] - '0');
        if (value > UINT32_MAX) {
            return std::nullopt;
        }
    }
    return static_cast<std::uint32_t>(value);
}

/// The sum of a header's bytes, with blanks for the sum itself.
std::uint32_t sum_of(const TarHeader& header) {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&header);
    constexpr std::size_t kBegin = offsetof(TarHeader, checksum);
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < sizeof header; ++i) {
        sum += i >= kBegin && i < kBegin + sizeof header.checksum ? std::uint32_t{' '} : bytes[i];
    }
    return sum;
}

template <std::size_t kBytes>
std::string_view text(const char (&field)[kBytes]) {
    const std::string_view whole(field, kBytes);
    return whole.substr(0, whole.find('\0'));
}

constexpr std::uint64_t up_to_block(std::uint64_t offset) {
    return (offset + (kBlockBytes - 1)) & ~std::uint64_t{kBlockBytes - 1};
}

}  // namespace

bool is_tar_header(const std::byte* header) {
    return std::memcmp(header + offsetof(TarHeader, magic), "ustar", 5) == 0;
}

const char* ArchiveReader::read_tar_header(TarHeader& header) {
    if (!is_inside(offset_, kBlockBytes)) {
        return "the archive ends in a header";
    }
    bytes_.read(offset_, std::as_writable_bytes(std::span(&header, 1)));
    if (!is_tar_header(reinterpret_cast<const std::byte*>(&header))) {
        return "no header of tar's ustar format";
    }
    if (octal(header.checksum) != sum_of(header)) {
        return "its header's checksum is wrong";
    }
    return nullptr;
}

/// The contents of an entry of `size` bytes at offset_, as a text.
const char* ArchiveReader::read_long_text(std::uint32_t size, std::span<char> to, std::size_t& length) {
    if (size == 0 || size >= to.size()) {
        return "its name is empty or longer than 4,095 bytes";
    }
    bytes_.read(offset_ + kBlockBytes, std::as_writable_bytes(to.first(size)));
    const void* const nul = std::memchr(to.data(), 0, size);
    length = nul == nullptr ? size : static_cast<std::size_t>(static_cast<const char*>(nul) - to.data());
    return nullptr;
}

/// pax: records "LENGTH KEY=VALUE\n" about the entry that follows. Only its path and target matter here.
const char* ArchiveReader::read_pax(std::uint32_t size) {
    std::uint32_t at = offset_ + kBlockBytes;
    const std::uint32_t end = at + size;
    while (at < end) {
        std::array<char, 32> head;
        const std::uint32_t room = end - at;
        const std::size_t count = room < head.size() ? room : head.size();
        bytes_.read(at, std::as_writable_bytes(std::span(head).first(count)));
        const std::string_view begin(head.data(), count);
        std::uint32_t length = 0;
        std::size_t digits = 0;
        while (digits < count && digits < 8 && begin[digits] >= '0' && begin[digits] <= '9') {
            length = length * 10 + static_cast<std::uint32_t>(begin[digits++] - '0');
        }
        if (digits == 0 || digits == count || begin[digits] != ' ' || length <= digits + 1 || length > room) {
            return "its pax records make no sense";
        }
        const std::string_view record = begin.substr(digits + 1);
        const bool is_path = record.starts_with("path=");
        if (is_path || record.starts_with("linkpath=")) {
            const std::size_t key = digits + 1 + (is_path ? 5 : 9);
            std::array<char, kLongestPath>& to = is_path ? path_ : target_;
            if (length <= key + 1 || length - key - 1 >= to.size()) {
                return "its name is empty or longer than 4,095 bytes";
            }
            (is_path ? path_length_ : target_length_) = length - key - 1;
            bytes_.read(at + static_cast<std::uint32_t>(key),
                        std::as_writable_bytes(std::span(to).first(length - key - 1)));
        } else if (record.starts_with("size=")) {
            return "it is larger than 8 GiB";
        }
        at += length;
    }
    return nullptr;
}

/// What the header says, with the long texts that came before it.
const char* ArchiveReader::fill_tar_entry(const TarHeader& header, std::uint32_t size, ArchiveEntry& entry) {
    const std::optional<std::uint32_t> mode = octal(header.mode);
    if (!mode) {
        return "its header holds no numbers";
    }
    entry = ArchiveEntry{.permissions = static_cast<std::uint16_t>(*mode & 07777),
                         .user = octal(header.user).value_or(0),
                         .group = octal(header.group).value_or(0),
                         .modified = octal(header.modified).value_or(0),
                         .content_offset = offset_ + kBlockBytes,
                         .content_bytes = size};
    if (path_length_ == 0) {
        // GNU's header has other things where POSIX's has the prefix.
        const bool is_posix = header.magic[5] == '\0';
        const std::string_view prefix = is_posix ? text(header.prefix) : std::string_view();
        if (!prefix.empty()) {
            prefix.copy(path_.data(), prefix.size());
            path_[prefix.size()] = '/';
            path_length_ = prefix.size() + 1;
        }
        path_length_ += text(header.name).copy(path_.data() + path_length_, sizeof header.name);
    }
    if (target_length_ == 0) {
        target_length_ = text(header.link_name).copy(target_.data(), sizeof header.link_name);
    }
    entry.path = {path_.data(), path_length_};
    const std::string_view target(target_.data(), target_length_);
    path_length_ = 0;
    target_length_ = 0;
    switch (header.type) {
        case '0':
        case '\0':
        case '7':
            // Before ustar a directory was a file whose name ends in '/'.
            entry.kind = entry.path.ends_with('/') ? FileKind::kDirectory : FileKind::kRegular;
            break;
        case '1':
            entry.same_as = target;
            break;
        case '2':
            entry.kind = FileKind::kSymlink;
            entry.target = target;
            break;
        case '5':
            entry.kind = FileKind::kDirectory;
            break;
        default:
            entry.is_supported = false;
    }
    if (entry.path.empty() || entry.path.find('\0') != std::string_view::npos) {
        return "its name is empty or holds a NUL";
    }
    const bool needs_target = header.type == '1' || header.type == '2';
    if (needs_target && (target.empty() || target.find('\0') != std::string_view::npos)) {
        return "its target is empty or holds a NUL";
    }
    return nullptr;
}

ArchiveStep ArchiveReader::next_in_tar(ArchiveEntry& entry) {
    while (true) {
        entry_offset_ = offset_;
        if (offset_ == bytes_.size_bytes()) {
            return ArchiveStep::kEnd;
        }
        std::byte first{};
        bytes_.read(offset_, std::span(&first, 1));
        if (first == std::byte{0}) {
            // Blocks of NULs: the end, or an end between two archives.
            const std::uint32_t next = bytes_.skip_zeros(offset_);
            offset_ = next - (next - offset_) % kBlockBytes;
            if (next == bytes_.size_bytes()) {
                return ArchiveStep::kEnd;
            }
            entry_offset_ = offset_;
        }
        TarHeader header;
        if (const char* const wrong = read_tar_header(header)) {
            return broken(wrong);
        }
        const std::optional<std::uint32_t> size = octal(header.size);
        if (!size) {
            return broken("its header holds no numbers");
        }
        const bool has_content = header.type != '1' && header.type != '2' && header.type != '5';
        const std::uint32_t content = has_content ? *size : 0;
        if (!is_inside(std::uint64_t{offset_} + kBlockBytes, content)) {
            return broken("it ends behind the archive");
        }
        const char* wrong = nullptr;
        bool is_entry = false;
        if (header.type == 'L') {
            wrong = read_long_text(content, path_, path_length_);
        } else if (header.type == 'K') {
            wrong = read_long_text(content, target_, target_length_);
        } else if (header.type == 'x') {
            wrong = read_pax(content);
        } else if (header.type != 'g') {
            wrong = fill_tar_entry(header, content, entry);
            is_entry = true;
        }
        if (wrong != nullptr) {
            return broken(wrong);
        }
        const std::uint64_t end = up_to_block(std::uint64_t{offset_} + kBlockBytes + content);
        offset_ = end < bytes_.size_bytes() ? static_cast<std::uint32_t>(end) : bytes_.size_bytes();
        if (is_entry) {
            return ArchiveStep::kEntry;
        }
    }
}

}  // namespace kernel
