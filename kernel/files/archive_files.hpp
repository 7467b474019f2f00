// The tree of a read-only file system whose contents lie in loader modules: the initial root.
//
//   module:  header name ... | contents (pages) | ...          heap:  nodes, names, targets of links
//                                   ^------------------------------- ArchiveFile: where, how long
//
// Owns: the nodes, made at boot and never freed, in slabs of the heap; the pages that had to be copied. A file whose
// contents begin on a page, with zeros up to the end of its last, is mapped where it lies (each last page is looked at
// when it is first asked for); others are copied page by page at the first touch.
//
// I1 a node is in exactly one directory (the root in none), under one name, and no two there have the same.
// Cost: look-up O(1) by a hash over all directories; adding a node about 300 instructions.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/files/archive.hpp"
#include "kernel/files/inode.hpp"

namespace kernel {

class ArchiveDirectory;
class ArchiveFile;
class ArchiveTree;

/// What all nodes of the tree have.
class ArchiveNode : public Inode {
  public:
    [[nodiscard]] Inode* directory() const override;
    [[nodiscard]] FileResult<std::string_view> name() const override { return name_; }
    void status(FileStatus& status) const override;
    FileResult<void> change_status(const StatusChange& change) override;
    void file_system_status(FileSystemStatus& status) const override;

  protected:
    ArchiveNode(FileKind kind, std::uint32_t device) : Inode(kind, device) {}
    ~ArchiveNode() override = default;

  private:
    friend class ArchiveTree;
    friend class ArchiveDirectory;

    /// In a slab, for ever.
    void last_owner_left() override {}

    std::string_view name_;
    ArchiveDirectory* directory_ = nullptr;
    ArchiveNode* next_in_directory_ = nullptr;
    ArchiveNode* next_in_bucket_ = nullptr;
    std::uint32_t number_ = 0;
    std::uint32_t modified_ = 0;
    std::uint32_t user_ = 0, group_ = 0;
    std::uint32_t links_ = 1;
    std::uint16_t permissions_ = 0;
};

class ArchiveDirectory final : public ArchiveNode {
  public:
    FileResult<Shared<OpenFile>> open(OpenFlags flags) override;
    FileResult<Shared<Inode>> look_up(std::string_view name) override;
    FileResult<void> read_directory(std::uint64_t position, DirectoryReader& reader) override;

  private:
    friend class ArchiveTree;
    friend class ArchiveNode;

    ArchiveDirectory(const ArchiveTree& tree, std::uint32_t device)
        : ArchiveNode(FileKind::kDirectory, device), tree_(tree) {}
    ~ArchiveDirectory() override = default;

    const ArchiveTree& tree_;
    ArchiveNode* first_ = nullptr;  // in the archive's order
    ArchiveNode* last_ = nullptr;
    std::uint32_t directories_ = 0;  // in it
};

class ArchiveSymlink final : public ArchiveNode {
  public:
    FileResult<Shared<OpenFile>> open(OpenFlags) override { return file_error(Errno::kTooManySymlinks); }
    FileResult<std::string_view> target() override { return target_; }

  private:
    friend class ArchiveTree;
    friend class ArchiveNode;

    explicit ArchiveSymlink(std::uint32_t device) : ArchiveNode(FileKind::kSymlink, device) {}
    ~ArchiveSymlink() override = default;

    std::string_view target_;
};

/// A file; what it does with its bytes is in archive_contents.cpp.
class ArchiveFile final : public ArchiveNode {
  public:
    FileResult<Shared<OpenFile>> open(OpenFlags flags) override;
    FileResult<void> resize(std::uint64_t) override { return file_error(Errno::kReadOnlyFileSystem); }
    mm::PageObject* pages() override;

    /// Where its bytes lie in physical memory.
    [[nodiscard]] std::uint64_t content() const { return content_; }
    [[nodiscard]] std::uint32_t size_bytes() const { return size_bytes_; }

  private:
    friend class ArchiveTree;
    friend class ArchiveNode;

    explicit ArchiveFile(std::uint32_t device) : ArchiveNode(FileKind::kRegular, device) {}
    ~ArchiveFile() override = default;

