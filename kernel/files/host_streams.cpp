#include "kernel/files/host_streams.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <new>
#include <utility>

#include "kernel/drivers/serial.hpp"
#include "kernel/fixed_text.hpp"
#include "kernel/programs/scheduler.hpp"
#include "kernel/programs/signals.hpp"
#include "kernel/programs/thread.hpp"
#include "kernel/static_storage.hpp"

namespace kernel {
namespace {

constexpr std::uint32_t kHostFileSystem = 7;
constexpr std::size_t kHeaderBytes = 3;
constexpr std::size_t kPayloadBytes = 4096;
/// Looks at a busy device before other threads run.
constexpr unsigned kPatience = 16;

enum class FrameKind : char { kInput = '0', kOutput = '1', kError = '2', kExitStatus = 'x', kCredit = 'c' };

FrameKind kind_of(HostStream stream) {
    return stream == HostStream::kError ? FrameKind::kError : FrameKind::kOutput;
}

template <std::size_t kSize>
void write_header(std::array<char, kSize>& frame, FrameKind kind, std::size_t length) {
    frame[0] = static_cast<char>(kind);
    frame[1] = static_cast<char>(length & 0xFF);
    frame[2] = static_cast<char>(length >> 8);
}

/// What goes to the host, one frame after the other.
class HostOutput {
  public:
    FileResult<std::size_t> write(FrameKind kind, Transfer& from) {
        std::size_t moved = 0;
        while (from.remaining() != 0) {
            wait_for_turn();
            const auto part = take_now(from);
            if (!part) {
                if (from.bring_in(kPayloadBytes, UserAccess::kRead)) {
                    continue;  // Somebody else may be sending by now.
                }
                return moved != 0 ? FileResult<std::size_t>(moved) : part;
            }
            kind_ = kind;
            used_ = kHeaderBytes + *part;
            moved += *part;
            send_patiently();
            if (give_others_a_turn(Interruptible::kYes) == Wake::kSignal) {
                break;
            }
        }
        return moved;
    }

    void collect(FrameKind kind, std::string_view bytes) {
        if (kind != kind_) {
            flush();
            kind_ = kind;
        }
        while (!bytes.empty()) {
            const std::size_t count = bytes.copy(frame_.data() + used_, frame_.size() - used_);
            used_ += count;
            bytes.remove_prefix(count);
            if (used_ == frame_.size()) {
                flush();
            }
        }
    }

    /// Without letting anybody else run: also what is left of a frame that a sleeping thread has begun.
    void flush() {
        seal();
        com2().write({frame_.data() + sent_, sealed_ - sent_});
        sent_ = sealed_ = 0;
    }

    /// What is given back to the host: how many bytes of input were taken. Sent behind the frame that is under way.
    void send_credit(std::uint32_t taken) {
        credit_ = taken;
        credit_due_ = true;
        if (!sending_) {
            send_due_credit();
        }
    }

  private:
    FileResult<std::size_t> take_now(Transfer& from) {
        const NoPageWaits no_waits;
        return from.take(std::as_writable_bytes(std::span(frame_).subspan(kHeaderBytes)));
    }

    void wait_for_turn() {
        if (!sending_) {
            return;
        }
        Waiter place(turn_);
        while (sending_) {
            sleep(Interruptible::kNo);
        }
    }

    /// Closes the frame: what is collected is what will be sent.
    void seal() {
        if (used_ > kHeaderBytes) {
            write_header(frame_, kind_, used_ - kHeaderBytes);
            sealed_ = std::exchange(used_, kHeaderBytes);
        }
    }

    void send_patiently() {
        sending_ = true;
        seal();
        unsigned looks = 0;
        while (sent_ < sealed_) {
            const std::size_t count = com2().write_some({frame_.data() + sent_, sealed_ - sent_});
            sent_ += count;
            looks = count == 0 ? looks + 1 : 0;
            if (looks == kPatience) {
                looks = 0;
                yield();
            }
        }
        sent_ = sealed_ = 0;
        if (credit_due_) {
            send_due_credit();
        }
        sending_ = false;
        turn_.wake_one();
    }

