// What random programs are compared with: for each page of a space, what may be done with it and what it holds. No
// regions, no page tables, no sharing but through objects.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "mm/core/range.hpp"
#include "mm/space/region.hpp"

namespace mm {

/// Where the model looks at a page: near its beginning, and near its end.
constexpr std::array<std::size_t, 2> kOffsets{3, kPageSize - 6};
using Cell = std::array<unsigned, kOffsets.size()>;

/// Two tables share these pages.
constexpr PageNumber kArena{0x40400 - 24};
constexpr PageCount kArenaPages = 48;
constexpr std::uint32_t kFilePages = 5;
constexpr std::uint32_t kObjectPages = 12;

/// What an object holds: the first one is a file of borrowed frames, the others memory.
struct ObjectModel {
    std::vector<std::shared_ptr<Cell>> pages;
};

struct PageModel {
    Protection rights;
    Protection allowed;
    Sharing sharing;
    int object;  // -1: none
    std::uint32_t index;
    std::optional<Cell> own;  // What was written privately.

    [[nodiscard]] bool continues_with(const PageModel& next) const {
        return rights == next.rights && allowed == next.allowed && sharing == next.sharing &&
               object == next.object && (object < 0 || index + 1 == next.index);
    }
};

using SpaceModel = std::map<PageNumber, PageModel>;

inline bool is_free(const SpaceModel& pages, PageRange range) {
    const auto found = pages.lower_bound(range.begin);
    return found == pages.end() || found->first >= range.end;
}
inline void erase(SpaceModel& pages, PageRange range) {
    pages.erase(pages.lower_bound(range.begin), pages.lower_bound(range.end));
}
inline bool has_hole(const SpaceModel& pages, PageRange range) {
    const auto count = std::distance(pages.lower_bound(range.begin), pages.lower_bound(range.end));
    return static_cast<PageCount>(count) != range.size();
}

/// Whether all of `range` would be one region.
inline bool is_one_region(const SpaceModel& pages, PageRange range) {
    for (PageNumber page = range.begin; page < range.end; ++page) {
        if (!pages.contains(page) ||
            (page > range.begin && !pages.at(PageNumber(page.value() - 1)).continues_with(pages.at(page)))) {
            return false;
        }
    }
    return true;
}

inline void move(SpaceModel& pages, PageRange old, PageRange there) {
    std::vector<PageModel> contents;
    for (PageNumber page = old.begin; page < old.end; ++page) {
        contents.push_back(pages.at(page));
    }
    while (contents.size() < there.size()) {
        contents.push_back(contents.back());
        ++contents.back().index;
        contents.back().own.reset();
    }
    erase(pages, old);
    EXPECT_TRUE(is_free(pages, there));
    for (PageCount i = 0; i < there.size(); ++i) {
        pages[there.begin + i] = contents[i];
    }
}

}  // namespace mm
