// Several programs, one CPU, one memory, one disk: what allocation and load control are tried out on.
//
// A program is a string of references to pages. One that misses waits for the disk, which serves one page at
// a time; the others run meanwhile. Victims are the least recently used: of the program itself (local) or of
// all (global). What is evicted goes to the end of the pool of free frames, and comes back from there without
// the disk while it lasts. The objects that decide are the kernel's; the facts they see are counted here as
// there. Deterministic.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "lab/allocation/references.hpp"
#include "mm/residency/allocation_trace.hpp"

namespace mm::simulation {

struct ProgramPlan {
    std::string name;
    PageCount size = 0;
    std::uint64_t references = 0;
    Reference reference;
    std::int8_t nice = 0;
};

struct Machine {
    FrameCount frames = 0;
    FrameCount reserve = 8;       ///< Free frames kept under global replacement.
    CpuTime reference_time = 10;  ///< What a reference stands for, in microseconds.
    CpuTime fault_time = 1000;    ///< One page from the disk.
    CpuTime quantum = 10'000;
    Moment epoch = 20'000;
    enum class LoadControlled : std::uint8_t { kNo, kYes };
    LoadControlled load_controlled = LoadControlled::kNo;
    LoadTuning load = {};
    AllocationTuning allocation = {};
    std::string scheme = "none";
};

/// What became of a program.
struct ProgramOutcome {
    std::uint32_t faults = 0;
    std::uint32_t refaults = 0;
    std::uint32_t rescued = 0;  ///< Came back out of the pool.
    FrameCount quota_sum = 0;   ///< Of its quotas at epochs while all run, for the mean.
    std::uint32_t epochs = 0;
    FrameCount most_over_quota = 0;
    Moment finished = 0;
    Moment longest_suspended = 0;
    std::uint32_t suspensions = 0;
    [[nodiscard]] FrameCount mean_quota() const { return epochs == 0 ? 0 : quota_sum / epochs; }
};

struct Outcome {
    std::vector<ProgramOutcome> programs;
    Moment finished = 0;
    std::uint32_t faults = 0;
    std::uint32_t suspensions = 0;
    Moment longest_turn = 0;
};

class Simulation {
  public:
    /// What is decided, and why, goes to `sink`, if there is one.
    Simulation(const Machine& machine, std::vector<ProgramPlan> plans, TraceSink* sink = nullptr)
        : machine_(machine),
          policies_(machine.allocation),
          load_(machine.load),
          decide_(policies_, load_, sink == nullptr ? nowhere_ : *sink),
          free_(machine.frames) {
        while (policies_.all().at(scheme_)->name() != machine.scheme) {
            ++scheme_;
        }
        for (ProgramPlan& plan : plans) {
            Program program;
            program.pages.resize(plan.size);
            program.share.facts = {.id = static_cast<std::uint32_t>(programs_.size()),
                                   .size = plan.size,
                                   .minimum = kMinimumFrames,
                                   .nice = plan.nice};
            program.plan = std::move(plan);
            programs_.push_back(std::move(program));
        }
    }

    /// Runs every program to its end, or until `limit`.
    Outcome run(Moment limit = ~Moment{0}) {
        allocate();
        while (unfinished() > 0 && now_ < limit) {
            serve_disk();
            Program* program = next_ready();
            if (program != nullptr) {
                run_quantum(*program);
            } else {
                now_ = disk_.empty() || next_epoch_ < disk_due_ ? next_epoch_ : disk_due_;
            }
            if (now_ >= next_epoch_) {
                next_epoch_ = now_ + machine_.epoch;
                epoch();
            }
        }
        Outcome outcome;
        for (Program& program : programs_) {
            outcome.faults += program.outcome.faults;
            outcome.suspensions += program.outcome.suspensions;
            outcome.programs.push_back(program.outcome);
        }
        outcome.finished = now_;
        outcome.longest_turn = longest_turn_;
        return outcome;
    }

  private:
    class Nowhere final : public TraceSink {
      public:
        void append(std::span<const std::byte>) override {}
    };
    enum class State : std::uint8_t { kReady, kWaiting, kDone };
    struct Page {
        bool resident = false;
        std::uint64_t used = 0;     // the machine's count of references, at the last use
        CpuTime used_at = 0;        // the program's CPU time then
        std::uint64_t evicted = 0;  // the count of evictions at its own; 0: never
        std::list<std::pair<std::size_t, PageCount>>::iterator pooled;
        bool in_pool = false;
        std::list<PageCount>::iterator place;
    };
    struct Program {
        ProgramPlan plan;
        ProgramShare share;
        ProgramOutcome outcome;
        std::vector<Page> pages;
        std::list<PageCount> recent;  // most recently used first
        std::uint64_t done = 0;
        State state = State::kReady;
        bool suspended = false;
        Moment since = 0;
        bool accessed_on_arrival = false;
    };

