#include "tests/space_fuzz/model_side.hpp"

#include <algorithm>
#include <cstring>

#include "mm/core/panic.hpp"
#include "tests/space_fuzz/known_differences.hpp"

namespace space_fuzz {

namespace {

using kernel::Errno;
using kernel::memory_rules::MappableFile;
using Calls = kernel::memory_rules::SpaceCalls<PlantedSpace>;

Access access_of(mm::FaultOutcome outcome) {
    switch (outcome) {
        case mm::FaultOutcome::kNoRegion:
            return kSegvNoRegion;
        case mm::FaultOutcome::kForbidden:
            return kSegvForbidden;
        case mm::FaultOutcome::kBeyondObject:
            return kBusBeyond;
        case mm::FaultOutcome::kNoMemory:
            return kNoMemory;
        default:
            return kOtherFault;
    }
}

std::uint32_t word_at(const std::byte* bytes) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

void put_word(std::byte* bytes, std::uint32_t word) {
    std::memcpy(bytes, &word, sizeof word);
}

}  // namespace

ModelSide::ModelSide(Plant plant) : plant_(plant), sweep_(kArenaPages) {
    machine_.cpu.plant = plant;
    for (std::uint32_t page = 0; page < kModulePages; ++page) {
        mm::OwnedFrame frame = machine_.take_cleared(mm::FrameOwner::kExercise);
        for (std::uint32_t offset = 0; offset < kPageBytes; offset += 4) {
            put_word(machine_.memory.raw(frame.number()) + offset, module_word(page * kPageBytes + offset));
        }
        module_frames_.push_back(std::move(frame).give_up());
    }
}

void ModelSide::start() {
    file_ = new ModelFile(machine_, kFilePages);
    file_bytes_ = kFilePages * kPageBytes;
    for (std::uint32_t page = 0; page < kFilePages; page += 2) {
        std::byte* const bytes = machine_.memory.raw(file_->frame_for_write(page).value());
        for (std::uint32_t offset = 0; offset < kPageBytes; offset += 4) {
            put_word(bytes + offset, file_word(page * kPageBytes + offset));
        }
    }
    module_ = new ModelModule(module_frames_);
    processes_[0] = std::make_unique<Process>(machine_, next_id_++);
    processes_[0]->space.set_stack_limit(kStackPages);
}

std::string ModelSide::finish() {
    machine_.cpu.stop();
    for (std::unique_ptr<Process>& process : processes_) {
        process.reset();
    }
    std::string wrong;
    if (file_->holders() != 1 || module_->holders() != 1) {
        wrong += "a file is held by nobody; ";
    }
    std::exchange(file_, nullptr)->release();
    std::exchange(module_, nullptr)->release();
    for (const std::string& violation : machine_.take_violations()) {
        wrong += violation + "; ";
    }
    return wrong + machine_.leaks();
}

Outcome ModelSide::run(const Operation& operation) {
    Process& process = *processes_[operation.process];
    machine_.cpu.switch_to(process.root.number());
    switch (operation.kind) {
        case Kind::kRead:
        case Kind::kWrite:
            return access(process, operation);
        case Kind::kFileRead:
        case Kind::kFileWrite:
        case Kind::kFileResize:
            return file(operation);
        case Kind::kFork:
            return fork(process, operation.arguments[0]);
        case Kind::kExit:
            processes_[operation.process]->space.clear();
            machine_.cpu.stop();
            processes_[operation.process].reset();
            return {};
        case Kind::kSweep:
            sweep_process(process);
            return {};
        default:
            return call(process, operation);
    }
}

Outcome ModelSide::call(Process& process, const Operation& operation) {
    PlantedSpace planted(process.space, plant_);
    Calls calls(planted, ModelMachine::kUserPages);
    const std::uint32_t(&a)[6] = operation.arguments;
    switch (operation.kind) {
        case Kind::kMap:
            return {calls.map({a[0], a[1], a[2], a[3], static_cast<std::int32_t>(a[4]), a[5]}, *this), 0};
        case Kind::kUnmap:
            return {calls.unmap(a[0], a[1]), 0};
        case Kind::kProtect:
            return {calls.protect(a[0], a[1], a[2]), 0};
        case Kind::kRemap:
            return {calls.remap({a[0], a[1], a[2], a[3], a[4]}), 0};
        case Kind::kAdvise:
            return {calls.advise(a[0], a[1], a[2]), 0};
        case Kind::kSync:
            return {calls.sync(a[0], a[1], a[2]), 0};
        case Kind::kBreak:
            process.program_break = calls.set_break(kBreakBegin, process.program_break, a[0]);
            return {static_cast<std::int32_t>(process.program_break), 0};
        case Kind::kResidency:
            return ask_residency(process, a[0], a[1]);
        default:
            return {-static_cast<std::int32_t>(Errno::kNoSystemCall), 0};
    }
}

Outcome ModelSide::ask_residency(Process& process, std::uint32_t address, std::uint32_t length) {
    PlantedSpace planted(process.space, plant_);
    residency_.assign(kMostAnswers, kNoAnswer);
    const auto deliver = [&](std::size_t at, std::span<const std::uint8_t> part) {
        std::ranges::copy(part, residency_.begin() + static_cast<std::ptrdiff_t>(at));
        return true;
    };
    const Outcome outcome{Calls(planted, ModelMachine::kUserPages).residency(address, length, deliver), 0};
    process.space.page_tables().for_each_used_page(
        mm::VirtAddr(address), mm::VirtAddr(kArenaEnd - kPageBytes),
        [&](mm::VirtAddr page, const mm::Mapping& mapping) {
            const std::size_t index = (page.value() - address) / kPageBytes;
            if (mapping.frame == machine_.zero_frame() && residency_[index] == 1) {
                residency_[index] = kAnyAnswer;  // D8
            }
        });
    return outcome;
}

ModelSide::Touched ModelSide::touch(Process& process, std::uint32_t address, host::Use use) {
    constexpr int kMostFaults = 3;
    const mm::VirtAddr at(address);
    const bool writes = use == host::Use::kWrite;
    for (int faults = 0; faults < kMostFaults; ++faults) {
        if (std::byte* const byte = machine_.cpu.touch(at, use); byte != nullptr) {
            return {byte, kFine};
        }
        if (std::byte* const planted = writes ? planted_copy(process, at) : nullptr; planted != nullptr) {
            return {planted, kFine};
        }
        const bool was_absent = !process.space.page_tables().lookup(at).has_value();
        const mm::FaultOutcome outcome =
            process.space.fault(at, writes ? mm::FaultAccess::kWrite : mm::FaultAccess::kRead);
        if (outcome != mm::FaultOutcome::kResolved) {
            return {nullptr, access_of(outcome)};
        }
        if (plant_ == Plant::kOldContents && was_absent && writes) {
            put_word(machine_.memory.raw(*process.space.frame_at(at)) + 0x7f0, 0xdead'beef);
        }
    }
    violations_.emplace_back("a fault was resolved, and the same access faults again");
    return {nullptr, kOtherFault};
}

std::byte* ModelSide::planted_copy(Process& process, mm::VirtAddr address) {
    const mm::Region* const region = process.space.region_at(address);
    const std::optional<mm::FrameNumber> frame = process.space.frame_at(address);
    const bool skips = plant_ == Plant::kCopySkipped && region != nullptr && frame &&
                       region->protection.has(mm::protection::kWrite) &&
                       machine_.account().owner_of(*frame) == mm::FrameOwner::kAnonymous;
    return skips ? machine_.memory.raw(*frame) + address.offset_in_page() : nullptr;
}

Outcome ModelSide::access(Process& process, const Operation& operation) {
    const bool writes = operation.kind == Kind::kWrite;
    const Touched touched =
        touch(process, operation.arguments[0], writes ? host::Use::kWrite : host::Use::kRead);
    if (touched.byte == nullptr) {
        return {touched.access, 0};
    }
    if (writes) {
        put_word(touched.byte, operation.arguments[1]);
        return {kFine, 0};
    }
    return {kFine, word_at(touched.byte)};
}

void ModelSide::resize_file(std::uint32_t bytes) {
    const std::uint32_t keeps = plant_ == Plant::kTruncateForgets && bytes < file_bytes_ ? 1 : 0;
    file_bytes_ = bytes;
    mm::expect(file_->resize((bytes + kPageBytes - 1) / kPageBytes + keeps).has_value(), "model: resize");
}

Outcome ModelSide::file(const Operation& operation) {
    const std::uint32_t offset = operation.arguments[0];
    if (operation.kind == Kind::kFileResize) {
        resize_file(offset * kPageBytes);
        return {};
    }
    const std::uint32_t page = offset / kPageBytes;
    if (operation.kind == Kind::kFileWrite) {
        if (offset >= file_bytes_) {
            resize_file(offset + 4);
        }
        put_word(machine_.memory.raw(file_->frame_for_write(page).value()) + offset % kPageBytes,
                 operation.arguments[1]);
        return {4, 0};
    }
    if (offset >= file_bytes_) {
        return {};
    }
    const std::optional<mm::FrameNumber> frame = file_->frame_for_read(page).value();
    return {4, frame ? word_at(machine_.memory.raw(*frame) + offset % kPageBytes) : 0};
}

Outcome ModelSide::fork(Process& parent, std::uint32_t child) {
    auto made = std::make_unique<Process>(machine_, next_id_++);
    made->program_break = parent.program_break;
    mm::expect(parent.space.fork_into(made->space).has_value(), "model: fork");
    processes_[child] = std::move(made);
    if (plant_ == Plant::kFrameLost) {
        static_cast<void>(machine_.take_cleared(mm::FrameOwner::kAnonymous).give_up());
    }
    return {};
}

void ModelSide::sweep_process(Process& process) {
    for (std::uint32_t page = 0; page < kArenaPages; ++page) {
        const std::uint32_t address = kArenaBegin + page * kPageBytes;
        PageState state{};
        state.mapped = process.space.region_at(mm::VirtAddr(address)) != nullptr;
        if (state.mapped) {
            const Touched read = touch(process, address, host::Use::kRead);
            state.read = static_cast<std::uint8_t>(read.access);
            if (read.byte != nullptr) {
                Hash hash;
                for (std::uint32_t offset = 0; offset < kPageBytes; offset += 4) {
                    hash.add(word_at(read.byte + offset));
                }
                state.contents = hash.value;
                state.write = static_cast<std::uint8_t>(touch(process, address, host::Use::kWrite).access);
            }
        }
        sweep_[page] = state;
    }
}

std::optional<Operation> ModelSide::prepare(Operation operation) const {
    const mm::RegionSet& regions = processes_[operation.process]->space.regions();
    std::uint32_t(&a)[6] = operation.arguments;
    const mm::VirtAddr address(a[0]);
    const mm::Region* const region = regions.first_ending_above(address.page());
    if (operation.kind == Kind::kRead || operation.kind == Kind::kWrite) {
        const bool may_grow =
            region != nullptr && region->growth == mm::Growth::kDown && region->pages.begin > address.page();
        a[2] = may_grow ? static_cast<std::uint32_t>(region->pages.end.address().value()) : 0;
    }
    const bool grows = (a[2] & kernel::memory_rules::protection_flag::kGrowsDown) != 0;
    if (operation.kind == Kind::kProtect) {
        a[3] = grows && region != nullptr ? static_cast<std::uint32_t>(region->pages.begin.address().value())
                                          : 0;
    }
    if (operation.kind == Kind::kRemap) {
        const bool is_inside = region != nullptr && region->pages.begin <= address.page();
        a[5] = is_inside && a[1] <= region->pages.end.address() - address ? 1 : 0;
    }
    if (is_known_to_differ(operation, regions)) {
        return std::nullopt;
    }
    return operation;
}

kernel::FileResult<MappableFile> ModelSide::mappable(std::int32_t descriptor) {
    switch (descriptor) {
        case kReadWriteFile:
            return MappableFile{.object = file_, .readable = true, .writable = true};
        case kReadFile:
            return MappableFile{.object = file_, .readable = true, .writable = false};
        case kWriteFile:
            return MappableFile{.object = file_, .readable = false, .writable = true};
        case kModuleFile:
            return MappableFile{.object = module_, .readable = true, .writable = false};
        default:
            return kernel::file_error(Errno::kBadDescriptor);
    }
}

kernel::FileResult<mm::PageObject*> ModelSide::shared_memory(mm::PageCount pages) {
    return new ModelFile(machine_, pages);
}

}  // namespace space_fuzz
