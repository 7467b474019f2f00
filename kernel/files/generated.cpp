#include "kernel/files/generated.hpp"

#include <new>
#include <utility>

#include "kernel/files/directory_file.hpp"
#include "kernel/files/file_time.hpp"

namespace kernel {
namespace {

/// What most files need at once.
constexpr std::size_t kFirstBytes = 2000;
/// No command is longer.
constexpr std::size_t kMostCommandBytes = 4096;

/// Keeps what fits, counts the rest.
class SnapshotSink final : public Sink {
  public:
    explicit SnapshotSink(std::span<char> memory) : memory_(memory) {}
    void write(std::string_view bytes) override {
        if (size_ + bytes.size() <= memory_.size()) {
            bytes.copy(memory_.data() + size_, bytes.size());
        }
        size_ += bytes.size();
    }
    /// Bytes written; more than there was room for: they are not all there.
    [[nodiscard]] std::size_t size() const { return size_; }

  private:
    std::span<char> memory_;
    std::size_t size_ = 0;
};

/// Memory of the heap, or none.
class Snapshot {
  public:
    Snapshot() = default;
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;
    ~Snapshot() { delete[] text_; }

    /// The file as it is now. What takes more than kFirstBytes is printed again with room for all of it, taken
    /// before: so a file about memory does not change while it is printed.
    FileResult<void> take(GeneratedFile& file) {
        std::size_t wanted = kFirstBytes;
        while (true) {
            if (capacity_ < wanted) {
                delete[] std::exchange(text_, nullptr);
                capacity_ = size_ = 0;
                text_ = new (std::nothrow) char[wanted];
                if (text_ == nullptr) {
                    return file_error(Errno::kNoMemory);
                }
                capacity_ = wanted;
            }
            SnapshotSink sink({text_, capacity_});
            Printer printer(sink);
            if (const FileResult<void> printed = file.print(printer); !printed) {
                return printed;
            }
            size_ = sink.size();
            if (size_ <= capacity_) {
                return {};
            }
            wanted = size_ + size_ / 8 + kFirstBytes;
        }
    }

    [[nodiscard]] std::span<const std::byte> bytes() const { return std::as_bytes(std::span(text_, size_)); }

  private:
    char* text_ = nullptr;
    std::size_t capacity_ = 0;
    std::size_t size_ = 0;
};

class GeneratedOpenFile final : public OpenFile {
  public:
    GeneratedOpenFile(Shared<Inode> node, OpenFlags open_flags)
        : OpenFile(std::move(node), open_flags, Seekable::kYes) {}

    FileResult<std::size_t> read(Transfer& to, std::uint64_t offset) override {
        const std::size_t before = to.moved();
        for (;;) {
            // Whoever else reads from its beginning meanwhile takes another snapshot.
            if (offset == 0 || !is_taken_) {
                if (const FileResult<void> taken = snapshot_.take(file()); !taken) {
                    return file_error(taken.error());
                }
                is_taken_ = true;
            }
            const std::span<const std::byte> bytes = snapshot_.bytes();
            if (offset >= bytes.size() || to.remaining() == 0) {
                return to.moved() - before;
            }
            const FileResult<std::size_t> moved =
                put_now(to, bytes.subspan(static_cast<std::size_t>(offset)));
            if (moved) {
                offset += *moved;
            } else if (!to.bring_in(bytes.size(), UserAccess::kWrite)) {
                return to.moved() != before ? FileResult<std::size_t>(to.moved() - before) : moved;
            }
        }
    }

    FileResult<std::size_t> write(Transfer& from, std::uint64_t) override {
        const std::size_t size = from.remaining();
        if (size > kMostCommandBytes) {
            return file_error(Errno::kInvalid);
        }
        auto* const text = new (std::nothrow) char[size + 1];
        if (text == nullptr) {
            return file_error(Errno::kNoMemory);
        }
        FileResult<std::size_t> taken = from.take(std::as_writable_bytes(std::span(text, size)));
        if (taken && *taken != size) {
            taken = file_error(Errno::kFault);
        }
        if (taken) {
            const std::string_view command(text, size);
            const FileResult<void> accepted =
                file().accept(command.ends_with('\n') ? command.substr(0, size - 1) : command);
            if (!accepted) {
                taken = file_error(accepted.error());
            }
        }
        delete[] text;
        return taken;
    }

  private:
    static FileResult<std::size_t> put_now(Transfer& to, std::span<const std::byte> bytes) {
        const NoPageWaits no_waits;
        return to.put(bytes);
    }
    GeneratedFile& file() { return static_cast<GeneratedFile&>(*inode()); }

    Snapshot snapshot_;
    bool is_taken_ = false;
};

/// A file of the fixed tree.
class TreeFile final : public GeneratedFile {
  public:
    TreeFile(Shared<Inode> directory, std::string_view name, File& file)
        : GeneratedFile(std::move(directory), name, reinterpret_cast<std::uintptr_t>(&file), 0644),
          file_(file) {}

    FileResult<void> print(Printer& out) override { return file_.read(out); }
    FileResult<void> accept(std::string_view text) override { return file_.write(text); }

