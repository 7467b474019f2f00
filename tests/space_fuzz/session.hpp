// One sequence on both sides, compared after every operation.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "tests/space_fuzz/model_side.hpp"
#include "tests/space_fuzz/native_side.hpp"

namespace space_fuzz {

/// Both sides, ready for sequences. The model is made anew after each finding: what it is like then, nobody
/// knows.
class Session {
  public:
    Session(NativeSide& native, Plant plant) : native_(native), plant_(plant) {}

    /// Process 0 with an empty arena on both sides.
    void start();
    /// Does `operation` on both sides, if its process lives, and tells what is different; nothing if all is
    /// well.
    std::optional<std::string> step(Operation operation);
    /// Compares all memory of all processes, ends them, and tells what is different or left over.
    std::optional<std::string> finish();
    /// Ends a sequence in which something was found.
    void abandon();

    /// The whole sequence `operations`: what is different, if anything.
    std::optional<std::string> run(std::span<const Operation> operations);

    [[nodiscard]] const ModelSide& model() const { return *model_; }
    /// Operations made so far, and those among them that both sides refused or that faulted.
    [[nodiscard]] std::uint64_t made() const { return made_; }
    [[nodiscard]] std::uint64_t failed() const { return failed_; }

  private:
    [[nodiscard]] std::optional<std::string> compare_residency(const Operation& operation) const;
    std::optional<std::string> compare_sweep(std::uint32_t process);
    void end_native();

    NativeSide& native_;
    Plant plant_;
    std::unique_ptr<ModelSide> model_;
    std::array<bool, kProcesses> lives_{};
    std::uint64_t made_ = 0;
    std::uint64_t failed_ = 0;
};

}  // namespace space_fuzz
