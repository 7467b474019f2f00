#include "mm/residency/ghosts.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <deque>
#include <vector>

namespace mm {
namespace {

constexpr PageId page(std::uint32_t number) {
    return {1, number};
}

struct Table {
    explicit Table(std::size_t size) : entries(size), table(entries) {}
    std::vector<GhostEntry> entries;
    GhostTable table;
};

TEST(Ghosts, the_oldest_beyond_the_limit_are_forgotten) {
    Table memory(8);
    Ghosts ghosts(&memory.table, 1);
    for (std::uint32_t i = 0; i < 5; ++i) {
        ghosts.remember(page(i), 3);
    }
    EXPECT_EQ(ghosts.count(), 3u);
    EXPECT_FALSE(ghosts.take(page(1)));
    EXPECT_TRUE(ghosts.take(page(2)));
    EXPECT_FALSE(ghosts.take(page(2)));  // Taken once.
    EXPECT_TRUE(ghosts.check_invariants());
}

TEST(Ghosts, an_instance_sees_only_its_own) {
    Table memory(8);
    Ghosts mine(&memory.table, 1);
    Ghosts theirs(&memory.table, 2);
    mine.remember(page(7), 4);
    EXPECT_FALSE(theirs.take(page(7)));
    theirs.remember(page(7), 4);
    EXPECT_TRUE(mine.take(page(7)));
    EXPECT_TRUE(theirs.take(page(7)));
}

TEST(Ghosts, in_a_full_table_everybody_gives_way_to_himself) {
    Table memory(4);
    Ghosts first(&memory.table, 1);
    Ghosts second(&memory.table, 2);
    Ghosts third(&memory.table, 3);
    for (std::uint32_t i = 0; i < 3; ++i) {
        first.remember(page(i), 100);
    }
    second.remember(page(0), 100);
    third.remember(page(0), 100);
    EXPECT_EQ(third.count(), 0u);
    second.remember(page(1), 100);
    EXPECT_FALSE(second.take(page(0)));
    EXPECT_TRUE(second.take(page(1)));
    EXPECT_EQ(first.count(), 3u);
}

TEST(Ghosts, those_of_an_instance_end_with_it) {
    Table memory(4);
    {
        Ghosts ghosts(&memory.table, 1);
        ghosts.remember(page(0), 4);
        EXPECT_EQ(memory.table.count(), 1u);
    }
    EXPECT_EQ(memory.table.count(), 0u);
    EXPECT_TRUE(memory.table.check_invariants());
}

TEST(Ghosts, without_a_table_nothing_is_remembered) {
    Ghosts ghosts(nullptr, 1);
    ghosts.remember(page(0), 4);
    EXPECT_FALSE(ghosts.take(page(0)));
}

TEST(Ghosts, damage_is_seen) {
    Table memory(4);
    Ghosts ghosts(&memory.table, 1);
    ghosts.remember(page(0), 4);
    ghosts.remember(page(1), 4);
    memory.entries[1].instance = 2;
    EXPECT_FALSE(ghosts.check_invariants());
    memory.entries[1].instance = 1;
    memory.entries[0].page = page(9);
    EXPECT_FALSE(memory.table.check_invariants());
    memory.entries[0].page = page(0);
    EXPECT_TRUE(memory.table.check_invariants() && ghosts.check_invariants());
}

RC_GTEST_PROP(Ghosts, are_what_a_list_searched_from_end_to_end_would_be, ()) {
    constexpr std::uint32_t kLimit = 6;
    Table memory(2 * kLimit);
    Ghosts ghosts[2] = {{&memory.table, 1}, {&memory.table, 2}};
    std::deque<std::uint32_t> models[2];
    const auto steps = *rc::gen::container<std::vector<unsigned>>(rc::gen::inRange(0U, 2U * 2 * 16));
    for (const unsigned step : steps) {
        const unsigned who = step & 1;
        const std::uint32_t number = step / 4;
        std::deque<std::uint32_t>& model = models[who];
        const auto found = std::find(model.begin(), model.end(), number);
        const bool known = found != model.end();
        if (known) {
            model.erase(found);
        }
        if ((step & 2) != 0) {
            RC_ASSERT(ghosts[who].take(page(number)).has_value() == known);
        } else {
            ghosts[who].remember(page(number), kLimit);
            model.push_back(number);
            if (model.size() > kLimit) {
                model.pop_front();
            }
        }
        RC_ASSERT(ghosts[who].count() == model.size());
        RC_ASSERT(memory.table.check_invariants() && ghosts[who].check_invariants());
    }
}

}  // namespace
}  // namespace mm
