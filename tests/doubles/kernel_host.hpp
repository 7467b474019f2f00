// What the kernel's file code stands on, for host tests: program memory, time, sleeping, the pages of memory files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <span>

#include "kernel/files/inode.hpp"
#include "kernel/programs/wait.hpp"

namespace host {

/// The only addresses that a program has here; copies to and from any other end.
inline constexpr std::uint32_t kProgramBegin = 0x10000;
inline constexpr std::uint32_t kProgramBytes = 0x10000;
std::span<std::byte> program_memory();

/// Pages of the program's that have to be waited for: a copy under NoPageWaits ends there, any other sleeps once
/// (while_asleep), and then the page has come.
extern std::set<std::uint32_t> absent_pages;
/// So many looks at pages of memory files find that those have to be waited for.
extern unsigned awaited_looks;

/// What file_time_now gives.
extern kernel::FileTime now;

/// Called for each sleep: makes happen what others would do meanwhile, and says why the sleep ended. Sleeping without
/// one panics: nobody would ever wake the thread.
extern std::function<kernel::Wake()> while_asleep;

/// Frames that memory files may still take.
extern std::uint32_t free_pages;

/// Takes a tree of memory files apart: directories and what is in them keep one another.
void remove_all(kernel::Inode& directory);

}  // namespace host
