// A terminal as an open file.
#pragma once

#include "kernel/files/open_file.hpp"
#include "kernel/files/terminal.hpp"

namespace kernel {

class TerminalFile final : public OpenFile {
  public:
    TerminalFile(Shared<Inode> node, OpenFlags open_flags, Terminal& terminal)
        : OpenFile(std::move(node), open_flags, Seekable::kNo),
          terminal_(terminal),
          hangups_(terminal.hangups()) {}

    FileResult<std::size_t> read(Transfer& to, std::uint64_t /*offset*/) override {
        return terminal_.read(to, flags, hangups_);
    }
    FileResult<std::size_t> write(Transfer& from, std::uint64_t /*offset*/) override {
        return terminal_.write(from, flags, hangups_);
    }
    PollEvents poll(PollQueues* queues) override { return terminal_.poll(queues, hangups_); }
    FileResult<std::int32_t> control(std::uint32_t request, std::uint32_t argument) override {
        if (hangups_ != terminal_.hangups()) {
            return file_error(Errno::kIo);
        }
        return terminal_.control(request, argument);
    }
    FileResult<void> sync() override { return file_error(Errno::kInvalid); }

  private:
    Terminal& terminal_;
    std::uint32_t hangups_;  // before it was opened
};

}  // namespace kernel
