// Waiting until one of several open files is ready: what poll(2) and select(2) have in common.
//
// Main line only; sleeps. Cost: two looks at each file where none is ready at first, one where one is; beyond kFew files,
// an allocation.
#pragma once

#include <cstdint>
#include <span>

#include "kernel/files/open_file.hpp"
#include "kernel/programs/wait.hpp"

namespace kernel {

/// One file to watch, as poll(2) has it.
struct PollRequest {
    std::int32_t descriptor = -1;  ///< A negative one is passed over.
    std::uint16_t wanted = 0;
    std::uint16_t found = 0;  ///< The wanted ones that are so, errors and hang-ups in any case.
};
static_assert(sizeof(PollRequest) == 8);

/// Files at most that are watched without an allocation.
inline constexpr std::size_t kFewPollRequests = 8;

/// Looks at the files of the calling process until one is ready, or `deadline`, which may have passed: then it looks
/// once. Fills in what was found; how many were ready. Errors: kRestartNoHandler, kNoMemory.
FileResult<std::uint32_t> poll_files(std::span<PollRequest> requests, Moment deadline);

}  // namespace kernel
