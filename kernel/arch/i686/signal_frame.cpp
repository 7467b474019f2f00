#include "kernel/arch/i686/signal_frame.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#include "kernel/arch/i686/context.hpp"
#include "kernel/arch/i686/fsave_image.hpp"
#include "kernel/programs/signal_information.hpp"

namespace kernel {
namespace {

constexpr std::uint32_t kFlagTrap = 0x100, kFlagDirection = 0x400, kFlagResume = 0x1'0000;
/// At a function's first instruction the return address lies 4 below a multiple of this. [abi/i386] 2.2.2
constexpr std::uint32_t kStackAlignment = 16;

/// struct sigcontext_32
struct SignalContext {
    std::uint32_t gs, fs, es, ds;
    std::uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax;
    std::uint32_t trap, error;
    std::uint32_t eip, cs, eflags, esp_at_signal, ss;
    UserAddress vectors;
    std::uint32_t mask_low;
    std::uint32_t fault_address;
};
static_assert(sizeof(SignalContext) == 88);

/// struct sigframe_ia32. Linux has room for registers in it that it no longer uses; programs that know offsets do.
struct PlainFrame {
    UserAddress return_address;
    std::uint32_t signal;
    SignalContext context;
    std::array<std::byte, 624> unused;
    std::uint32_t mask_high;
    std::array<std::uint8_t, 8> return_code;
};
static_assert(sizeof(PlainFrame) == 732);

struct AlternateStack {
    UserAddress address;
    std::uint32_t flags;
    std::uint32_t size_bytes;
};

/// struct ucontext_ia32
struct UserContext {
    std::uint32_t flags;
    std::uint32_t link;
    AlternateStack stack;
    SignalContext context;
    std::uint32_t mask_low, mask_high;
};

/// struct rt_sigframe_ia32
struct InformationFrame {
    UserAddress return_address;
    std::uint32_t signal;
    UserAddress information_address;
    UserAddress context_address;
    UserSignalInfo information;
    UserContext context;
    std::array<std::uint8_t, 8> return_code;
};
static_assert(sizeof(InformationFrame) == 16 + 128 + 116 + 8);

/// What fpstate points to: an FSAVE image, then what FXSAVE stores.
struct VectorFrame {
    FsaveImage old;
    std::array<std::byte, sizeof(VectorState)> now;
};
static_assert(sizeof(VectorFrame) == 624);

/// popl %eax; movl $119, %eax; int $0x80
constexpr std::array<std::uint8_t, 8> kReturnPlain{0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80};
/// movl $173, %eax; int $0x80
constexpr std::array<std::uint8_t, 8> kReturnWithInformation{0xb8, 173, 0, 0, 0, 0xcd, 0x80, 0};

bool is_on_alternate_stack(const Thread& thread) {
    const ThreadSignals& signals = thread.signals;
    return thread.frame->user_esp - signals.alternate_stack - 1 < signals.alternate_stack_bytes;
}

UserAddress top_of_stack(const Thread& thread, const SignalAction& action) {
    const ThreadSignals& signals = thread.signals;
    if ((action.flags & action_flag::kOnStack) != 0 && signals.alternate_stack_bytes != 0 &&
        !is_on_alternate_stack(thread)) {
        return signals.alternate_stack + signals.alternate_stack_bytes;
    }
    return thread.frame->user_esp;
}

/// Whether a frame down to `bottom` would leave the alternate stack that the thread is on: its overflow.
bool overflows_alternate_stack(const Thread& thread, UserAddress top, UserAddress bottom) {
    const ThreadSignals& signals = thread.signals;
    const bool begins_there = top - signals.alternate_stack - 1 < signals.alternate_stack_bytes;
    return signals.alternate_stack_bytes != 0 && begins_there &&
           bottom - signals.alternate_stack >= signals.alternate_stack_bytes;
}

SignalContext context_of(const Thread& thread, const SignalInfo& info, UserAddress vectors, SignalSet mask) {
    const TrapFrame& frame = *thread.frame;
    const bool is_exception = frame.vector < 32;
    return {.gs = frame.gs & 0xFFFF,
            .fs = frame.fs & 0xFFFF,
            .es = frame.es & 0xFFFF,
            .ds = frame.ds & 0xFFFF,
            .edi = frame.edi,
            .esi = frame.esi,
            .ebp = frame.ebp,
            .esp = frame.user_esp,
            .ebx = frame.ebx,
            .edx = frame.edx,
            .ecx = frame.ecx,
            .eax = frame.eax,
            .trap = is_exception ? frame.vector : 0,
            .error = is_exception ? frame.error_code : 0,
            .eip = frame.eip,
            .cs = frame.cs & 0xFFFF,
            .eflags = frame.eflags,
            .esp_at_signal = frame.user_esp,
            .ss = frame.user_ss & 0xFFFF,
            .vectors = vectors,
            .mask_low = static_cast<std::uint32_t>(mask.bits),
            .fault_address = info.address};
}

void set_registers(TrapFrame& frame, const SignalContext& context) {
    frame.gs = context.gs;
    frame.fs = context.fs;
    frame.es = context.es;
    frame.ds = context.ds;
    frame.edi = context.edi;
    frame.esi = context.esi;
    frame.ebp = context.ebp;
    frame.user_esp = context.esp;
    frame.ebx = context.ebx;
    frame.edx = context.edx;
    frame.ecx = context.ecx;
    frame.eax = context.eax;
    frame.eip = context.eip;
    frame.cs = context.cs;
    frame.eflags = context.eflags;
    frame.user_ss = context.ss;
    sanitize_user_frame(frame);
    frame.vector = kNoCall;
}

/// Whether the CPU would go on with that code and stack segment. It takes no others, whatever the privilege level that
/// they ask for.
bool has_program_segments(const SignalContext& context) {
    constexpr std::uint32_t kRing3 = 3;
    return ((context.cs | kRing3) & 0xFFFF) == static_cast<std::uint32_t>(Selector::kUserCode) &&
           ((context.ss | kRing3) & 0xFFFF) == static_cast<std::uint32_t>(Selector::kUserData);
}

/// A frame of type T that ends below `end`, aligned as a function's.
template <typename T>
UserAddress place_below(UserAddress end) {
    const UserAddress address = end - sizeof(T);
    return ((address + 4) & ~(kStackAlignment - 1)) - 4;
}

UserAddress return_address(const SignalAction& action, UserAddress code) {
    return (action.flags & action_flag::kRestorer) != 0 ? action.restorer : code;
}

/// The registers that the handler begins with.
void start_handler(Thread& thread, const SignalAction& action, Signal number, UserAddress stack_pointer,
                   UserAddress information, UserAddress context) {
    TrapFrame& frame = *thread.frame;
    frame.user_esp = stack_pointer;
    frame.eip = action.handler;
    frame.eax = number;
    frame.edx = information;
    frame.ecx = context;
    frame.ds = frame.es = frame.user_ss = static_cast<std::uint32_t>(Selector::kUserData);
    frame.cs = static_cast<std::uint32_t>(Selector::kUserCode);
    frame.eflags &= ~(kFlagTrap | kFlagDirection | kFlagResume);
    frame.vector = kNoCall;
    thread.vectors.reset();
    thread.vectors.load();
}

/// The registers of the vector units, as the frame has them. The thread's own are up to date afterwards.
bool write_vectors(Thread& thread, UserAddress address) {
    thread.vectors.save();
    const FsaveImage old = fsave_image_of(thread.vectors.bytes);
    return write_user(address, old) && write_user(address + sizeof(old), thread.vectors.bytes);
}

/// Null: the program wants them as they are after a reset.
bool read_vectors(Thread& thread, UserAddress address) {
    if (address == 0) {
        thread.vectors.reset();
        thread.vectors.load();
        return true;
    }
    FsaveImage old{};
    alignas(16) VectorState now;
    if (!read_user(old, address) || !read_user(now.bytes, address + sizeof(old))) {
        return false;
    }
    apply_fsave_image(old, now.bytes);
    thread.vectors = now;
    thread.vectors.load();
    return true;
}

FileResult<void> enter_plain(Thread& thread, const SignalInfo& info, const SignalAction& action,
                             SignalSet mask, UserAddress vectors, UserAddress address) {
    PlainFrame frame{};
    frame.return_address = return_address(action, address + offsetof(PlainFrame, return_code));
    frame.signal = info.signal;
    frame.context = context_of(thread, info, vectors, mask);
    frame.mask_high = static_cast<std::uint32_t>(mask.bits >> 32);
    frame.return_code = kReturnPlain;
    if (!write_user(address, frame)) {
        return file_error(Errno::kFault);
    }
    start_handler(thread, action, info.signal, address, 0, 0);
    return {};
}

FileResult<void> enter_with_information(Thread& thread, const SignalInfo& info, const SignalAction& action,
                                        SignalSet mask, UserAddress vectors, UserAddress address) {
    const ThreadSignals& signals = thread.signals;
    InformationFrame frame{};
    frame.return_address = return_address(action, address + offsetof(InformationFrame, return_code));
    frame.signal = info.signal;
    frame.information_address = address + offsetof(InformationFrame, information);
    frame.context_address = address + offsetof(InformationFrame, context);
    frame.information = user_signal_info(info);
    frame.context.stack = {.address = signals.alternate_stack,
                           .flags = is_on_alternate_stack(thread) ? ThreadSignals::kOnAlternateStack
                                                                  : signals.alternate_stack_flags,
                           .size_bytes = signals.alternate_stack_bytes};
    frame.context.context = context_of(thread, info, vectors, mask);
    frame.context.mask_low = static_cast<std::uint32_t>(mask.bits);
    frame.context.mask_high = static_cast<std::uint32_t>(mask.bits >> 32);
    frame.return_code = kReturnWithInformation;
    if (!write_user(address, frame)) {
        return file_error(Errno::kFault);
    }
    start_handler(thread, action, info.signal, address, frame.information_address, frame.context_address);
    return {};
}

SignalSet mask_of(std::uint32_t low, std::uint32_t high) {
    return {std::uint64_t{high} << 32 | low};
}

}  // namespace

FileResult<void> enter_handler(Thread& thread, const SignalInfo& info, const SignalAction& action,
                               SignalSet mask) {
    constexpr std::uint32_t kVectorAlignment = 64;
    const UserAddress top = top_of_stack(thread, action);
    const UserAddress registers = (top - sizeof(VectorState)) & ~(kVectorAlignment - 1);
    const UserAddress vectors = registers - sizeof(FsaveImage);
    const bool with_information = (action.flags & action_flag::kInformation) != 0;
    const UserAddress address =
        with_information ? place_below<InformationFrame>(vectors) : place_below<PlainFrame>(vectors);
    if (address > top || overflows_alternate_stack(thread, top, address) || !write_vectors(thread, vectors)) {
        return file_error(Errno::kFault);
    }
    return with_information ? enter_with_information(thread, info, action, mask, vectors, address)
                            : enter_plain(thread, info, action, mask, vectors, address);
}

FileResult<SignalSet> leave_handler(Thread& thread, FrameKind kind) {
    SignalContext context{};
    SignalSet mask;
    // The handler's `ret` has taken the return address off the stack, and plain frames' code the number.
    if (kind == FrameKind::kPlain) {
        const UserAddress address = thread.frame->user_esp - offsetof(PlainFrame, context);
        std::uint32_t mask_high = 0;
        if (!read_user(context, address + offsetof(PlainFrame, context)) ||
            !read_user(mask_high, address + offsetof(PlainFrame, mask_high))) {
            return file_error(Errno::kFault);
        }
        mask = mask_of(context.mask_low, mask_high);
    } else {
        const UserAddress address = thread.frame->user_esp - sizeof(UserAddress);
        UserContext user{};
        if (!read_user(user, address + offsetof(InformationFrame, context))) {
            return file_error(Errno::kFault);
        }
        context = user.context;
        mask = mask_of(user.mask_low, user.mask_high);
        // What sigaltstack would refuse is ignored. [linux] restore_altstack
        thread.frame->user_esp = context.esp;
        static_cast<void>(
            set_alternate_stack(thread, user.stack.address, user.stack.size_bytes, user.stack.flags));
    }
    if (!has_program_segments(context) || !read_vectors(thread, context.vectors)) {
        return file_error(Errno::kFault);
    }
    set_registers(*thread.frame, context);
    return mask;
}

FileResult<void> set_alternate_stack(Thread& thread, UserAddress address, std::uint32_t size_bytes,
                                     std::uint32_t flags) {
    constexpr std::uint32_t kLeastBytes = 2048;  // MINSIGSTKSZ
    ThreadSignals& signals = thread.signals;
    if (signals.alternate_stack_bytes != 0 && is_on_alternate_stack(thread)) {
        return file_error(Errno::kNotPermitted);
    }
    if (flags != 0 && flags != ThreadSignals::kOnAlternateStack &&
        flags != ThreadSignals::kNoAlternateStack) {
        return file_error(Errno::kInvalid);
    }
    if (flags == ThreadSignals::kNoAlternateStack) {
        address = 0;
        size_bytes = 0;
    } else if (size_bytes < kLeastBytes) {
        return file_error(Errno::kNoMemory);
    }
    signals.alternate_stack = address;
    signals.alternate_stack_bytes = size_bytes;
    signals.alternate_stack_flags = flags == ThreadSignals::kNoAlternateStack ? flags : 0;
    return {};
}

std::uint32_t alternate_stack_state(const Thread& thread) {
    return thread.signals.alternate_stack_bytes != 0 && is_on_alternate_stack(thread)
               ? ThreadSignals::kOnAlternateStack
               : thread.signals.alternate_stack_flags;
}

}  // namespace kernel
