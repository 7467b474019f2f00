#include "kernel/programs/host_command.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>

#include "kernel/arch/i686/machine.hpp"
#include "kernel/drivers/fw_cfg.hpp"
#include "kernel/drivers/serial.hpp"
#include "kernel/panic.hpp"

namespace kernel {
namespace {

constexpr std::string_view kCommandFile = "opt/org.primitiveos/command";

/// What a POSIX shell gives for a command that it cannot execute.
constexpr std::uint8_t kCannotExecute = 126;

enum class Stream : char { kOutput = '1', kError = '2', kExitStatus = 'x' };

/// Collects what is printed into frames. The order in which the streams were written is kept.
class FrameWriter {
  public:
    void write(Stream stream, std::string_view bytes) {
        if (stream != stream_) {
            flush();
            stream_ = stream;
        }
        while (!bytes.empty()) {
            const std::size_t count = std::min(bytes.size(), frame_.size() - used_);
            bytes.copy(frame_.data() + used_, count);
            used_ += count;
            bytes.remove_prefix(count);
            if (used_ == frame_.size()) {
                flush();
            }
        }
    }

    /// Sends what has been collected.
    void flush() {
        if (used_ == kHeaderBytes) {
            return;
        }
        const std::size_t length = used_ - kHeaderBytes;
        frame_[0] = static_cast<char>(stream_);
        frame_[1] = static_cast<char>(length & 0xFF);
        frame_[2] = static_cast<char>(length >> 8);
        com2().write({frame_.data(), used_});
        used_ = kHeaderBytes;
    }

  private:
    static constexpr std::size_t kHeaderBytes = 3;
    static constexpr std::size_t kPayloadBytes = 4096;

    std::array<char, kHeaderBytes + kPayloadBytes> frame_{};
    std::size_t used_ = kHeaderBytes;
    Stream stream_ = Stream::kOutput;
};

constinit FrameWriter frames;

template <Stream kStream>
class FrameSink final : public Sink {
  public:
    void write(std::string_view bytes) override { frames.write(kStream, bytes); }
};

constinit FrameSink<Stream::kOutput> output;
constinit FrameSink<Stream::kError> error;

[[noreturn]] void finish(std::uint8_t status) {
    const char byte = static_cast<char>(status);
    frames.write(Stream::kExitStatus, {&byte, 1});
    frames.flush();
    power_off();
}

[[noreturn]] void finish_without_memory(std::uint32_t size_bytes) {
    Printer(error).print("sh: {} bytes of arguments: {}\n", size_bytes, to_string(Errno::kNoMemory));
    finish(kCannotExecute);
}

/// Sets `words` to the pieces of `text`, each of which ends in a NUL.
void split(std::string_view text, std::span<std::string_view> words) {
    for (std::string_view& word : words) {
        const std::size_t end = text.find('\0');
        word = text.substr(0, end);
        text.remove_prefix(end + 1);
    }
}

}  // namespace

bool host_command_requested() {
    return fw_cfg::open(kCommandFile).has_value();
}

void run_host_command(Shell& shell) {
    set_last_words([] { frames.flush(); });
    const std::uint32_t size_bytes = fw_cfg::open(kCommandFile).value_or(fw_cfg::File{}).size_bytes;
    // Never given back: the machine ends with the command.
    char* const bytes = new (std::nothrow) char[std::max(size_bytes, std::uint32_t{1})];
    if (bytes == nullptr) {
        finish_without_memory(size_bytes);
    }
    fw_cfg::read({bytes, size_bytes});
    const std::string_view text(bytes, size_bytes);
    const auto word_count = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\0'));
    if (word_count == 0) {
        Printer(error).print("sh: the host gave no command\n");
        finish(kCannotExecute);
    }
    auto* const words = new (std::nothrow) std::string_view[word_count];
    if (words == nullptr) {
        finish_without_memory(size_bytes);
    }
    split(text, {words, word_count});
    finish(shell.run({words, word_count}, {output, error}).status);
}

}  // namespace kernel
