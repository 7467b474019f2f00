#include "kernel/arch/i686/context.hpp"

#include <cstring>

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/log.hpp"

extern "C" {
// In interrupt_entry.S.
void begin_thread_frame();
}

namespace kernel {
namespace {

// CR0. [intel/vol3] 2.5
constexpr std::uint32_t kMonitorCoprocessor = 1U << 1;
constexpr std::uint32_t kEmulation = 1U << 2;
constexpr std::uint32_t kTaskSwitched = 1U << 3;
constexpr std::uint32_t kNumericError = 1U << 5;
constexpr std::uint32_t kAlignmentMask = 1U << 18;
// CR4
constexpr std::uint32_t kFxsave = 1U << 9;
constexpr std::uint32_t kSimdExceptions = 1U << 10;
// CPUID leaf 1, EDX
constexpr std::uint32_t kCpuHasFpu = 1U << 0;
constexpr std::uint32_t kCpuHasFxsave = 1U << 24;
constexpr std::uint32_t kCpuHasSse = 1U << 25;

// Places in what FXSAVE writes, and what a program finds there at its start. [intel/vol1] table 10-2
constexpr std::size_t kControlWord = 0;
constexpr std::size_t kMxcsr = 24;
constexpr std::size_t kMxcsrMask = 28;
constexpr std::uint16_t kInitialControlWord = 0x37F;
constexpr std::uint32_t kInitialMxcsr = 0x1F80;
constexpr std::uint32_t kDefaultMxcsrMask = 0xFFBF;  // of CPUs that leave the mask 0

// EFLAGS that are a program's own: CF PF AF ZF SF TF DF OF, RF, AC, ID.
constexpr std::uint32_t kProgramFlags = 0x0025'0DD5;
constexpr std::uint32_t kAlwaysSet = 1U << 1;
constexpr std::uint32_t kInterruptFlag = 1U << 9;

constinit bool has_vector_registers = false;
constinit std::uint32_t mxcsr_mask = kDefaultMxcsrMask;

template <typename T>
void put(VectorState& state, std::size_t at, T value) {
    std::memcpy(&state.bytes[at], &value, sizeof(value));
}
template <typename T>
T get(const VectorState& state, std::size_t at) {
    T value{};
    std::memcpy(&value, &state.bytes[at], sizeof(value));
    return value;
}

}  // namespace

void start_vector_registers() {
    const std::uint32_t features = cpu::cpuid(1).edx;
    constexpr std::uint32_t kNeeded = kCpuHasFpu | kCpuHasFxsave;
    if ((features & kNeeded) != kNeeded) {
        return;
    }
    cpu::write_cr0((cpu::read_cr0() & ~(kEmulation | kTaskSwitched)) | kMonitorCoprocessor | kNumericError |
                   kAlignmentMask);
    cpu::write_cr4(cpu::read_cr4() | kFxsave | ((features & kCpuHasSse) != 0 ? kSimdExceptions : 0));
    has_vector_registers = true;
    VectorState probe{};
    probe.save();
    if (const auto mask = get<std::uint32_t>(probe, kMxcsrMask); mask != 0) {
        mxcsr_mask = mask;
    }
}

bool can_run_programs() {
    return has_vector_registers;
}

void VectorState::reset() {
    bytes = {};
    put(*this, kControlWord, kInitialControlWord);
    put(*this, kMxcsr, kInitialMxcsr);
}

void VectorState::load() {
    put(*this, kMxcsr, get<std::uint32_t>(*this, kMxcsr) & mxcsr_mask);
    load_trusted();
}

Context prepare_context(mm::VirtAddr stack_end, const TrapFrame& frame, TrapFrame*& placed) {
    placed = mm::VirtAddr(stack_end.value() - sizeof(TrapFrame)).as<TrapFrame>();
    *placed = frame;
    // What switch_context pops: flags, EDI, ESI, EBX, EBP, and where it returns to.
    auto* words = reinterpret_cast<std::uint32_t*>(placed) - 6;
    words[0] = kAlwaysSet | kInterruptFlag;
    words[1] = words[2] = words[3] = 0;
    words[4] = 0;  // a backtrace ends here
    words[5] = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(&begin_thread_frame));
    return {.esp = static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(words))};
}

void sanitize_user_frame(TrapFrame& frame) {
    for (std::uint32_t* selector : {&frame.gs, &frame.fs, &frame.es, &frame.ds}) {
        *selector &= 0xFFFF;
        if (!is_user_data_selector(*selector)) {
            *selector = 0;
        }
    }
    // Whatever else they name, the CPU refuses at the iret, and the program gets the fault: see leave_kernel.
    frame.cs = (frame.cs & 0xFFFF) | 3;
    frame.user_ss = (frame.user_ss & 0xFFFF) | 3;
    frame.eflags = (frame.eflags & kProgramFlags) | kAlwaysSet | kInterruptFlag;
}

}  // namespace kernel
