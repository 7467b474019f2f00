// Pipes, and waiting until files are ready. [linux] poll(2), select(2), pipe(2)
#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "kernel/arch/i686/user_memory.hpp"
#include "kernel/files/pipe.hpp"
#include "kernel/files/poll.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/syscalls/call.hpp"
#include "kernel/syscalls/patience.hpp"

namespace kernel {
namespace {

constexpr std::uint32_t kSignalSetBytes = 8;

/// The signal mask that a call wants for itself. Errors: kFault, kInvalid.
FileResult<void> take_mask(UserAddress address, std::uint32_t size_bytes) {
    if (address == 0) {
        return {};
    }
    if (size_bytes != kSignalSetBytes) {
        return file_error(Errno::kInvalid);
    }
    SignalSet mask;
    if (const auto given = read_user(mask.bits, address); !given) {
        return given;
    }
    set_signal_mask_for_call(current_thread(), mask);
    return {};
}

/// Requests in memory for as long as a call lasts: few on the stack, more on the heap.
class Requests {
  public:
    explicit Requests(std::uint32_t count) : count_(count) {
        if (count > kFewPollRequests) {
            large_ = new (std::nothrow) PollRequest[count];
        }
    }
    Requests(const Requests&) = delete;
    Requests& operator=(const Requests&) = delete;
    ~Requests() { delete[] large_; }

    [[nodiscard]] bool valid() const { return count_ <= kFewPollRequests || large_ != nullptr; }
    std::span<PollRequest> all() { return {count_ <= kFewPollRequests ? few_.data() : large_, count_}; }

  private:
    std::uint32_t count_;
    std::array<PollRequest, kFewPollRequests> few_;
    PollRequest* large_ = nullptr;
};

// --- poll ---

CallResult poll_until(UserAddress address, std::uint32_t count, const Patience& patience) {
    if (count > current_process().limits[kLimitOpenFiles].soft || count > FileTable::kMost) {
        return call_error(Errno::kInvalid);
    }
    Requests requests(count);
    if (!requests.valid()) {
        return call_error(Errno::kNoMemory);
    }
    const auto bytes = std::as_writable_bytes(requests.all());
    if (copy_from_user(bytes, address) != bytes.size()) {
        return call_error(Errno::kFault);
    }
    const auto ready = poll_files(requests.all(), patience.deadline);
    patience.store_remaining();
    if (ready && copy_to_user(address, bytes) != bytes.size()) {
        return call_error(Errno::kFault);
    }
    return call_result(ready);
}

CallResult poll(const CallArguments& arguments) {
    const auto milliseconds = static_cast<std::int32_t>(arguments.third());
    Patience patience;
    if (milliseconds >= 0) {
        patience.deadline = moment_in(static_cast<std::uint64_t>(milliseconds) * 1000);
    }
    // What a signal without a handler interrupted goes on to its first end: a length of time is all it was given.
    Thread& thread = current_thread();
    if (const Moment until = std::exchange(thread.restart_deadline, kNever); until != kNever) {
        patience.deadline = until;
    }
    const CallResult ready = poll_until(arguments.first(), arguments.second(), patience);
    if (ready == call_error(Errno::kRestartNoHandler)) {
        thread.restart_deadline = patience.deadline;
    }
    return ready;
}

CallResult poll_with_mask(const CallArguments& arguments, TimeForm form) {
    const auto patience = read_patience(arguments.third(), form);
    if (!patience) {
        return call_error(patience.error());
    }
    if (const auto taken = take_mask(arguments.fourth(), arguments.fifth()); !taken) {
        return call_error(taken.error());
    }
    return poll_until(arguments.first(), arguments.second(), *patience);
}

CallResult ppoll(const CallArguments& arguments) {
    return poll_with_mask(arguments, TimeForm::kSpec32);
}
CallResult ppoll_time64(const CallArguments& arguments) {
    return poll_with_mask(arguments, TimeForm::kSpec64);
}

// --- select ---

constexpr std::uint32_t kWordBits = 32;
constexpr std::uint32_t kSetWords = FileTable::kMost / kWordBits;

constexpr std::uint16_t kReadEvents =
    PollEvents::kIn | PollEvents::kReadNormal | PollEvents::kHangUp | PollEvents::kError;
constexpr std::uint16_t kWriteEvents = PollEvents::kOut | PollEvents::kWriteNormal | PollEvents::kError;
constexpr std::uint16_t kExceptionEvents = PollEvents::kPriority;

/// One of select's three sets of descriptors.
class DescriptorSet {
  public:
    /// Errors: kFault.
    FileResult<void> read(UserAddress address, std::uint32_t words) {
        address_ = address;
        words_ = words;
        const auto bytes = std::as_writable_bytes(std::span(bits_).first(words));
        if (address != 0 && copy_from_user(bytes, address) != bytes.size()) {
            return file_error(Errno::kFault);
        }
        return {};
    }
    FileResult<void> write() const {
        const auto bytes = std::as_bytes(std::span(bits_).first(words_));
        if (address_ != 0 && copy_to_user(address_, bytes) != bytes.size()) {
            return file_error(Errno::kFault);
        }
        return {};
    }
    [[nodiscard]] bool has(std::uint32_t descriptor) const {
        return (bits_[descriptor / kWordBits] >> descriptor % kWordBits & 1U) != 0;
    }
    void clear() { bits_.fill(0); }
    void add(std::uint32_t descriptor) { bits_[descriptor / kWordBits] |= 1U << descriptor % kWordBits; }

