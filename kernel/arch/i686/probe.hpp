// Reading where there may be nothing: the one place where the kernel expects a page fault.
#pragma once

#include <cstdint>
#include <optional>

#include "mm/core/address.hpp"

namespace kernel {

/// The word at `address` as the CPU translates it, or nothing when the access faults. Cost: a few
/// instructions, or a page fault. Interrupt handlers do not call it.
std::optional<std::uint32_t> probe_read(mm::VirtAddr address);

/// For the page-fault handler: where to go on when the instruction at `instruction` was probe_read's; 0 when
/// it was not, and the fault is a bug.
std::uintptr_t probe_resume_address(std::uintptr_t instruction);

}  // namespace kernel
