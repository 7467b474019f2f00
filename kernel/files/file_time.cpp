#include "kernel/files/file_time.hpp"

#include "kernel/clock.hpp"

namespace kernel {

FileTime file_time_now() {
    constexpr std::uint32_t kMicroseconds = 1'000'000;
    const std::uint64_t now = clock().microseconds_since_1970();
    return {.seconds = static_cast<std::int64_t>(now / kMicroseconds),
            .nanoseconds = static_cast<std::uint32_t>(now % kMicroseconds) * 1000};
}

}  // namespace kernel
