#include "kernel/files/line_discipline.hpp"

#include <algorithm>

#include "mm/core/panic.hpp"

namespace kernel {
namespace {

using Settings = TerminalSettings;

constexpr char kEndOfFileMark = '\0';
constexpr char kBell = '\a';
constexpr std::uint32_t kTabStop = TerminalOutput::kTabStop;
constexpr std::string_view kEraseOne = "\b \b";
constexpr std::string_view kCaretAndBack = "^\b";

/// What a word is made of, to the key that erases one.
bool is_word_character(char byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           byte == '_' || static_cast<unsigned char>(byte) >= 0x80;
}

}  // namespace

void LineDiscipline::set_settings(const TerminalSettings& settings) {
    const bool was_canonical = canonical();
    settings_ = settings;
    if (was_canonical != canonical()) {
        marks_.fill(0);
        complete_ = canonical() && head_ != tail_ ? head_ : tail_;
        if (complete_ != tail_) {
            set_mark(head_ - 1, true);
        }
        literal_next_ = false;
    }
    if (!settings_.has_input(Settings::kFlowControl) && device_.output_stopped()) {
        device_.start_output();
    }
}

bool LineDiscipline::has_room() const {
    // The last place is for what ends a line; a line being typed that has come so far must hear of its end.
    return head_ - tail_ < kRingBytes - 1 || (canonical() && complete_ == tail_);
}

void LineDiscipline::drop_input() {
    marks_.fill(0);
    tail_ = complete_ = head_;
    literal_next_ = false;
}

std::uint32_t LineDiscipline::readable_bytes() const {
    if (!canonical()) {
        return head_ - tail_;
    }
    std::uint32_t count = 0;
    for (std::uint32_t position = tail_; position != complete_; ++position) {
        count += is_marked(position) && at(position) == kEndOfFileMark ? 0 : 1;
    }
    return count;
}

LineDiscipline::Piece LineDiscipline::read(std::span<char> to) {
    Piece piece;
    const std::uint32_t end = canonical() ? complete_ : head_;
    while (tail_ != end && piece.size_bytes < to.size() && !piece.ends_line) {
        const char byte = at(tail_);
        piece.ends_line = is_marked(tail_);
        set_mark(tail_, false);
        ++tail_;
        if (!piece.ends_line || byte != kEndOfFileMark) {
            to[piece.size_bytes++] = byte;
        }
    }
    // An end of file right behind what fitted belongs to it: the next read must not see an empty line.
    if (!piece.ends_line && tail_ != end && is_marked(tail_) && at(tail_) == kEndOfFileMark) {
        set_mark(tail_++, false);
        piece.ends_line = true;
    }
    if (!canonical()) {
        complete_ = tail_;
    }
    return piece;
}

void LineDiscipline::write(std::string_view bytes) {
    if (!settings_.has_output(Settings::kProcess)) {
        device_.show(bytes);
        return;
    }
    for (const char byte : bytes) {
        output_.put(byte);
    }
    output_.flush();
}

void LineDiscipline::receive(char byte) {
    if (settings_.has_input(Settings::kStrip)) {
        byte = static_cast<char>(byte & 0x7F);
    }
    if (literal_next_) {
        literal_next_ = false;
        receive_ordinary(byte, Origin::kKey);
    } else {
        receive_special(byte);
    }
    output_.flush();
}

/// A key that may mean something.
void LineDiscipline::receive_special(char byte) {
    if (settings_.has_input(Settings::kFlowControl)) {
        if (settings_.is(Settings::kStart, byte)) {
            device_.start_output();
            return;
        }
        if (settings_.is(Settings::kStop, byte)) {
            device_.stop_output();
            return;
        }
    }
    if (settings_.has_local(Settings::kSignals) && receive_signal(byte)) {
        return;
    }
    if (device_.output_stopped() && settings_.has_input(Settings::kFlowControl) &&
        settings_.has_input(Settings::kAnyRestarts)) {
        device_.start_output();
    }
    auto origin = Origin::kKey;
    if (byte == '\r') {
        if (settings_.has_input(Settings::kIgnoreReturn)) {
            return;
        }
        if (settings_.has_input(Settings::kReturnToNewline)) {
            byte = '\n';
            origin = Origin::kReturn;
        }
    } else if (byte == '\n' && settings_.has_input(Settings::kNewlineToReturn)) {
        byte = '\r';
    }
    if (!canonical() || !receive_editing(byte)) {
        receive_ordinary(byte, origin);
    }
}

bool LineDiscipline::receive_signal(char byte) {
    if (settings_.is(Settings::kInterrupt, byte)) {
        send_signal(KeySignal::kInterrupt, byte);
    } else if (settings_.is(Settings::kQuit, byte)) {
        send_signal(KeySignal::kQuit, byte);
    } else if (settings_.is(Settings::kSuspend, byte)) {
        send_signal(KeySignal::kSuspend, byte);
    } else {
        return false;
    }
    return true;
}

void LineDiscipline::send_signal(KeySignal signal, char key) {
    if (!settings_.has_local(Settings::kNoFlush)) {
        drop_input();
    }
    if (settings_.has_input(Settings::kFlowControl)) {
        device_.start_output();
    }
    if (settings_.has_local(Settings::kEcho)) {
        echo(key);
        output_.flush();
    }
    device_.send_key_signal(signal);
}

/// The keys of canonical mode.
bool LineDiscipline::receive_editing(char byte) {
    const bool extended = settings_.has_local(Settings::kExtended);
    const bool echoes = settings_.has_local(Settings::kEcho);
    if (settings_.is(Settings::kErase, byte)) {
        erase(Erase::kCharacter, byte);
    } else if (settings_.is(Settings::kKill, byte)) {
        erase(Erase::kLine, byte);
    } else if (extended && settings_.is(Settings::kWordErase, byte)) {
        erase(Erase::kWord, byte);
    } else if (extended && settings_.is(Settings::kLiteralNext, byte)) {
        literal_next_ = true;
        if (echoes && settings_.has_local(Settings::kEchoControl)) {
            begin_echo();
            for (const char shown : kCaretAndBack) {
                output_.put(shown);
            }
        }
    } else if (extended && echoes && settings_.is(Settings::kReprint, byte)) {
        reprint(byte);
    } else if (byte == '\n') {
        if (echoes || settings_.has_local(Settings::kEchoNewline)) {
            output_.put('\n');
        }
        end_line('\n');
    } else if (settings_.is(Settings::kEndOfFile, byte)) {
        end_line(kEndOfFileMark);
    } else if (settings_.is(Settings::kEndOfLine, byte) ||
               (extended && settings_.is(Settings::kEndOfLine2, byte))) {
        if (echoes) {
            begin_echo();
            echo(byte);
        }
        end_line(byte);
    } else {
        return false;
    }
    return true;
}

void LineDiscipline::receive_ordinary(char byte, Origin origin) {
    if (head_ - tail_ >= kRingBytes - 1) {
        if (settings_.has_input(Settings::kBellWhenFull)) {
            device_.show({&kBell, 1});
        }
        return;
    }
    if (settings_.has_local(Settings::kEcho)) {
        begin_echo();
        if (byte == '\n' && origin == Origin::kReturn) {
            output_.put('\n');
        } else {
            echo(byte);
        }
    }
    append(byte);
    if (!canonical()) {
        complete_ = tail_;
    }
}

void LineDiscipline::end_line(char byte) {
    set_mark(head_, true);
    append(byte);
    complete_ = head_;
}

void LineDiscipline::append(char byte) {
    ring_[head_ % kRingBytes] = byte;
    ++head_;
}

void LineDiscipline::erase(Erase what, char key) {
    if (head_ == complete_) {
        return;
    }
    const bool echoes = settings_.has_local(Settings::kEcho);
    if (what == Erase::kLine) {
        const bool erases_on_screen = settings_.has_local(Settings::kEchoKill) &&
                                      settings_.has_local(Settings::kEchoKillErases) &&
                                      settings_.has_local(Settings::kEchoErase);
        if (!echoes || !erases_on_screen) {
            head_ = complete_;
            if (echoes) {
                echo(key);
                if (settings_.has_local(Settings::kEchoKill)) {
                    output_.put('\n');
                }
            }
            return;
        }
    }
    bool in_word = false;
    while (head_ != complete_) {
        std::uint32_t first = head_ - 1;
        while (first != complete_ && settings_.continues_character(at(first))) {
            --first;
        }
        const char byte = at(first);
        if (settings_.continues_character(byte)) {
            return;  // Nothing began it.
        }
        if (what == Erase::kWord) {
            if (in_word && !is_word_character(byte)) {
                return;
            }
            in_word = is_word_character(byte);
        }
        head_ = first;
        if (echoes) {
            if (what == Erase::kCharacter && !settings_.has_local(Settings::kEchoErase)) {
                echo(key);
            } else {
                erase_shown(byte);
            }
        }
        if (what == Erase::kCharacter) {
            return;
        }
    }
}

/// Takes away from the screen what the echo of `byte` put there; the line without it is still in the ring.
void LineDiscipline::erase_shown(char byte) {
    if (byte == '\t') {
        for (std::uint32_t count = kTabStop - column_behind_line() % kTabStop; count > 0; --count) {
            output_.put('\b');
        }
        return;
    }
    const bool caret = is_control_character(byte);
    if (caret && !settings_.has_local(Settings::kEchoControl)) {
        return;
    }
    for (unsigned count = caret ? 2 : 1; count > 0; --count) {
        for (const char shown : kEraseOne) {
            output_.put(shown);
        }
    }
}

/// How many columns, but for whole tab stops, the cursor is from the edge behind the line being typed, as far as that is
/// in the ring.
std::uint32_t LineDiscipline::column_behind_line() const {
    std::uint32_t column = 0;
    for (std::uint32_t position = head_; position != complete_; --position) {
        const char byte = at(position - 1);
        if (byte == '\t') {
            return column;
        }
        if (is_control_character(byte)) {
            column += settings_.has_local(Settings::kEchoControl) ? 2 : 0;
        } else if (!settings_.continues_character(byte)) {
            ++column;
        }
    }
    return output_.line_column() + column;
}

void LineDiscipline::reprint(char key) {
    echo(key);
    output_.put('\n');
    for (std::uint32_t position = complete_; position != head_; ++position) {
        echo(at(position));
    }
}

/// Before a character of the line being typed is echoed: remembers where the line begins.
void LineDiscipline::begin_echo() {
    if (complete_ == head_) {
        output_.begin_line();
    }
}

/// Shows a byte that was typed: control characters as ^X.
void LineDiscipline::echo(char byte) {
    if (settings_.has_local(Settings::kEchoControl) && is_control_character(byte) && byte != '\t') {
        output_.put('^');
        output_.put(static_cast<char>(byte ^ 0x40));
    } else {
        output_.put(byte);
    }
}

bool LineDiscipline::is_marked(std::uint32_t position) const {
    const std::uint32_t index = position % kRingBytes;
    return (marks_[index / 32] >> (index % 32) & 1U) != 0;
}

void LineDiscipline::set_mark(std::uint32_t position, bool marked) {
    const std::uint32_t index = position % kRingBytes;
    const std::uint32_t bit = 1U << (index % 32);
    marks_[index / 32] = marked ? marks_[index / 32] | bit : marks_[index / 32] & ~bit;
}

void LineDiscipline::check_invariants() const {
    mm::expect(head_ - tail_ <= kRingBytes && complete_ - tail_ <= head_ - tail_,
               "line discipline: I1, the counters are out of order");
    for (std::uint32_t outside = head_; outside != tail_ + kRingBytes; ++outside) {
        mm::expect(!is_marked(outside), "line discipline: I2, a mark outside");
    }
}

}  // namespace kernel
