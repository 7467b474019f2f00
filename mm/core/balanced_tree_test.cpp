#include "mm/core/balanced_tree.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "tests/host_panic.hpp"

namespace mm {
namespace {

/// Carries the sum of its subtree's values.
struct Number : TreeNode<Number> {
    explicit Number(int its_value) : value(its_value) {}
    int value;
    long sum = 0;
};

struct Sums {
    static long of(const Number& number) {
        return number.value + (number.left() ? number.left()->sum : 0) +
               (number.right() ? number.right()->sum : 0);
    }
    static void update(Number& number) { number.sum = of(number); }
    static bool is_current(const Number& number) { return number.sum == of(number); }
};

using Tree = BalancedTree<Number, Sums>;

void insert(Tree& tree, Number& number) {
    Number* parent = nullptr;
    Tree::Side side = Tree::Side::kLeft;
    for (Number* at = tree.root(); at != nullptr;) {
        parent = at;
        side = number.value < at->value ? Tree::Side::kLeft : Tree::Side::kRight;
        at = side == Tree::Side::kLeft ? at->left() : at->right();
    }
    tree.insert(number, parent, side);
}

std::vector<int> forwards(const Tree& tree) {
    std::vector<int> values;
    for (const Number* at = tree.first(); at != nullptr; at = Tree::next(*at)) {
        values.push_back(at->value);
    }
    return values;
}

std::vector<int> backwards(const Tree& tree) {
    std::vector<int> values;
    for (const Number* at = tree.last(); at != nullptr; at = Tree::previous(*at)) {
        values.insert(values.begin(), at->value);
    }
    return values;
}

TEST(BalancedTree, an_empty_tree_has_no_first_and_no_last) {
    const Tree tree;
    EXPECT_EQ(tree.root(), nullptr);
    EXPECT_EQ(tree.first(), nullptr);
    EXPECT_EQ(tree.last(), nullptr);
    EXPECT_TRUE(tree.check_invariants());
}

TEST(BalancedTree, sorted_insertions_keep_it_flat) {
    constexpr int kCount = 20'000;
    std::vector<std::unique_ptr<Number>> numbers;
    Tree tree;
    for (int value = 0; value < kCount; ++value) {
        insert(tree, *numbers.emplace_back(std::make_unique<Number>(value)));
    }
    ASSERT_TRUE(tree.check_invariants());
    EXPECT_LE(tree.root()->height(), 1.45 * std::log2(kCount + 2));
    EXPECT_EQ(tree.root()->sum, long{kCount} * (kCount - 1) / 2);
}

TEST(BalancedTree, random_insertions_and_removals_agree_with_a_map) {
    std::mt19937 random(7);
    std::map<int, std::unique_ptr<Number>> model;
    Tree tree;
    for (int step = 0; step < 30'000; ++step) {
        const bool growing = step / 500 % 2 == 0;
        const int value = static_cast<int>(random() % 400);
        if (const auto found = model.find(value); found == model.end()) {
            if (growing || random() % 4 == 0) {
                insert(tree, *model.emplace(value, std::make_unique<Number>(value)).first->second);
            }
        } else if (!growing || random() % 4 == 0) {
            tree.remove(*found->second);
            ASSERT_EQ(found->second->height(), 0u);
            model.erase(found);
        }
        if (step % 16 == 0) {
            ASSERT_TRUE(tree.check_invariants()) << "step " << step;
            std::vector<int> expected;
            for (const auto& [number, node] : model) {
                expected.push_back(number);
            }
            ASSERT_EQ(forwards(tree), expected);
            ASSERT_EQ(backwards(tree), expected);
        }
    }
}

TEST(BalancedTree, a_changed_value_reaches_the_root) {
    Tree tree;
    std::vector<std::unique_ptr<Number>> numbers;
    for (int value = 0; value < 100; ++value) {
        insert(tree, *numbers.emplace_back(std::make_unique<Number>(value)));
    }
    const long before = tree.root()->sum;
    numbers[3]->value += 1'000;
    EXPECT_FALSE(tree.check_invariants()) << "a summary that is not current must show";
    tree.changed(*numbers[3]);
    EXPECT_TRUE(tree.check_invariants());
    EXPECT_EQ(tree.root()->sum, before + 1'000);
}

TEST(BalancedTree, a_copy_has_the_same_shape_and_its_own_nodes) {
    std::mt19937 random(11);
    for (const int count : {0, 1, 2, 3, 7, 100, 1'000}) {
        std::vector<std::unique_ptr<Number>> nodes;
        Tree tree;
        for (int i = 0; i < count; ++i) {
            nodes.push_back(std::make_unique<Number>(static_cast<int>(random() % 10'000)));
            insert(tree, *nodes.back());
        }
        std::vector<std::unique_ptr<Number>> twins;
        Tree copy;
        copy.copy(tree, [&twins](const Number& original) -> Number& {
            return *twins.emplace_back(std::make_unique<Number>(original.value));
        });
        EXPECT_TRUE(copy.check_invariants());
        EXPECT_EQ(forwards(copy), forwards(tree));
        EXPECT_EQ(backwards(copy), backwards(tree));
        EXPECT_EQ(twins.size(), nodes.size());
        // The copy is a tree of its own: emptying it leaves the original whole.
        for (const auto& twin : twins) {
            copy.remove(*twin);
        }
        EXPECT_EQ(copy.root(), nullptr);
        EXPECT_TRUE(tree.check_invariants());
        EXPECT_EQ(forwards(tree).size(), nodes.size());
    }
}

TEST(BalancedTree, misuse_is_a_bug) {
    Tree tree;
    Number one(1);
    Number two(2);
    EXPECT_THROW(tree.remove(one), host::Panic);
    tree.insert(one, nullptr, Tree::Side::kLeft);
    EXPECT_THROW(tree.insert(one, &one, Tree::Side::kLeft), host::Panic);
    EXPECT_THROW(tree.insert(two, nullptr, Tree::Side::kLeft), host::Panic);
}

}  // namespace
}  // namespace mm
