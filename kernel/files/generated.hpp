// Files whose contents are made when they are read: /proc.
//
//   GeneratedFile::print --> a snapshot in the kernel heap, at each read at offset 0 --> what later reads see
//   write: one write is one command, its final newline removed --> GeneratedFile::accept
//
// Nodes are made when a path leads to them, and go when nobody has them: a process's files need nothing while nobody
// looks. A node keeps its directory. Directories list fixed files (tree.hpp) and what comes and goes
// (DynamicEntries): processes by number. To add a kind of file, derive from GeneratedFile, -Link or -Directory.
// Main line only. Cost: a read at offset 0 prints the whole file, twice when it has more than kFirstBytes.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "kernel/files/inode.hpp"
#include "kernel/files/open_file.hpp"
#include "kernel/files/printer.hpp"
#include "kernel/files/tree.hpp"

namespace kernel {

/// What all nodes of generated files have: a name in a directory, an owner, no size.
class GeneratedNode : public Inode {
  public:
    /// Longer names are cut.
    static constexpr std::size_t kNameBytes = 32;

    void status(FileStatus& status) const override;
    [[nodiscard]] Inode* directory() const override { return directory_.get(); }
    [[nodiscard]] FileResult<std::string_view> name() const override {
        return std::string_view(name_.data(), name_bytes_);
    }
    void file_system_status(FileSystemStatus& status) const override;

  protected:
    /// `number` is st_ino, unique among generated files; `directory` is null for a root, whose `device` is then that
    /// of the file system.
    GeneratedNode(FileKind kind, Shared<Inode> directory, std::string_view name, std::uint64_t number,
                  std::uint16_t permissions, std::uint32_t device = 0);
    ~GeneratedNode() override = default;

  private:
    Shared<Inode> directory_;
    std::uint64_t number_;
    std::uint16_t permissions_;
    std::array<char, kNameBytes> name_{};
    std::uint8_t name_bytes_;  // of name_; initialized after it
};

/// A file.
class GeneratedFile : public GeneratedNode {
  public:
    FileResult<Shared<OpenFile>> open(OpenFlags flags) final;
    /// O_TRUNC on the way to a write means nothing here.
    FileResult<void> resize(std::uint64_t) override { return {}; }

    /// Prints the whole content, now. Errors: kAccess when the file is write-only, kNoProcess when what it is about
    /// has gone.
    virtual FileResult<void> print(Printer& out) = 0;
    /// Takes one command. Errors: kAccess when the file is read-only, kInvalid.
    virtual FileResult<void> accept(std::string_view text);

  protected:
    GeneratedFile(Shared<Inode> directory, std::string_view name, std::uint64_t number,
                  std::uint16_t permissions)
        : GeneratedNode(FileKind::kRegular, std::move(directory), name, number, permissions) {}
};

/// A symbolic link: implement target(), and destination() where it leads to a node without a path.
class GeneratedLink : public GeneratedNode {
  public:
    FileResult<Shared<OpenFile>> open(OpenFlags) final { return file_error(Errno::kTooManySymlinks); }

  protected:
    GeneratedLink(Shared<Inode> directory, std::string_view name, std::uint64_t number)
        : GeneratedNode(FileKind::kSymlink, std::move(directory), name, number, 0777) {}
};

/// An entry of a generated directory, as it is listed.
struct GeneratedEntry {
    std::array<char, GeneratedNode::kNameBytes> name_bytes{};
    std::size_t name_length = 0;
    std::uint64_t inode = 0;
    FileKind kind = FileKind::kRegular;
    std::uint32_t cursor =
        0;  ///< Where the listing goes on behind this entry; greater than that of all before.

    void set_name(std::string_view name);
    [[nodiscard]] std::string_view name() const { return {name_bytes.data(), name_length}; }
};

/// A directory: implement look_up and next. An open one is listed by asking next again and again.
class GeneratedDirectory : public GeneratedNode {
  public:
    FileResult<Shared<OpenFile>> open(OpenFlags flags) final;
    FileResult<void> read_directory(std::uint64_t position, DirectoryReader& reader) final;
    /// What is there is there, and nobody adds to it.
    FileResult<Shared<Inode>> create(std::string_view name, FileKind kind, std::uint16_t permissions,
                                     std::uint32_t represented_device) final;
    // FileResult<Shared<Inode>> look_up(std::string_view name) override;   every derived class has its own

    /// The first entry at or behind `cursor` (0: the first of all); false when there is none. "." and ".." are not
    /// among them.
    virtual bool next(std::uint32_t cursor, GeneratedEntry& entry) = 0;

  protected:
    GeneratedDirectory(Shared<Inode> directory, std::string_view name, std::uint64_t number,
                       std::uint16_t permissions = 0555, std::uint32_t device = 0)
        : GeneratedNode(FileKind::kDirectory, std::move(directory), name, number, permissions, device) {}
};

/// Entries of /proc itself that come and go. One object, for ever.
class DynamicEntries {
  public:
    /// The node called `name` in `directory`. Errors: kNoEntry, kNoMemory.
    virtual FileResult<Shared<Inode>> look_up(std::string_view name, const Shared<Inode>& directory) = 0;
    /// As GeneratedDirectory::next.
    virtual bool next(std::uint32_t cursor, GeneratedEntry& entry) = 0;

  protected:
    ~DynamicEntries() = default;
};

/// The root of a tree of generated files: what is in `fixed`, and whatever add_dynamic_entries adds. Error: kNoMemory.
/// `fixed` lives for ever. `device` is st_dev of its nodes.
FileResult<Shared<Inode>> make_generated_root(const Directory& fixed, std::uint32_t device);
/// From now on /proc has these entries, too; once. Their cursors are below 2^30. Fixed names come first.
void add_dynamic_entries(DynamicEntries& entries);

}  // namespace kernel
