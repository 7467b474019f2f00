// The kernel's half of the virtual address space, in one place.
//
//   0x00000000 - 0xBFFFFFFF   programs; page 0 is never mapped
//   0xC0000000 - 0xC000FFFF   nothing
//   0xC0010000 - 0xC002FFFF   the bitmap of free frames            at most 128 KiB
//   0xC0030000 - 0xC004FFFF   the bitmap of verified frames        only with check=frames
//   0xC00B8000 - 0xC00BFFFF   VGA text memory
//   0xC0100000 - 0xC03F7FFF   the kernel image (linked here; the build fails when it does not fit)
//   0xC03F8000 - 0xC03FFFFF   the window: eight pages, the last one first
//   0xC0400000 - 0xC13FFFFF   the frame table, at most 16 bytes a frame
//   0xD0000000 - 0xDFFFFFFF   the kernel heap
//   0xE0000000 - 0xE0FFFFFF   benchmarks and self-tests; empty but while one runs
//   0xE4000000 - 0xE6FFFFFF   threads' kernel stacks, each above a page that is never mapped
//
// The image, the bitmaps and the window share the first page table, which is part of the image: what is
// needed to bring the first frame into use needs no frame itself.
#pragma once

#include <cstddef>

#include "mm/core/address.hpp"
#include "mm/core/range.hpp"
#include "mm/paging/layout_i686.hpp"

namespace kernel {

/// The page tables this kernel runs on.
using KernelLayout = mm::LayoutI686;

}  // namespace kernel

namespace kernel::layout {

inline constexpr mm::VirtAddr kKernelBase{0xc000'0000};
inline constexpr mm::VirtAddr kFreeBitmap{0xc001'0000};
inline constexpr mm::VirtAddr kVerifiedBitmap{0xc003'0000};
inline constexpr mm::VirtAddr kVgaText{0xc00b'8000};
inline constexpr mm::PhysAddr kVgaTextMemory{0x000b'8000};
inline constexpr std::size_t kVgaTextPages = 8;
inline constexpr mm::VirtAddr kFrameTable{0xc040'0000};
inline constexpr mm::VirtAddr kFrameTableEnd{0xc140'0000};
inline constexpr mm::VirtRange kHeap{mm::VirtAddr(0xd000'0000), mm::VirtAddr(0xe000'0000)};
inline constexpr mm::VirtRange kExercise{mm::VirtAddr(0xe000'0000), mm::VirtAddr(0xe100'0000)};
inline constexpr mm::VirtRange kKernelStacks{mm::VirtAddr(0xe400'0000), mm::VirtAddr(0xe700'0000)};

/// The window's pages: kWindowTop is entry 1023 of the first page table, (768 << 22) | (1023 << 12).
inline constexpr mm::VirtAddr kWindowTop{0xc03f'f000};
inline constexpr std::size_t kWindowPages = 8;
static_assert(kWindowTop.value() == ((768U << 22) | (1023U << 12)));

/// The last page of the address space, for walks over all of it.
inline constexpr mm::VirtAddr kLastPage{0xffff'f000};

}  // namespace kernel::layout
