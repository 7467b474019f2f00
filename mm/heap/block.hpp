// A heap block: the sixteen-byte header in front of every piece of the heap, used or free.
//
//       header (one unit, 16 bytes)             payload                     slack
//      +-------+-------+----------------+------------------------------+------+-----+
//      | guard | bytes | link           | what the caller asked for    | tail |     |
//      +-------+-------+----------------+------------------------------+------+-----+
//      ^ block         |                ^ pointer the caller holds     ^ pointer + size_bytes
//                      free: address of the next free block;  used: size_bytes, as asked
//
// Invariants, of a sound header:
//   I1  guard + bytes + link + own address = the mark of its state (32-bit sums). The address is part of it
//       so that no copy of a header is a header, the state so that a free block never passes for a used one.
//   I2  (used) the word after the caller's bytes is kTail.
// The guard comes first because an overrun of the block before meets it first: one byte too many is seen with
// certainty. A sum, not a hash: it costs six instructions to check, two to keep up when only the size
// changes, and lets through nothing but damage to several fields that cancels out (for random bytes, one case
// in 2^32).
#pragma once

#include <cstddef>
#include <cstdint>

#include "mm/core/panic.hpp"

namespace mm {

/// What a block is, as the mark that its header must sum up to. The marks are no multiples of 16, as
/// addresses are.
enum class BlockState : std::uint32_t { kUsed = 0x5ca1'ab1eU, kFree = 0xf4ee'0fabU };

/// A block's header. Created in raw heap memory by `make`; never copied. It lies where others stored things
/// of their own types a moment ago: no optimisation may conclude from the types that the two cannot be in the
/// same place.
struct [[gnu::may_alias]] alignas(16) HeapBlock {
    std::uint32_t guard;
    std::uint32_t bytes;  ///< Length, this header included: a multiple of kUnit.
    std::uintptr_t link;  ///< See the drawing.

    /// What block lengths and addresses are multiples of.
    static constexpr std::size_t kUnit = 16;
    static constexpr std::uint32_t kTail = 0x7a11'7a11U;

    /// Writes a header for [address, address + bytes) and returns it.
    static HeapBlock* make(void* address, std::uint32_t bytes, std::uintptr_t link, BlockState state) {
        auto* block = static_cast<HeapBlock*>(address);
        block->bytes = bytes;
        block->link = link;
        block->seal(state);
        return block;
    }
    /// Where the header of the block with this payload would be. Any address; nothing is read.
    static std::uintptr_t address_for(const void* payload) {
        return reinterpret_cast<std::uintptr_t>(payload) - sizeof(HeapBlock);
    }
    /// The header at `address`: a multiple of kUnit, in a page of the heap.
    static HeapBlock* at(std::uintptr_t address) { return reinterpret_cast<HeapBlock*>(address); }

    [[nodiscard]] std::uintptr_t address() const { return reinterpret_cast<std::uintptr_t>(this); }
    [[nodiscard]] std::uintptr_t end_address() const { return address() + bytes; }
    [[nodiscard]] void* payload() { return this + 1; }
    [[nodiscard]] const void* payload() const { return this + 1; }
    [[nodiscard]] HeapBlock* next_free() const { return at(link); }

    [[nodiscard]] bool is(BlockState state) const { return sum() == static_cast<std::uint32_t>(state); }
    /// Changes the length. A sound header stays sound, and a smashed one smashed: the sum does not change.
    void resize(std::uint32_t new_bytes) {
        guard += bytes - new_bytes;
        bytes = new_bytes;
    }
    void set_next_free(const HeapBlock* next) {
        link = next->address();
        seal(BlockState::kFree);
    }
    /// Makes the header void: what is left of it inside a free block never passes for a used one again. (A
    /// free block's header that is swallowed may stay: nobody is to believe it, sound or not.)
    void erase() { guard = 0; }

    /// Puts the tail word behind the caller's bytes. The bytes are unaligned, hence the copy.
    void write_tail() { __builtin_memcpy(static_cast<std::byte*>(payload()) + link, &kTail, sizeof(kTail)); }
    [[nodiscard]] bool tail_is_intact() const {
        std::uint32_t tail;
        __builtin_memcpy(&tail, static_cast<const std::byte*>(payload()) + link, sizeof(tail));
        return tail == kTail;
    }
    /// Panics unless this is a sound free block: before its link is followed or its size believed.
    void expect_free() const {
        if (!is(BlockState::kFree)) [[unlikely]] {
            panic_smashed(this);
        }
    }
    /// Panics, naming a block whose header was overwritten.
    [[noreturn, gnu::cold]] static void panic_smashed(const HeapBlock* block);

  private:
    [[nodiscard]] std::uint32_t sum() const { return guard + bytes + folded(link) + folded(address()); }
    void seal(BlockState state) {
        guard = static_cast<std::uint32_t>(state) - bytes - folded(link) - folded(address());
    }
    static constexpr std::uint32_t folded(std::uintptr_t word) {
        if constexpr (sizeof(word) > sizeof(std::uint32_t)) {
            return static_cast<std::uint32_t>(word) + static_cast<std::uint32_t>(word >> 32);
        } else {
            return static_cast<std::uint32_t>(word);
        }
    }
};

static_assert(sizeof(HeapBlock) == HeapBlock::kUnit && alignof(HeapBlock) == HeapBlock::kUnit,
              "a unit is a header, aligned for any type");

}  // namespace mm
