// The console's device: COM1 and the keyboard in, COM1 and the VGA screen out.
#include <algorithm>
#include <array>

#include "kernel/drivers/fw_cfg.hpp"
#include "kernel/drivers/keyboard.hpp"
#include "kernel/drivers/serial.hpp"
#include "kernel/drivers/vga_text.hpp"
#include "kernel/files/terminal.hpp"
#include "kernel/log.hpp"
#include "kernel/programs/scheduler.hpp"
#include "kernel/static_storage.hpp"

namespace kernel {
namespace {

/// What the host's terminal behind COM1 is, where there is one: "COLUMNS LINES TYPE".
constexpr std::string_view kTerminalFile = "opt/org.primitiveos/terminal";
constexpr std::string_view kOwnType = "linux";
constexpr std::uint32_t kConsoleNumber = 0x0501;  // major 5, minor 1
/// Looks at a busy device before other threads run.
constexpr unsigned kPatience = 16;

class ConsoleDevice final : public TerminalDevice {
  public:
    void send(std::string_view bytes, Sleeps sleeps) override {
        vga().write_terminal(bytes);
        unsigned looks = 0;
        while (!bytes.empty()) {
            const std::size_t count = com1().write_some(bytes);
            bytes.remove_prefix(count);
            looks = count == 0 ? looks + 1 : 0;
            if (looks == kPatience && sleeps == Sleeps::kYes) {
                looks = 0;
                yield();
            }
        }
    }

    void deliver_input() override {
        if (!has_input()) {
            return;
        }
        Terminal& terminal = console_terminal();
        while (terminal.has_room()) {
            auto byte = com1().read();
            if (!byte) {
                byte = keyboard().read();
            }
            if (!byte) {
                break;
            }
            terminal.receive(*byte);
        }
        terminal.received();
    }

    [[nodiscard]] static bool has_input() { return com1().has_received() || keyboard().has_typed(); }
};

constinit ConsoleDevice device;
StaticStorage<Terminal> console_storage;

constinit DeferredWork input_work{
    .pending = [] { return ConsoleDevice::has_input() && console_terminal().has_room(); },
    .run = [] { device.deliver_input(); }};
constinit DeferredWork refresh_work{.pending = [] { return vga().refresh_due(); },
                                    .run = [] { vga().refresh(); }};

/// The host's words.
struct HostTerminal {
    std::array<char, 64> bytes{};
    std::string_view type = kOwnType;
    TerminalSize size;
    bool present = false;
};
constinit HostTerminal host_terminal;

/// The next word of `text`, which loses it.
std::string_view take_word(std::string_view& text) {
    constexpr std::string_view kSpaces(" \n\0", 3);
    text.remove_prefix(std::min(text.find_first_not_of(kSpaces), text.size()));
    const std::string_view word = text.substr(0, text.find_first_of(kSpaces));
    text.remove_prefix(word.size());
    return word;
}

/// A number of columns or lines; `otherwise` when it is none.
std::uint16_t size_of(std::string_view word, std::uint16_t otherwise) {
    std::uint32_t value = 0;
    for (const char digit : word) {
        if (digit < '0' || digit > '9' || value > UINT16_MAX) {
            return otherwise;
        }
        value = value * 10 + static_cast<std::uint32_t>(digit - '0');
    }
    return value == 0 || value > UINT16_MAX ? otherwise : static_cast<std::uint16_t>(value);
}

void ask_host() {
    const auto file = fw_cfg::open(kTerminalFile);
    if (!file) {
        return;
    }
    HostTerminal& host = host_terminal;
    host.present = true;
    fw_cfg::read(std::span(host.bytes).first(std::min<std::size_t>(file->size_bytes, host.bytes.size() - 1)));
    std::string_view text(host.bytes.data(), host.bytes.size());
    host.size.columns = size_of(take_word(text), host.size.columns);
    host.size.lines = size_of(take_word(text), host.size.lines);
    const std::string_view type = take_word(text);
    host.type = type.empty() ? kOwnType : type;
}

/// The screen's answers to the programs' questions, as if they had been typed.
void answer(std::string_view bytes) {
    Terminal& terminal = console_terminal();
    for (const char byte : bytes) {
        if (terminal.has_room()) {
            terminal.receive(byte);
        }
    }
    terminal.received();
}

}  // namespace

Terminal& console_terminal() {
    return console_storage.get() != nullptr ? *console_storage.get()
                                            : console_storage.construct(device, kConsoleNumber);
}

void start_console_terminal() {
    ask_host();
    console_terminal().set_size(host_terminal.size);
    // Two terminals that answered one question would confuse whoever asked: the host's comes first.
    vga().begin_terminal(host_terminal.present ? nullptr : answer);
    log().show_from(LogLevel::kWarning);
    add_deferred_work(input_work);
    add_deferred_work(refresh_work);
}

std::string_view console_terminal_type() {
    return host_terminal.type;
}

}  // namespace kernel
