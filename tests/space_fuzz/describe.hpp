// Operations and outcomes as text for people.
#pragma once

#include <string>

#include "tests/space_fuzz/protocol.hpp"

namespace space_fuzz {

/// "process 0: munmap(arena + 12 pages, 0x3000)"
std::string describe(const Operation& operation);
/// "0", "-ENOMEM", "arena + 12 pages", "SIGSEGV (SEGV_MAPERR)", with the detail where it counts.
std::string describe(const Operation& operation, const Outcome& outcome);
std::string describe(const PageState& state);

}  // namespace space_fuzz