    void send_due_credit() {
        std::array<char, kHeaderBytes + sizeof(credit_)> frame;
        write_header(frame, FrameKind::kCredit, sizeof(credit_));
        const auto bytes = std::bit_cast<std::array<char, sizeof(credit_)>>(credit_);
        std::copy(bytes.begin(), bytes.end(), frame.begin() + kHeaderBytes);
        credit_due_ = false;
        com2().write({frame.data(), frame.size()});
    }

    std::array<char, kHeaderBytes + kPayloadBytes> frame_{};
    FrameKind kind_ = FrameKind::kOutput;
    std::size_t used_ = kHeaderBytes;  // collected
    std::size_t sealed_ = 0;           // of the frame being sent, and
    std::size_t sent_ = 0;             // how much of it has been
    bool sending_ = false;             // a thread is, and may have yielded
    bool credit_due_ = false;
    std::uint32_t credit_ = 0;
    WaitQueue turn_;
};

// Built at first use, for they are never to be destroyed.
StaticStorage<HostOutput> output_storage;
HostOutput& host_output() {
    return output_storage.get() != nullptr ? *output_storage.get() : output_storage.construct();
}

/// What comes from the host: frames of input, taken apart, and what nobody has read yet.
class HostInput {
  public:
    [[nodiscard]] bool pending() const { return com2().has_received(); }

    void receive() {
        while (const auto byte = com2().read()) {
            take(static_cast<unsigned char>(*byte));
        }
        if (size_ != 0 || ended_) {
            readers_.wake_all();
        }
    }

    FileResult<std::size_t> read(Transfer& to, OpenFlags flags) {
        if (to.remaining() == 0) {
            return 0;
        }
        Waiter place(readers_);
        FileResult<std::size_t> moved = 0;
        do {
            while (size_ == 0) {
                if (ended_) {
                    return 0;
                }
                if (flags.has(OpenFlags::kNonBlocking)) {
                    return file_error(Errno::kAgain);
                }
                if (sleep(Interruptible::kYes) == Wake::kSignal) {
                    return file_error(Errno::kRestart);
                }
            }
            moved = move(to);
        } while (!moved && to.bring_in(kPayloadBytes, UserAccess::kWrite));
        // Half the credit at a time: the host can always send the other half, and is not told of every byte.
        if (taken_ - credited_ >= kHostInputCredit / 2) {
            credited_ = taken_;
            host_output().send_credit(taken_);
        }
        return moved;
    }

    PollEvents poll(PollQueues* queues) {
        if (queues != nullptr) {
            queues->add(readers_);
        }
        PollEvents events;
        if (size_ != 0 || ended_) {
            events.bits |= PollEvents::kIn | PollEvents::kReadNormal;
        }
        return events;
    }

    [[nodiscard]] std::size_t size_bytes() const { return size_; }

  private:
    FileResult<std::size_t> move(Transfer& to) {
        const NoPageWaits no_waits;
        std::size_t moved = 0;
        while (size_ != 0) {
            const auto part = to.put(
                std::as_bytes(std::span(ring_).subspan(begin_, std::min(size_, ring_.size() - begin_))));
            if (!part) {
                return moved != 0 ? FileResult<std::size_t>(moved) : part;
            }
            if (*part == 0) {
                break;
            }
            begin_ = (begin_ + *part) % ring_.size();
            size_ -= *part;
            taken_ += static_cast<std::uint32_t>(*part);
            moved += *part;
        }
        return moved;
    }

    void take(unsigned char byte) {
        switch (header_bytes_) {
            case 0:
                // Anything else is not this protocol: the host will be missed, not misunderstood.
                header_bytes_ = byte == static_cast<unsigned char>(FrameKind::kInput) ? 1 : 0;
                return;
            case 1:
                missing_ = byte;
                header_bytes_ = 2;
                return;
            case 2:
                missing_ |= static_cast<std::uint32_t>(byte) << 8;
                header_bytes_ = missing_ == 0 ? 0 : 3;
                ended_ = ended_ || missing_ == 0;
                return;
            default:
                break;
        }
        if (size_ < ring_.size()) {  // Always, with a host that minds its credit.
            ring_[(begin_ + size_++) % ring_.size()] = static_cast<char>(byte);
        }
        header_bytes_ = --missing_ == 0 ? 0 : 3;
    }

