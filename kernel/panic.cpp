#include "kernel/panic.hpp"

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/arch/i686/machine.hpp"
#include "kernel/backtrace.hpp"
#include "kernel/drivers/serial.hpp"
#include "kernel/drivers/vga_text.hpp"
#include "kernel/fixed_text.hpp"
#include "mm/core/panic.hpp"

namespace kernel {
namespace {

constexpr VgaColours kPanicColours = {VgaColour::kWhite, VgaColour::kRed};

/// Both devices, directly: the log may be what is broken. The screen first, for it never makes anybody wait.
class PanicSink final : public Sink {
  public:
    void write(std::string_view bytes) override {
        vga().write(bytes);
        com1().write_text(bytes);
    }
};

constinit PanicAccount print_account = nullptr;
constinit LastWords send_last_words = nullptr;
constinit unsigned reports_begun = 0;

void print_registers(Printer& out, const Registers& r) {
    out.print("eax {08x}  ebx {08x}  ecx {08x}  edx {08x}\n", r.eax, r.ebx, r.ecx, r.edx);
    out.print("esi {08x}  edi {08x}  ebp {08x}  esp {08x}\n", r.esi, r.edi, r.ebp, r.esp);
    out.print("eip {08x}  efl {08x}  cs {04x}  ss {04x}\n", r.eip, r.eflags, r.cs, r.ss);
    out.print("cr0 {08x}  cr2 {08x}  cr3 {08x}\n", r.cr0, r.cr2, r.cr3);
}

void report(Printer& out, const PanicScene& scene) {
    com1().write_text("\n");  // the line there may be half full
    out.print("PANIC: {}\n", scene.headline);
    if (scene.registers != nullptr) {
        print_registers(out, *scene.registers);
    }
    out.print("backtrace:\n");
    print_backtrace(out, scene.instruction, scene.frame_pointer);
    if (print_account != nullptr) {
        out.print("frames:\n");
        print_account(out);
    }
}

}  // namespace

void set_panic_account(PanicAccount print) {
    print_account = print;
}

void set_last_words(LastWords send) {
    send_last_words = send;
}

void stop_with_report(const PanicScene& scene) {
    cpu::disable_interrupts();
    PanicSink sink;
    Printer out(sink);
    switch (reports_begun++) {
        case 0:
            vga().begin_last_page(kPanicColours);
            report(out, scene);
            if (send_last_words != nullptr) {
                send_last_words();
            }
            break;
        case 1:
            out.print("\nand while reporting: {}, at 0x{08x}\n", scene.headline, scene.instruction);
            break;
        default:
            break;
    }
    machine_exit(ExitCode::kPanic);
    if (reports_begun <= 2) {
        out.print("System halted.\n");
    }
    cpu::stop();
}

}  // namespace kernel

namespace mm {

void panic(const PanicReport& report) {
    kernel::FixedText<240> headline;
    kernel::Printer out(headline);
    out.print("{}, at {}:{}", report.what, report.file, report.line);
    if (report.address != 0) {
        out.print(", address 0x{08x}", report.address);
    }
    if (report.size_bytes != 0) {
        out.print(", size {}", report.size_bytes);
    }
    kernel::stop_with_report({.headline = headline.text(),
                              .frame_pointer = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0))});
}

}  // namespace mm
