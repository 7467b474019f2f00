#include "lab/lackey.hpp"

#include <charconv>
#include <string>
#include <string_view>

#include "lab/reduction.hpp"

namespace lab {

namespace {

struct Access {
    std::uint64_t address;
    std::uint64_t size;
};

/// Whether `line` is an access.
bool parse(std::string_view line, Access& access) {
    if (line.size() < 6 || line[2] != ' ' || (line[0] != 'I' && line[0] != ' ') ||
        (line[0] == ' ' && line[1] != 'L' && line[1] != 'S' && line[1] != 'M')) {
        return false;
    }
    const char* const end = line.data() + line.size();
    const auto address = std::from_chars(line.data() + 3, end, access.address, 16);
    if (address.ec != std::errc{} || address.ptr == end || *address.ptr != ',') {
        return false;
    }
    const auto size = std::from_chars(address.ptr + 1, end, access.size);
    return size.ec == std::errc{} && access.size != 0;
}

}  // namespace

std::vector<std::uint64_t> read_lackey(std::istream& in, std::uint32_t frames, std::uint64_t most_accesses) {
    constexpr std::uint64_t kPageBytes = 4096;
    Reduction reduction(frames);
    std::string line;
    Access access{};
    for (std::uint64_t accesses = 0; accesses < most_accesses && std::getline(in, line);) {
        if (parse(line, access)) {
            ++accesses;
            reduction.reference(access.address / kPageBytes);
            reduction.reference((access.address + access.size - 1) / kPageBytes);
        }
    }
    return reduction.finish();
}

}  // namespace lab
