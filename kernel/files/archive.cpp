#include "kernel/files/archive.hpp"

namespace kernel {

std::optional<ArchiveFormat> archive_format(ArchiveBytes& bytes) {
    std::array<std::byte, 512> head{};
    const std::size_t count = bytes.size_bytes() < head.size() ? bytes.size_bytes() : head.size();
    bytes.read(0, std::span(head).first(count));
    if (is_cpio_header(head.data())) {
        return ArchiveFormat::kCpio;
    }
    if (is_tar_header(head.data())) {
        return ArchiveFormat::kTar;
    }
    return std::nullopt;
}

}  // namespace kernel