    std::array<char, kHostInputCredit> ring_{};
    std::size_t begin_ = 0;
    std::size_t size_ = 0;
    std::uint32_t taken_ = 0;     // bytes that programs have read
    std::uint32_t credited_ = 0;  // of which the host knows
    unsigned header_bytes_ = 0;   // of the frame that is coming in
    std::uint32_t missing_ = 0;   // of its payload
    bool ended_ = false;
    WaitQueue readers_;
};

StaticStorage<HostInput> input_storage;
HostInput& host_input() {
    return input_storage.get() != nullptr ? *input_storage.get() : input_storage.construct();
}

constinit DeferredWork input_work{.pending = [] { return host_input().pending(); },
                                  .run = [] { host_input().receive(); }};

class HostStreamFile final : public OpenFile {
  public:
    HostStreamFile(Shared<Inode> node, OpenFlags open_flags, HostStream stream)
        : OpenFile(std::move(node), open_flags, Seekable::kNo), stream_(stream) {}

    FileResult<std::size_t> read(Transfer& to, std::uint64_t /*offset*/) override {
        return stream_ == HostStream::kInput ? host_input().read(to, flags)
                                             : file_error(Errno::kBadDescriptor);
    }
    FileResult<std::size_t> write(Transfer& from, std::uint64_t /*offset*/) override {
        return stream_ == HostStream::kInput ? file_error(Errno::kBadDescriptor)
                                             : host_output().write(kind_of(stream_), from);
    }
    PollEvents poll(PollQueues* queues) override {
        if (stream_ == HostStream::kInput) {
            return host_input().poll(queues);
        }
        return {PollEvents::kOut | PollEvents::kWriteNormal};
    }
    FileResult<std::int32_t> control(std::uint32_t request, std::uint32_t argument) override {
        constexpr std::uint32_t kBytesReadable = 0x541B;  // FIONREAD
        if (request != kBytesReadable || stream_ != HostStream::kInput) {
            return file_error(Errno::kNotTerminal);
        }
        const auto stored = write_user(argument, static_cast<std::int32_t>(host_input().size_bytes()));
        return stored ? FileResult<std::int32_t>(0) : file_error(stored.error());
    }
    FileResult<void> sync() override { return file_error(Errno::kInvalid); }

  private:
    HostStream stream_;
};

class HostStreamInode final : public Inode {
  public:
    explicit HostStreamInode(HostStream stream) : Inode(FileKind::kFifo, kHostFileSystem), stream_(stream) {}

    void status(FileStatus& status) const override {
        status.device = kHostFileSystem;
        status.inode = 1 + static_cast<std::uint64_t>(stream_);
        status.kind = FileKind::kFifo;
        status.permissions = stream_ == HostStream::kInput ? 0400 : 0200;
    }
    FileResult<Shared<OpenFile>> open(OpenFlags flags) override {
        const std::uint32_t access =
            stream_ == HostStream::kInput ? OpenFlags::kReadOnly : OpenFlags::kWriteOnly;
        const OpenFlags own{(flags.bits & ~OpenFlags::kAccessMask) | access};
        auto* const file = new (std::nothrow) HostStreamFile(Shared<Inode>(this), own, stream_);
        if (file == nullptr) {
            return file_error(Errno::kNoMemory);
        }
        return Shared<OpenFile>(file);
    }
    FileResult<std::string_view> path(std::span<char> buffer) const override {
        FixedText<32> text;
        Printer(text).print("pipe:[host:{}]", static_cast<unsigned>(stream_));
        if (text.text().size() > buffer.size()) {
            return file_error(Errno::kOutOfRange);
        }
        return std::string_view(buffer.data(), text.text().copy(buffer.data(), buffer.size()));
    }

  private:
    HostStream stream_;
};

}  // namespace

void start_host_streams() {
    add_deferred_work(input_work);
}

FileResult<Shared<OpenFile>> open_host_stream(HostStream stream) {
    const Shared<HostStreamInode> node(new (std::nothrow) HostStreamInode(stream));
    if (!node) {
        return file_error(Errno::kNoMemory);
    }
    return node->open({});
}

void collect_host_output(HostStream stream, std::string_view bytes) {
    host_output().collect(kind_of(stream), bytes);
}

void flush_host_output() {
    host_output().flush();
}

void send_exit_status(std::uint8_t status) {
    host_output().flush();
    const char byte = static_cast<char>(status);
    host_output().collect(FrameKind::kExitStatus, {&byte, 1});
    host_output().flush();
}

}  // namespace kernel
