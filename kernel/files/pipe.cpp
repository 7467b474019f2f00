#include "kernel/files/pipe.hpp"

#include <algorithm>
#include <bit>
#include <new>
#include <utility>

#include "kernel/fixed_text.hpp"
#include "kernel/programs/signals.hpp"
#include "kernel/programs/thread.hpp"

namespace kernel {
namespace {

constexpr std::uint32_t kPipeFileSystem = 6;

constinit std::uint64_t last_pipe_number = 0;

[[nodiscard]] std::unexpected<Errno> broken_pipe() {
    send_signal_to_thread(current_thread(), {.signal = signal::kPipe});
    return file_error(Errno::kBrokenPipe);
}

/// As far as the program's pages are there; how much.
std::size_t take_now(Transfer& from, std::span<std::byte> bytes) {
    const NoPageWaits no_waits;
    return from.take(bytes).value_or(0);
}

/// One end, open: of a nameless pipe or of a FIFO.
class PipeFile final : public OpenFile {
  public:
    /// Takes over an end that has been added to `pipe`, which `node` keeps alive.
    PipeFile(Shared<Inode> node, Pipe& pipe, OpenFlags open_flags)
        : OpenFile(std::move(node), open_flags, Seekable::kNo), pipe_(pipe), ends_(open_flags) {}
    ~PipeFile() override { pipe_.close_end(ends_); }

    FileResult<std::size_t> read(Transfer& to, std::uint64_t /*offset*/) override {
        return pipe_.read(to, flags);
    }
    FileResult<std::size_t> write(Transfer& from, std::uint64_t /*offset*/) override {
        return pipe_.write(from, flags);
    }
    PollEvents poll(PollQueues* queues) override { return pipe_.poll(queues, ends_); }
    FileResult<std::int32_t> control(std::uint32_t request, std::uint32_t argument) override {
        constexpr std::uint32_t kBytesReadable = 0x541B;  // FIONREAD
        if (request != kBytesReadable) {
            return file_error(Errno::kNotTerminal);
        }
        const auto stored = write_user(argument, static_cast<std::int32_t>(pipe_.size_bytes()));
        if (!stored) {
            return file_error(stored.error());
        }
        return 0;
    }
    FileResult<void> sync() override { return file_error(Errno::kInvalid); }
    [[nodiscard]] Pipe* pipe() override { return &pipe_; }

  private:
    Pipe& pipe_;
    OpenFlags ends_;  // as opened: fcntl changes `flags`
};

/// The node of a nameless pipe.
class PipeInode final : public Inode {
  public:
    PipeInode() : Inode(FileKind::kFifo, kPipeFileSystem), number_(++last_pipe_number) {}

    Pipe& pipe() { return pipe_; }

    void status(FileStatus& status) const override {
        status.device = kPipeFileSystem;
        status.inode = number_;
        status.kind = FileKind::kFifo;
        status.permissions = 0600;
    }
    /// Through /proc/PID/fd. Unlike a FIFO's, its ends wait for nobody: the others may be gone for good.
    FileResult<Shared<OpenFile>> open(OpenFlags flags) override;
    FileResult<std::string_view> path(std::span<char> buffer) const override {
        FixedText<32> text;
        Printer(text).print("pipe:[{}]", number_);
        if (text.text().size() > buffer.size()) {
            return file_error(Errno::kOutOfRange);
        }
        return std::string_view(buffer.data(), text.text().copy(buffer.data(), buffer.size()));
    }