  private:
    File& file_;
};

DynamicEntries* dynamic_entries = nullptr;

/// A directory of the fixed tree; the root shows the dynamic entries behind the fixed ones.
class TreeDirectory final : public GeneratedDirectory {
  public:
    TreeDirectory(Shared<Inode> above, std::string_view name, const Directory& fixed, std::uint32_t device)
        : GeneratedDirectory(std::move(above), name, reinterpret_cast<std::uintptr_t>(&fixed), 0555, device),
          fixed_(fixed) {}

    FileResult<Shared<Inode>> look_up(std::string_view name) override {
        Shared<Inode> self(this);
        const Node* const node = fixed_.find(name);
        if (node == nullptr) {
            return is_root() && dynamic_entries != nullptr
                       ? dynamic_entries->look_up(name, self)
                       : FileResult<Shared<Inode>>(file_error(Errno::kNoEntry));
        }
        Shared<Inode> made;
        if (node->directory() != nullptr) {
            made = Shared<Inode>(new (std::nothrow) TreeDirectory(self, name, *node->directory(), 0));
        } else {
            made = Shared<Inode>(new (std::nothrow) TreeFile(self, name, *node->file()));
        }
        if (!made) {
            return file_error(Errno::kNoMemory);
        }
        return made;
    }

    bool next(std::uint32_t cursor, GeneratedEntry& entry) override {
        std::uint32_t at = 0;
        for (const Node* node = fixed_.first(); node != nullptr; node = node->next(), ++at) {
            if (at >= cursor) {
                const bool is_directory = node->directory() != nullptr;
                entry.set_name(node->name());
                entry.inode = is_directory ? reinterpret_cast<std::uintptr_t>(node->directory())
                                           : reinterpret_cast<std::uintptr_t>(node->file());
                entry.kind = is_directory ? FileKind::kDirectory : FileKind::kRegular;
                entry.cursor = at + 1;
                return true;
            }
        }
        if (!is_root() || dynamic_entries == nullptr) {
            return false;
        }
        const std::uint32_t own = cursor > kDynamicBase ? cursor - kDynamicBase : 0;
        const bool found = dynamic_entries->next(own, entry);
        entry.cursor += kDynamicBase;
        return found;
    }

  private:
    static constexpr std::uint32_t kDynamicBase = 1U << 30;

    [[nodiscard]] bool is_root() const { return directory() == nullptr; }

    const Directory& fixed_;
};

}  // namespace

// --- nodes ---

GeneratedNode::GeneratedNode(FileKind kind, Shared<Inode> directory, std::string_view name,
                             std::uint64_t number, std::uint16_t permissions, std::uint32_t device)
    : Inode(kind, device != 0 ? device : directory->device()),
      directory_(std::move(directory)),
      number_(number),
      permissions_(permissions),
      name_bytes_(static_cast<std::uint8_t>(name.copy(name_.data(), name_.size()))) {}

void GeneratedNode::status(FileStatus& status) const {
    status.device = device();
    status.inode = number_;
    status.kind = kind();
    status.permissions = permissions_;
    status.links = kind() == FileKind::kDirectory ? 2 : 1;
    status.accessed = status.modified = status.changed = file_time_now();
}

void GeneratedNode::file_system_status(FileSystemStatus& status) const {
    constexpr std::uint32_t kProcMagic = 0x9fa0;
    status.type = kProcMagic;
}

FileResult<Shared<OpenFile>> GeneratedFile::open(OpenFlags flags) {
    Shared<OpenFile> file(new (std::nothrow) GeneratedOpenFile(Shared<Inode>(this), flags));
    if (!file) {
        return file_error(Errno::kNoMemory);
    }
    return file;
}

FileResult<void> GeneratedFile::accept(std::string_view) {
    return file_error(Errno::kAccess);
}

void GeneratedEntry::set_name(std::string_view name) {
    name_length = name.copy(name_bytes.data(), name_bytes.size());
}

FileResult<Shared<OpenFile>> GeneratedDirectory::open(OpenFlags flags) {
    return open_directory(Shared<Inode>(this), flags);
}

FileResult<Shared<Inode>> GeneratedDirectory::create(std::string_view name, FileKind, std::uint16_t,
                                                     std::uint32_t) {
    return file_error(look_up(name) ? Errno::kExists : Errno::kNoEntry);
}

FileResult<void> GeneratedDirectory::read_directory(std::uint64_t position, DirectoryReader& reader) {
    FileStatus own;
    FileStatus above;
    status(own);
    (directory() == nullptr ? this : directory())->status(above);
    if ((position <= 0 && !reader.take(".", own.inode, FileKind::kDirectory, 1)) ||
        (position <= 1 && !reader.take("..", above.inode, FileKind::kDirectory, 2))) {
        return {};
    }
    GeneratedEntry entry;
    std::uint32_t cursor = position > 2 ? static_cast<std::uint32_t>(position - 2) : 0;
    while (next(cursor, entry) &&
           reader.take(entry.name(), entry.inode, entry.kind, std::uint64_t{entry.cursor} + 2)) {
        cursor = entry.cursor;
    }
    return {};
}

FileResult<Shared<Inode>> make_generated_root(const Directory& fixed, std::uint32_t device) {
    Shared<Inode> root(new (std::nothrow) TreeDirectory({}, {}, fixed, device));
    if (!root) {
        return file_error(Errno::kNoMemory);
    }
    return root;
}

void add_dynamic_entries(DynamicEntries& entries) {
    dynamic_entries = &entries;
}

}  // namespace kernel
