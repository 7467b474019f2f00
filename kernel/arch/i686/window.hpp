// The window: how a kernel that maps no more than it must reaches the bytes of any frame.
//
// A stack of eight reserved pages, entry 1023 of the first page table first. `open` maps the frame at the
// next one, the handle's end unmaps it and makes the CPU forget it, so a handle kept too long faults instead
// of reading another frame. Frames of the kernel's own data (the page directory, the first page table) are
// reachable where they lie.
//
// Owns: entries 1016..1023 of the first page table.
// I1 the entries from next_ down are absent.  I2 handles close in reverse order.
// Cost: a store, an invlpg and a handful of instructions each way. Interrupt handlers open none.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernel/arch/i686/address_space.hpp"
#include "kernel/arch/i686/cpu.hpp"
#include "kernel/boot/image.hpp"
#include "mm/core/frame_access.hpp"
#include "mm/core/panic.hpp"
#include "mm/paging/layout_i686.hpp"

namespace kernel {

class Window {
  public:
    /// A frame's bytes, until the handle's end.
    class [[nodiscard]] Handle {
      public:
        Handle(const Handle&) = delete;
        Handle& operator=(const Handle&) = delete;
        ~Handle() {
            if (window_ != nullptr) {
                window_->close(bytes_);
            }
        }
        [[nodiscard]] std::byte* bytes() const { return bytes_; }

      private:
        friend class Window;
        Handle(std::byte* bytes, Window* window) : bytes_(bytes), window_(window) {}

        std::byte* bytes_;
        Window* window_;  // Null: nothing was mapped for this handle.
    };

    Window() = default;
    Window(const Window&) = delete;
    Window& operator=(const Window&) = delete;
    ~Window() = default;

    /// See mm::FrameAccess. Panics when all eight pages are in use.
    Handle open(mm::FrameNumber frame) {
        if (data_.contains(frame)) {
            return {(layout::kKernelBase + frame.value() * mm::kPageSize).as<std::byte>(), nullptr};
        }
        const mm::VirtAddr page = next_;
        mm::expect(page.value() > layout::kWindowTop.value() - layout::kWindowPages * mm::kPageSize,
                   "window: more frames open than it has pages");
        next_ = mm::VirtAddr(page.value() - mm::kPageSize);
        entry_of(page) = mm::LayoutI686::page_entry(frame, mm::page_flags::kWritable);
        cpu::invalidate_page(page);
        return {page.as<std::byte>(), this};
    }

    /// Frames open at this moment.
    [[nodiscard]] std::size_t depth() const { return (layout::kWindowTop - next_) / mm::kPageSize; }

  private:
    static volatile std::uint32_t& entry_of(mm::VirtAddr page) {
        return image::first_page_table()[(page - layout::kKernelBase) / mm::kPageSize];
    }
    void close(std::byte* bytes) {
        const mm::VirtAddr page = mm::VirtAddr::of(bytes);
        mm::expect(next_ + mm::kPageSize == page, "window: handles closed out of order");
        next_ = page;
        entry_of(page) = mm::LayoutI686::kAbsent;
        cpu::invalidate_page(page);
    }

    mm::VirtAddr next_ = layout::kWindowTop;  // The page that the next frame is opened at.
    mm::FrameRange data_{image::to_physical(image::data().begin).frame(),
                         image::to_physical(image::data().end).frame()};
};

/// The CPU's translations, for mm: see mm::Tlb.
class CpuTlb {
  public:
    void forget_page(mm::VirtAddr page) { cpu::invalidate_page(page); }
    void forget_all() { cpu::write_cr3(cpu::read_cr3()); }
};

}  // namespace kernel
