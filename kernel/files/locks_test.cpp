#include "kernel/files/locks.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <map>
#include <string>

#include "kernel/files/directory_file.hpp"
#include "kernel/files/file_table.hpp"
#include "kernel/files/memory_files.hpp"
#include "tests/doubles/kernel_host.hpp"

namespace kernel {
namespace {

/// Three owners who never look at what they are, on one file.
class Locks : public ::testing::Test {
  public:
    static LockOwner owner(int index) {
        static const std::array<char, 4> identities{};
        return {.kind = LockOwner::Kind::kTable, .identity = &identities.at(static_cast<std::size_t>(index))};
    }
    static LockRequest request(int who, LockMode mode, std::uint64_t begin, std::uint64_t last) {
        return {.owner = owner(who), .mode = mode, .range = {.begin = begin, .last = last}, .process = who};
    }
    FileResult<void> set(int who, LockMode mode, std::uint64_t begin, std::uint64_t last,
                         LockWait wait = LockWait::kNo) {
        return set_lock(*file_, request(who, mode, begin, last), wait);
    }
    ~Locks() override {
        host::while_asleep = nullptr;
        for (int who = 0; who < 4; ++who) {
            release_locks_of(*file_, owner(who));
        }
        EXPECT_EQ(file_->locks, nullptr);
        host::remove_all(*root_);
    }

