#include "kernel/programs/line_editor.hpp"

namespace kernel {
namespace {

constexpr char kControlC = 0x03;
constexpr char kControlD = 0x04;
constexpr char kBackspace = 0x08;
constexpr char kControlU = 0x15;
constexpr char kEscape = 0x1B;
constexpr char kDelete = 0x7F;

constexpr std::string_view kEraseOne = "\b \b";

/// A byte of UTF-8 that is not a character's first.
bool continues_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

bool is_control(char byte) {
    return static_cast<unsigned char>(byte) < 0x20U;
}

}  // namespace

LineEditor::Event LineEditor::feed(char byte) {
    if (fresh_) {
        size_ = 0;
        fresh_ = false;
    }
    const bool newline_of_pair = byte == '\n' && after_carriage_return_;
    after_carriage_return_ = byte == '\r';
    if (newline_of_pair || skip_escape_sequence(byte)) {
        return Event::kNone;
    }
    switch (byte) {
        case '\r':
        case '\n':
            screen_.write("\n");
            return finish(excess_ > 0 ? Event::kTooLong : Event::kLine);
        case kControlC:
            screen_.write("^C\n");
            return finish(Event::kCancelled);
        case kControlD:
            return size_ == 0 ? finish(Event::kEndOfInput) : Event::kNone;
        case kControlU:
            excess_ = 0;
            while (size_ > 0) {
                erase_last();
            }
            return Event::kNone;
        case kBackspace:
        case kDelete:
            erase_last();
            return Event::kNone;
        case '\t':
            add(' ');
            return Event::kNone;
        default:
            if (!is_control(byte)) {
                add(byte);
            }
            return Event::kNone;
    }
}

/// ESC [ parameters letter, and ESC with any other character.
bool LineEditor::skip_escape_sequence(char byte) {
    switch (escape_) {
        case Escape::kNone:
            if (byte != kEscape) {
                return false;
            }
            escape_ = Escape::kStarted;
            return true;
        case Escape::kStarted:
            escape_ = byte == '[' || byte == 'O' ? Escape::kParameters : Escape::kNone;
            return true;
        case Escape::kParameters:
            if (byte >= '@') {
                escape_ = Escape::kNone;
            }
            return true;
    }
    return false;
}

void LineEditor::add(char byte) {
    if (size_ == bytes_.size() || excess_ > 0) {
        if (!continues_character(byte)) {
            ++excess_;
        } else if (excess_ == 0) {
            erase_last();  // The character that it continues does not fit whole.
            excess_ = 1;
        }
        return;
    }
    bytes_[size_++] = byte;
    screen_.write({&byte, 1});
}

void LineEditor::erase_last() {
    if (excess_ > 0) {
        --excess_;
        return;
    }
    if (size_ == 0) {
        return;
    }
    while (size_ > 1 && continues_character(bytes_[size_ - 1])) {
        --size_;
    }
    --size_;
    screen_.write(kEraseOne);
}

LineEditor::Event LineEditor::finish(Event event) {
    if (event != Event::kLine) {
        size_ = 0;
    }
    fresh_ = true;
    excess_ = 0;
    return event;
}

}  // namespace kernel
