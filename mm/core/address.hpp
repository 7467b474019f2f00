// Addresses and frame numbers: distinct types, so that the compiler keeps a physical address, a virtual one,
// a frame and a page apart.
//
//   PhysAddr  0x0000'0001'2345'6789      always 64 bits: PAE and x86_64 reach past 4 GiB
//             |---- frame ----|offset|
//                0x12345        0x789   FrameNumber = PhysAddr / 4096,  PageNumber = VirtAddr / 4096
//
// A *frame* is physical, a *page* virtual, a *slot* on the swap disk. Nothing converts between them: a mapping does.
// Frame numbers are 32 bits wide (16 TiB of memory): per-frame metadata stores many of them.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace mm {

inline constexpr unsigned kPageShift = 12;
inline constexpr std::size_t kPageSize = std::size_t{1} << kPageShift;  ///< Bytes in a frame and in a page.

class FrameNumber;
class PageNumber;

/// A byte's physical address.
class PhysAddr {
  public:
    constexpr PhysAddr() = default;
    explicit constexpr PhysAddr(std::uint64_t value) : value_(value) {}
    [[nodiscard]] constexpr std::uint64_t value() const { return value_; }
    /// The frame this byte lies in.
    [[nodiscard]] constexpr FrameNumber frame() const;
    /// Bytes from the beginning of that frame, below kPageSize.
    [[nodiscard]] constexpr std::size_t offset_in_frame() const {
        return static_cast<std::size_t>(value_) & (kPageSize - 1);
    }
    friend constexpr auto operator<=>(PhysAddr, PhysAddr) = default;
    friend constexpr PhysAddr operator+(PhysAddr a, std::uint64_t bytes) {
        return PhysAddr(a.value_ + bytes);
    }
    friend constexpr std::uint64_t operator-(PhysAddr a, PhysAddr b) { return a.value_ - b.value_; }

  private:
    std::uint64_t value_ = 0;
};

/// A byte's virtual address: a machine word.
class VirtAddr {
  public:
    constexpr VirtAddr() = default;
    explicit constexpr VirtAddr(std::uintptr_t value) : value_(value) {}
    /// The address of what `pointer` points to.
    static VirtAddr of(const void* pointer) { return VirtAddr(reinterpret_cast<std::uintptr_t>(pointer)); }
    [[nodiscard]] constexpr std::uintptr_t value() const { return value_; }
    [[nodiscard]] constexpr PageNumber page() const;
    [[nodiscard]] constexpr std::size_t offset_in_page() const { return value_ & (kPageSize - 1); }
    /// The address as a pointer. Valid only while something is mapped there.
    template <typename T>
    [[nodiscard]] T* as() const {
        return reinterpret_cast<T*>(value_);
    }
    friend constexpr auto operator<=>(VirtAddr, VirtAddr) = default;
    friend constexpr VirtAddr operator+(VirtAddr a, std::size_t bytes) { return VirtAddr(a.value_ + bytes); }
    friend constexpr std::size_t operator-(VirtAddr a, VirtAddr b) { return a.value_ - b.value_; }

  private:
    std::uintptr_t value_ = 0;
};

/// A number of frames.
using FrameCount = std::uint32_t;
/// A number of pages.
using PageCount = std::uint32_t;

/// The number of a 4 KiB page frame of physical memory.
class FrameNumber {
  public:
    constexpr FrameNumber() = default;
    explicit constexpr FrameNumber(std::uint32_t value) : value_(value) {}
    [[nodiscard]] constexpr std::uint32_t value() const { return value_; }
    /// The address of the frame's first byte.
    [[nodiscard]] constexpr PhysAddr address() const { return PhysAddr(std::uint64_t{value_} << kPageShift); }
    friend constexpr auto operator<=>(FrameNumber, FrameNumber) = default;
    friend constexpr FrameNumber operator+(FrameNumber f, FrameCount n) { return FrameNumber(f.value_ + n); }
    friend constexpr FrameCount operator-(FrameNumber a, FrameNumber b) { return a.value_ - b.value_; }
    constexpr FrameNumber& operator++() {
        ++value_;
        return *this;
    }

  private:
    std::uint32_t value_ = 0;
};

/// The number of a 4 KiB page of a virtual address space.
class PageNumber {
  public:
    constexpr PageNumber() = default;
    explicit constexpr PageNumber(std::uintptr_t value) : value_(value) {}
    [[nodiscard]] constexpr std::uintptr_t value() const { return value_; }
    [[nodiscard]] constexpr VirtAddr address() const { return VirtAddr(value_ << kPageShift); }
    friend constexpr auto operator<=>(PageNumber, PageNumber) = default;
    friend constexpr PageNumber operator+(PageNumber p, PageCount n) { return PageNumber(p.value_ + n); }
    friend constexpr PageCount operator-(PageNumber a, PageNumber b) {
        return static_cast<PageCount>(a.value_ - b.value_);
    }
    constexpr PageNumber& operator++() {
        ++value_;
        return *this;
    }

  private:
    std::uintptr_t value_ = 0;
};

/// A slot: room for one page on a swap disk, by number from the disk's beginning.
class SlotNumber {
  public:
    constexpr SlotNumber() = default;
    explicit constexpr SlotNumber(std::uint32_t value) : value_(value) {}
    [[nodiscard]] constexpr std::uint32_t value() const { return value_; }
    friend constexpr auto operator<=>(SlotNumber, SlotNumber) = default;
    friend constexpr SlotNumber operator+(SlotNumber s, std::uint32_t n) { return SlotNumber(s.value_ + n); }

  private:
    std::uint32_t value_ = 0;
};

constexpr FrameNumber PhysAddr::frame() const {
    return FrameNumber(static_cast<std::uint32_t>(value_ >> kPageShift));
}
constexpr PageNumber VirtAddr::page() const {
    return PageNumber(value_ >> kPageShift);
}

}  // namespace mm
