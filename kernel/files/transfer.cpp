#include "kernel/files/transfer.hpp"

#include "kernel/arch/i686/user_memory.hpp"

namespace kernel {
namespace {

std::size_t smaller(std::size_t a, std::size_t b) {
    return a < b ? a : b;
}

}  // namespace

Transfer Transfer::with_user(std::span<const UserBuffer> buffers) {
    std::size_t total = 0;
    for (const UserBuffer& buffer : buffers) {
        total += buffer.size_bytes;
    }
    return {buffers, total};
}

Transfer Transfer::with_kernel(std::span<std::byte> memory) {
    Transfer transfer({}, memory.size());
    transfer.kernel_ = memory;
    return transfer;
}

/// Moves up to `count` bytes in pieces that lie in one buffer each: move_kernel(bytes of the kernel's side),
/// move_user(address, size) say how many they moved of the piece that begins `moved so far` bytes into the file's.
template <typename MoveKernel, typename MoveUser>
FileResult<std::size_t> Transfer::move(std::size_t count, MoveKernel move_kernel, MoveUser move_user) {
    count = smaller(count, remaining_);
    std::size_t done = 0;
    while (done < count) {
        std::size_t step = 0;
        if (!kernel_.empty()) {
            step = count - done;
            move_kernel(kernel_.subspan(offset_, step), done);
            offset_ += step;
        } else {
            const UserBuffer& buffer = buffers_.empty() ? single_ : buffers_[buffer_];
            const std::size_t room = buffer.size_bytes - offset_;
            if (room == 0) {
                ++buffer_;
                offset_ = 0;
                continue;
            }
            const std::size_t wanted = smaller(room, count - done);
            step = move_user(buffer.address + static_cast<std::uint32_t>(offset_), wanted, done);
            offset_ += step;
            if (step != wanted) [[unlikely]] {
                done += step;
                break;
            }
        }
        done += step;
    }
    moved_ += done;
    remaining_ -= done;
    if (done == 0 && count != 0) [[unlikely]] {
        return file_error(Errno::kFault);
    }
    return done;
}

FileResult<void> Transfer::bring_in(std::size_t count, UserAccess access) {
    if (!kernel_.empty()) {
        return {};
    }
    count = smaller(count, remaining_);
    std::size_t offset = offset_;
    for (std::size_t at = buffer_; count != 0;) {
        const UserBuffer& buffer = buffers_.empty() ? single_ : buffers_[at];
        const std::size_t wanted = smaller(buffer.size_bytes - offset, count);
        if (wanted != 0) {
            // The first piece is enough for the move to get on: what lies in other buffers comes when it is their turn.
            const UserAddress begin = buffer.address + static_cast<UserAddress>(offset);
            return bring_in_user(begin, wanted, access) != 0 ? FileResult<void>() : file_error(Errno::kFault);
        }
        ++at;
        offset = 0;
    }
    return {};
}

FileResult<std::size_t> Transfer::put_in_pieces(std::span<const std::byte> bytes) {
    return move(
        bytes.size(),
        [bytes](std::span<std::byte> to, std::size_t done) {
            __builtin_memcpy(to.data(), bytes.data() + done, to.size());
        },
        [bytes](UserAddress to, std::size_t size, std::size_t done) {
            return copy_to_user(to, bytes.subspan(done, size));
        });
}

FileResult<std::size_t> Transfer::put_zeros(std::size_t count) {
    return move(
        count, [](std::span<std::byte> to, std::size_t) { __builtin_memset(to.data(), 0, to.size()); },
        [](UserAddress to, std::size_t size, std::size_t) { return zero_user(to, size); });
}

FileResult<std::size_t> Transfer::take_in_pieces(std::span<std::byte> bytes) {
    return move(
        bytes.size(),
        [bytes](std::span<std::byte> from, std::size_t done) {
            __builtin_memcpy(bytes.data() + done, from.data(), from.size());
        },
        [bytes](UserAddress from, std::size_t size, std::size_t done) {
            return copy_from_user(bytes.subspan(done, size), from);
        });
}

}  // namespace kernel