  private:
    std::uint64_t number_;
    Pipe pipe_;
};

/// One more open file of an end that has been added; takes the end back when there is no memory for it.
FileResult<Shared<OpenFile>> file_of_end(Shared<Inode> inode, Pipe& pipe, OpenFlags flags) {
    auto* const file = new (std::nothrow) PipeFile(std::move(inode), pipe, flags);
    if (file == nullptr) {
        pipe.close_end(flags);
        return file_error(Errno::kNoMemory);
    }
    return Shared<OpenFile>(file);
}

FileResult<Shared<OpenFile>> PipeInode::open(OpenFlags flags) {
    pipe_.add_end(flags);
    return file_of_end(Shared<Inode>(this), pipe_, flags);
}

}  // namespace

Pipe::~Pipe() {
    delete[] ring_;
}

FileResult<std::size_t> Pipe::read(Transfer& to, OpenFlags flags) {
    std::size_t total = 0;
    for (;;) {
        if (size_ == 0) {
            if (total != 0) {
                return total;
            }
            if (const auto ready = wait_to_read(to, flags); !ready || !*ready) {
                return ready ? FileResult<std::size_t>(0) : file_error(ready.error());
            }
        }
        const std::size_t wanted = std::min(size_, to.remaining());
        const auto moved = take_out(to);
        total += moved.value_or(0);
        if (moved && *moved == wanted) [[likely]] {
            return total;
        }
        if (!to.bring_in(wanted, UserAccess::kWrite)) {
            return total != 0 ? FileResult<std::size_t>(total) : moved;
        }
    }
}

/// Moves what is inside to the reader, as far as its pages are there. Error: kFault.
FileResult<std::size_t> Pipe::take_out(Transfer& to) {
    const NoPageWaits no_waits;
    const std::size_t before_wrap = std::min(size_, ring_size_ - begin_);
    auto moved = to.put({ring_ + begin_, before_wrap});
    if (!moved) [[unlikely]] {
        return moved;
    }
    take_away(*moved);
    if (*moved == before_wrap && to.remaining() != 0 && size_ != 0) [[unlikely]] {
        // Behind the wrap; a fault there leaves what has moved.
        const std::size_t more = to.put({ring_ + begin_, size_}).value_or(0);
        take_away(more);
        *moved += more;
    }
    if (!can_write_.empty()) {
        can_write_.wake_all();
    }
    if (size_ != 0 && !can_read_.empty()) {
        can_read_.wake_one();  // Another reader may have been woken for these bytes and have slept on.
    }
    return moved;
}

/// Sleeps until there is something to read; false: there will not be. Errors: kAgain, kRestart.
FileResult<bool> Pipe::wait_to_read(const Transfer& to, OpenFlags flags) {
    if (to.remaining() == 0 || writers_ == 0) {
        return false;
    }
    if (flags.has(OpenFlags::kNonBlocking)) {
        return file_error(Errno::kAgain);
    }
    Waiter place(can_read_);
    do {
        if (sleep(Interruptible::kYes) == Wake::kSignal) {
            return file_error(Errno::kRestart);
        }
    } while (size_ == 0 && writers_ != 0);
    return size_ != 0;
}

FileResult<std::size_t> Pipe::write(Transfer& from, OpenFlags flags) {
    const std::size_t wanted = from.remaining();
    const std::size_t end = (begin_ + size_) & (ring_size_ - 1);
    if (wanted - 1 < std::min(ring_size_ - size_, ring_size_ - end) && readers_ != 0) [[likely]] {
        // All of it fits in one piece; and there is something.
        const std::size_t copied = take_now(from, {ring_ + end, wanted});
        if (copied == wanted) [[likely]] {
            add(copied);
            return copied;
        }
        if (wanted <= kAtomicBytes) {
            return write_whole(from, copied, flags);
        }
        add(copied);
        return write_in_pieces(from, copied, flags);
    }
    return write_in_pieces(from, 0, flags);
}

/// Writes what remains; `moved` bytes of the same write are inside already.
FileResult<std::size_t> Pipe::write_in_pieces(Transfer& from, std::size_t moved, OpenFlags flags) {
    const std::size_t wanted = from.remaining();
    if (readers_ == 0 && wanted != 0) [[unlikely]] {
        return broken_pipe();
    }
    while (from.remaining() != 0) {
        const bool is_atomic = wanted <= kAtomicBytes;
        const std::size_t needed = is_atomic ? wanted : 1;
        if (room() >= needed) {
            const auto copied = fill(from);
            if (is_atomic && copied && *copied != wanted) {
                const auto whole = write_whole(from, *copied, flags);
                return whole ? FileResult<std::size_t>(moved + *whole)
                             : (moved != 0 ? FileResult<std::size_t>(moved) : whole);
            }
            if (copied && *copied != 0) {
                add(*copied);
                moved += *copied;
                continue;
            }
            if (copied && from.bring_in(from.remaining(), UserAccess::kRead)) {
                continue;
            }
            return moved != 0 ? FileResult<std::size_t>(moved)
                              : file_error(copied ? Errno::kFault : copied.error());
        }
        if (flags.has(OpenFlags::kNonBlocking)) {
            return moved != 0 ? FileResult<std::size_t>(moved) : file_error(Errno::kAgain);
        }
        if (const auto waited = wait_to_write(needed); !waited) {
            return moved != 0 && waited.error() == Errno::kRestart ? FileResult<std::size_t>(moved)
                                                                   : file_error(waited.error());
        }
    }
    return moved;
}

/// Sleeps until `wanted` bytes fit. Errors: kRestart, kBrokenPipe.
FileResult<void> Pipe::wait_to_write(std::size_t wanted) {
    Waiter place(can_write_);
    while (room() < wanted) {
        if (sleep(Interruptible::kYes) == Wake::kSignal) {
            return file_error(Errno::kRestart);
        }
        if (readers_ == 0) {
            return broken_pipe();
        }
    }
    return {};
}

/// A write that is not to be mixed with others, of which only the first `copied` bytes were there to be copied behind
/// the end: collects all of it outside, where it may sleep, and writes that.
FileResult<std::size_t> Pipe::write_whole(Transfer& from, std::size_t copied, OpenFlags flags) {
    const std::size_t wanted = copied + from.remaining();
    auto* const bytes = new (std::nothrow) std::byte[wanted];
    if (bytes == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    const std::size_t end = (begin_ + size_) & (ring_size_ - 1);
    const std::size_t before_wrap = std::min(copied, ring_size_ - end);
    std::copy_n(ring_ + end, before_wrap, bytes);
    std::copy_n(ring_, copied - before_wrap, bytes + before_wrap);
    const std::size_t collected = copied + from.take({bytes + copied, wanted - copied}).value_or(0);
    FileResult<std::size_t> moved = file_error(Errno::kFault);
    if (collected != 0) {
        Transfer whole = Transfer::with_kernel({bytes, collected});
        moved = write_in_pieces(whole, 0, flags);
    }
    delete[] bytes;
    return moved;
}

/// What was copied behind the end is inside from now on.
void Pipe::add(std::size_t count) {
    size_ += count;
    if (!can_read_.empty()) {
        can_read_.wake_all();
    }
}

/// Copies what fits behind the end, as far as the writer's pages are there; how much. Error: kNoMemory.
FileResult<std::size_t> Pipe::fill(Transfer& from) {
    const std::size_t count = std::min(from.remaining(), room());
    if (ring_size_ - size_ < count) [[unlikely]] {
        if (const auto grown = make_room(count); !grown) {
            return file_error(grown.error());
        }
    }
    std::size_t copied = 0;
    while (copied < count && size_ + copied < ring_size_) {
        const std::size_t end = (begin_ + size_ + copied) & (ring_size_ - 1);
        const std::size_t before_wrap =
            std::min({count - copied, ring_size_ - size_ - copied, ring_size_ - end});
        const std::size_t part = take_now(from, {ring_ + end, before_wrap});
        copied += part;
        if (part < before_wrap) {
            break;
        }
    }
    return copied;
}

/// Doubles the ring until `wanted` more bytes fit. With a ring that has room for a part of them, or for an atomic
/// write, a lack of memory is no error: the rest waits. Error: kNoMemory.
FileResult<void> Pipe::make_room(std::size_t wanted) {
    const std::size_t size = std::max(kSmallestRing, std::bit_ceil(size_ + wanted));
    if (const auto replaced = replace_ring(size); !replaced) {
        const bool part_fits = wanted > kAtomicBytes && size_ < ring_size_;
        return part_fits ? FileResult<void>() : replaced;
    }
    return {};
}

FileResult<void> Pipe::replace_ring(std::size_t size) {
    auto* const ring = new (std::nothrow) std::byte[size];
    if (ring == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    const std::size_t before_wrap = std::min(size_, ring_size_ - begin_);
    std::copy_n(ring_ + begin_, before_wrap, ring);
    std::copy_n(ring_, size_ - before_wrap, ring + before_wrap);
    delete[] ring_;
    ring_ = ring;
    ring_size_ = size;
    begin_ = 0;
    return {};
}

FileResult<std::size_t> Pipe::set_capacity(std::size_t wanted) {
    if (wanted > kMostCapacity) {
        return file_error(wanted > INT32_MAX ? Errno::kInvalid : Errno::kNotPermitted);
    }
    const std::size_t capacity = std::max(kAtomicBytes, std::bit_ceil(wanted));
    if (size_ > capacity) {
        return file_error(Errno::kBusy);
    }
    if (ring_size_ > capacity) {
        if (const auto replaced = replace_ring(capacity); !replaced) {
            return file_error(replaced.error());
        }
    }
    capacity_ = capacity;
    can_write_.wake_all();
    return capacity;
}

PollEvents Pipe::poll(PollQueues* queues, OpenFlags flags) {
    PollEvents events;
    if (flags.readable()) {
        if (queues != nullptr) {
            queues->add(can_read_);
        }
        if (size_ != 0) {
            events.bits |= PollEvents::kIn | PollEvents::kReadNormal;
        }
        if (writers_ == 0 && writers_ever_ != 0) {
            events.bits |= PollEvents::kHangUp;
        }
    }
    if (flags.writable()) {
        if (queues != nullptr) {
            queues->add(can_write_);
        }
        if (room() >= kAtomicBytes || (size_ == 0 && capacity_ <= kAtomicBytes)) {
            events.bits |= PollEvents::kOut | PollEvents::kWriteNormal;
        }
        if (readers_ == 0) {
            events.bits |= PollEvents::kError;
        }
    }
    return events;
}

void Pipe::add_end(OpenFlags flags) {
    if (flags.readable()) {
        ++readers_;
        ++readers_ever_;
        can_write_.wake_all();
    }
    if (flags.writable()) {
        ++writers_;
        ++writers_ever_;
        can_read_.wake_all();
    }
}

void Pipe::close_end(OpenFlags flags) {
    if (flags.readable() && --readers_ == 0) {
        can_write_.wake_all();
    }
    if (flags.writable() && --writers_ == 0) {
        can_read_.wake_all();
    }
    if (readers_ == 0 && writers_ == 0) {
        delete[] ring_;
        ring_ = nullptr;
        ring_size_ = begin_ = size_ = 0;
        capacity_ = kCapacityAtFirst;
    }
}

FileResult<void> Pipe::open_fifo_end(OpenFlags flags) {
    const bool waits = !flags.has(OpenFlags::kNonBlocking);
    if (flags.writable() && !flags.readable() && !waits && readers_ == 0) {
        return file_error(Errno::kNoDevice);
    }
    add_end(flags);
    if (!waits || (flags.readable() && flags.writable())) {
        return {};
    }
    // Readers wait for a writer where they would wait for bytes, writers for a reader where they would for room.
    const std::uint32_t& others = flags.readable() ? writers_ : readers_;
    const std::uint32_t& others_ever = flags.readable() ? writers_ever_ : readers_ever_;
    const std::uint32_t others_before = others_ever;
    Waiter place(flags.readable() ? can_read_ : can_write_);
    while (others == 0 && others_ever == others_before) {
        if (sleep(Interruptible::kYes) == Wake::kSignal) {
            close_end(flags);
            return file_error(Errno::kRestart);
        }
    }
    return {};
}

FileResult<PipeEnds> make_pipe(OpenFlags flags) {
    auto* const node = new (std::nothrow) PipeInode;
    if (node == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    const Shared<Inode> keeper(node);
    const std::uint32_t kept = flags.bits & OpenFlags::kNonBlocking;
    PipeEnds ends;
    for (const auto access : {OpenFlags::kReadOnly, OpenFlags::kWriteOnly}) {
        const OpenFlags end_flags{kept | access};
        auto* const file = new (std::nothrow) PipeFile(keeper, node->pipe(), end_flags);
        if (file == nullptr) {
            return file_error(Errno::kNoMemory);
        }
        node->pipe().add_end(end_flags);
        (end_flags.readable() ? ends.reader : ends.writer) = Shared<OpenFile>(file);
    }
    return ends;
}

FileResult<Shared<OpenFile>> open_fifo(Shared<Inode> inode, Pipe& pipe, OpenFlags flags) {
    if (const auto opened = pipe.open_fifo_end(flags); !opened) {
        return file_error(opened.error());
    }
    return file_of_end(std::move(inode), pipe, flags);
}

}  // namespace kernel
