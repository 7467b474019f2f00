// The PageSource seam: where a heap gets its pages from and gives them back to. It stands where sbrk stood.
//
// The kernel implements it over a range of virtual addresses, the frame allocator and the page tables; a host
// test over an array that scatters, leaves gaps, and fails when told to.
#pragma once

#include <concepts>

#include "mm/core/address.hpp"
#include "mm/core/result.hpp"

namespace mm {

/// What a heap asks of its source. A source must not call the heap that it feeds. The archetype below is the
/// contract.
template <typename Source>
concept PageSource = requires(Source source, const Source const_source, void* pages, const void* address) {
    { source.take_pages(PageCount{}) } -> std::same_as<Result<void*>>;
    { source.give_pages(pages, PageCount{}) } -> std::same_as<void>;
    { const_source.holds(address) } -> std::same_as<bool>;
};

/// The least that satisfies PageSource, and the contract of each call. Instantiates the heap in its test.
class PageSourceArchetype {
  public:
    /// `count` (at least one) consecutive virtual pages, mapped and writable, the first one's address. Their
    /// frames may lie anywhere; their contents are undefined. They stay the taker's until given back. Errors:
    /// any; then nothing was taken.
    Result<void*> take_pages([[maybe_unused]] PageCount count) { return failure(Error::kNoMemory); }
    /// Takes back `count` pages from `pages` on: any whole pages that are out, from one take or several. They
    /// are not touched by the giver again. Cannot fail.
    void give_pages([[maybe_unused]] void* pages, [[maybe_unused]] PageCount count) {}
    /// True while the page of `address` is out. Takes any address whatever. Constant time and cheap, a bit
    /// test: the heap asks at every release, before it reads a header through a pointer that may be anything.
    [[nodiscard]] bool holds([[maybe_unused]] const void* address) const { return false; }
};

static_assert(PageSource<PageSourceArchetype>);

}  // namespace mm
