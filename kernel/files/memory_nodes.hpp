// The nodes of a file system in memory; see memory_files.hpp. For its sources only.
#pragma once

#include <cstdint>
#include <string_view>

#include "kernel/files/inode.hpp"
#include "kernel/files/memory_pages.hpp"
#include "kernel/files/pipe.hpp"
#include "kernel/programs/wait.hpp"
#include "mm/core/balanced_tree.hpp"

namespace kernel {

class MemoryDirectory;
class MemoryNode;

/// What the nodes of one file system have in common.
struct MemoryFileSystem final : public SharedObject {
    explicit MemoryFileSystem(std::uint32_t its_device) : device(its_device) {}

    std::uint32_t device;
    std::uint32_t last_number = 0;
};

/// A name in a directory; its bytes follow it in memory.
class MemoryEntry : public mm::TreeNode<MemoryEntry> {
  public:
    /// An entry for `name`, in no directory yet; null when there is no memory.
    static MemoryEntry* make(std::string_view name);
    static void destroy(MemoryEntry* entry);

    [[nodiscard]] std::string_view name() const {
        return {reinterpret_cast<const char*>(this + 1), name_bytes_};
    }

    Shared<Inode> node;                    // a MemoryNode
    MemoryDirectory* directory = nullptr;  // null: in none
    std::uint32_t key = 0;

  private:
    explicit MemoryEntry(std::uint8_t name_bytes) : name_bytes_(name_bytes) {}
    ~MemoryEntry() = default;

    std::uint8_t name_bytes_;
};

class MemoryNode : public Inode {
  public:
    void status(FileStatus& status) const override;
    FileResult<void> change_status(const StatusChange& change) override;
    void file_system_status(FileSystemStatus& status) const override;
    [[nodiscard]] Inode* directory() const override;
    [[nodiscard]] FileResult<std::string_view> name() const override;

    [[nodiscard]] std::uint32_t number() const { return number_; }
    void touch_changed();
    void touch_modified();

    // The directory's affair: names of this node.
    MemoryEntry* own_entry = nullptr;  // one of them; null when that one went
    std::uint32_t links = 0;

  protected:
    MemoryNode(FileKind kind, MemoryFileSystem& files, std::uint16_t permissions);

    MemoryFileSystem& files() const { return *files_; }
    FileTime accessed_, modified_, changed_;

  private:
    Shared<MemoryFileSystem> files_;
    std::uint32_t number_;
    std::uint32_t user_ = 0, group_ = 0;
    std::uint16_t permissions_;
};

class MemoryDirectory final : public MemoryNode {
  public:
    MemoryDirectory(MemoryFileSystem& files, std::uint16_t permissions, Shared<Inode> above)
        : MemoryNode(FileKind::kDirectory, files, permissions), above_(std::move(above)) {}

    void status(FileStatus& status) const override;
    [[nodiscard]] Inode* directory() const override { return above_.get(); }
    [[nodiscard]] FileResult<std::string_view> name() const override;
    FileResult<Shared<OpenFile>> open(OpenFlags flags) override;
    FileResult<Shared<Inode>> look_up(std::string_view name) override;
    FileResult<Shared<Inode>> create(std::string_view name, FileKind kind, std::uint16_t permissions,
                                     std::uint32_t represented_device) override;
    FileResult<Shared<Inode>> create_symlink(std::string_view name, std::string_view target) override;
    FileResult<void> link(std::string_view name, Inode& file) override;
    FileResult<void> unlink(std::string_view name) override;
    FileResult<void> remove_directory(std::string_view name) override;
    FileResult<void> rename(std::string_view name, Inode& new_directory, std::string_view new_name) override;
    FileResult<void> read_directory(std::uint64_t position, DirectoryReader& reader) override;

  private:
    ~MemoryDirectory() override;
    void last_owner_left() override;

    [[nodiscard]] MemoryEntry* find(std::string_view name) const;
    [[nodiscard]] MemoryEntry* first_from(std::uint32_t key) const;
    [[nodiscard]] FileResult<void> check_new(std::string_view name) const;
    FileResult<void> add(std::string_view name, MemoryNode& node);
    FileResult<void> insert(MemoryEntry& entry);
    void remove(MemoryEntry& entry);
    void let_go(MemoryEntry& entry);
    FileResult<void> check_move(const MemoryNode& moved, const MemoryEntry* replaced,
                                const MemoryDirectory& to) const;

    Shared<Inode> above_;  // null at the root
    mm::BalancedTree<MemoryEntry> entries_;
    std::uint32_t directories_ = 0;  // in it
    bool is_removed_ = false;
    MemoryDirectory* next_doomed_ = nullptr;
};

class MemoryFile final : public MemoryNode {
  public:
    MemoryFile(MemoryFileSystem& files, std::uint16_t permissions)
        : MemoryNode(FileKind::kRegular, files, permissions) {}

    void status(FileStatus& status) const override;
    FileResult<Shared<OpenFile>> open(OpenFlags flags) override;
    FileResult<void> resize(std::uint64_t size_bytes) override;
    mm::PageObject* pages() override { return pages_.object(); }

    FileResult<std::size_t> read(Transfer& to, std::uint64_t offset);
    /// Writers come one after the other, also where they wait for pages.
    FileResult<std::size_t> write(Transfer& from, std::uint64_t offset);
    FileResult<std::size_t> append(Transfer& from);

  private:
    FileResult<std::size_t> write_in_turn(Transfer& from, std::uint64_t offset);
    FileResult<std::size_t> write_what_is_there(Transfer& from, std::uint64_t offset);

    /// One at a time may write, for as long as this lives. May sleep at its beginning.
    class WritersTurn {
      public:
        explicit WritersTurn(MemoryFile& file);
        WritersTurn(const WritersTurn&) = delete;
        WritersTurn& operator=(const WritersTurn&) = delete;
        ~WritersTurn();

      private:
        MemoryFile& file_;
    };

    MemoryPages pages_;
    std::uint64_t size_bytes_ = 0;
    bool is_being_written_ = false;
    WaitQueue next_writers_;
};

class MemorySymlink final : public MemoryNode {
  public:
    /// Null when there is no memory.
    static MemorySymlink* make(MemoryFileSystem& files, std::string_view target);

    void status(FileStatus& status) const override;
    FileResult<Shared<OpenFile>> open(OpenFlags) override { return file_error(Errno::kTooManySymlinks); }
    FileResult<std::string_view> target() override { return std::string_view(text_, size_bytes_); }

  private:
    MemorySymlink(MemoryFileSystem& files, char* text, std::size_t size_bytes)
        : MemoryNode(FileKind::kSymlink, files, 0777), text_(text), size_bytes_(size_bytes) {}
    ~MemorySymlink() override { delete[] text_; }

    char* text_;
    std::size_t size_bytes_;
};

class MemoryFifo final : public MemoryNode {
  public:
    MemoryFifo(MemoryFileSystem& files, std::uint16_t permissions)
        : MemoryNode(FileKind::kFifo, files, permissions) {}

    FileResult<Shared<OpenFile>> open(OpenFlags flags) override {
        return open_fifo(Shared<Inode>(this), pipe_, flags);
    }

  private:
    Pipe pipe_;
};

}  // namespace kernel
