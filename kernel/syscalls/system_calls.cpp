// System calls about the machine: names, memory, random bytes, the log, power.
#include <algorithm>
#include <array>
#include <new>

#include "kernel/arch/i686/machine.hpp"
#include "kernel/clock.hpp"
#include "kernel/log.hpp"
#include "kernel/machine_names.hpp"
#include "kernel/memory/kernel_memory.hpp"
#include "kernel/memory/swap_area.hpp"
#include "kernel/programs/host_command.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/programs/scheduler.hpp"
#include "kernel/random.hpp"
#include "kernel/syscalls/call.hpp"

namespace kernel {
namespace {

CallResult uname(const CallArguments& arguments) {
    return call_result(write_user(arguments.first(), machine_names()));
}

CallResult set_name(MachineNames::Name& name, const CallArguments& arguments) {
    MachineNames::Name wanted{};
    const auto length = static_cast<std::int32_t>(arguments.second());
    if (length < 0 || static_cast<std::uint32_t>(length) >= wanted.size()) {
        return call_error(Errno::kInvalid);
    }
    const std::span<char> bytes = std::span(wanted).first(static_cast<std::uint32_t>(length));
    if (copy_from_user(std::as_writable_bytes(bytes), arguments.first()) != bytes.size()) {
        return call_error(Errno::kFault);
    }
    name = wanted;
    return 0;
}

CallResult sethostname(const CallArguments& arguments) {
    return set_name(machine_names().host, arguments);
}

CallResult setdomainname(const CallArguments& arguments) {
    return set_name(machine_names().domain, arguments);
}

/// struct sysinfo of i386.
struct SystemInformation {
    std::int32_t uptime;
    std::uint32_t loads[3];
    std::uint32_t total_ram, free_ram, shared_ram, buffer_ram, total_swap, free_swap;
    std::uint16_t processes, unused;
    std::uint32_t total_high, free_high, unit_bytes;
    std::array<std::byte, 8> padding;
};
static_assert(sizeof(SystemInformation) == 64);

CallResult sysinfo(const CallArguments& arguments) {
    using mm::FrameOwner;
    constexpr std::uint32_t kLoadShift = 16 - 11;  // from 1/2048 to 1/65536
    const mm::FrameAccount& account = kernel_memory()->account();
    const mm::FrameCount reserved =
        account.frames_of(FrameOwner::kFirmware) + account.frames_of(FrameOwner::kKernelImage) +
        account.frames_of(FrameOwner::kBootInformation) + account.frames_of(FrameOwner::kFrameMetadata) +
        account.frames_of(FrameOwner::kWithdrawn);
    const SchedulerFigures figures = scheduler_figures();
    SystemInformation information{};
    information.uptime = static_cast<std::int32_t>(clock().microseconds_since_entry() / 1'000'000);
    for (std::size_t i = 0; i < 3; ++i) {
        information.loads[i] = figures.load[i] << kLoadShift;
    }
    information.unit_bytes = 1;
    information.total_ram = account.total_frames() - reserved;
    information.free_ram = account.frames_of(FrameOwner::kFree);
    information.shared_ram = account.frames_of(FrameOwner::kSharedMemory);
    if (const SwapArea* const swap = SwapArea::active()) {
        const mm::SwapSlots& slots = swap->residency().slots();
        information.total_swap = slots.total();
        information.free_swap = slots.total() - slots.used();
    }
    // In bytes while that fits, as Linux does it; else in pages.
    if (information.total_ram < (1U << 20) - 1 && information.total_swap < (1U << 20) - 1) {
        for (std::uint32_t* pages : {&information.total_ram, &information.free_ram, &information.shared_ram,
                                     &information.total_swap, &information.free_swap}) {
            *pages *= mm::kPageSize;
        }
    } else {
        information.unit_bytes = mm::kPageSize;
    }
    information.processes = static_cast<std::uint16_t>(thread_count());
    return call_result(write_user(arguments.first(), information));
}

/// More is not given by one call. [linux] getrandom(2)
constexpr std::uint32_t kMostRandomBytes = 32 * 1024 * 1024 - 1;

CallResult getrandom(const CallArguments& arguments) {
    constexpr std::uint32_t kKnownFlags = 7;  // GRND_NONBLOCK, GRND_RANDOM, GRND_INSECURE
    if ((arguments.third() & ~kKnownFlags) != 0) {
        return call_error(Errno::kInvalid);
    }
    const UserAddress to = arguments.first();
    const std::uint32_t wanted = std::min(arguments.second(), kMostRandomBytes);
    std::array<std::byte, 256> bytes{};
    std::uint32_t done = 0;
    while (done < wanted) {
        const std::span<std::byte> part =
            std::span(bytes).first(std::min<std::size_t>(bytes.size(), wanted - done));
        fill_with_random(part);
        const std::size_t copied = copy_to_user(to + done, part);
        done += static_cast<std::uint32_t>(copied);
        if (copied != part.size() || (done % mm::kPageSize == 0 && done < wanted &&
                                      give_others_a_turn(Interruptible::kYes) == Wake::kSignal)) {
            break;
        }
    }
    return done == 0 && wanted != 0 ? call_error(Errno::kFault) : static_cast<CallResult>(done);
}

// [linux] uapi/linux/reboot.h
constexpr std::uint32_t kRebootMagic = 0xFEE1'DEAD;
constexpr std::uint32_t kRebootMagics2[] = {672274793, 85072278, 369367448, 537993216};
enum RebootCommand : std::uint32_t {
    kRestart = 0x0123'4567,
    kHalt = 0xCDEF'0123,
    kPowerOff = 0x4321'FEDC,
    kControlAltDeleteOn = 0x89AB'CDEF,
    kControlAltDeleteOff = 0,
};

CallResult reboot(const CallArguments& arguments) {
    const bool is_meant =
        arguments.first() == kRebootMagic && std::find(std::begin(kRebootMagics2), std::end(kRebootMagics2),
                                                       arguments.second()) != std::end(kRebootMagics2);
    if (!is_meant) {
        return call_error(Errno::kInvalid);
    }
    switch (arguments.third()) {
        case kPowerOff:
        case kHalt:
            end_with_status(0);
        case kRestart:
            reset_machine();
        case kControlAltDeleteOn:
        case kControlAltDeleteOff:
            return 0;  // the keyboard's three keys do nothing here, either way
        default:
            return call_error(Errno::kInvalid);
    }
}

/// Keeps the last bytes of what is printed, as many as there is room for.
class TailSink final : public Sink {
  public:
    explicit TailSink(std::span<char> room) : room_(room) {}

