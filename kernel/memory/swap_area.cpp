#include "kernel/memory/swap_area.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <optional>
#include <utility>

#include "kernel/arch/i686/cpu.hpp"
#include "kernel/log.hpp"
#include "kernel/memory/kernel_memory.hpp"
#include "kernel/memory/page_arrivals.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/programs/scheduler.hpp"

namespace kernel {
namespace {

constinit SwapArea* active_area = nullptr;
constinit std::optional<mm::ReplacementKind> chosen_replacement;

/// The head of a swap disk, as mkswap writes it: in its first page. [linux] include/linux/swap.h, union swap_header
struct SwapHead {
    std::array<std::byte, 1024> boot_block;
    std::uint32_t version;
    std::uint32_t last_page;
    std::uint32_t bad_page_count;
    std::array<std::byte, 4096 - 1024 - 12 - 10> others;
    std::array<char, 10> signature;
};
static_assert(sizeof(SwapHead) == mm::kPageSize);

bool is_main_line() {
    return &current_process() == &idle_process();
}

/// Reads one page of `disk` into `frame`. Errors: kIo.
FileResult<void> read_page(BlockDevice& disk, std::uint64_t sector, mm::FrameNumber frame) {
    struct Request : BlockRequest {
        bool is_done = false;
        WaitQueue sleeper;
    } request;
    request.first_sector = sector;
    request.frame_count = 1;
    request.frames[0] = frame;
    request.done = [](BlockRequest& done) {
        auto& self = static_cast<Request&>(done);
        self.is_done = true;
        self.sleeper.wake_all();
    };
    disk.start(request);
    if (is_main_line()) {
        while (!request.is_done) {
            cpu::disable_interrupts();
            run_deferred_work();
            if (!request.is_done) {
                cpu::wait_for_interrupt();
            }
            cpu::enable_interrupts();
        }
    } else {
        Waiter place(request.sleeper);
        while (!request.is_done) {
            sleep(Interruptible::kNo);
        }
    }
    return request.failed ? file_error(Errno::kIo) : FileResult<void>();
}

/// How many pages of `disk` are its swap area, the head included. Errors: kInvalid, kIo, kNoMemory.
FileResult<std::uint32_t> read_head(BlockDevice& disk) {
    const mm::Result<mm::OwnedFrame> frame = kernel_memory()->account().allocate(mm::FrameOwner::kReading);
    if (!frame) {
        return file_error(Errno::kNoMemory);
    }
    if (const auto read = read_page(disk, 0, frame->number()); !read) {
        return file_error(read.error());
    }
    const auto opened = kernel_memory()->window().open(frame->number());
    const auto& head = *reinterpret_cast<const SwapHead*>(opened.bytes());
    constexpr std::string_view kSignature = "SWAPSPACE2";
    const std::uint64_t pages = disk.sector_count() / kSectorsPerFrame;
    if (std::string_view(head.signature.data(), head.signature.size()) != kSignature || head.version != 1 ||
        head.bad_page_count != 0 || head.last_page == 0) {
        log().error("swap: {} is no swap disk", disk.name());
        return file_error(Errno::kInvalid);
    }
    if (head.last_page >= pages) {
        log().error("swap: {} has {} pages, but its head says {}", disk.name(),
                    static_cast<std::uint32_t>(pages), head.last_page + 1);
        return file_error(Errno::kInvalid);
    }
    if (head.last_page >= KernelLayout::kSlotLimit) {
        log().warning("swap: of {} the first {} pages are used", disk.name(), KernelLayout::kSlotLimit);
    }
    return std::min(head.last_page + 1, KernelLayout::kSlotLimit);
}

constinit DeferredWork balance_work{
    .pending = [] { return active_area != nullptr && active_area->residency().wants_balance(); },
    .run = [] { active_area->residency().balance(); }};

}  // namespace

mm::ReplacementKind replacement_choice() {
    return chosen_replacement.value_or(boot_options().replacement);
}

void choose_replacement(mm::ReplacementKind kind) {
    chosen_replacement = kind;
    if (active_area != nullptr) {
        active_area->set_replacement(kind);
    }
}

SwapArea* SwapArea::active() {
    return active_area;
}

ProgramSpace* SwapArea::Spaces::find(std::uint32_t id) const {
    for (ProgramMemory* memory = ProgramMemory::first(); memory != nullptr; memory = memory->next()) {
        if (memory->id() == id) {
            return &memory->space();
        }
    }
    return nullptr;
}

bool SwapArea::Records::allocate(std::uint32_t frames_wanted, std::uint32_t slots_wanted) {
    frame_count = frames_wanted;
    slot_count = slots_wanted;
    ghost_count = frames_wanted;
    frames.reset(new (std::nothrow) mm::ResidentFrame[frame_count]);
    slots.reset(new (std::nothrow) mm::SlotRecord[slot_count]);
    residents.reset(new (std::nothrow) mm::ResidentRecord[frame_count]());
    ghosts.reset(new (std::nothrow) mm::GhostEntry[ghost_count]());
    return frames && slots && residents && ghosts;
}

SwapArea::SwapArea(BlockDevice& disk, Records&& records)
    : disk_(disk),
      records_(std::move(records)),
      ghosts_({records_.ghosts.get(), records_.ghost_count}),
      mappings_(kernel_memory()->account(), Spaces{}),
      residency_(kernel_memory()->account(), *this, *this, {records_.frames.get(), records_.frame_count},
                 {records_.slots.get(), records_.slot_count}, 1) {
    set_replacement(replacement_choice());
    for (Transfer& transfer : transfers_) {
        transfer.area = this;
        transfer.done = done;
    }
}

SwapArea::~SwapArea() = default;

void SwapArea::set_replacement(mm::ReplacementKind kind) {
    const std::size_t next = 1 - current_;
    mm::ReplacementPolicy& policy = policies_[next].start(
        kind, {.memory = {.records = {records_.residents.get(), records_.frame_count}, .ghosts = &ghosts_},
               .instance = ++instance_ != 0 ? instance_ : ++instance_});
    residency_.set_policy(policy);
    policies_[current_].stop();
    current_ = next;
}

FileResult<void> SwapArea::turn_on(BlockDevice& disk) {
    if (active_area != nullptr) {
        return file_error(Errno::kBusy);
    }
    const FileResult<std::uint32_t> pages = read_head(disk);
    if (!pages) {
        return file_error(pages.error());
    }
    if (active_area != nullptr) {
        return file_error(Errno::kBusy);  // Somebody else's came first, while this one's head was read.
    }
    Records records;
    if (!records.allocate(kernel_memory()->account().table().limit(), *pages)) {
        return file_error(Errno::kNoMemory);
    }
    active_area = new (std::nothrow) SwapArea(disk, std::move(records));
    if (active_area == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    active_area->track_all();
    kernel_memory()->account().set_observer(&active_area->residency_);
    program_machine().set_residency(&active_area->residency_);
    static constinit bool is_added = false;
    if (!std::exchange(is_added, true)) {
        add_deferred_work(balance_work);
    }
    log().info("swap: {}, {} KiB", disk.name(), (*pages - 1) * (mm::kPageSize / 1024));
    return {};
}

/// Tells the residency of every page that programs have already.
void SwapArea::track_all() {
    const mm::FrameTable table = kernel_memory()->account().table();
    for (ProgramMemory* memory = ProgramMemory::first(); memory != nullptr; memory = memory->next()) {
        memory->space().page_tables().for_each_used_page(
            ProgramMachine::kUserPages.begin.address(),
            mm::PageNumber(ProgramMachine::kUserPages.end.value() - 1).address(),
            [&](mm::VirtAddr, const mm::Mapping& mapping) {
                if (mapping.flags.has(mm::page_flags::kOwned) &&
                    table[mapping.frame].owner == mm::FrameOwner::kAnonymous &&
                    !residency_.frame(mapping.frame).tracked) {
                    residency_.entered(mapping.frame, nullptr);
                }
            });
    }
    for (ProgramObject* object = ProgramObject::first(); object != nullptr; object = object->next()) {
        object->for_each_frame([this, object](mm::FrameNumber frame, mm::FrameOwner owner) {
            if (owner == mm::FrameOwner::kSharedMemory) {
                residency_.entered(frame, object);
            }
        });
    }
}

FileResult<void> SwapArea::turn_off(BlockDevice& disk) {
    if (active_area == nullptr || &active_area->disk_ != &disk) {
        return file_error(Errno::kInvalid);
    }
    SwapArea& area = *active_area;
    area.residency_.drain();
    Waiter place(page_arrivals());
    for (;;) {
        const mm::Result<void> back = area.bring_all_back();
        if (back && area.residency_.release_spare_slots()) {
            break;
        }
        std::optional<Errno> error;
        if (!back && back.error() != mm::Error::kWouldWait) {
            error = back.error() == mm::Error::kNoMemory ? Errno::kNoMemory : Errno::kIo;
        } else if (sleep(Interruptible::kYes) == Wake::kSignal) {
            error = Errno::kInterrupted;
        }
        if (error) {
            area.residency_.stop_draining();
            return file_error(*error);
        }
    }
    program_machine().set_residency(nullptr);
    kernel_memory()->account().set_observer(nullptr);
    delete std::exchange(active_area, nullptr);
    return {};
}

/// Every page that is on the disk, as far as that goes without waiting. Errors: kWouldWait, kNoMemory, kBadInput.
mm::Result<void> SwapArea::bring_all_back() {
    for (ProgramMemory* memory = ProgramMemory::first(); memory != nullptr; memory = memory->next()) {
        if (const mm::Result<void> back = memory->space().restore_all(); !back) {
            return back;
        }
    }
    for (ProgramObject* object = ProgramObject::first(); object != nullptr; object = object->next()) {
        if (const mm::Result<void> back = object->restore_all(); !back) {
            return back;
        }
    }
    return {};
}

bool SwapArea::start(Operation operation, mm::SlotNumber first, std::span<const mm::FrameNumber> frames) {
    const auto transfer = std::ranges::find_if(transfers_, &Transfer::is_free);
    if (transfer == transfers_.end()) {
        return false;
    }
    transfer->is_free = false;
    transfer->operation = operation == Operation::kRead ? BlockOperation::kRead : BlockOperation::kWrite;
    transfer->first_sector = std::uint64_t{first.value()} * kSectorsPerFrame;
    transfer->frame_count = static_cast<std::uint32_t>(frames.size());
    std::ranges::copy(frames, transfer->frames.begin());
    transfer->failed = false;
    disk_.start(*transfer);
    return true;
}

void SwapArea::done(BlockRequest& request) {
    auto& transfer = static_cast<Transfer&>(request);
    const std::array<mm::FrameNumber, BlockRequest::kMostFrames> frames = transfer.frames;
    transfer.is_free = true;
    transfer.area->residency_.finished(
        transfer.operation == BlockOperation::kRead ? Operation::kRead : Operation::kWrite,
        mm::SlotNumber(static_cast<std::uint32_t>(transfer.first_sector / kSectorsPerFrame)),
        std::span(frames).first(transfer.frame_count),
        transfer.failed ? mm::Residency::Outcome::kFailed : mm::Residency::Outcome::kDone);
}

/// Fletcher's: tells a word that changed, and words that changed places. Two additions a word.
std::uint32_t SwapArea::checksum(mm::FrameNumber frame) {
    const auto opened = kernel_memory()->window().open(frame);
    const auto* const words = reinterpret_cast<const std::uint32_t*>(opened.bytes());
    std::uint32_t sum = 1;
    std::uint32_t sum_of_sums = 0;
#pragma GCC unroll 32
    for (std::size_t i = 0; i < mm::kPageSize / sizeof(*words); ++i) {
        sum += words[i];
        sum_of_sums += sum;
    }
    return sum ^ (sum_of_sums << 16 | sum_of_sums >> 16);
}

void SwapArea::progress() {
    page_arrivals().wake_all();
}

mm::CpuTime SwapArea::now() {
    const SchedulerFigures figures = scheduler_figures();
    return static_cast<mm::CpuTime>(figures.user_microseconds + figures.nice_microseconds +
                                    figures.system_microseconds);
}

void SwapArea::lost(mm::SlotNumber slot, Loss loss) {
    log().error("swap: {}: the page in slot {} {}", disk_.name(), slot.value(),
                loss == Loss::kChanged ? "came back changed" : "cannot be read");
}

}  // namespace kernel
