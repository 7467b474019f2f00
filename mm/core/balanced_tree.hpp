// A balanced search tree whose nodes are the caller's objects: inserting and removing allocate nothing and
// cannot fail.
//
//   struct Task : TreeNode<Task> { ... };          the links are inside the object
//
// The tree keeps shape and balance (an AVL tree), never looks at keys, and so has no `find`: who knows the
// keys walks down from root() and inserts below the node where the walk ended. A Summary lets each node carry
// something about all nodes below it (a sum, a maximum): the tree recomputes it, from the bottom up, wherever
// a subtree changes.
//
// I1 in order, each node comes after its left and before its right subtree; parent links match child links.
// I2 the heights of a node's two subtrees differ by at most one, and height() tells each.
// I3 each node's summary is what Summary computes from its children's.
//
// Cost: insert, remove, next and previous take at most 1.44 log2(n) steps; next and previous one on average.
// Owns no node. Not for use from interrupt handlers.
#pragma once

#include <cstddef>
#include <cstdint>

#include "mm/core/panic.hpp"

namespace mm {

/// The base of a tree's nodes. An object is in at most one tree.
template <typename Node>
class TreeNode {
  public:
    // NOLINTNEXTLINE(bugprone-crtp-constructor-accessibility): deleted, it lets nobody construct anything.
    TreeNode(const TreeNode&) = delete;
    TreeNode& operator=(const TreeNode&) = delete;

    [[nodiscard]] Node* left() const { return child_[0]; }
    [[nodiscard]] Node* right() const { return child_[1]; }
    [[nodiscard]] Node* parent() const { return parent_; }
    /// Levels of the subtree below and with this node; 0 while it is in no tree.
    [[nodiscard]] unsigned height() const { return height_; }

  protected:
    ~TreeNode() = default;

  private:
    TreeNode() = default;
    friend Node;  // Only the type that it is a base of makes one.

    template <typename AnyNode, typename Summary>
    friend class BalancedTree;

    Node* parent_ = nullptr;
    Node* child_[2] = {nullptr, nullptr};
    std::uint8_t height_ = 0;
};

/// For trees whose nodes carry nothing about their subtrees.
template <typename Node>
struct NoSummary {
    static void update(Node&) {}
    static bool is_current(const Node&) { return true; }
};

/// `Summary::update(node)` computes what `node` carries from its own contents and from what its children
/// carry; `Summary::is_current(node)` tells whether that is what it carries.
template <typename Node, typename Summary = NoSummary<Node>>
class BalancedTree {
  public:
    /// Which side of a node: also the index of its child there.
    enum class Side : std::uint8_t { kLeft = 0, kRight = 1 };

    BalancedTree() = default;
    BalancedTree(const BalancedTree&) = delete;
    BalancedTree& operator=(const BalancedTree&) = delete;
    ~BalancedTree() = default;

    [[nodiscard]] Node* root() const { return root_; }
    [[nodiscard]] Node* first() const { return outermost(root_, Side::kLeft); }
    [[nodiscard]] Node* last() const { return outermost(root_, Side::kRight); }
    /// The neighbours of `node`, which is in this tree; null beyond the ends.
    [[nodiscard]] static Node* next(const Node& node) { return neighbour(node, Side::kRight); }
    [[nodiscard]] static Node* previous(const Node& node) { return neighbour(node, Side::kLeft); }

    /// Puts `node`, which is in no tree, at the free `side` of `parent`; a null parent means: as the root of
    /// the empty tree.
    void insert(Node& node, Node* parent, Side side) {
        expect(node.height_ == 0, "balanced tree: the node is in a tree already");
        Node*& place = parent == nullptr ? root_ : child(*parent, side);
        expect(place == nullptr, "balanced tree: the place for the node is taken");
        place = &node;
        node.parent_ = parent;
        node.child_[0] = node.child_[1] = nullptr;
        rebalance_up(&node);
    }

    /// Takes `node` out of this tree.
    void remove(Node& node) {
        expect(node.height_ != 0, "balanced tree: the node to remove is in no tree");
        Node* lowest_changed = node.parent_;
        if (node.left() != nullptr && node.right() != nullptr) {
            // The next node, which has no left child, takes the place.
            Node& heir = *outermost(node.right(), Side::kLeft);
            lowest_changed = heir.parent_ == &node ? &heir : heir.parent_;
            replace(heir, heir.right());
            adopt(heir, Side::kLeft, node.left());
            adopt(heir, Side::kRight, node.right());
            replace(node, &heir);
            heir.height_ = node.height_;
        } else {
            replace(node, node.left() != nullptr ? node.left() : node.right());
        }
        node.parent_ = node.child_[0] = node.child_[1] = nullptr;
        node.height_ = 0;
        rebalance_up(lowest_changed);
    }

