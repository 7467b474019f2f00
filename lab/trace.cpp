#include "lab/trace.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <unordered_map>

namespace lab {

Trace make_trace(std::string name, const std::vector<std::uint64_t>& pages) {
    std::vector<std::uint64_t> sorted = pages;
    std::ranges::sort(sorted);
    sorted.erase(std::ranges::unique(sorted).begin(), sorted.end());

    Trace trace{.name = std::move(name),
                .references = {},
                .numbers = 0,
                .footprint = static_cast<std::uint32_t>(sorted.size())};
    std::unordered_map<std::uint64_t, std::uint32_t> number_of;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        trace.numbers += i != 0 && sorted[i] != sorted[i - 1] + 1 ? 1 : 0;
        number_of[sorted[i]] = trace.numbers++;
    }
    trace.references.reserve(pages.size());
    for (const std::uint64_t page : pages) {
        const std::uint32_t number = number_of.at(page);
        if (trace.references.empty() || trace.references.back() != number) {
            trace.references.push_back(number);
        }
    }
    return trace;
}

Trace read_trace(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) {
        throw std::runtime_error("cannot read " + file.string());
    }
    const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    std::vector<std::uint64_t> pages(bytes.size() / 2);
    for (std::size_t i = 0; i < pages.size(); ++i) {
        pages[i] = static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[2 * i]) |
                                              static_cast<unsigned char>(bytes[2 * i + 1]) << 8);
    }
    return make_trace(file.stem().string(), pages);
}

void write_trace(const Trace& trace, const std::filesystem::path& file) {
    if (trace.numbers > std::numeric_limits<std::uint16_t>::max()) {
        throw std::runtime_error(trace.name + " has too many pages for 16 bits");
    }
    std::ofstream out(file, std::ios::binary);
    for (const std::uint32_t page : trace.references) {
        out.put(static_cast<char>(page & 0xFF)).put(static_cast<char>(page >> 8));
    }
    if (!out.flush()) {
        throw std::runtime_error("cannot write " + file.string());
    }
}

}  // namespace lab
