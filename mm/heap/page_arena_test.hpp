// A PageSource for host tests: pages out of one reserved stretch of addresses, placed as a test wants them. A
// page that is not out cannot be read or written: a heap that touches one dies on the spot.
#pragma once

#include <sys/mman.h>

#include <bitset>
#include <cstdint>
#include <cstring>
#include <random>
#include <stdexcept>

#include "mm/heap/page_source.hpp"

namespace mm {

class PageArena {
  public:
    static constexpr std::size_t kPages = 4096;
    /// Where a run is placed: as low as it fits, with an untouched page on either side of it, or anywhere it
    /// fits.
    enum class Placement { kLowest, kApart, kAnywhere };

    explicit PageArena(Placement placement = Placement::kLowest) : placement_(placement) {
        void* const stretch =
            mmap(nullptr, kPages * kPageSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (stretch == MAP_FAILED) {
            throw std::runtime_error("no address space for the test's pages");
        }
        begin_ = static_cast<std::byte*>(stretch);
    }
    PageArena(const PageArena&) = delete;
    PageArena& operator=(const PageArena&) = delete;
    ~PageArena() { munmap(begin_, kPages * kPageSize); }

    Result<void*> take_pages(PageCount count) {
        ++takes_;
        if (takes_ == failing_take_ || out_.count() + count > page_limit_) {
            return failure(Error::kNoMemory);
        }
        const std::size_t start = placement_ == Placement::kAnywhere ? random_() % kPages : 0;
        for (std::size_t step = 0; step < kPages; ++step) {
            const std::size_t first = (start + step) % kPages;
            if (fits(first, count)) {
                for (std::size_t page = first; page < first + count; ++page) {
                    out_.set(page);
                }
                std::byte* const pages = begin_ + first * kPageSize;
                mprotect(pages, count * kPageSize, PROT_READ | PROT_WRITE);
                std::memset(pages, static_cast<int>(random_() & 0xff), count * kPageSize);
                return pages;
            }
        }
        return failure(Error::kNoAddresses);
    }
    void give_pages(void* pages, PageCount count) {
        ++gives_;
        const std::size_t first = index(pages);
        for (std::size_t page = first; page < first + count; ++page) {
            if (!out_.test(page)) {
                throw std::logic_error("the heap gave back a page that it does not have");
            }
            out_.reset(page);
        }
        mprotect(pages, count * kPageSize, PROT_NONE);
    }
    [[nodiscard]] bool holds(const void* address) const {
        return index(address) < kPages && out_.test(index(address));
    }

    /// How far `address` lies from the beginning of all pages.
    [[nodiscard]] std::size_t offset_of(const void* address) const {
        return static_cast<std::size_t>(static_cast<const std::byte*>(address) - begin_);
    }
    [[nodiscard]] std::size_t pages_out() const { return out_.count(); }
    /// Calls of take_pages, refused ones included, and of give_pages.
    [[nodiscard]] std::size_t takes() const { return takes_; }
    [[nodiscard]] std::size_t gives() const { return gives_; }
    /// The n-th call of take_pages from now on (1 is the next) fails.
    void fail_take(std::size_t n) { failing_take_ = takes_ + n; }
    /// No more than `limit` pages are out at a time.
    void limit_pages(std::size_t limit) { page_limit_ = limit; }

  private:
    [[nodiscard]] std::size_t index(const void* address) const {
        return (reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(begin_)) /
               kPageSize;
    }
    [[nodiscard]] bool fits(std::size_t first, std::size_t count) const {
        const bool is_apart = placement_ == Placement::kApart;
        const std::size_t low = is_apart && first > 0 ? first - 1 : first;
        const std::size_t high = first + count + (is_apart ? 1 : 0);
        if (high > kPages) {
            return false;
        }
        for (std::size_t page = low; page < high; ++page) {
            if (out_.test(page)) {
                return false;
            }
        }
        return true;
    }

    Placement placement_;
    std::byte* begin_;
    std::bitset<kPages> out_;
    std::size_t takes_ = 0;
    std::size_t gives_ = 0;
    std::size_t failing_take_ = 0;
    std::size_t page_limit_ = kPages;
    std::minstd_rand random_;
};

}  // namespace mm
