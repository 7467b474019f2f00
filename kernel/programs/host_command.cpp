#include "kernel/programs/host_command.hpp"

#include <algorithm>
#include <cstddef>
#include <new>

#include "kernel/arch/i686/machine.hpp"
#include "kernel/drivers/fw_cfg.hpp"
#include "kernel/files/host_streams.hpp"
#include "kernel/panic.hpp"

namespace kernel {
namespace {

constexpr std::string_view kCommandFile = "opt/org.primitiveos/command";

/// What a POSIX shell gives for a command that it cannot execute.
constexpr std::uint8_t kCannotExecute = 126;

template <HostStream kStream>
class StreamSink final : public Sink {
  public:
    void write(std::string_view bytes) override { collect_host_output(kStream, bytes); }
};

constinit StreamSink<HostStream::kOutput> output;
constinit StreamSink<HostStream::kError> error;

[[noreturn]] void finish(std::uint8_t status) {
    send_exit_status(status);
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

std::span<std::string_view> host_command_words() {
    set_last_words(flush_host_output);
    const std::uint32_t size_bytes = fw_cfg::open(kCommandFile).value_or(fw_cfg::File{}).size_bytes;
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
    return {words, word_count};
}

void run_host_command(Shell& shell) {
    finish(shell.run(host_command_words(), {output, error}).status);
}

void end_with_status(std::uint8_t status) {
    if (host_command_requested()) {
        finish(status);
    }
    power_off();
}

}  // namespace kernel
