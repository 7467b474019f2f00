// Archives made by hand, for tests and as seeds: each field as the test says, right or wrong.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>

#include "kernel/files/archive.hpp"

namespace kernel::test {

/// Bytes in a string; every read is checked.
class TextBytes final : public ArchiveBytes {
  public:
    explicit TextBytes(const std::string& text)
        : ArchiveBytes(static_cast<std::uint32_t>(text.size())), text_(text) {}

    void read(std::uint32_t offset, std::span<std::byte> to) override {
        mm::expect(offset <= text_.size() && to.size() <= text_.size() - offset,
                   "archive: read beyond its end");
        std::memcpy(to.data(), text_.data() + offset, to.size());
    }
    std::uint32_t skip_zeros(std::uint32_t offset) override {
        const std::size_t found = text_.find_first_not_of('\0', offset);
        return found == std::string::npos ? size_bytes() : static_cast<std::uint32_t>(found);
    }

  private:
    const std::string& text_;
};

inline void pad(std::string& archive, std::size_t unit) {
    archive.resize((archive.size() + unit - 1) / unit * unit);
}

struct CpioFields {
    std::uint32_t mode = 0100644;
    std::uint32_t inode = 1, links = 1, modified = 0;
    std::size_t name_padding = 0;  // NULs behind the first
};

inline void add_cpio(std::string& archive, const std::string& name, const std::string& content,
                     const CpioFields& fields = {}) {
    char header[111];
    std::snprintf(header, sizeof header, "070701%08X%08X%08X%08X%08x%08X%08zX%08X%08X%08X%08X%08zX%08X",
                  fields.inode, fields.mode, 0U, 0U, fields.links, fields.modified, content.size(), 0U, 0U,
                  0U, 0U, name.size() + 1 + fields.name_padding, 0U);
    archive += header + name + std::string(1 + fields.name_padding, '\0');
    pad(archive, 4);
    archive += content;
    pad(archive, 4);
}
inline void end_cpio(std::string& archive) {
    add_cpio(archive, "TRAILER!!!", "", {.mode = 0});
}

inline void add_tar(std::string& archive, const std::string& name, char type, const std::string& content,
                    const std::string& link = "", const char* magic = "ustar",
                    const std::string& prefix = "") {
    char header[512] = {};
    name.copy(header, 100);
    std::snprintf(header + 100, 8, "%07o", 0755U);
    std::snprintf(header + 124, 12, "%011zo", content.size());
    std::snprintf(header + 136, 12, "%011o", 1000U);
    header[156] = type;
    link.copy(header + 157, 100);
    std::strncpy(header + 257, magic, 8);
    prefix.copy(header + 345, 155);
    std::memset(header + 148, ' ', 8);
    unsigned sum = 0;
    for (const char c : header) {
        sum += static_cast<unsigned char>(c);
    }
    std::snprintf(header + 148, 8, "%06o", sum);
    archive.append(header, sizeof header);
    archive += content;
    pad(archive, 512);
}
inline void end_tar(std::string& archive) {
    archive.append(1024, '\0');
}

}  // namespace kernel::test
