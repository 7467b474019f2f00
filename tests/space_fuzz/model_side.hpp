// Our side of the fuzzer: processes whose memory is an mm::AddressSpace each, driven by the kernel's own
// rules for the memory calls, their accesses going through page tables and a CPU that caches translations.
//
// Owns: the machine, the processes, the files. Between operations nothing is mapped by anybody else, so that
// whatever a check finds was done by the operation before it.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernel/syscalls/space_calls.hpp"
#include "tests/space_fuzz/model_machine.hpp"
#include "tests/space_fuzz/planted_space.hpp"
#include "tests/space_fuzz/protocol.hpp"

namespace space_fuzz {

class ModelSide final : kernel::memory_rules::MapSources {
  public:
    explicit ModelSide(Plant plant);
    ModelSide(const ModelSide&) = delete;
    ModelSide& operator=(const ModelSide&) = delete;
    ~ModelSide() = default;

    /// A new sequence: process 0 with an empty arena, fresh files.
    void start();
    /// Does `operation` in its process, which lives.
    Outcome run(const Operation& operation);
    /// Ends all processes and files. What is left then: empty if nothing.
    std::string finish();
    /// What is wrong with the state of `process`, or was seen by the doubles: empty if nothing.
    std::string check(std::uint32_t process);

    [[nodiscard]] bool lives(std::uint32_t process) const {
        return process < kProcesses && processes_[process] != nullptr;
    }
    /// `operation` with what the other side must agree on before it is done (D1); nothing if it must not be
    /// done at all (D2, D9).
    [[nodiscard]] std::optional<Operation> prepare(Operation operation) const;
    /// For the generator: where something is mapped.
    [[nodiscard]] const ModelSpace& space(std::uint32_t process) const { return processes_[process]->space; }
    [[nodiscard]] std::uint32_t program_break(std::uint32_t process) const {
        return processes_[process]->program_break;
    }
    /// What the last sweep found, by page of the arena.
    [[nodiscard]] std::span<const PageState> sweep() const { return sweep_; }
    /// What the last mincore said; kAnyAnswer for pages that show the zero frame.
    [[nodiscard]] std::span<const std::uint8_t> residency() const { return residency_; }

  private:
    struct Process {
        Process(ModelMachine& machine, std::uint32_t id)
            : root(machine.take_cleared(mm::FrameOwner::kPageTable)), space(root.number(), id, machine) {}

        mm::OwnedFrame root;
        ModelSpace space;
        std::uint32_t program_break = kBreakBegin;
    };

    /// A program's access; null, and how it failed.
    struct Touched {
        std::byte* byte;
        Access access;
    };
    Touched touch(Process& process, std::uint32_t address, host::Use use);
    /// The word that a planted bug lets the program write to although it is shared; null when it is not.
    std::byte* planted_copy(Process& process, mm::VirtAddr address);

    Outcome call(Process& process, const Operation& operation);
    Outcome ask_residency(Process& process, std::uint32_t address, std::uint32_t length);
    Outcome access(Process& process, const Operation& operation);
    Outcome file(const Operation& operation);
    Outcome fork(Process& parent, std::uint32_t child);
    void sweep_process(Process& process);
    std::string check_entries(const ModelSpace& space);
    std::string check_references();

    kernel::FileResult<kernel::memory_rules::MappableFile> mappable(std::int32_t descriptor) override;
    kernel::FileResult<mm::PageObject*> shared_memory(mm::PageCount pages) override;

    void resize_file(std::uint32_t bytes);

    Plant plant_;
    ModelMachine machine_;
    std::array<std::unique_ptr<Process>, kProcesses> processes_;
    std::uint32_t next_id_ = 1;
    ModelFile* file_ = nullptr;
    std::uint32_t file_bytes_ = 0;
    ModelModule* module_ = nullptr;
    std::vector<mm::FrameNumber> module_frames_;
    std::vector<PageState> sweep_;
    std::vector<std::uint8_t> residency_;
    std::vector<std::string> violations_;
};

}  // namespace space_fuzz
