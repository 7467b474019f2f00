#include "kernel/arch/i686/physical_reader.hpp"

#include "mm/map/memory_map.hpp"

namespace kernel {

bool PhysicalReader::operator()(mm::PhysAddr from, std::span<std::byte> to) {
    if (from >= mm::kFourGiB || to.size() > mm::kFourGiB - from) {
        return false;
    }
    while (!to.empty()) {
        const std::size_t offset = from.offset_in_frame();
        const std::size_t room = mm::kPageSize - offset;
        const std::size_t count = to.size() < room ? to.size() : room;
        const auto frame = window_.open(from.frame());
        __builtin_memcpy(to.data(), frame.bytes() + offset, count);
        to = to.subspan(count);
        from = from + count;
    }
    return true;
}

std::size_t PhysicalReader::text_length(mm::PhysAddr from, std::size_t limit) {
    std::size_t length = 0;
    while (length < limit && from < mm::kFourGiB) {
        const std::size_t offset = from.offset_in_frame();
        const auto frame = window_.open(from.frame());
        for (std::size_t at = offset; at < mm::kPageSize && length < limit; ++at, ++length) {
            if (frame.bytes()[at] == std::byte{0}) {
                return length;
            }
        }
        from = from + (mm::kPageSize - offset);
    }
    return length;
}

std::string_view PhysicalReader::read_text(mm::PhysAddr from, std::span<char> to) {
    const std::size_t length = text_length(from, to.size());
    if (!(*this)(from, std::as_writable_bytes(to.first(length)))) {
        return {};
    }
    return {to.data(), length};
}

}  // namespace kernel