    /// To be called when `node`'s own contents changed: brings the summaries on its way to the root up to
    /// date.
    void changed(Node& node) {
        for (Node* at = &node; at != nullptr; at = at->parent_) {
            Summary::update(*at);
        }
    }

    /// Gives this tree, which is empty, the shape of `from`: `make(const Node& original)` gives the twin of each of its nodes,
    /// which is in no tree. Cost: every node, and nothing is balanced; as deep as the tree is high.
    template <typename Make>
    void copy(const BalancedTree& from, Make make) {
        expect(root_ == nullptr, "balanced tree: a copy would replace what is there");
        root_ = copy_subtree(from.root_, nullptr, make);
    }

    /// I1 (as far as links go), I2 and I3. Cost: every node.
    [[nodiscard]] bool check_invariants() const {
        return root_ == nullptr || (root_->parent_ == nullptr && check(*root_));
    }

  private:
    static unsigned height_of(const Node* node) { return node == nullptr ? 0U : node->height_; }
    static Node*& child(Node& node, Side side) { return node.child_[static_cast<std::size_t>(side)]; }
    static Node* child(const Node& node, Side side) { return node.child_[static_cast<std::size_t>(side)]; }
    static Side other(Side side) { return side == Side::kLeft ? Side::kRight : Side::kLeft; }

    static Node* outermost(Node* node, Side side) {
        while (node != nullptr && child(*node, side) != nullptr) {
            node = child(*node, side);
        }
        return node;
    }
    static Node* neighbour(const Node& node, Side side) {
        if (Node* below = child(node, side); below != nullptr) {
            return outermost(below, other(side));
        }
        const Node* at = &node;
        while (at->parent_ != nullptr && child(*at->parent_, side) == at) {
            at = at->parent_;
        }
        return at->parent_;
    }

    static void adopt(Node& parent, Side side, Node* node) {
        child(parent, side) = node;
        if (node != nullptr) {
            node->parent_ = &parent;
        }
    }
    /// Puts `substitute` where `node` hangs.
    void replace(const Node& node, Node* substitute) {
        Node* const parent = node.parent_;
        (parent == nullptr ? root_ : parent->child_[parent->child_[0] == &node ? 0 : 1]) = substitute;
        if (substitute != nullptr) {
            substitute->parent_ = parent;
        }
    }

    static void update(Node& node) {
        const unsigned left = height_of(node.left());
        const unsigned right = height_of(node.right());
        node.height_ = static_cast<std::uint8_t>((left > right ? left : right) + 1);
        Summary::update(node);
    }

    template <typename Make>
    static Node* copy_subtree(const Node* original, Node* parent, Make& make) {
        if (original == nullptr) {
            return nullptr;
        }
        Node& twin = make(*original);
        expect(twin.height_ == 0, "balanced tree: the twin is in a tree already");
        twin.parent_ = parent;
        twin.child_[0] = copy_subtree(original->left(), &twin, make);
        twin.child_[1] = copy_subtree(original->right(), &twin, make);
        update(twin);
        return &twin;
    }

    /// Restores I2 and I3 from `node` up. Every summary on the way is recomputed: a node's own may have
    /// changed although no height did.
    void rebalance_up(Node* node) {
        for (Node* at = node; at != nullptr; at = at->parent_) {
            const unsigned left = height_of(at->left());
            const unsigned right = height_of(at->right());
            if (left > right + 1) {
                at = &rotate(*at, Side::kLeft);
            } else if (right > left + 1) {
                at = &rotate(*at, Side::kRight);
            } else {
                update(*at);
            }
        }
    }

    /// Lifts the child on the `heavy` side of `node` above it; that child's inner child, where it is the
    /// higher one.
    Node& rotate(Node& node, Side heavy) {
        const Side light = other(heavy);
        Node& middle = *child(node, heavy);
        if (height_of(child(middle, light)) > height_of(child(middle, heavy))) {
            lift(*child(middle, light), middle, light);
        }
        Node& risen = *child(node, heavy);
        lift(risen, node, heavy);
        return risen;
    }
    /// `low`, the child of `high` on `side`, goes above it.
    void lift(Node& low, Node& high, Side side) {
        replace(high, &low);
        adopt(high, side, child(low, other(side)));
        adopt(low, other(side), &high);
        update(high);
        update(low);
    }

    bool check(const Node& node) const {
        for (const Node* below : node.child_) {
            if (below != nullptr && (below->parent_ != &node || !check(*below))) {
                return false;
            }
        }
        const unsigned left = height_of(node.left());
        const unsigned right = height_of(node.right());
        const unsigned higher = left > right ? left : right;
        return node.height_ == higher + 1 && left <= right + 1 && right <= left + 1 &&
               Summary::is_current(node);
    }

    Node* root_ = nullptr;
};

}  // namespace mm
