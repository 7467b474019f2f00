// The driver's end of the Linux side: starts space_fuzz_native and gives it orders.
//
// Owns: the shared block and the process. Every order waits for its answer; a side that does not answer in
// time has crashed, and that is reported as an exception.
#pragma once

#include <sys/types.h>

#include <span>
#include <string>

#include "tests/space_fuzz/protocol.hpp"

namespace space_fuzz {

class NativeSide {
  public:
    /// Starts `program`. Throws std::runtime_error when that fails.
    explicit NativeSide(const std::string& program);
    NativeSide(const NativeSide&) = delete;
    NativeSide& operator=(const NativeSide&) = delete;
    ~NativeSide();

    /// A new sequence: process 0 with an empty arena, fresh files.
    void start();
    /// All processes of the sequence have been told to exit: waits until they have.
    void finish();
    /// Does `operation` in its process, which lives.
    Outcome run(const Operation& operation) { return order(operation.process, operation); }

    /// What the last sweep found, by page of the arena.
    [[nodiscard]] std::span<const PageState> sweep() const { return block_->sweep; }
    /// What the last mincore said.
    [[nodiscard]] std::span<const std::uint8_t> residency() const { return block_->residency; }
    /// Whether brk can be tried on this Linux.
    [[nodiscard]] bool has_break() const { return has_break_; }

  private:
    Outcome order(std::uint32_t process, const Operation& operation);

    SharedBlock* block_ = nullptr;
    pid_t program_ = 0;
    bool has_break_ = false;
};

}  // namespace space_fuzz
