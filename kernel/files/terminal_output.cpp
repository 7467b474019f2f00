#include "kernel/files/terminal_output.hpp"

#include <utility>

namespace kernel {
namespace {

using Settings = TerminalSettings;

}  // namespace

void TerminalOutput::put(char byte) {
    if (batch_.size() - batched_ < kTabStop) {
        flush();
    }
    const auto add = [this](char shown) { batch_[batched_++] = shown; };
    if (!settings_.has_output(Settings::kProcess)) {
        add(byte);
        return;
    }
    switch (byte) {
        case '\n':
            if (settings_.has_output(Settings::kNewlineToReturnNewline)) {
                add('\r');
                column_ = 0;
            } else if (settings_.has_output(Settings::kNewlineReturns)) {
                column_ = 0;
            }
            line_column_ = column_;
            break;
        case '\r':
            if (settings_.has_output(Settings::kNoReturnAtColumn0) && column_ == 0) {
                return;
            }
            if (settings_.has_output(Settings::kReturnToNewlineOut)) {
                byte = '\n';
                if (!settings_.has_output(Settings::kNewlineReturns)) {
                    break;
                }
            }
            column_ = line_column_ = 0;
            break;
        case '\t': {
            const std::uint32_t spaces = kTabStop - column_ % kTabStop;
            column_ += spaces;
            if ((settings_.output & Settings::kTabsMask) == Settings::kTabsAsSpaces) {
                for (std::uint32_t count = 0; count < spaces; ++count) {
                    add(' ');
                }
                return;
            }
            break;
        }
        case '\b':
            column_ -= column_ > 0 ? 1 : 0;
            break;
        default:
            column_ += is_control_character(byte) || settings_.continues_character(byte) ? 0 : 1;
            break;
    }
    add(byte);
}

void TerminalOutput::flush() {
    if (batched_ != 0) {
        // Showing may let other threads run, and they write, too.
        const auto bytes = batch_;
        device_.show({bytes.data(), std::exchange(batched_, 0)});
    }
}

}  // namespace kernel
