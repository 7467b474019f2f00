// struct rusage as i386 programs see it: wait4, waitid, getrusage.
#pragma once

#include <array>
#include <cstdint>

#include "kernel/programs/process.hpp"

namespace kernel {

/// [linux] include/uapi/linux/resource.h
struct UserUsage {
    std::int32_t user_seconds, user_microseconds;
    std::int32_t system_seconds, system_microseconds;
    std::uint32_t peak_resident_kib;
    std::array<std::uint32_t, 3> unused_sizes;
    std::uint32_t minor_faults, major_faults;
    std::array<std::uint32_t, 6> unused_counts;
    std::uint32_t voluntary_switches, involuntary_switches;
};
static_assert(sizeof(UserUsage) == 72);

UserUsage user_usage(const Usage& usage);

}  // namespace kernel
