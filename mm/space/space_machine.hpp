// The seam between address spaces and the machine they are on: everything an AddressSpace needs, in one type.
#pragma once

#include <concepts>
#include <cstdint>

#include "mm/core/frame_access.hpp"
#include "mm/core/range.hpp"
#include "mm/core/result.hpp"
#include "mm/frames/frame_account.hpp"
#include "mm/paging/layout_i686.hpp"
#include "mm/paging/page_tables.hpp"
#include "mm/paging/tlb.hpp"
#include "mm/space/page_store.hpp"
#include "mm/space/region_source.hpp"

namespace mm {

/// `Layout`, `Access`, `Tlb`  the page tables' shape; how frames are reached; how the CPU forgets. The Tlb is told of
///                    every space's pages, the active one's and others': it may ignore what the CPU cannot have.
/// `kUserPages`       the pages that programs may have; the rest of the address space is never touched.
/// `account`          where page tables and zero references go.
/// `zero_frame`       a frame of zeros, for ever: every first read shows it. Its mappings borrow it.
/// `frame_for_page`   a frame for a page of the space with the id `holder`; contents undefined. Errors: kNoMemory,
///                    kWouldWait (frames are being written out: wait, fault again).
/// `store`            where pages go that memory has no room for; null: they stay.
/// `regions`          where the nodes of regions come from.
template <typename T>
concept SpaceMachine = PageTableLayout<typename T::Layout> && FrameAccess<typename T::Access> &&
                       Tlb<typename T::Tlb> && requires(T machine, FrameOwner owner, std::uint32_t holder) {
                           { T::kUserPages } -> std::convertible_to<PageRange>;
                           { machine.access() } -> std::same_as<typename T::Access&>;
                           { machine.tlb() } -> std::same_as<typename T::Tlb&>;
                           { machine.account() } -> std::same_as<FrameAccount&>;
                           { machine.zero_frame() } -> std::same_as<FrameNumber>;
                           { machine.frame_for_page(owner, holder) } -> std::same_as<Result<OwnedFrame>>;
                           { machine.store() } -> std::same_as<PageStore*>;
                           { machine.regions() } -> std::same_as<RegionSource&>;
                       };

/// The contract as a type.
struct SpaceMachineArchetype {
    using Layout = LayoutI686;
    using Access = FrameAccessArchetype;
    using Tlb = TlbArchetype;

    static constexpr PageRange kUserPages{PageNumber(1), PageNumber(0xc0000)};

    Access& access();
    Tlb& tlb();
    FrameAccount& account();
    FrameNumber zero_frame();
    Result<OwnedFrame> frame_for_page(FrameOwner owner, std::uint32_t holder);
    PageStore* store();
    RegionSource& regions();
};
static_assert(SpaceMachine<SpaceMachineArchetype>);

}  // namespace mm
