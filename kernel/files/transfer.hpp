// Bytes on their way between a file and whoever reads or writes it: a program's buffers, or the kernel's own.
//
// A file does not care which: it puts bytes, or takes them, until nothing remains. Program memory is reached only
// through the checked door (kernel/arch/i686/user_memory.hpp); a bad pointer ends the transfer with kFault, and what
// had moved until then counts. Cost: the copy.
//
// A move may sleep: pages of programs may come from a disk (user_memory.hpp has the rule). A file that stands on what
// others may change meanwhile moves under NoPageWaits, or with a window handle open; then a page that is not there ends
// the move like a bad pointer, and the file looks again once it is there:
//
//   for (;;) {
//       ... look up what there is now; nothing more, or all moved: return ...
//       {
//           const NoPageWaits no_waits;
//           moved = to.put(bytes);          // and what goes with it: positions, sizes, wake-ups
//       }
//       if (!moved && !to.bring_in(bytes.size(), UserAccess::kWrite)) return kFault, or what had moved before
//   }
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/arch/i686/user_memory.hpp"
#include "kernel/files/errno.hpp"

namespace kernel {

/// One buffer of a program, as Linux's `struct iovec` has it.
struct UserBuffer {
    std::uint32_t address = 0;
    std::uint32_t size_bytes = 0;
};
static_assert(sizeof(UserBuffer) == 8);

class Transfer {
  public:
    /// To or from one buffer of the running program; nothing is checked yet.
    static Transfer with_user(UserBuffer buffer) {
        Transfer transfer({}, buffer.size_bytes);
        transfer.single_ = buffer;
        return transfer;
    }
    /// The same, with several, in order. `buffers` outlives the transfer, in kernel memory; their sizes add up to
    /// less than 2 GiB.
    static Transfer with_user(std::span<const UserBuffer> buffers);
    /// To or from memory of the kernel's.
    static Transfer with_kernel(std::span<std::byte> memory);

    /// Bytes that can still move.
    [[nodiscard]] std::size_t remaining() const { return remaining_; }
    /// Bytes that have moved.
    [[nodiscard]] std::size_t moved() const { return moved_; }

    /// For a part of it: leaves at most `most` bytes remaining; what this returns is given back when those have moved.
    std::size_t hold_back_beyond(std::size_t most) {
        const std::size_t held = remaining_ > most ? remaining_ - most : 0;
        remaining_ -= held;
        return held;
    }
    void give_back(std::size_t held) { remaining_ += held; }

    /// Waits until what a move of `count` bytes touches next in the program's buffer that it has come to, the first
    /// kPagesBroughtIn pages of it at most, is there: until the next sleep that part moves without waiting. `access`:
    /// kWrite for put, kRead for take. Error: kFault, when nothing at all can be moved.
    FileResult<void> bring_in(std::size_t count, UserAccess access);

    /// File to reader: moves as much of `bytes` as remains wanted; returns how much. Error: kFault when nothing at
    /// all could be moved by this call (a part that could is returned, and the next call fails).
    FileResult<std::size_t> put(std::span<const std::byte> bytes) {
        return has_one_buffer()
                   ? moved_one(copy_to_user(next_address(), bytes.first(part_of(bytes.size()))), bytes.size())
                   : put_in_pieces(bytes);
    }
    /// The same with `count` zero bytes.
    FileResult<std::size_t> put_zeros(std::size_t count);
    /// Writer to a file that does not look: all that remains has moved; returns how much. Only such moves may follow.
    std::size_t drop() {
        const std::size_t count = remaining_;
        moved_ += count;
        offset_ += count;
        remaining_ = 0;
        return count;
    }
    /// Writer to file: fills as much of `bytes` as remains; returns how much. Error: kFault, as put.
    FileResult<std::size_t> take(std::span<std::byte> bytes) {
        return has_one_buffer()
                   ? moved_one(copy_from_user(bytes.first(part_of(bytes.size())), next_address()),
                               bytes.size())
                   : take_in_pieces(bytes);
    }

  private:
    // One buffer of a program is what nearly every call has: it takes the short way.
    [[nodiscard]] bool has_one_buffer() const {
        return buffers_.data() == nullptr && kernel_.data() == nullptr;
    }
    [[nodiscard]] UserAddress next_address() const {
        return single_.address + static_cast<UserAddress>(offset_);
    }
    [[nodiscard]] std::size_t part_of(std::size_t size) const {
        return size < remaining_ ? size : remaining_;
    }
    FileResult<std::size_t> moved_one(std::size_t count, std::size_t offered) {
        if (count == 0 && offered != 0 && remaining_ != 0) [[unlikely]] {
            return file_error(Errno::kFault);
        }
        offset_ += count;
        moved_ += count;
        remaining_ -= count;
        return count;
    }
    FileResult<std::size_t> put_in_pieces(std::span<const std::byte> bytes);
    FileResult<std::size_t> take_in_pieces(std::span<std::byte> bytes);

    template <typename MoveKernel, typename MoveUser>
    FileResult<std::size_t> move(std::size_t count, MoveKernel move_kernel, MoveUser move_user);

    Transfer(std::span<const UserBuffer> buffers, std::size_t total) : buffers_(buffers), remaining_(total) {}

    std::span<const UserBuffer> buffers_;  // Programs' memory; empty for the kernel's own
    UserBuffer single_{};                  // stands in for buffers_ when there is one
    std::span<std::byte> kernel_{};
    std::size_t buffer_ = 0;  // which of the buffers comes next
    std::size_t offset_ = 0;  // bytes of it (or of kernel_) that have moved
    std::size_t remaining_ = 0;
    std::size_t moved_ = 0;
};

}  // namespace kernel