    std::size_t unfinished() const {
        std::size_t found = 0;
        for (const Program& program : programs_) {
            found += program.state != State::kDone ? 1 : 0;
        }
        return found;
    }

    Program* next_ready() {
        for (std::size_t tried = 0; tried < programs_.size(); ++tried) {
            turn_ = (turn_ + 1) % programs_.size();
            if (programs_[turn_].state == State::kReady && !programs_[turn_].suspended) {
                return &programs_[turn_];
            }
        }
        return nullptr;
    }

    void run_quantum(Program& program) {
        const Moment end = now_ + machine_.quantum;
        while (now_ < end && program.state == State::kReady && !program.suspended) {
            if (!disk_.empty() && disk_due_ <= now_) {
                serve_disk();
            }
            const PageCount number = program.plan.reference(program.done);
            Page& page = program.pages[number];
            if (!page.resident) {
                fault(program, number);
                return;
            }
            program.recent.splice(program.recent.begin(), program.recent, page.place);
            page.used = ++clock_;
            page.used_at = program.share.facts.cpu_time;
            now_ += machine_.reference_time;
            cpu_time_ += machine_.reference_time;
            program.share.facts.cpu_time += machine_.reference_time;
            if (++program.done == program.plan.references) {
                finish(program);
            }
        }
    }

    void fault(Program& program, PageCount number) {
        Page& page = program.pages[number];
        if (page.in_pool) {
            ++program.outcome.rescued;
            make_room(program);
            if (page.in_pool) {
                pool_.erase(page.pooled);
                page.in_pool = false;
                ++free_;
            }
            enter(program, number);
            return;
        }
        ++program.outcome.faults;
        ++program.share.facts.faults;
        ++faults_;
        if (page.evicted != 0 && evictions_ - page.evicted < machine_.frames) {
            ++program.outcome.refaults;
            ++program.share.facts.refaults;
            ++ghost_hits_;
        }
        make_room(program);
        enter(program, number);
        program.state = State::kWaiting;
        if (disk_.empty()) {
            disk_due_ = now_ + machine_.fault_time;
        }
        disk_.push_back(&program);
        review();
    }

    /// Frees a frame for one page more of `program`.
    void make_room(Program& program) {
        const FrameCount quota = program.share.quota;
        if (quota == kNoQuota) {
            while (free_ + pool_.size() <= machine_.reserve) {
                evict_globally();
            }
        } else {
            for (FrameCount out = drain_at_fault(resident(program), quota); out > 0; --out) {
                evict(program, program.recent.back());
            }
            while (free_ + pool_.size() == 0) {
                evict_globally();  // while others drain
            }
        }
        if (free_ == 0) {
            const auto [owner, page] = pool_.front();
            programs_[owner].pages[page].in_pool = false;
            pool_.pop_front();
            ++free_;
        }
    }

    static FrameCount resident(const Program& program) {
        return static_cast<FrameCount>(program.recent.size());
    }

    void evict_globally() {
        Program* oldest = nullptr;
        for (Program& program : programs_) {
            if (program.recent.empty()) {
                continue;
            }
            if (program.suspended) {
                oldest = &program;
                break;
            }
            if (oldest == nullptr ||
                program.pages[program.recent.back()].used < oldest->pages[oldest->recent.back()].used) {
                oldest = &program;
            }
        }
        evict(*oldest, oldest->recent.back());
    }

    void evict(Program& program, PageCount number) {
        Page& page = program.pages[number];
        program.recent.erase(page.place);
        page.resident = false;
        page.evicted = ++evictions_;
        page.in_pool = true;
        page.pooled =
            pool_.insert(pool_.end(), {static_cast<std::size_t>(&program - programs_.data()), number});
        program.share.facts.resident = resident(program);
    }

    void enter(Program& program, PageCount number) {
        Page& page = program.pages[number];
        --free_;
        page.resident = true;
        page.used = ++clock_;
        page.used_at = program.share.facts.cpu_time;
        page.place = program.recent.insert(program.recent.begin(), number);
        program.share.facts.resident = resident(program);
    }

