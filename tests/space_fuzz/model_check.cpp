// What ModelSide checks after every operation, whatever Linux said: entries, references, counts, the CPU.
#include <map>
#include <utility>

#include "tests/space_fuzz/model_side.hpp"

namespace space_fuzz {

std::string ModelSide::check(std::uint32_t process) {
    std::string wrong;
    if (lives(process)) {
        const ModelSpace& space = processes_[process]->space;
        if (!space.regions().check_invariants()) {
            wrong += "the set of regions is broken; ";
        }
        wrong += check_entries(space);
    }
    wrong += check_references();
    machine_.cpu.expect_nothing_stale();
    for (const std::string& violation : machine_.take_violations()) {
        wrong += violation + "; ";
    }
    for (const std::string& violation : std::exchange(violations_, {})) {
        wrong += violation + "; ";
    }
    return wrong;
}

/// Every used entry stands in a region, with no more rights than that gives, and is counted as what it leads
/// to.
std::string ModelSide::check_entries(const ModelSpace& space) {
    std::string wrong;
    mm::ResidentPages resident;
    const auto complain = [&wrong](const char* what, mm::VirtAddr page) {
        wrong += std::string(what) + " at page " + std::to_string((page.value() - kArenaBegin) / kPageBytes) +
                 "; ";
    };
    space.page_tables().for_each_used_page(
        mm::VirtAddr(0), mm::VirtAddr(0xffff'f000), [&](mm::VirtAddr page, const mm::Mapping& mapping) {
            const mm::FrameOwner owner = machine_.account().owner_of(mapping.frame);
            const mm::FrameRecord& record = machine_.account().table()[mapping.frame];
            const bool counted = mapping.flags.has(mm::page_flags::kOwned);
            const bool writable = mapping.flags.has(mm::page_flags::kWritable);
            resident.anonymous += counted && owner == mm::FrameOwner::kAnonymous ? 1 : 0;
            resident.shared += counted && owner == mm::FrameOwner::kSharedMemory ? 1 : 0;
            resident.file += owner == mm::FrameOwner::kExercise ? 1 : 0;
            const mm::Region* const region = space.region_at(page);
            if (region == nullptr) {
                complain("an entry outside of every region", page);
                return;
            }
            if (mapping.flags.has(mm::page_flags::kParked) != region->protection.none()) {
                complain("an entry parked without a reason, or not parked", page);
            }
            if (writable && !region->protection.has(mm::protection::kWrite)) {
                complain("a writable entry in a region that is not", page);
            }
            if (writable && region->sharing == mm::Sharing::kPrivate &&
                (owner != mm::FrameOwner::kAnonymous || record.references != 1)) {
                complain("a private entry, writable, whose frame is shared", page);
            }
            if (owner == mm::FrameOwner::kAnonymous && record.page != page.page().value()) {
                complain("a private frame whose record names another page", page);
            }
        });
    if (resident.anonymous != space.resident().anonymous || resident.shared != space.resident().shared ||
        resident.file != space.resident().file) {
        wrong += "resident pages are miscounted; ";
    }
    return wrong;
}

/// Every frame of a program has as many references as entries (and its object) lead to it.
std::string ModelSide::check_references() {
    std::map<mm::FrameNumber, std::uint32_t> found;
    for (const std::unique_ptr<Process>& process : processes_) {
        if (process != nullptr) {
            process->space.page_tables().for_each_used_page(
                mm::VirtAddr(0), mm::VirtAddr(0xffff'f000),
                [&](mm::VirtAddr /*page*/, const mm::Mapping& mapping) { ++found[mapping.frame]; });
        }
    }
    std::string wrong;
    mm::FrameCount anonymous = 0;
    for (const auto& [frame, count] : found) {
        const mm::FrameRecord& record = machine_.account().table()[frame];
        const mm::FrameOwner owner = machine_.account().owner_of(frame);
        anonymous += owner == mm::FrameOwner::kAnonymous ? 1 : 0;
        if ((owner == mm::FrameOwner::kAnonymous && record.references != count) ||
            (owner == mm::FrameOwner::kSharedMemory && record.references != count + 1) ||
            owner == mm::FrameOwner::kFree || owner == mm::FrameOwner::kPageTable) {
            wrong += "frame " + std::to_string(frame.value()) + ", " + to_string(owner) + ", has " +
                     std::to_string(record.references) + " references and " + std::to_string(count) +
                     " entries; ";
        }
    }
    if (anonymous != machine_.account().frames_of(mm::FrameOwner::kAnonymous)) {
        wrong += "a private frame that no entry leads to; ";
    }
    return wrong;
}

}  // namespace space_fuzz
