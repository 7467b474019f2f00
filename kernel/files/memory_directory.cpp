// Directories in memory.
#include <new>
#include <utility>

#include "kernel/files/directory_file.hpp"
#include "kernel/files/memory_nodes.hpp"
#include "mm/core/address.hpp"

namespace kernel {
namespace {

// Positions must fit into 31 bits: 32-bit programs have no more for them.
constexpr unsigned kTieBits = 7;
constexpr std::uint32_t kTies = 1U << kTieBits;
constexpr std::uint32_t kHashMask = (1U << (30 - kTieBits)) - 1;
constexpr std::uint64_t kFirstPosition = 2;  // "." and ".." come before

/// The first key that `name` can have; it has this one or one of the kTies - 1 behind it.
std::uint32_t first_key(std::string_view name) {
    std::uint32_t hash = 0x811c'9dc5U;
    for (const char c : name) {
        hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x0100'0193U;
    }
    return ((hash ^ (hash >> 19)) & kHashMask) << kTieBits;
}

MemoryDirectory* doomed = nullptr;
bool is_ending = false;

}  // namespace

// --- entries ---

MemoryEntry* MemoryEntry::make(std::string_view name) {
    void* const memory = ::operator new(sizeof(MemoryEntry) + name.size(), std::nothrow);
    if (memory == nullptr) {
        return nullptr;
    }
    auto* const entry = ::new (memory) MemoryEntry(static_cast<std::uint8_t>(name.size()));
    name.copy(reinterpret_cast<char*>(entry + 1), name.size());
    return entry;
}

void MemoryEntry::destroy(MemoryEntry* entry) {
    entry->~MemoryEntry();
    ::operator delete(entry);
}

MemoryDirectory::~MemoryDirectory() {
    // Only one without entries can be removed, and the root never goes: but one whose root could not be mounted does.
    while (MemoryEntry* const entry = entries_.first()) {
        remove(*entry);
    }
}

/// A removed directory that somebody stood in may be the last to have the one above, also removed, and so on: they end
/// one after the other, not inside one another.
void MemoryDirectory::last_owner_left() {
    next_doomed_ = std::exchange(doomed, this);
    if (std::exchange(is_ending, true)) {
        return;
    }
    while (doomed != nullptr) {
        MemoryDirectory* const next = doomed->next_doomed_;
        delete std::exchange(doomed, next);
    }
    is_ending = false;
}

/// The entry with the lowest key from `key` on.
MemoryEntry* MemoryDirectory::first_from(std::uint32_t key) const {
    MemoryEntry* found = nullptr;
    for (MemoryEntry* at = entries_.root(); at != nullptr;) {
        if (at->key >= key) {
            found = at;
            at = at->left();
        } else {
            at = at->right();
        }
    }
    return found;
}

MemoryEntry* MemoryDirectory::find(std::string_view name) const {
    const std::uint32_t first = first_key(name);
    MemoryEntry* entry = first_from(first);
    while (entry != nullptr && entry->key < first + kTies) {
        if (entry->name() == name) {
            return entry;
        }
        entry = entries_.next(*entry);
    }
    return nullptr;
}

/// Gives `entry` a key and puts it there. Error: kNoSpace when too many names have this one's hash.
FileResult<void> MemoryDirectory::insert(MemoryEntry& entry) {
    const std::uint32_t first = first_key(entry.name());
    std::uint32_t key = first;
    for (const MemoryEntry* at = first_from(first); at != nullptr && at->key == key && key < first + kTies;
         at = entries_.next(*at)) {
        ++key;
    }
    if (key == first + kTies) {
        return file_error(Errno::kNoSpace);
    }
    entry.key = key;
    entry.directory = this;
    MemoryEntry* parent = nullptr;
    using Side = mm::BalancedTree<MemoryEntry>::Side;
    Side side = Side::kLeft;
    for (MemoryEntry* at = entries_.root(); at != nullptr;) {
        parent = at;
        side = key < at->key ? Side::kLeft : Side::kRight;
        at = side == Side::kLeft ? at->left() : at->right();
    }
    entries_.insert(entry, parent, side);
    directories_ += entry.node->kind() == FileKind::kDirectory ? 1 : 0;
    touch_modified();
    return {};
}

/// Takes `entry` out; its node keeps what it is.
void MemoryDirectory::let_go(MemoryEntry& entry) {
    entries_.remove(entry);
    entry.directory = nullptr;
    directories_ -= entry.node->kind() == FileKind::kDirectory ? 1 : 0;
    touch_modified();
}

/// Takes `entry` out and ends it; its node has one name less.
void MemoryDirectory::remove(MemoryEntry& entry) {
    let_go(entry);
    auto& node = static_cast<MemoryNode&>(*entry.node);
    node.own_entry = node.own_entry == &entry ? nullptr : node.own_entry;
    node.touch_changed();
    if (node.kind() == FileKind::kDirectory) {
        static_cast<MemoryDirectory&>(node).is_removed_ = true;
        node.links = 0;
    } else {
        --node.links;
    }
    MemoryEntry::destroy(&entry);
}

// --- what paths ask ---

void MemoryDirectory::status(FileStatus& status) const {
    MemoryNode::status(status);
    status.links = is_removed_ ? 0 : 2 + directories_;
    status.size_bytes = mm::kPageSize;
}

FileResult<std::string_view> MemoryDirectory::name() const {
    if (!above_) {
        return std::string_view();
    }
    return MemoryNode::name();
}

FileResult<Shared<OpenFile>> MemoryDirectory::open(OpenFlags flags) {
    return open_directory(Shared<Inode>(this), flags);
}

FileResult<Shared<Inode>> MemoryDirectory::look_up(std::string_view name) {
    const MemoryEntry* const entry = find(name);
    if (entry == nullptr) {
        return file_error(Errno::kNoEntry);
    }
    return entry->node;
}

FileResult<void> MemoryDirectory::check_new(std::string_view name) const {
    if (is_removed_) {
        return file_error(Errno::kNoEntry);
    }
    if (find(name) != nullptr) {
        return file_error(Errno::kExists);
    }
    return {};
}

FileResult<void> MemoryDirectory::add(std::string_view name, MemoryNode& node) {
    MemoryEntry* const entry = MemoryEntry::make(name);
    if (entry == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    entry->node = Shared<Inode>(&node);
    if (const FileResult<void> inserted = insert(*entry); !inserted) {
        MemoryEntry::destroy(entry);
        return inserted;
    }
    ++node.links;
    if (node.own_entry == nullptr) {
        node.own_entry = entry;
    }
    return {};
}

FileResult<Shared<Inode>> MemoryDirectory::create(std::string_view name, FileKind kind,
                                                  std::uint16_t permissions, std::uint32_t) {
    if (const FileResult<void> is_new = check_new(name); !is_new) {
        return file_error(is_new.error());
    }
    MemoryNode* node = nullptr;
    switch (kind) {
        case FileKind::kRegular:
            node = new (std::nothrow) MemoryFile(files(), permissions);
            break;
        case FileKind::kDirectory:
            node = new (std::nothrow) MemoryDirectory(files(), permissions, Shared<Inode>(this));
            break;
        case FileKind::kFifo:
            node = new (std::nothrow) MemoryFifo(files(), permissions);
            break;
        default:
            return file_error(Errno::kNotPermitted);  // Devices are in /dev.
    }
    Shared<Inode> made(node);
    if (!made) {
        return file_error(Errno::kNoMemory);
    }
    if (const FileResult<void> added = add(name, *node); !added) {
        return file_error(added.error());
    }
    return made;
}

FileResult<Shared<Inode>> MemoryDirectory::create_symlink(std::string_view name, std::string_view target) {
    if (const FileResult<void> is_new = check_new(name); !is_new) {
        return file_error(is_new.error());
    }
    MemorySymlink* const node = MemorySymlink::make(files(), target);
    Shared<Inode> made(node);
    if (!made) {
        return file_error(Errno::kNoMemory);
    }
    if (const FileResult<void> added = add(name, *node); !added) {
        return file_error(added.error());
    }
    return made;
}

FileResult<void> MemoryDirectory::link(std::string_view name, Inode& file) {
    if (file.kind() == FileKind::kDirectory) {
        return file_error(Errno::kNotPermitted);
    }
    if (file.device() != device()) {
        return file_error(Errno::kCrossDevice);
    }
    if (const FileResult<void> is_new = check_new(name); !is_new) {
        return is_new;
    }
    auto& node = static_cast<MemoryNode&>(file);
    if (node.links == 0) {
        return file_error(Errno::kNoEntry);
    }
    const FileResult<void> added = add(name, node);
    if (added) {
        node.touch_changed();
    }
    return added;
}

FileResult<void> MemoryDirectory::unlink(std::string_view name) {
    MemoryEntry* const entry = find(name);
    if (entry == nullptr) {
        return file_error(Errno::kNoEntry);
    }
    if (entry->node->kind() == FileKind::kDirectory) {
        return file_error(Errno::kIsDirectory);
    }
    remove(*entry);
    return {};
}

FileResult<void> MemoryDirectory::remove_directory(std::string_view name) {
    MemoryEntry* const entry = find(name);
    if (entry == nullptr) {
        return file_error(Errno::kNoEntry);
    }
    if (entry->node->kind() != FileKind::kDirectory) {
        return file_error(Errno::kNotDirectory);
    }
    if (entry->node->mounted_here != nullptr) {
        return file_error(Errno::kBusy);
    }
    if (static_cast<MemoryDirectory&>(*entry->node).entries_.root() != nullptr) {
        return file_error(Errno::kNotEmpty);
    }
    remove(*entry);
    return {};
}

/// Whether `moved` may go into `to`, where `replaced` (if any) has its new name.
FileResult<void> MemoryDirectory::check_move(const MemoryNode& moved, const MemoryEntry* replaced,
                                             const MemoryDirectory& to) const {
    const bool is_directory = moved.kind() == FileKind::kDirectory;
    if (is_directory) {
        for (const Inode* at = &to; at != nullptr; at = at->directory()) {
            if (at == &moved) {
                return file_error(Errno::kInvalid);  // into itself
            }
        }
    }
    if (moved.mounted_here != nullptr) {
        return file_error(Errno::kBusy);
    }
    if (replaced == nullptr) {
        return to.is_removed_ ? FileResult<void>(file_error(Errno::kNoEntry)) : FileResult<void>();
    }
    const Inode& there = *replaced->node;
    if (there.kind() != FileKind::kDirectory) {
        return is_directory ? FileResult<void>(file_error(Errno::kNotDirectory)) : FileResult<void>();
    }
    if (!is_directory) {
        return file_error(Errno::kIsDirectory);
    }
    if (there.mounted_here != nullptr) {
        return file_error(Errno::kBusy);
    }
    if (static_cast<const MemoryDirectory&>(there).entries_.root() != nullptr) {
        return file_error(Errno::kNotEmpty);
    }
    return {};
}

FileResult<void> MemoryDirectory::rename(std::string_view name, Inode& new_directory,
                                         std::string_view new_name) {
    MemoryEntry* const old = find(name);
    if (old == nullptr) {
        return file_error(Errno::kNoEntry);
    }
    if (new_directory.device() != device()) {
        return file_error(Errno::kCrossDevice);
    }
    auto& to = static_cast<MemoryDirectory&>(new_directory);
    const Shared<Inode> moved = old->node;
    auto& node = static_cast<MemoryNode&>(*moved);
    MemoryEntry* const replaced = to.find(new_name);
    if (replaced != nullptr && replaced->node == moved) {
        return {};
    }
    if (const FileResult<void> may = check_move(node, replaced, to); !may) {
        return may;
    }
    // Whatever can fail comes first: the new name is there before the old one goes.
    MemoryEntry* fresh = MemoryEntry::make(new_name);
    if (fresh == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    fresh->node = moved;
    if (replaced != nullptr) {
        to.remove(*replaced);  // Its key is free now, so that insert finds one.
    }
    if (const FileResult<void> inserted = to.insert(*fresh); !inserted) {
        MemoryEntry::destroy(fresh);
        return inserted;
    }
    let_go(*old);
    node.own_entry = node.own_entry == old || node.own_entry == nullptr ? fresh : node.own_entry;
    MemoryEntry::destroy(old);
    if (node.kind() == FileKind::kDirectory) {
        static_cast<MemoryDirectory&>(node).above_ = Shared<Inode>(&to);
    }
    node.touch_changed();
    return {};
}

FileResult<void> MemoryDirectory::read_directory(std::uint64_t position, DirectoryReader& reader) {
    const std::uint64_t above = above_ ? static_cast<const MemoryNode&>(*above_).number() : number();
    if ((position <= 0 && !reader.take(".", number(), FileKind::kDirectory, 1)) ||
        (position <= 1 && !reader.take("..", above, FileKind::kDirectory, kFirstPosition))) {
        return {};
    }
    const std::uint64_t key = position > kFirstPosition ? position - kFirstPosition : 0;
    if (key > UINT32_MAX) {
        return {};
    }
    for (const MemoryEntry* entry = first_from(static_cast<std::uint32_t>(key)); entry != nullptr;
         entry = entries_.next(*entry)) {
        const auto& node = static_cast<const MemoryNode&>(*entry->node);
        if (!reader.take(entry->name(), node.number(), node.kind(), entry->key + kFirstPosition + 1)) {
            break;
        }
    }
    return {};
}

}  // namespace kernel
