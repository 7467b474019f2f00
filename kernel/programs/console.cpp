#include "kernel/programs/console.hpp"

#include <array>
#include <cstddef>

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/arch/i686/machine.hpp"
#include "kernel/drivers/keyboard.hpp"
#include "kernel/drivers/serial.hpp"
#include "kernel/drivers/vga_text.hpp"
#include "kernel/programs/line_editor.hpp"

namespace kernel {
namespace {

/// Both screens: the terminal behind COM1, and VGA.
class ConsoleScreen final : public Sink {
  public:
    void write(std::string_view bytes) override {
        vga().write(bytes);
        com1().write_text(bytes);
    }
};

constinit ConsoleScreen screen;
constinit LineEditor editor(screen);

// Words need at least one character each and a separator between them.
constinit std::array<std::string_view, LineEditor::kLongestLine / 2 + 1> words{};

/// The next byte typed, on either device.
char next_byte() {
    for (;;) {
        // Off before looking: an interrupt between a look that finds nothing and the sleep would not end the
        // sleep.
        cpu::disable_interrupts();
        auto byte = com1().read();
        if (!byte) {
            byte = keyboard().read();
        }
        if (byte) {
            cpu::enable_interrupts();
            return *byte;
        }
        cpu::wait_for_interrupt();
    }
}

}  // namespace

void run_console(Shell& shell) {
    Printer out(screen);
    out.print("Type help to see what there is.\n");
    for (;;) {
        out.print("# ");
        auto event = LineEditor::Event::kNone;
        while (event == LineEditor::Event::kNone) {
            event = editor.feed(next_byte());
        }
        Outcome outcome;
        switch (event) {
            case LineEditor::Event::kLine:
                outcome = shell.run_line(editor.line(), words, {screen, screen});
                break;
            case LineEditor::Event::kTooLong:
                out.print("sh: a line has at most {} characters; nothing was run\n",
                          LineEditor::kLongestLine);
                break;
            case LineEditor::Event::kEndOfInput:
                out.print("\n");
                power_off();
            case LineEditor::Event::kCancelled:
            case LineEditor::Event::kNone:
                break;
        }
        if (outcome.next != Outcome::Next::kGoOn) {
            power_off();
        }
    }
}

}  // namespace kernel
