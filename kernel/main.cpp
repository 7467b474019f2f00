// The kernel's main line: console, machine, memory, prompt.
#include <cstdint>

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/arch/i686/machine.hpp"
#include "kernel/boot/image.hpp"
#include "kernel/log.hpp"
#include "kernel/runtime/constructors.hpp"

namespace kernel {
namespace {

constexpr std::uint32_t kMultibootLoaderMagic = 0x2BADB002;

}  // namespace
}  // namespace kernel

extern "C" [[noreturn]] void kernel_main(std::uint32_t magic, std::uint32_t multiboot_information) {
    using namespace kernel;
    run_constructors();
    start_early_console();
    log().info("PrimitiveOS");
    if (magic != kMultibootLoaderMagic) {
        log().error("Not started by a Multiboot loader: EAX is 0x{x}, not 0x{x}", magic,
                    kMultibootLoaderMagic);
        refuse_to_boot();
    }
    start_machine();
    const mm::PhysRange kernel_image = image::physical();
    log().info("kernel: {} KiB at 0x{x}, boot information at 0x{x}", kernel_image.size() / 1024,
               kernel_image.begin, multiboot_information);
    for (;;) {
        cpu::disable_interrupts();
        cpu::wait_for_interrupt();
    }
}