  private:
    UserAddress address_ = 0;
    std::uint32_t words_ = 0;
    std::array<std::uint32_t, kSetWords> bits_{};
};

struct DescriptorSets {
    DescriptorSet readable, writable, exceptional;

    [[nodiscard]] std::uint16_t wanted(std::uint32_t descriptor) const {
        return static_cast<std::uint16_t>((readable.has(descriptor) ? kReadEvents : 0) |
                                          (writable.has(descriptor) ? kWriteEvents : 0) |
                                          (exceptional.has(descriptor) ? kExceptionEvents : 0));
    }
};

/// Leaves in `sets` what was found; how many bits that are.
std::uint32_t collect(DescriptorSets& sets, std::span<const PollRequest> requests) {
    std::uint32_t count = 0;
    const auto add = [&count](DescriptorSet& set, const PollRequest& request, std::uint16_t events) {
        if ((request.wanted & events) == events && (request.found & events) != 0) {
            set.add(static_cast<std::uint32_t>(request.descriptor));
            ++count;
        }
    };
    sets.readable.clear();
    sets.writable.clear();
    sets.exceptional.clear();
    for (const PollRequest& request : requests) {
        add(sets.readable, request, kReadEvents);
        add(sets.writable, request, kWriteEvents);
        add(sets.exceptional, request, kExceptionEvents);
    }
    return count;
}

struct SelectArguments {
    std::int32_t count;
    UserAddress readable, writable, exceptional, timeout;
};

CallResult select_until(const SelectArguments& arguments, const Patience& patience) {
    if (arguments.count < 0) {
        return call_error(Errno::kInvalid);
    }
    const std::uint32_t count =
        std::min(static_cast<std::uint32_t>(arguments.count), std::uint32_t{FileTable::kMost});
    const std::uint32_t words = (count + kWordBits - 1) / kWordBits;
    DescriptorSets sets;
    for (const auto& [set, address] :
         {std::pair(&sets.readable, arguments.readable), std::pair(&sets.writable, arguments.writable),
          std::pair(&sets.exceptional, arguments.exceptional)}) {
        if (const auto given = set->read(address, words); !given) {
            return call_error(given.error());
        }
    }
    std::uint32_t watched = 0;
    for (std::uint32_t descriptor = 0; descriptor < count; ++descriptor) {
        watched += sets.wanted(descriptor) != 0 ? 1 : 0;
    }
    Requests requests(watched);
    if (!requests.valid()) {
        return call_error(Errno::kNoMemory);
    }
    const auto all = requests.all();
    std::size_t used = 0;
    for (std::uint32_t descriptor = 0; descriptor < count; ++descriptor) {
        if (const std::uint16_t wanted = sets.wanted(descriptor); wanted != 0) {
            all[used++] = {static_cast<std::int32_t>(descriptor), wanted, 0};
        }
    }
    const auto ready = poll_files(all, patience.deadline);
    patience.store_remaining();
    if (!ready) {
        return call_error(ready.error());
    }
    for (const PollRequest& request : all) {
        if ((request.found & PollEvents::kInvalid) != 0) {
            return call_error(Errno::kBadDescriptor);
        }
    }
    const std::uint32_t found = collect(sets, all);
    for (const DescriptorSet* set : {&sets.readable, &sets.writable, &sets.exceptional}) {
        if (const auto stored = set->write(); !stored) {
            return call_error(stored.error());
        }
    }
    return static_cast<CallResult>(found);
}

CallResult select_with(const SelectArguments& arguments) {
    const auto patience = read_patience(arguments.timeout, TimeForm::kValue32);
    return patience ? select_until(arguments, *patience) : call_error(patience.error());
}

SelectArguments five_of(const CallArguments& arguments) {
    return {static_cast<std::int32_t>(arguments.first()), arguments.second(), arguments.third(),
            arguments.fourth(), arguments.fifth()};
}

/// The oldest form: its arguments lie in memory.
CallResult old_select(const CallArguments& arguments) {
    SelectArguments given{};
    const auto read = read_user(given, arguments.first());
    return read ? select_with(given) : call_error(read.error());
}

CallResult select(const CallArguments& arguments) {
    return select_with(five_of(arguments));
}

CallResult select_with_mask(const CallArguments& arguments, TimeForm form) {
    const auto patience = read_patience(arguments.fifth(), form);
    if (!patience) {
        return call_error(patience.error());
    }
    struct {
        UserAddress address;
        std::uint32_t size_bytes;
    } mask{};
    if (arguments.sixth() != 0) {
        if (const auto given = read_user(mask, arguments.sixth()); !given) {
            return call_error(given.error());
        }
        if (const auto taken = take_mask(mask.address, mask.size_bytes); !taken) {
            return call_error(taken.error());
        }
    }
    return select_until(five_of(arguments), *patience);
}

CallResult pselect6(const CallArguments& arguments) {
    return select_with_mask(arguments, TimeForm::kSpec32);
}
CallResult pselect6_time64(const CallArguments& arguments) {
    return select_with_mask(arguments, TimeForm::kSpec64);
}

// --- pipes ---

/// Opens a pipe and tells the program the numbers of its ends, all without a sleep: another thread that closed such a
/// number meanwhile, and opened something else there, would lose that. Error: kFault, also when `to` is not there yet.
CallResult open_pipe_now(UserAddress to, std::uint32_t flags) {
    const NoPageWaits no_waits;
    auto ends = make_pipe({flags & OpenFlags::kNonBlocking});
    if (!ends) {
        return call_error(ends.error());
    }
    FileTable& files = *current_process().files;
    const OnExec on_exec = (flags & OpenFlags::kCloseOnExec) != 0 ? OnExec::kClose : OnExec::kKeep;
    const std::uint32_t limit = current_process().limits[kLimitOpenFiles].soft;
    const auto reader = files.add(std::move(ends->reader), on_exec, 0, limit);
    if (!reader) {
        return call_error(reader.error());
    }
    const auto writer = files.add(std::move(ends->writer), on_exec, 0, limit);
    if (!writer) {
        static_cast<void>(files.close(*reader));
        return call_error(writer.error());
    }
    if (const auto stored = write_user(to, std::array{*reader, *writer}); !stored) {
        static_cast<void>(files.close(*reader));
        static_cast<void>(files.close(*writer));
        return call_error(stored.error());
    }
    return 0;
}

CallResult open_pipe(UserAddress to, std::uint32_t flags) {
    constexpr std::uint32_t kKnown = OpenFlags::kNonBlocking | OpenFlags::kCloseOnExec | OpenFlags::kDirect;
    if ((flags & ~kKnown) != 0 || (flags & OpenFlags::kDirect) != 0) {
        return call_error(Errno::kInvalid);
    }
    constexpr std::size_t kSize = sizeof(std::array<std::int32_t, 2>);
    CallResult opened = 0;
    do {
        opened = open_pipe_now(to, flags);
    } while (opened == call_error(Errno::kFault) && bring_in_user(to, kSize, UserAccess::kWrite) == kSize);
    return opened;
}

CallResult pipe(const CallArguments& arguments) {
    return open_pipe(arguments.first(), 0);
}
CallResult pipe2(const CallArguments& arguments) {
    return open_pipe(arguments.first(), arguments.second());
}

constexpr CallRow kRows[] = {
    {42, "pipe", "descriptors", pipe},
    {82, "select", "arguments", old_select},
    {142, "_newselect", "count, readable, writable, exceptional, timeout", select},
    {168, "poll", "requests, count, milliseconds", poll},
    {308, "pselect6", "count, readable, writable, exceptional, timeout, mask", pselect6},
    {309, "ppoll", "requests, count, timeout, mask, mask_size", ppoll},
    {331, "pipe2", "descriptors, flags", pipe2},
    {413, "pselect6_time64", "count, readable, writable, exceptional, timeout, mask", pselect6_time64},
    {414, "ppoll_time64", "requests, count, timeout, mask, mask_size", ppoll_time64},
};

}  // namespace

std::span<const CallRow> poll_calls() {
    return kRows;
}

}  // namespace kernel
