// An auditor for address spaces: recounts from the raw entries of all spaces and from all objects what the records, the
// account and the spaces themselves say, and checks the invariants that address_space.hpp numbers.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "tests/doubles/space_machine.hpp"

namespace host {

template <typename Machine>
class SpaceAudit {
  public:
    using Space = mm::AddressSpace<Machine>;

    explicit SpaceAudit(Machine& machine) : machine_(machine) {}

    /// Every space and every object of the machine must be named once; then check().
    void add(const Space& space) {
        ++tables_;  // The root.
        std::map<mm::PageNumber, mm::Mapping> entries;
        space.page_tables().for_each_used_page(
            mm::VirtAddr(0), mm::VirtAddr(0xffff'f000),
            [&](mm::VirtAddr page, mm::Mapping mapping) { entries.emplace(page.page(), mapping); });
        space.page_tables().for_each_table([&](mm::FrameNumber table, unsigned used) {
            ++tables_;
            EXPECT_NE(used, 0u) << "an empty table";
            EXPECT_EQ(record(table).references, used);
            EXPECT_EQ(record(table).owner, mm::FrameOwner::kPageTable);
            EXPECT_EQ(record(table).holder, space.id());
        });
        check_regions(space);
        mm::ResidentPages resident;
        for (const auto& [page, mapping] : entries) {
            check_entry(space, page, mapping, resident);
        }
        EXPECT_EQ(resident.anonymous, space.resident().anonymous);  // I3
        EXPECT_EQ(resident.file, space.resident().file);
        EXPECT_EQ(resident.shared, space.resident().shared);
        EXPECT_EQ(stored_in_space_, space.stored_pages());
        stored_in_space_ = 0;
        EXPECT_LE(resident.total(), space.peak_resident_pages());
        ids_.insert(space.id());
    }
    void add(const mm::MemoryObject<Machine>& object) {
        mm::PageCount pages = 0;
        object.for_each_frame([&](mm::FrameNumber frame, mm::FrameOwner owner) {
            EXPECT_EQ(record(frame).owner, owner);
            if (owner == mm::FrameOwner::kObjectIndex) {
                ++indexes_;
                return;
            }
            ++pages;
            ++references_[frame.value()];
        });
        EXPECT_EQ(pages, object.resident_pages());
        mm::PageCount stored = 0;
        object.for_each_stored([&](mm::SlotNumber slot) {
            ++stored;
            ++slots_[slot.value()];
        });
        EXPECT_EQ(stored, object.stored_pages());
    }
    /// How many entries of spaces and objects name each slot of a page store.
    [[nodiscard]] const std::map<std::uint32_t, unsigned>& slot_references() const { return slots_; }
    /// Frames that an entry says were written to.
    [[nodiscard]] const std::set<std::uint32_t>& dirty_frames() const { return dirty_; }
    /// How many entries and objects lead to `frame`.
    [[nodiscard]] unsigned references(mm::FrameNumber frame) const {
        const auto found = references_.find(frame.value());
        return found != references_.end() ? found->second : 0;
    }

    void check() {
        std::map<mm::FrameOwner, mm::FrameCount> counts;
        for (const auto& [number, references] : references_) {
            const mm::FrameRecord& its = record(mm::FrameNumber(number));
            EXPECT_EQ(its.references, references) << "frame " << number << ", " << to_string(its.owner);
            EXPECT_FALSE(machine_.paged.bitmap.is_free(mm::FrameNumber(number)));
            ++counts[its.owner];
            if (its.owner == mm::FrameOwner::kAnonymous) {
                EXPECT_TRUE(its.holder == 0 || ids_.contains(its.holder)) << "held by " << its.holder;
            }
        }
        EXPECT_EQ(counts[mm::FrameOwner::kAnonymous], frames_of(mm::FrameOwner::kAnonymous));
        EXPECT_EQ(counts[mm::FrameOwner::kSharedMemory], frames_of(mm::FrameOwner::kSharedMemory));
        EXPECT_EQ(indexes_, frames_of(mm::FrameOwner::kObjectIndex));
        EXPECT_EQ(tables_, frames_of(mm::FrameOwner::kPageTable));
        EXPECT_EQ(machine_.account().wrong_releases(), 0u);
        EXPECT_TRUE(machine_.paged.adds_up());
        EXPECT_EQ(machine_.paged.memory.open_handles(), 0u);
        machine_.tlb().expect_nothing_stale();
        const std::byte* const zero = machine_.paged.memory.raw(machine_.zero_frame());
        EXPECT_TRUE(std::all_of(zero, zero + mm::kPageSize, [](std::byte byte) {
            return byte == std::byte{0};
        })) << "the zero frame was written to";
    }

  private:
    mm::FrameRecord& record(mm::FrameNumber frame) { return machine_.account().table()[frame]; }
    mm::FrameCount frames_of(mm::FrameOwner owner) { return machine_.account().frames_of(owner); }

    void check_regions(const Space& space) {
        EXPECT_TRUE(space.regions().check_invariants());
        const mm::Region* previous = nullptr;
        space.for_each_region([&](const mm::Region& region) {
            EXPECT_TRUE(Machine::kUserPages.contains(region.pages));
            EXPECT_EQ(region.space, &space);  // I1
            EXPECT_TRUE(region.allowed.has(region.protection));
            if (region.object != nullptr) {
                const mm::Region* listed = region.object->first_region();
                while (listed != nullptr && listed != &region) {
                    listed = listed->object_next;
                }
                EXPECT_EQ(listed, &region) << "not in its object's list";
            }
            if (previous != nullptr) {
                EXPECT_FALSE(previous->continues_with(region)) << "two regions that could be one";  // I2
            }
            previous = &region;
        });
    }

    void check_entry(const Space& space, mm::PageNumber page, const mm::Mapping& mapping,
                     mm::ResidentPages& resident) {
        using namespace mm;
        const Region* const region = space.region_at(page.address());
        ASSERT_NE(region, nullptr) << "an entry outside of any region, page " << page.value();  // I4
        if (mapping.flags.has(page_flags::kStored)) {
            EXPECT_FALSE(mapping.flags.has(page_flags::kOwned) || mapping.flags.has(page_flags::kParked));
            EXPECT_EQ(region->sharing, Sharing::kPrivate);
            ++stored_in_space_;
            ++slots_[mapping.frame.value()];
            return;
        }
        const FrameRecord& its = record(mapping.frame);
        const bool is_owned = mapping.flags.has(page_flags::kOwned);
        const bool is_writable = mapping.flags.has(page_flags::kWritable);
        EXPECT_TRUE(mapping.flags.has(page_flags::kUser));
        EXPECT_EQ(mapping.flags.has(page_flags::kParked), region->protection.none());  // I6
        EXPECT_TRUE(!is_writable || region->protection.has(protection::kWrite));       // I4
        if (region->sharing == Sharing::kPrivate && is_writable) {                     // I5
            EXPECT_TRUE(is_owned && its.owner == FrameOwner::kAnonymous && its.references == 1);
        }
        if (!is_owned) {
            EXPECT_TRUE(mapping.frame == machine_.zero_frame() || its.owner == FrameOwner::kExercise);
            resident.file += mapping.frame != machine_.zero_frame() ? 1 : 0;
            return;
        }
        ++references_[mapping.frame.value()];
        if (mapping.flags.has(page_flags::kDirty)) {
            dirty_.insert(mapping.frame.value());
        }
        if (its.owner == FrameOwner::kAnonymous) {
            EXPECT_EQ(its.page, page.value());  // I7
            ++resident.anonymous;
        } else {
            EXPECT_EQ(its.owner, FrameOwner::kSharedMemory);
            ++resident.shared;
        }
    }

    Machine& machine_;
    std::map<std::uint32_t, unsigned> references_;
    std::map<std::uint32_t, unsigned> slots_;
    std::set<std::uint32_t> dirty_;
    mm::PageCount stored_in_space_ = 0;
    std::set<std::uint32_t> ids_;
    mm::FrameCount tables_ = 0;
    mm::FrameCount indexes_ = 0;
};

}  // namespace host
