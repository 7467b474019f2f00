#include "kernel/backtrace.hpp"

#include "kernel/boot/image.hpp"
#include "kernel/memory/kernel_stacks.hpp"
#include "kernel/symbols.hpp"

namespace kernel {
namespace {

constexpr unsigned kMostFrames = 24;

struct Frame {
    std::uintptr_t caller_frame_pointer;
    std::uintptr_t return_address;
};

/// Whether a Frame at `address` lies wholly inside one of the kernel's stacks.
bool is_readable_frame(std::uintptr_t address) {
    if (address % alignof(Frame) != 0 || address > UINTPTR_MAX - sizeof(Frame)) {
        return false;
    }
    const mm::VirtRange frame = {mm::VirtAddr(address), mm::VirtAddr(address + sizeof(Frame))};
    return image::boot_stack().contains(frame) || image::double_fault_stack().contains(frame) ||
           is_on_kernel_stack(frame);
}

/// A return address stands behind its call: the call itself is what belongs to the function, even where a
/// function ends in a call that never returns.
void print_place(Printer& out, std::uintptr_t address, std::uintptr_t look_up) {
    const auto symbol = find_symbol(mm::VirtAddr(look_up));
    if (symbol.has_value()) {
        out.print("  0x{08x} {}+0x{x}\n", address, symbol->name, address - symbol->address.value());
    } else {
        out.print("  0x{08x} ?\n", address);
    }
}

}  // namespace

void print_backtrace(Printer& out, std::uintptr_t instruction, std::uintptr_t frame_pointer) {
    if (instruction != 0) {
        print_place(out, instruction, instruction);
    }
    unsigned count = 0;
    while (frame_pointer != 0) {
        if (!is_readable_frame(frame_pointer)) {
            out.print("  (the frame pointer 0x{08x} is not on a kernel stack)\n", frame_pointer);
            return;
        }
        if (count++ == kMostFrames) {
            out.print("  ...\n");
            return;
        }
        const Frame& frame = *mm::VirtAddr(frame_pointer).as<const Frame>();
        print_place(out, frame.return_address, frame.return_address - 1);
        if (frame.caller_frame_pointer != 0 && frame.caller_frame_pointer <= frame_pointer) {
            out.print("  (the frame pointer 0x{08x} leads back)\n", frame.caller_frame_pointer);
            return;
        }
        frame_pointer = frame.caller_frame_pointer;
    }
}

}  // namespace kernel
