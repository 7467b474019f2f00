#include "kernel/files/terminal.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "kernel/arch/i686/user_memory.hpp"
#include "kernel/clock.hpp"
#include "kernel/files/proc/benchmark.hpp"
#include "kernel/programs/groups.hpp"
#include "kernel/programs/job_control.hpp"

namespace kernel {
namespace {

constexpr Moment kMicrosecondsPerTenth = 100'000;

/// What a read takes at once at most: it lies in two pages, or goes to several buffers.
constexpr std::size_t kLongestLine = 4096;

std::span<std::byte> bytes_of(std::span<char> text) {
    return std::as_writable_bytes(text);
}

}  // namespace

void Terminal::received() {
    if (discipline_.can_read()) {
        readers_.wake_all();
    }
}

void Terminal::set_size(const TerminalSize& size) {
    if (size != size_) {
        size_ = size;
        if (foreground_ != 0) {
            send_signal_to_group(foreground_, {.signal = signal::kWindowChange});
        }
    }
}

FileResult<void> Terminal::become_controlling(Process& leader) {
    if (leader.terminal == this && session_ == leader.session) {
        return {};
    }
    if (leader.session != leader.id() || leader.terminal != nullptr || session_ != 0) {
        return file_error(Errno::kNotPermitted);
    }
    leader.terminal = this;
    session_ = leader.session;
    foreground_ = leader.group;
    return {};
}

void Terminal::leave_session(Files files) {
    if (foreground_ != 0) {
        send_signal_to_group(foreground_, {.signal = signal::kHangUp});
        send_signal_to_group(foreground_, {.signal = signal::kContinue});
    }
    for (Process* process = first_process(); process != nullptr; process = process->next_in_table) {
        if (process->terminal == this) {
            process->terminal = nullptr;
        }
    }
    session_ = 0;
    foreground_ = 0;
    if (files == Files::kAreHungUp) {
        ++hangups_;
        discipline_.drop_input();
        stopped_ = false;
        readers_.wake_all();
        writers_.wake_all();
    }
}

FileResult<std::size_t> Terminal::read(Transfer& to, OpenFlags flags, std::uint32_t hangups) {
    note_prompt();
    const TerminalSettings& settings = discipline_.settings();
    const std::size_t wanted = to.remaining();
    std::size_t moved = 0;
    Moment deadline = kNever;
    bool first_look = true;
    Waiter place(readers_);
    while (moved < wanted) {
        if (hangups != hangups_) {
            break;
        }
        if (const auto allowed = check_foreground(Access::kRead); !allowed) {
            return moved != 0 ? FileResult<std::size_t>(moved) : file_error(allowed.error());
        }
        const std::size_t minimum = settings.characters[TerminalSettings::kMinimum];
        const Moment patience = settings.characters[TerminalSettings::kTime] * kMicrosecondsPerTenth;
        const bool canonical = discipline_.canonical();
        if (discipline_.can_read()) {
            // What is taken from the line finds its place at once, so that no other reader gets its middle.
            if (const auto there = to.bring_in(kLongestLine, UserAccess::kWrite); !there) {
                return moved != 0 ? FileResult<std::size_t>(moved) : file_error(there.error());
            }
            if (!discipline_.can_read()) {
                continue;
            }
            const auto part = canonical ? read_line(to) : read_raw(to);
            device_.deliver_input();  // There may be room again for what waits in the device.
            if (!part) {
                return moved != 0 ? FileResult<std::size_t>(moved) : part;
            }
            moved += *part;
            if (canonical || moved >= minimum) {
                break;
            }
            deadline = patience != 0 ? clock().microseconds_since_entry() + patience : kNever;
        } else if (!canonical && minimum == 0) {
            if (patience == 0) {
                break;
            }
            if (first_look) {
                deadline = clock().microseconds_since_entry() + patience;
            }
        }
        first_look = false;
        if (flags.has(OpenFlags::kNonBlocking)) {
            return moved != 0 ? FileResult<std::size_t>(moved) : file_error(Errno::kAgain);
        }
        const Wake wake = sleep(Interruptible::kYes, deadline);
        if (wake == Wake::kSignal && moved == 0) {
            return file_error(Errno::kRestart);
        }
        if (wake != Wake::kWoken) {
            break;
        }
    }
    return moved;
}

FileResult<std::size_t> Terminal::read_line(Transfer& to) {
    std::array<char, 256> bytes;
    std::size_t moved = 0;
    bool more = true;
    while (more && to.remaining() != 0 && discipline_.can_read()) {
        const auto room = std::span(bytes).first(std::min(bytes.size(), to.remaining()));
        const LineDiscipline::Piece piece = discipline_.read(room);
        more = !piece.ends_line;
        const auto part = to.put(bytes_of(room.first(piece.size_bytes)));
        if (!part) {
            return moved != 0 ? FileResult<std::size_t>(moved) : part;
        }
        moved += *part;
    }
    return moved;
}

FileResult<std::size_t> Terminal::read_raw(Transfer& to) {
    std::array<char, 256> bytes;
    std::size_t moved = 0;
    while (to.remaining() != 0 && discipline_.can_read()) {
        const auto room = std::span(bytes).first(std::min(bytes.size(), to.remaining()));
        const LineDiscipline::Piece piece = discipline_.read(room);
        const auto part = to.put(bytes_of(room.first(piece.size_bytes)));
        if (!part) {
            return moved != 0 ? FileResult<std::size_t>(moved) : part;
        }
        moved += *part;
    }
    return moved;
}

FileResult<std::size_t> Terminal::write(Transfer& from, OpenFlags flags, std::uint32_t hangups) {
    if (discipline_.settings().has_local(TerminalSettings::kStopOutput)) {
        if (const auto allowed = check_foreground(Access::kWrite); !allowed) {
            return file_error(allowed.error());
        }
    }
    std::array<char, 256> bytes;
    std::size_t moved = 0;
    while (from.remaining() != 0) {
        if (const auto started = wait_until_started(flags, hangups); !started) {
            return moved != 0 ? FileResult<std::size_t>(moved) : file_error(started.error());
        }
        const auto part = from.take(bytes_of(bytes));
        if (!part) {
            return moved != 0 ? FileResult<std::size_t>(moved) : part;
        }
        program_is_writing_ = true;
        discipline_.write({bytes.data(), *part});
        program_is_writing_ = false;
        moved += *part;
        // What is typed meanwhile may stop the output, or the program.
        device_.deliver_input();
        if (give_others_a_turn(Interruptible::kYes) == Wake::kSignal) {
            break;
        }
    }
    return moved;
}

/// Sleeps while the output is stopped. Errors: kIo (hung up), kAgain, kRestart.
FileResult<void> Terminal::wait_until_started(OpenFlags flags, std::uint32_t hangups) {
    if (hangups != hangups_) {
        return file_error(Errno::kIo);
    }
    if (!stopped_) {
        return {};
    }
    if (flags.has(OpenFlags::kNonBlocking)) {
        return file_error(Errno::kAgain);
    }
    Waiter place(writers_);
    while (stopped_ && hangups == hangups_) {
        if (sleep(Interruptible::kYes) == Wake::kSignal) {
            return file_error(Errno::kRestart);
        }
    }
    return hangups == hangups_ ? FileResult<void>() : file_error(Errno::kIo);
}

PollEvents Terminal::poll(PollQueues* queues, std::uint32_t hangups) {
    if (queues != nullptr) {
        note_prompt();
        queues->add(readers_);
        queues->add(writers_);
    }
    PollEvents events;
    if (hangups != hangups_) {
        events.bits = PollEvents::kIn | PollEvents::kReadNormal | PollEvents::kOut |
                      PollEvents::kWriteNormal | PollEvents::kError | PollEvents::kHangUp;
        return events;
    }
    const TerminalSettings& settings = discipline_.settings();
    const bool by_time = settings.characters[TerminalSettings::kTime] != 0;
    const std::uint32_t minimum = by_time ? 0 : settings.characters[TerminalSettings::kMinimum];
    if (discipline_.can_read() && (discipline_.canonical() || discipline_.readable_bytes() >= minimum)) {
        events.bits |= PollEvents::kIn | PollEvents::kReadNormal;
    }
    if (!stopped_) {
        events.bits |= PollEvents::kOut | PollEvents::kWriteNormal;
    }
    return events;
}

/// Whether the calling process may use its controlling terminal so now; one in the background is sent the signal for
/// it. Errors: kIo (it would sleep for ever), kRestart.
FileResult<void> Terminal::check_foreground(Access access) const {
    Process& process = current_process();
    if (process.terminal != this || foreground_ == 0 || process.group == foreground_) {
        return {};
    }
    const Signal wanted = access == Access::kRead ? signal::kTerminalInput : signal::kTerminalOutput;
    if (is_ignored_or_blocked(current_thread(), wanted)) {
        return access == Access::kRead ? file_error(Errno::kIo) : FileResult<void>();
    }
    if (is_orphaned_group(process.group, process.session)) {
        return file_error(Errno::kIo);
    }
    send_signal_to_group(process.group, {.signal = wanted});
    return file_error(Errno::kRestart);
}

void Terminal::show(std::string_view bytes) {
    // Whoever runs while a program's output waits for the device (to echo, for one) must not wait.
    const bool sleeps = std::exchange(program_is_writing_, false);
    device_.send(bytes, sleeps ? TerminalDevice::Sleeps::kYes : TerminalDevice::Sleeps::kNo);
    program_is_writing_ = sleeps;
}

void Terminal::send_key_signal(KeySignal key_signal) {
    if (foreground_ != 0) {
        send_signal_to_group(foreground_, {.signal = static_cast<Signal>(key_signal), .code = 0x80});
    }
}

void Terminal::start_output() {
    if (stopped_) {
        stopped_ = false;
        writers_.wake_all();
    }
}

}  // namespace kernel
