#include "kernel/clock.hpp"

#include <bit>

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/boot/image.hpp"
#include "kernel/drivers/pit.hpp"

namespace kernel {
namespace {

constinit Clock kernel_clock;

// The first tick may have waited for interrupts to be enabled: the second is the first exact one.
constexpr std::uint32_t kReferenceTick = 2;
constexpr std::uint32_t kLastCalibratingTick = kReferenceTick + 1024;
constexpr std::uint32_t kFewestCounts = 120;  // 0.1 ms: the estimate is within a few percent

}  // namespace

Clock& clock() {
    return kernel_clock;
}

void Clock::start() {
    start_tsc_ = cpu::read_tsc();
}

void Clock::tick() {
    ++ticks_;
    if (ticks_ < kReferenceTick || ticks_ > kLastCalibratingTick) {
        return;
    }
    const std::uint32_t since_reference = ticks_ - kReferenceTick;
    if (since_reference == 0) {
        reference_tsc_ = cpu::read_tsc();
    } else if (std::has_single_bit(since_reference)) {
        set_rate(cpu::read_tsc() - reference_tsc_,
                 std::uint64_t{since_reference} * pit::kMicrosecondsPerTick);
    }
}

std::uint64_t Clock::microseconds_since_entry() {
    if (microseconds_per_tsc_tick_ == 0) {
        estimate_from_counter();
    }
    const std::uint64_t elapsed = cpu::read_tsc() - image::entry_tsc();
    // 64 by 32 bits, without the library's 128-bit product.
    const std::uint64_t low = (elapsed & UINT32_MAX) * microseconds_per_tsc_tick_;
    const std::uint64_t high = (elapsed >> 32) * microseconds_per_tsc_tick_;
    return high + (low >> 32);
}

void Clock::estimate_from_counter() {
    if (start_tsc_ == 0) {
        return;
    }
    const std::uint32_t counts = pit::counts_into_period();
    if (counts >= kFewestCounts) {
        set_rate(cpu::read_tsc() - start_tsc_, std::uint64_t{counts} * 1'000'000 / pit::kCountsPerSecond);
    }
}

void Clock::set_rate(std::uint64_t tsc_ticks, std::uint64_t microseconds) {
    // A counter slower than the microsecond does not occur on a CPU that has one; it would not fit below
    // either.
    if (tsc_ticks > microseconds) {
        microseconds_per_tsc_tick_ = (microseconds << 32) / tsc_ticks;
    }
}

}  // namespace kernel