    void write(std::string_view bytes) override {
        for (const char byte : bytes) {
            room_[total_++ % room_.size()] = byte;
        }
    }
    /// Writes them out, oldest first; how many. Error: kFault.
    [[nodiscard]] FileResult<std::uint32_t> copy_to(UserAddress to) const {
        const std::size_t begin = total_ > room_.size() ? total_ % room_.size() : 0;
        const std::span<const char> older = room_.subspan(begin, std::min(total_, room_.size()) - begin);
        const std::span<const char> newer = room_.first(begin);
        if (copy_to_user(to, std::as_bytes(older)) != older.size() ||
            copy_to_user(to + static_cast<std::uint32_t>(older.size()), std::as_bytes(newer)) !=
                newer.size()) {
            return file_error(Errno::kFault);
        }
        return static_cast<std::uint32_t>(older.size() + newer.size());
    }

  private:
    std::span<char> room_;
    std::size_t total_ = 0;
};

CallResult read_log(UserAddress to, std::uint32_t room) {
    constexpr std::uint32_t kMostBytes = 64 * 1024;
    const std::uint32_t size_bytes = std::min(room, kMostBytes);
    if (size_bytes == 0) {
        return 0;
    }
    char* const bytes = new (std::nothrow) char[size_bytes];
    if (bytes == nullptr) {
        return call_error(Errno::kNoMemory);
    }
    TailSink tail({bytes, size_bytes});
    Printer out(tail);
    log().print_kmsg(out);
    const CallResult result = call_result(tail.copy_to(to));
    delete[] bytes;
    return result;
}

// [linux] include/linux/syslog.h
enum SyslogAction : std::uint32_t {
    kClose = 0,
    kOpen = 1,
    kReadAll = 3,
    kReadAndClear = 4,
    kClear = 5,
    kConsoleOff = 6,
    kConsoleOn = 7,
    kConsoleLevel = 8,
    kSizeUnread = 9,
    kSizeBuffer = 10,
};

/// The log is never emptied, and always on the console.
CallResult syslog(const CallArguments& arguments) {
    switch (arguments.first()) {
        case kReadAll:
        case kReadAndClear:
            if (static_cast<std::int32_t>(arguments.third()) < 0) {
                return call_error(Errno::kInvalid);
            }
            return read_log(arguments.second(), arguments.third());
        case kSizeBuffer:
            return 64 * 1024;
        case kClose:
        case kOpen:
        case kClear:
        case kConsoleOff:
        case kConsoleOn:
        case kConsoleLevel:
        case kSizeUnread:
            return 0;
        default:
            return call_error(Errno::kInvalid);
    }
}

CallResult personality(const CallArguments& arguments) {
    constexpr std::uint32_t kLinux = 0;
    constexpr std::uint32_t kAsk = UINT32_MAX;
    const std::uint32_t domain = arguments.first() & 0xFF;
    return arguments.first() == kAsk || domain == kLinux ? CallResult{kLinux} : call_error(Errno::kInvalid);
}

/// Ports are the kernel's.
CallResult refuse_ports(const CallArguments&) {
    return call_error(Errno::kNotPermitted);
}

constexpr CallRow kRows[] = {
    {74, "sethostname", "name, length", sethostname},
    {88, "reboot", "magic, magic, command, argument", reboot},
    {101, "ioperm", "from, count, on", refuse_ports},
    {103, "syslog", "action, buffer, size", syslog},
    {110, "iopl", "level", refuse_ports},
    {116, "sysinfo", "information", sysinfo},
    {121, "setdomainname", "name, length", setdomainname},
    {122, "uname", "names", uname},
    {136, "personality", "persona", personality},
    {355, "getrandom", "buffer, size, flags", getrandom},
};

}  // namespace

std::span<const CallRow> system_calls() {
    return kRows;
}

}  // namespace kernel