  protected:
    Shared<Inode> root_ = *make_memory_file_system();
    Shared<Inode> file_ = *root_->create("file", FileKind::kRegular, 0600, 0);
};

TEST_F(Locks, exclude_others_not_oneself) {
    EXPECT_TRUE(set(0, LockMode::kExclusive, 10, 19));
    EXPECT_TRUE(set(0, LockMode::kExclusive, 15, 30));
    EXPECT_EQ(set(1, LockMode::kShared, 30, 40).error(), Errno::kAgain);
    EXPECT_TRUE(set(1, LockMode::kShared, 31, 40));
    EXPECT_TRUE(set(2, LockMode::kShared, 35, 50));
    EXPECT_EQ(set(2, LockMode::kExclusive, 40, 40).error(), Errno::kAgain);
    const std::optional<LockRequest> found = find_conflict(*file_, request(1, LockMode::kShared, 0, 99));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->process, 0);
    EXPECT_EQ(found->range.begin, 10U);
    EXPECT_EQ(found->range.last, 30U);
}

TEST_F(Locks, unlocking_the_middle_leaves_both_ends) {
    EXPECT_TRUE(set(0, LockMode::kExclusive, 0, LockRange::kEnd));
    EXPECT_TRUE(set(0, LockMode::kNone, 100, 199));
    EXPECT_TRUE(set(1, LockMode::kExclusive, 100, 199));
    EXPECT_EQ(set(1, LockMode::kShared, 99, 99).error(), Errno::kAgain);
    EXPECT_EQ(set(1, LockMode::kShared, 200, 200).error(), Errno::kAgain);
}

TEST_F(Locks, of_whole_files_and_of_parts_do_not_see_each_other) {
    LockRequest whole = request(0, LockMode::kExclusive, 0, LockRange::kEnd);
    whole.family = LockFamily::kWholeFile;
    EXPECT_TRUE(set_lock(*file_, whole, LockWait::kNo));
    EXPECT_TRUE(set(1, LockMode::kExclusive, 0, LockRange::kEnd));
}

TEST_F(Locks, waiting_ends_when_the_other_lets_go) {
    EXPECT_TRUE(set(0, LockMode::kExclusive, 0, 9));
    int sleeps = 0;
    host::while_asleep = [&] {
        // The first time only a part goes, and that is not enough.
        EXPECT_TRUE(set(0, LockMode::kNone, 0, ++sleeps == 1 ? 4 : 9));
        return Wake::kWoken;
    };
    EXPECT_TRUE(set(1, LockMode::kExclusive, 0, 9, LockWait::kYes));
    EXPECT_EQ(sleeps, 2);
    EXPECT_EQ(set(0, LockMode::kShared, 5, 5).error(), Errno::kAgain);
}

TEST_F(Locks, a_signal_ends_the_wait_and_leaves_nothing) {
    EXPECT_TRUE(set(0, LockMode::kExclusive, 0, 9));
    host::while_asleep = [] { return Wake::kSignal; };
    EXPECT_EQ(set(1, LockMode::kShared, 0, 0, LockWait::kYes).error(), Errno::kRestart);
    EXPECT_TRUE(set(0, LockMode::kNone, 0, 9));
    EXPECT_EQ(file_->locks, nullptr);
}

TEST_F(Locks, a_circle_of_waits_is_refused) {
    EXPECT_TRUE(set(0, LockMode::kExclusive, 0, 0));
    EXPECT_TRUE(set(1, LockMode::kExclusive, 1, 1));
    EXPECT_TRUE(set(2, LockMode::kExclusive, 2, 2));
    Errno last{};
    int depth = 0;
    host::while_asleep = [&] {
        if (++depth == 1) {  // 0 waits for 1; now 1 waits for 2
            EXPECT_EQ(set(1, LockMode::kShared, 2, 2, LockWait::kYes).error(), Errno::kRestart);
        } else {  // and 2 would wait for 0
            last = set(2, LockMode::kShared, 0, 0, LockWait::kYes).error();
        }
        return Wake::kSignal;
    };
    EXPECT_EQ(set(0, LockMode::kShared, 1, 1, LockWait::kYes).error(), Errno::kRestart);
    EXPECT_EQ(last, Errno::kDeadlock);
}

TEST_F(Locks, a_circle_is_looked_for_however_many_ways_lead_through_the_waits) {
    // Each of many tables waits four times for the next one: more ways than there is time for.
    constexpr std::size_t kTables = 40;
    constexpr std::size_t kWaits = 4;
    static const std::array<char, kTables + 1> identities{};
    const auto lock = [](std::size_t who, std::uint64_t byte) {
        return LockRequest{.owner = {.kind = LockOwner::Kind::kTable, .identity = &identities.at(who)},
                           .mode = LockMode::kExclusive,
                           .range = {.begin = byte, .last = byte}};
    };
    for (std::size_t who = 0; who <= kTables; ++who) {
        ASSERT_TRUE(set_lock(*file_, lock(who, who), LockWait::kNo));
    }
    std::size_t depth = 0;
    Errno last{};
    const auto wait = [&] {
        return set_lock(*file_, lock(depth / kWaits, depth / kWaits + 1), LockWait::kYes);
    };
    host::while_asleep = [&] {
        if (++depth < kTables * kWaits) {
            EXPECT_EQ(wait().error(), Errno::kRestart);
        } else if (depth == kTables * kWaits) {
            last = set_lock(*file_, lock(kTables, 0), LockWait::kYes).error();
        }
        return Wake::kSignal;
    };
    EXPECT_EQ(wait().error(), Errno::kRestart);
    EXPECT_EQ(last, Errno::kDeadlock);
    for (std::size_t who = 0; who <= kTables; ++who) {
        release_locks_of(*file_, lock(who, who).owner);
    }
}

TEST_F(Locks, closing_any_descriptor_gives_up_a_tables_locks) {
    const Shared<FileTable> table(new FileTable);
    const Shared<OpenFile> file = *open_directory(file_, OpenFlags{});
    EXPECT_TRUE(table->add(file, OnExec::kKeep));
    EXPECT_TRUE(table->add(file, OnExec::kKeep));
    LockRequest lock = request(0, LockMode::kExclusive, 0, 0);
    lock.owner = LockOwner::table(*table);
    EXPECT_TRUE(set_lock(*file_, lock, LockWait::kNo));
    EXPECT_EQ(set(1, LockMode::kShared, 0, 0).error(), Errno::kAgain);
    EXPECT_TRUE(table->close(1));
    EXPECT_TRUE(set(1, LockMode::kShared, 0, 0));
}

TEST_F(Locks, of_an_open_file_go_with_it) {
    Shared<OpenFile> file = *open_directory(file_, OpenFlags{});
    LockRequest lock = request(0, LockMode::kExclusive, 0, 0);
    lock.owner = LockOwner::open_file(*file);
    EXPECT_TRUE(set_lock(*file_, lock, LockWait::kNo));
    EXPECT_EQ(set(1, LockMode::kShared, 0, 0).error(), Errno::kAgain);
    file = {};
    EXPECT_TRUE(set(1, LockMode::kShared, 0, 0));
}

/// Random locks, compared byte by byte with a table of who has what.
RC_GTEST_FIXTURE_PROP(Locks, cover_exactly_the_bytes_they_should, ()) {
    constexpr std::size_t kBytes = 24;
    std::array<std::array<LockMode, kBytes>, 3> model{};
    for (int step = 0; step < 120; ++step) {
        const int who = *rc::gen::inRange(0, 3);
        const auto mode = static_cast<LockMode>(*rc::gen::inRange(0, 3));
        const auto begin = static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(kBytes)));
        const auto last =
            static_cast<std::size_t>(*rc::gen::inRange(static_cast<int>(begin), static_cast<int>(kBytes)));
        bool is_free = true;
        for (std::size_t other = 0; other < model.size(); ++other) {
            for (std::size_t at = begin; at <= last && static_cast<int>(other) != who; ++at) {
                const LockMode has = model.at(other).at(at);
                is_free = is_free && (has == LockMode::kNone || mode == LockMode::kNone ||
                                      (has == LockMode::kShared && mode == LockMode::kShared));
            }
        }
        RC_ASSERT(set(who, mode, begin, last).has_value() == is_free);
        if (is_free) {
            for (std::size_t at = begin; at <= last; ++at) {
                model.at(static_cast<std::size_t>(who)).at(at) = mode;
            }
        }
        for (std::size_t at = 0; at < kBytes; ++at) {  // What a fourth owner meets at each byte.
            LockMode most = LockMode::kNone;
            for (const auto& bytes : model) {
                most = std::max(most, bytes.at(at));
            }
            RC_ASSERT(find_conflict(*file_, request(3, LockMode::kExclusive, at, at)).has_value() ==
                      (most != LockMode::kNone));
            RC_ASSERT(find_conflict(*file_, request(3, LockMode::kShared, at, at)).has_value() ==
                      (most == LockMode::kExclusive));
        }
    }
}

}  // namespace
}  // namespace kernel
