#include "kernel/log.hpp"

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/clock.hpp"
#include "kernel/drivers/serial.hpp"
#include "kernel/drivers/vga_text.hpp"

namespace kernel {
namespace {

constinit Log kernel_log;

VgaColour colour_of(LogLevel level) {
    switch (level) {
        case LogLevel::kError:
            return VgaColour::kLightRed;
        case LogLevel::kWarning:
            return VgaColour::kYellow;
        case LogLevel::kInfo:
            break;
    }
    return VgaColour::kLightGrey;
}

}  // namespace

Log& log() {
    return kernel_log;
}

void Log::add_line(LogLevel level, std::string_view text) {
    const cpu::InterruptsOff guard;
    const auto microseconds = clock().microseconds_since_entry();
    FixedText<kLineBytes + 32> line;
    Printer out(line);
    out.print("<{}>[{5}.{06}] ", static_cast<unsigned>(level), microseconds / 1'000'000,
              microseconds % 1'000'000);
    out.write(text);
    out.write("\n");
    append(line.text());
    if (level > shown_from_) {
        return;
    }

    const std::string_view without_level = line.text().substr(3);
    if (serial_ != nullptr) {
        serial_->write_text(without_level);
    }
    if (screen_ != nullptr) {
        screen_->set_colours({colour_of(level), VgaColour::kBlack});
        screen_->write(without_level);
        screen_->set_colours(kVgaDefault);
    }
}

void Log::append(std::string_view bytes) {
    while (kRingBytes - size_ < bytes.size()) {
        drop_oldest_line();
    }
    const std::size_t at = (begin_ + size_) % kRingBytes;
    const std::size_t before_wrap = bytes.copy(ring_.data() + at, kRingBytes - at);
    bytes.substr(before_wrap).copy(ring_.data(), kRingBytes);
    size_ += bytes.size();
}

void Log::drop_oldest_line() {
    char dropped = 0;
    do {
        dropped = ring_[begin_];
        begin_ = (begin_ + 1) % kRingBytes;
        --size_;
    } while (dropped != '\n');
}

void Log::print_kmsg(Printer& out) const {
    const cpu::InterruptsOff guard;
    const std::size_t before_wrap = size_ < kRingBytes - begin_ ? size_ : kRingBytes - begin_;
    out.write({ring_.data() + begin_, before_wrap});
    out.write({ring_.data(), size_ - before_wrap});
}

}  // namespace kernel
