// Pipes: bytes go in at one end and come out at the other, in order.
//
//   writers --> | ring of up to 64 KiB | --> readers
//
// A Pipe is the ring and who waits at it; it lives in an inode: a nameless one of its own (make_pipe), or a file
// system's FIFO (open_fifo). Its ring begins small, doubles while writers need more, and goes when the last end has
// closed. Invariants: I1 what is inside fits into the ring, whose size is a power of two or 0; I2 bytes are inside only
// while an end is open. A write of at most kAtomicBytes is never mixed with another's.
// Main line only; read, write and open may sleep. Cost of a small read or write: about 60 instructions.
// [POSIX] pipe, mkfifo; [linux] pipe(7)
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernel/files/open_file.hpp"

namespace kernel {

class Pipe {
  public:
    /// PIPE_BUF.
    static constexpr std::size_t kAtomicBytes = 4096;
    static constexpr std::size_t kCapacityAtFirst = 65536;
    static constexpr std::size_t kMostCapacity = std::size_t{1} << 20;

    Pipe() = default;
    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;
    ~Pipe();

    /// As read(2) and write(2). May sleep unless `flags` are non-blocking. write raises SIGPIPE where it fails with
    /// kBrokenPipe.
    FileResult<std::size_t> read(Transfer& to, OpenFlags flags);
    FileResult<std::size_t> write(Transfer& from, OpenFlags flags);
    PollEvents poll(PollQueues* queues, OpenFlags flags);
    /// Bytes inside.
    [[nodiscard]] std::size_t size_bytes() const { return size_; }

    /// How many bytes fit at most. set_capacity rounds up to a power of two and gives what it became. Errors: kBusy
    /// (more is inside), kNotPermitted (beyond kMostCapacity), kInvalid.
    [[nodiscard]] std::size_t capacity() const { return capacity_; }
    FileResult<std::size_t> set_capacity(std::size_t wanted);

    /// An end is opened (waits for the other one as open(2) of a FIFO does; errors: kNoDevice, kRestart), or closed.
    FileResult<void> open_fifo_end(OpenFlags flags);
    void add_end(OpenFlags flags);
    void close_end(OpenFlags flags);

  private:
    static constexpr std::size_t kSmallestRing = 512;

    FileResult<void> make_room(std::size_t wanted);
    FileResult<void> replace_ring(std::size_t size);
    FileResult<bool> wait_to_read(const Transfer& to, OpenFlags flags);
    FileResult<void> wait_to_write(std::size_t wanted);
    FileResult<std::size_t> take_out(Transfer& to);
    FileResult<std::size_t> write_in_pieces(Transfer& from, std::size_t moved, OpenFlags flags);
    FileResult<std::size_t> write_whole(Transfer& from, std::size_t copied, OpenFlags flags);
    void add(std::size_t count);
    void take_away(std::size_t count) {
        size_ -= count;
        begin_ = size_ == 0 ? 0 : (begin_ + count) & (ring_size_ - 1);
    }
    FileResult<std::size_t> fill(Transfer& from);
    [[nodiscard]] std::size_t room() const { return capacity_ - size_; }

    std::byte* ring_ = nullptr;
    std::size_t ring_size_ = 0;
    std::size_t begin_ = 0;  // of the oldest byte
    std::size_t size_ = 0;
    std::size_t capacity_ = kCapacityAtFirst;
    std::uint32_t readers_ = 0;  // open ends
    std::uint32_t writers_ = 0;
    std::uint32_t readers_ever_ = 0;  // ends ever opened: who waits in open must not miss a short visit
    std::uint32_t writers_ever_ = 0;
    WaitQueue can_read_;   // something came in, or the last writer went
    WaitQueue can_write_;  // something went out, or the last reader went
};

/// The two ends of a new pipe.
struct PipeEnds {
    Shared<OpenFile> reader;
    Shared<OpenFile> writer;
};
/// `flags`: kNonBlocking or nothing. Error: kNoMemory.
FileResult<PipeEnds> make_pipe(OpenFlags flags);

/// For file systems: opens `inode`, a FIFO, whose ring is `pipe` (a part of the inode). May sleep. Errors: kNoDevice
/// (non-blocking, to write, and nobody reads), kRestart, kNoMemory.
FileResult<Shared<OpenFile>> open_fifo(Shared<Inode> inode, Pipe& pipe, OpenFlags flags);

}  // namespace kernel
