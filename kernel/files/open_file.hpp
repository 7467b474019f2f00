// An open file: position, flags, and what read and write do. Descriptors of many processes may refer to one.
//
// read and write take the offset explicitly; the position is kept here and moved by the system calls (a file that
// has no position ignores the offset). May sleep unless flags say kNonBlocking.
#pragma once

#include <cstdint>

#include "kernel/files/inode.hpp"
#include "kernel/files/transfer.hpp"
#include "kernel/programs/wait.hpp"
#include "kernel/shared.hpp"

namespace kernel {

class Pipe;

/// What poll(2) knows, in its numbers.
struct PollEvents {
    std::uint16_t bits = 0;
    static constexpr std::uint16_t kIn = 1, kPriority = 2, kOut = 4, kError = 8, kHangUp = 0x10,
                                   kInvalid = 0x20, kReadNormal = 0x40, kWriteNormal = 0x100,
                                   kReadHangUp = 0x2000;
};

/// Collects the queues whose wakes may change what poll answers.
class PollQueues {
  public:
    virtual void add(WaitQueue& queue) = 0;

  protected:
    ~PollQueues() = default;
};

/// Whether a file has a position.
enum class Seekable : std::uint8_t { kNo, kYes };

class OpenFile : public SharedObject {
  public:
    /// Moves at most to.remaining() bytes from `offset` on to the reader; 0 is the end. A short count is normal for
    /// pipes and terminals. Errors: as read(2). On an error after some bytes have moved, their number is returned.
    virtual FileResult<std::size_t> read(Transfer& to, std::uint64_t offset);
    /// Likewise to the file. With kAppend in flags() the file itself takes the end as the offset.
    virtual FileResult<std::size_t> write(Transfer& from, std::uint64_t offset);

    /// What is so now; adds the queues to watch to `queues` when that is not null.
    virtual PollEvents poll(PollQueues* queues);
    /// ioctl(2). `argument` is as the program gave it. Error: kNotTerminal for what it does not know.
    virtual FileResult<std::int32_t> control(std::uint32_t request, std::uint32_t argument);
    /// fsync: nothing to wait for, in memory. Error: kInvalid for pipes and terminals.
    virtual FileResult<void> sync();
    /// Where SEEK_END leads: the node's size, unless the node does not know it.
    [[nodiscard]] virtual std::uint64_t end() const;
    /// The pipe it is an end of; null for other files. For what fcntl knows of pipes.
    [[nodiscard]] virtual Pipe* pipe() { return nullptr; }
    /// A descriptor of a process was closed; the object may live on.
    virtual void descriptor_closed() {}

    [[nodiscard]] Seekable seekable() const { return seekable_; }
    /// The node it was opened on; never null.
    [[nodiscard]] const Shared<Inode>& inode() const { return inode_; }

    std::uint64_t position = 0;
    OpenFlags flags;
    /// Around a transfer at the position, which may let others run: they come before or behind it, not between. May
    /// sleep until whoever has taken it releases it.
    void take_position() {
        if (position_taken_) [[unlikely]] {
            wait_for_position();
        }
        position_taken_ = true;
    }
    void release_position() {
        position_taken_ = false;
        if (!position_released_.empty()) [[unlikely]] {
            position_released_.wake_all();
        }
    }

  protected:
    OpenFile(Shared<Inode> inode, OpenFlags open_flags, Seekable seekable)
        : flags(open_flags), inode_(std::move(inode)), seekable_(seekable) {}
    /// Locks that were taken through it go.
    ~OpenFile() override;

  private:
    void wait_for_position();

    Shared<Inode> inode_;
    Seekable seekable_;
    bool position_taken_ = false;
    WaitQueue position_released_;
};

}  // namespace kernel
