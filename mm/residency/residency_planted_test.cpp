// The model run proves itself: bugs as residency could have them, planted around the real one, and each is found.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "mm/residency/residency_model_test.hpp"
#include "tests/host_panic.hpp"

namespace mm {
namespace {

enum class Plant : std::uint8_t {
    kNone,
    kForkTakesNoReference,  ///< A child's entries name slots that know nothing of it.
    kReleaseForgotten,      ///< An entry that goes keeps its reference, now and then.
    kReferenceMissed,       ///< Of those who shared an evicted page one is not counted.
    kDirtyBitIgnored,       ///< A page that was written to counts as unchanged,
    kFileWriteForgotten,    ///< or one that was written to past the page tables.
    kFreedWhileRead,        ///< A page that goes while it is read gives up its frame at once.
    kFrameLinkedTwice,      ///< Two slots name one frame.
    kMappedOutOfThePool,    ///< A page of the pool is mapped, and stays in the pool.
    kStaleTranslation,      ///< The CPU is not told that a page has left.
    kWrittenWhereOthersStore,  ///< A page that others have on the disk is written to as if it were nobody else's.
};

/// Residency as address spaces see it, but for one bug.
class PlantedStore final : public PageStore {
  public:
    PlantedStore(Residency& real, Plant plant) : real_(real), plant_(plant) {}

    [[nodiscard]] Error shortage() const override { return real_.shortage(); }
    Result<Restored> restore(SlotNumber slot) override { return real_.restore(slot); }
    void claim(FrameNumber frame, FrameOwner owner, std::uint32_t holder, std::uint32_t page,
               PageObject* object) override {
        if (plant_ == Plant::kMappedOutOfThePool && is_due(10)) {
            return;
        }
        real_.claim(frame, owner, holder, page, object);
        if (plant_ == Plant::kFrameLinkedTwice && is_due(10)) {
            const SwapSlots& slots = real_.slots();
            for (SlotNumber slot = slots.begin(); slots.contains(slot); slot = slot + 1) {
                if (slots[slot].state == SlotState::kOnDisk) {
                    slots[slot].frame = frame.value() + 1;
                    return;
                }
            }
        }
    }
    Result<void> share(SlotNumber slot) override {
        return plant_ == Plant::kForkTakesNoReference ? Result<void>() : real_.share(slot);
    }
    void release(SlotNumber slot) override {
        if (plant_ == Plant::kReleaseForgotten && is_due(20)) {
            return;
        }
        const SlotRecord before = real_.slots()[slot];
        real_.release(slot);
        if (plant_ == Plant::kFreedWhileRead && before.state == SlotState::kReading &&
            before.references == 1) {
            const std::array frames{FrameNumber(before.frame - 1)};
            real_.finished(BackingStore::Operation::kRead, slot, frames, Residency::Outcome::kFailed);
        }
    }
    void entered(FrameNumber frame, PageObject* object) override { real_.entered(frame, object); }
    void becomes_writable(FrameNumber frame) override {
        if (plant_ != Plant::kWrittenWhereOthersStore) {
            real_.becomes_writable(frame);
        }
    }
    void dirtied(FrameNumber frame) override {
        if (plant_ != Plant::kFileWriteForgotten) {
            real_.dirtied(frame);
        }
    }

  private:
    bool is_due(unsigned every) { return ++calls_ % every == 0; }

    Residency& real_;
    Plant plant_;
    unsigned calls_ = 0;
};

class PlantedWorld final : public host::SwapWorld {
  public:
    explicit PlantedWorld(Plant plant) : SwapWorld(44, 400), plant_(plant), store_(residency(), plant) {
        machine.page_store = &store_;
    }

    bool is_dirty(FrameNumber frame, PageObject* object) override {
        return plant_ != Plant::kDirtyBitIgnored && SwapWorld::is_dirty(frame, object);
    }
    std::uint16_t store(FrameNumber frame, PageObject* object, SlotNumber slot) override {
        if (plant_ == Plant::kStaleTranslation) {
            machine.tlb().make_deaf();
        }
        const std::uint16_t entries = SwapWorld::store(frame, object, slot);
        machine.tlb().make_attentive();
        return static_cast<std::uint16_t>(entries -
                                          (plant_ == Plant::kReferenceMissed && entries > 1 ? 1 : 0));
    }

  private:
    Plant plant_;
    PlantedStore store_;
};

constexpr int kNothingFound = 17;
constexpr int kFound = 18;

/// A run of the model on a machine with `plant`, whose end is the process's. (What is broken must not be taken down.)
[[noreturn]] void run_with(Plant plant) {
    static_cast<void>(std::freopen("/dev/null", "w", stdout));
    bool is_found = true;
    try {
        auto* const model = new SwapModel(7, std::make_unique<PlantedWorld>(plant), DiskMood::kSound);
        model->run(2500);
        is_found = testing::Test::HasFailure();
    } catch (const host::Panic& panic) {
        std::fprintf(stderr, "%s\n", panic.what());
    }
    std::_Exit(is_found ? kFound : kNothingFound);
}

TEST(ResidencyPlantedTest, a_run_without_a_bug_finds_none) {
    EXPECT_EXIT(run_with(Plant::kNone), testing::ExitedWithCode(kNothingFound), "");
}

class ResidencyPlantedBugTest : public testing::TestWithParam<Plant> {};

TEST_P(ResidencyPlantedBugTest, is_found) {
    // By the audit, the model, an assertion or a sanitizer.
    const auto is_found = [](int status) { return !testing::ExitedWithCode(kNothingFound)(status); };
    EXPECT_EXIT(run_with(GetParam()), is_found, "");
}

INSTANTIATE_TEST_SUITE_P(Each, ResidencyPlantedBugTest,
                         testing::Values(Plant::kForkTakesNoReference, Plant::kReleaseForgotten,
                                         Plant::kReferenceMissed, Plant::kDirtyBitIgnored,
                                         Plant::kFileWriteForgotten, Plant::kFreedWhileRead,
                                         Plant::kFrameLinkedTwice, Plant::kMappedOutOfThePool,
                                         Plant::kStaleTranslation, Plant::kWrittenWhereOthersStore));

}  // namespace
}  // namespace mm
