#include "kernel/arch/i686/program_exceptions.hpp"

#include <cstring>

#include "kernel/arch/i686/debug_status.hpp"
#include "kernel/log.hpp"
#include "kernel/memory/program_memory.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/programs/thread.hpp"
#include "mm/core/panic.hpp"

namespace kernel {
namespace {

// si_code, as Linux numbers it.
constexpr std::int32_t kFromKernel = 0x80;
constexpr std::int32_t kIllegalOperand = 2;
constexpr std::int32_t kDividedInteger = 1;
constexpr std::int32_t kDividedFloat = 3;
constexpr std::int32_t kOverflowedFloat = 4;
constexpr std::int32_t kUnderflowedFloat = 5;
constexpr std::int32_t kInexactFloat = 6;
constexpr std::int32_t kInvalidFloat = 7;
constexpr std::int32_t kBreakpointTrap = 1;
constexpr std::int32_t kTraceTrap = 2;
constexpr std::int32_t kMisaligned = 1;
constexpr std::int32_t kNoSuchPhysicalAddress = 2;
constexpr std::int32_t kNotMapped = 1;
constexpr std::int32_t kNotPermitted = 2;

enum Vector : std::uint32_t {
    kDivideError = 0,
    kDebug = 1,
    kBreakpoint = 3,
    kOverflow = 4,
    kBoundRange = 5,
    kInvalidOpcode = 6,
    kSegmentNotPresent = 11,
    kStackSegment = 12,
    kX87Error = 16,
    kAlignmentCheck = 17,
    kSimdError = 19,
};

void force(Signal number, std::int32_t code, std::uint32_t address = 0) {
    force_signal(current_thread(), {.signal = number, .code = code, .address = address});
}

/// Of the exceptions that are both raised and unmasked, the one that is told. Bits: invalid, denormal,
/// division by zero, overflow, underflow, precision. [intel/vol1] 8.1.3.3, 11.5
std::int32_t float_code(std::uint32_t raised) {
    if ((raised & 0x01U) != 0) {
        return kInvalidFloat;
    }
    if ((raised & 0x04U) != 0) {
        return kDividedFloat;
    }
    if ((raised & 0x08U) != 0) {
        return kOverflowedFloat;
    }
    if ((raised & 0x12U) != 0) {
        return kUnderflowedFloat;
    }
    return (raised & 0x20U) != 0 ? kInexactFloat : kFromKernel;
}

/// What of the x87 or SSE state was raised and not masked. [intel/vol1] table 10-2: FCW at 0, FSW at 2, MXCSR
/// at 24
std::uint32_t raised_float_exceptions(std::uint32_t vector) {
    VectorState& state = current_thread().vectors;
    state.save();
    if (vector == kX87Error) {
        std::uint16_t control = 0;
        std::uint16_t status = 0;
        std::memcpy(&control, &state.bytes[0], sizeof(control));
        std::memcpy(&status, &state.bytes[2], sizeof(status));
        return status & ~std::uint32_t{control} & 0x3FU;
    }
    std::uint32_t mxcsr = 0;
    std::memcpy(&mxcsr, &state.bytes[24], sizeof(mxcsr));
    return mxcsr & ~(mxcsr >> 7) & 0x3FU;
}

/// Which program it is, for the log.
const char* program_name() {
    return current_process().name.data();
}

}  // namespace

void raise_exception_signal(const TrapFrame& frame) {
    switch (frame.vector) {
        case kDivideError:
            return force(signal::kFloatingPoint, kDividedInteger, frame.eip);
        case kDebug:
            return force(signal::kTrap, take_single_step() ? kTraceTrap : kBreakpointTrap, frame.eip);
        case kBreakpoint:
            return force(signal::kTrap, kFromKernel);
        case kInvalidOpcode:
            return force(signal::kIllegal, kIllegalOperand, frame.eip);
        case kSegmentNotPresent:
        case kStackSegment:
            return force(signal::kBus, kFromKernel);
        case kX87Error:
        case kSimdError:
            return force(signal::kFloatingPoint, float_code(raised_float_exceptions(frame.vector)),
                         frame.eip);
        case kAlignmentCheck:
            return force(signal::kBus, kMisaligned);
        case kOverflow:
        case kBoundRange:
        default:
            return force(signal::kSegmentation, kFromKernel);
    }
}

void raise_page_fault_signal(mm::FaultOutcome outcome, std::uint32_t address) {
    switch (outcome) {
        case mm::FaultOutcome::kResolved:
        case mm::FaultOutcome::kWaiting:  // and the signal that ends the process is there already
            return;
        case mm::FaultOutcome::kNoRegion:
            return force(signal::kSegmentation, kNotMapped, address);
        case mm::FaultOutcome::kForbidden:
            return force(signal::kSegmentation, kNotPermitted, address);
        case mm::FaultOutcome::kBeyondObject:
            return force(signal::kBus, kNoSuchPhysicalAddress, address);
        case mm::FaultOutcome::kLost:
            log().error("memory: a page of process {} ({}) is lost: the swap disk did not give it back",
                        current_process().id(), program_name());
            return force(signal::kBus, kNoSuchPhysicalAddress, address);
        case mm::FaultOutcome::kNoMemory:
            log().error("memory: out of memory: killed process {} ({})", current_process().id(),
                        program_name());
            return force(signal::kKill, kFromKernel);
    }
}

}  // namespace kernel
