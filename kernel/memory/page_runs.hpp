// Which pages of a region of virtual addresses are in use, and runs of those that are not.
//
// One bit a page, 1 = used; the lowest run that is long enough is taken. The search starts where nothing free
// lies before, as the frame bitmap's does. Cost: allocate O(pages / 32) at worst; release O(1) a page. Owns
// its bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "mm/core/range.hpp"
#include "mm/core/result.hpp"

namespace kernel {

template <std::size_t kPages>
class PageRuns {
  public:
    /// The pages of `region`, which is kPages long, all free.
    explicit PageRuns(mm::VirtRange region) : region_(region) {}

    /// The lowest `count` consecutive free pages, now used. Error: kNoAddresses.
    mm::Result<mm::VirtAddr> allocate(mm::PageCount count) {
        while (lowest_free_ < kPages && is_used(lowest_free_)) {
            ++lowest_free_;
        }
        std::size_t begin = lowest_free_;
        std::size_t length = 0;
        for (std::size_t page = begin; page < kPages && length < count; ++page) {
            if (is_used(page)) {
                begin = page + 1;
                length = 0;
            } else {
                ++length;
            }
        }
        if (length < count) {
            return mm::failure(mm::Error::kNoAddresses);
        }
        for (std::size_t page = begin; page < begin + count; ++page) {
            words_[page / 32] |= 1U << (page % 32);
        }
        if (begin == lowest_free_) {
            lowest_free_ = begin + count;
        }
        if (end_ < begin + count) {
            end_ = begin + count;
        }
        return region_.begin + begin * mm::kPageSize;
    }

    /// The page at `address`, used until now, is free.
    void release(mm::VirtAddr address) {
        const std::size_t page = (address - region_.begin) / mm::kPageSize;
        words_[page / 32] &= ~(1U << (page % 32));
        if (page < lowest_free_) {
            lowest_free_ = page;
        }
    }

    /// Whether the page of `address` (any address) is in use.
    [[nodiscard]] bool contains(mm::VirtAddr address) const {
        return region_.contains(address) && is_used((address - region_.begin) / mm::kPageSize);
    }
    /// The region's beginning, up to the highest page that was ever used.
    [[nodiscard]] mm::VirtRange ever_used() const {
        return {region_.begin, region_.begin + end_ * mm::kPageSize};
    }

  private:
    [[nodiscard]] bool is_used(std::size_t page) const {
        return (words_[page / 32] >> (page % 32) & 1U) != 0;
    }

    mm::VirtRange region_;
    std::array<std::uint32_t, kPages / 32> words_{};
    std::size_t lowest_free_ = 0;
    std::size_t end_ = 0;
};

}  // namespace kernel