    std::uint64_t content_ = 0;
    std::uint32_t size_bytes_ = 0;
    mm::PageObject* pages_ = nullptr;       // made when it is first mapped, kept
    ArchiveFile* same_identity_ = nullptr;  // while the archive is read: the next in the bucket
    std::array<std::uint32_t, 3> identity_{};
};

/// Builds the tree at boot, and looks names up later.
class ArchiveTree {
  public:
    explicit ArchiveTree(std::uint32_t device) : device_(device) {}
    ArchiveTree(const ArchiveTree&) = delete;
    ArchiveTree& operator=(const ArchiveTree&) = delete;
    /// Only a tree that nobody has seen is destroyed: everything goes.
    ~ArchiveTree();

    /// Makes the root. Error: kNoMemory.
    FileResult<void> start();
    [[nodiscard]] ArchiveDirectory& root() const { return *root_; }

    /// What became of an entry.
    enum class Added : std::uint8_t { kYes, kLeftOut };
    /// Adds what `entry` says; contents lie `base` bytes into physical memory. A later entry replaces an earlier one
    /// under the same path, but a directory stays one. kLeftOut: a device, a path through "..", something on the way
    /// that is no directory, a link to what is not there. Error: kNoMemory.
    FileResult<Added> add(const ArchiveEntry& entry, std::uint64_t base);
    /// A directory at `path`, made with those above it where there is none. Errors: kNoMemory, kNotDirectory.
    FileResult<ArchiveDirectory*> make_directories(std::string_view path);

    [[nodiscard]] ArchiveNode* find(const ArchiveDirectory& directory, std::string_view name) const;
    /// Nodes of the tree, the root counted.
    [[nodiscard]] std::uint32_t node_count() const { return node_count_; }

    /// A new archive begins: its numbers for files with several names are its own.
    void begin_archive() { forget_identities(); }

  private:
    struct Slab {
        Slab* next;
    };
    static constexpr std::size_t kSlabBytes = 8160;  // two pages less the heap's own words
    static constexpr std::size_t kFirstBuckets = 1024;
    static constexpr std::size_t kIdentityBuckets = 256;

    void* take(std::size_t size_bytes);
    const char* keep(std::string_view text);
    std::uint32_t bucket_of(const ArchiveDirectory& directory, std::string_view name) const;
    void grow();
    void forget_identities();
    FileResult<ArchiveDirectory*> directory_for(std::string_view path, std::string_view& name);
    FileResult<ArchiveDirectory*> subdirectory(ArchiveDirectory& directory, std::string_view name);
    template <typename Node, typename... Arguments>
    Node* make(Arguments&... arguments);
    FileResult<void> insert(ArchiveDirectory& directory, std::string_view name, ArchiveNode& node);
    void remove(ArchiveNode& node);
    FileResult<ArchiveNode*> make_node(const ArchiveEntry& entry, std::uint64_t base);
    FileResult<ArchiveNode*> make_file(const ArchiveEntry& entry, std::uint64_t base);
    void join_names(ArchiveFile& file);

    std::uint32_t device_;
    std::uint32_t node_count_ = 0;
    ArchiveDirectory* root_ = nullptr;
    Slab* slabs_ = nullptr;
    std::size_t slab_used_ = kSlabBytes;
    ArchiveNode** buckets_ = nullptr;
    std::size_t bucket_count_ = 0;
    ArchiveFile* identities_[kIdentityBuckets] = {};  // files with several names, while their archive is read
    ArchiveDirectory* last_directory_ = nullptr;      // what the last entry was put in ...
    std::string_view last_path_;  // ... and its path, in a slab: the next one's often, too
};

/// Reads the archive in [base, base + bytes.size_bytes()) of physical memory into `tree`. Nothing, or what is wrong
/// with it: what stood before that is in the tree.
struct ArchiveProblem {
    const char* what;
    std::uint32_t offset;
};
std::optional<ArchiveProblem> read_archive(ArchiveTree& tree, ArchiveBytes& bytes, ArchiveFormat format,
                                           std::uint64_t base, std::uint32_t& left_out);

}  // namespace kernel
