#include "kernel/programs/usage.hpp"

namespace kernel {

UserUsage user_usage(const Usage& usage) {
    constexpr std::uint64_t kSecond = 1'000'000;
    const auto seconds = [](std::uint64_t time) { return static_cast<std::int32_t>(time / kSecond); };
    const auto rest = [](std::uint64_t time) { return static_cast<std::int32_t>(time % kSecond); };
    return {.user_seconds = seconds(usage.user_microseconds),
            .user_microseconds = rest(usage.user_microseconds),
            .system_seconds = seconds(usage.system_microseconds),
            .system_microseconds = rest(usage.system_microseconds),
            .peak_resident_kib = usage.peak_resident_pages * static_cast<std::uint32_t>(mm::kPageSize / 1024),
            .unused_sizes = {},
            .minor_faults = usage.minor_faults,
            .major_faults = usage.major_faults,
            .unused_counts = {},
            .voluntary_switches = usage.voluntary_switches,
            .involuntary_switches = usage.involuntary_switches};
}

}  // namespace kernel