    void serve_disk() {
        while (!disk_.empty() && disk_due_ <= now_) {
            disk_.front()->state = State::kReady;
            disk_.pop_front();
            disk_due_ += machine_.fault_time;
        }
    }

    void finish(Program& program) {
        program.state = State::kDone;
        program.outcome.finished = now_;
        decide_.forget(program.share);
        while (!program.recent.empty()) {
            evict(program, program.recent.back());
        }
        allocate();
        if (machine_.load_controlled == Machine::LoadControlled::kYes) {
            carry_out(decide_.program_ended(sample(), load_programs()));
        }
    }

    void epoch() {
        for (Program& program : programs_) {
            ProgramFacts& facts = program.share.facts;
            if (program.state != State::kDone && decide_.scan_due(scheme_, facts)) {
                facts.accessed = 0;
                for (const PageCount number : program.recent) {
                    facts.accessed += program.pages[number].used_at >= facts.scanned_at ? 1 : 0;
                }
                facts.scanned_at = facts.cpu_time;
            }
        }
        if (policies_.all().at(scheme_)->follows() == AllocationPolicy::Follows::kBehaviour) {
            allocate();
        }
        for (Program& program : programs_) {
            for (FrameCount out = drain_at_tick(resident(program), program.share.quota); out > 0; --out) {
                evict(program, program.recent.back());
            }
            if (unfinished() == programs_.size() && !program.suspended) {
                program.outcome.quota_sum += program.share.quota;
                ++program.outcome.epochs;
            }
        }
        review();
    }

    void allocate() {
        std::vector<ProgramShare> shares;
        for (const Program& program : programs_) {
            if (program.state != State::kDone && !program.suspended) {
                shares.push_back(program.share);
            }
        }
        decide_.allocate(scheme_, {.frames = machine_.frames, .fault_time = machine_.fault_time}, shares);
        for (const ProgramShare& share : shares) {
            programs_[share.facts.id].share = share;
        }
    }

    LoadSample sample() const {
        return {.frames = machine_.frames,
                .faults = faults_,
                .ghost_hits = ghost_hits_,
                .cpu_time = cpu_time_,
                .fault_time = machine_.fault_time,
                .now = now_};
    }

    std::vector<LoadProgram> load_programs() const {
        std::vector<LoadProgram> list;
        for (const Program& program : programs_) {
            if (program.state != State::kDone) {
                list.push_back({.id = program.share.facts.id,
                                .resident = resident(program),
                                .state = program.suspended ? LoadProgram::State::kSuspended
                                                           : LoadProgram::State::kActive,
                                .since = program.since});
            }
        }
        return list;
    }

    void review() {
        if (machine_.load_controlled == Machine::LoadControlled::kYes && load_.due(sample())) {
            carry_out(decide_.review(sample(), load_programs()));
        }
    }

    void carry_out(const LoadDecision& decision) {
        longest_turn_ = std::max(longest_turn_, load_.turn(sample()));
        if (decision.suspend) {
            Program& program = programs_[*decision.suspend];
            program.suspended = true;
            program.since = now_;
            ++program.outcome.suspensions;
            while (!program.recent.empty()) {
                evict(program, program.recent.back());
            }
        }
        if (decision.resume) {
            Program& program = programs_[*decision.resume];
            program.outcome.longest_suspended =
                std::max(program.outcome.longest_suspended, now_ - program.since);
            program.suspended = false;
            program.since = now_;
        }
        if (decision.suspend || decision.resume) {
            allocate();
        }
    }

    Machine machine_;
    AllocationPolicies policies_;
    std::size_t scheme_ = 0;
    LoadControl load_;
    Nowhere nowhere_;
    RecordedAllocation decide_;
    std::vector<Program> programs_;
    std::list<std::pair<std::size_t, PageCount>>
        pool_;         // frames that still hold a page, the next to be taken first
    FrameCount free_;  // frames that hold nothing
    std::list<Program*> disk_;
    Moment disk_due_ = 0;
    Moment now_ = 0;
    Moment next_epoch_ = 0;
    Moment longest_turn_ = 0;
    std::uint64_t clock_ = 0;
    std::uint64_t evictions_ = 0;
    std::uint32_t faults_ = 0;
    std::uint32_t ghost_hits_ = 0;
    CpuTime cpu_time_ = 0;
    std::size_t turn_ = 0;
};

}  // namespace mm::simulation
