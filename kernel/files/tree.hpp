// The tree of names: directories, and files in them.
//
//   Directory root                    Node "proc" -> Directory proc        Node "version" -> File
//
// Owns nothing: a node and what it names belong to whoever adds them, and must live as long as the directory.
// Whoever has something to show makes a File and adds it; there is no list of all files anywhere. Invariants:
// I1 the nodes of a directory are sorted by name, no name twice. I2 a directory is in at most one other.
// Cost: linear in the names of each directory on the path. Called from the main line only.
#pragma once

#include <string_view>

#include "kernel/files/errno.hpp"
#include "kernel/files/file.hpp"

namespace kernel {

class Directory;

/// A name and what it stands for: a file or a directory.
class Node {
  public:
    /// `name` without '/', neither empty nor "." or "..".
    constexpr Node(std::string_view name, File& file) : name_(name), file_(&file) {}
    constexpr Node(std::string_view name, Directory& directory) : name_(name), directory_(&directory) {}
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    [[nodiscard]] std::string_view name() const { return name_; }
    /// What it names: one of the two is nullptr.
    [[nodiscard]] File* file() const { return file_; }
    [[nodiscard]] Directory* directory() const { return directory_; }
    /// The next name in the same directory, in alphabetical order; nullptr behind the last.
    [[nodiscard]] const Node* next() const { return next_; }

  private:
    friend class Directory;

    std::string_view name_;
    File* file_ = nullptr;
    Directory* directory_ = nullptr;
    Node* next_ = nullptr;
};

class Directory {
  public:
    constexpr Directory() = default;
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    /// Adds `node`. A name that is there already is a bug of the caller's and panics.
    void add(Node& node);

    /// The first name in alphabetical order; nullptr when empty.
    [[nodiscard]] const Node* first() const { return first_; }
    /// The node called `name`; nullptr if there is none.
    [[nodiscard]] const Node* find(std::string_view name) const;
    /// The directory this one is in; itself at the root.
    [[nodiscard]] const Directory& parent() const { return parent_ == nullptr ? *this : *parent_; }

  private:
    Node* first_ = nullptr;
    const Directory* parent_ = nullptr;
};

/// What a path leads to: one of the two is nullptr.
struct Place {
    File* file = nullptr;
    const Directory* directory = nullptr;
};

/// Follows `path` from `root`; a path without a leading '/' starts there too. Understands ".", ".." and
/// repeated '/'. Errors: kNoEntry, kNotDirectory (it goes through a file, or ends in '/' behind one).
FileResult<Place> look_up(const Directory& root, std::string_view path);

}  // namespace kernel
