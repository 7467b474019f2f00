#include "kernel/files/archive_files.hpp"

#include <new>

#include "kernel/files/path.hpp"

namespace kernel {

// --- memory ---

ArchiveTree::~ArchiveTree() {
    // Nodes own nothing outside the slabs.
    while (slabs_ != nullptr) {
        Slab* const next = slabs_->next;
        ::operator delete(slabs_);
        slabs_ = next;
    }
    delete[] buckets_;
}

void* ArchiveTree::take(std::size_t size_bytes) {
    size_bytes = (size_bytes + (alignof(std::uint64_t) - 1)) & ~(alignof(std::uint64_t) - 1);
    if (slab_used_ + size_bytes > kSlabBytes) {
        void* const memory = ::operator new(kSlabBytes, std::nothrow);
        if (memory == nullptr) {
            return nullptr;
        }
        slabs_ = ::new (memory) Slab{slabs_};
        slab_used_ = (sizeof(Slab) + (alignof(std::uint64_t) - 1)) & ~(alignof(std::uint64_t) - 1);
    }
    std::byte* const taken = reinterpret_cast<std::byte*>(slabs_) + slab_used_;
    slab_used_ += size_bytes;
    return taken;
}

/// A copy of `text` (at most kLongestPath bytes) in a slab; null when there is no memory.
const char* ArchiveTree::keep(std::string_view text) {
    auto* const copy = static_cast<char*>(take(text.size()));
    if (copy != nullptr) {
        text.copy(copy, text.size());
    }
    return copy;
}

template <typename Node, typename... Arguments>
Node* ArchiveTree::make(Arguments&... arguments) {
    void* const memory = take(sizeof(Node));
    if (memory == nullptr) {
        return nullptr;
    }
    Node* const node = ::new (memory) Node(arguments..., device_);
    node->number_ = ++node_count_;
    return node;
}

// --- names ---

std::uint32_t ArchiveTree::bucket_of(const ArchiveDirectory& directory, std::string_view name) const {
    std::uint32_t hash = directory.number_ * 0x9e37'79b1U;
    for (const char c : name) {
        hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x0100'0193U;
    }
    return (hash ^ (hash >> 16)) & static_cast<std::uint32_t>(bucket_count_ - 1);
}

ArchiveNode* ArchiveTree::find(const ArchiveDirectory& directory, std::string_view name) const {
    ArchiveNode* node = buckets_[bucket_of(directory, name)];
    while (node != nullptr && (node->directory_ != &directory || node->name_ != name)) {
        node = node->next_in_bucket_;
    }
    return node;
}

/// Twice the buckets. Without memory for them the chains just get longer.
void ArchiveTree::grow() {
    auto* const larger = new (std::nothrow) ArchiveNode* [bucket_count_ * 2] {};
    if (larger == nullptr) {
        return;
    }
    ArchiveNode** const old = buckets_;
    const std::size_t old_count = bucket_count_;
    buckets_ = larger;
    bucket_count_ *= 2;
    for (std::size_t i = 0; i < old_count; ++i) {
        for (ArchiveNode* node = old[i]; node != nullptr;) {
            ArchiveNode* const next = node->next_in_bucket_;
            ArchiveNode*& bucket = buckets_[bucket_of(*node->directory_, node->name_)];
            node->next_in_bucket_ = bucket;
            bucket = node;
            node = next;
        }
    }
    delete[] old;
}

FileResult<void> ArchiveTree::insert(ArchiveDirectory& directory, std::string_view name, ArchiveNode& node) {
    const char* const copy = keep(name);
    if (copy == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    if (node_count_ > bucket_count_ * 2) {
        grow();
    }
    node.name_ = {copy, name.size()};
    node.directory_ = &directory;
    ArchiveNode*& bucket = buckets_[bucket_of(directory, name)];
    node.next_in_bucket_ = bucket;
    bucket = &node;
    (directory.last_ == nullptr ? directory.first_ : directory.last_->next_in_directory_) = &node;
    directory.last_ = &node;
    directory.directories_ += node.kind() == FileKind::kDirectory ? 1 : 0;
    return {};
}

/// Takes a node that a later entry replaces out of its directory; its memory stays in the slab.
void ArchiveTree::remove(ArchiveNode& node) {
    ArchiveDirectory& directory = *node.directory_;
    ArchiveNode** link = &buckets_[bucket_of(directory, node.name_)];
    while (*link != &node) {
        link = &(*link)->next_in_bucket_;
    }
    *link = node.next_in_bucket_;
    ArchiveNode* before = nullptr;
    for (ArchiveNode* at = directory.first_; at != &node; at = at->next_in_directory_) {
        before = at;
    }
    (before == nullptr ? directory.first_ : before->next_in_directory_) = node.next_in_directory_;
    directory.last_ = directory.last_ == &node ? before : directory.last_;
    directory.directories_ -= node.kind() == FileKind::kDirectory ? 1 : 0;
}

// --- building ---

FileResult<void> ArchiveTree::start() {
    buckets_ = new (std::nothrow) ArchiveNode* [kFirstBuckets] {};
    bucket_count_ = kFirstBuckets;
    root_ = buckets_ == nullptr ? nullptr : make<ArchiveDirectory>(*this);
    if (root_ == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    root_->permissions_ = 0755;
    return {};
}

FileResult<ArchiveDirectory*> ArchiveTree::subdirectory(ArchiveDirectory& directory, std::string_view name) {
    if (ArchiveNode* const there = find(directory, name)) {
        if (there->kind() != FileKind::kDirectory) {
            return file_error(Errno::kNotDirectory);
        }
        return static_cast<ArchiveDirectory*>(there);
    }
    auto* const made = make<ArchiveDirectory>(*this);
    if (made == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    made->permissions_ = 0755;
    if (const FileResult<void> inserted = insert(directory, name, *made); !inserted) {
        return file_error(inserted.error());
    }
    return made;
}

FileResult<ArchiveDirectory*> ArchiveTree::make_directories(std::string_view path) {
    ArchiveDirectory* directory = root_;
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view name = path.substr(0, slash);
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
        if (name.empty() || name == ".") {
            continue;
        }
        if (name == ".." || name.size() > kLongestName) {
            return file_error(Errno::kNotDirectory);
        }
        const FileResult<ArchiveDirectory*> next = subdirectory(*directory, name);
        if (!next) {
            return next;
        }
        directory = *next;
    }
    return directory;
}

/// The directory that `path` puts its last component, `name`, into. An empty name: the root itself.
FileResult<ArchiveDirectory*> ArchiveTree::directory_for(std::string_view path, std::string_view& name) {
    while (path.ends_with('/')) {
        path.remove_suffix(1);
    }
    const std::size_t slash = path.rfind('/');
    name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    const std::string_view above =
        slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
    if (name == ".." || name.size() > kLongestName) {
        return file_error(Errno::kNotDirectory);
    }
    if (name == ".") {
        name = {};
    }
    if (last_directory_ != nullptr && above == last_path_) {
        return last_directory_;
    }
    const FileResult<ArchiveDirectory*> directory = make_directories(above);
    if (directory) {
        const char* const copy = keep(above);
        last_directory_ = copy == nullptr ? nullptr : *directory;
        last_path_ = {copy, copy == nullptr ? 0 : above.size()};
    }
    return directory;
}

FileResult<ArchiveNode*> ArchiveTree::make_file(const ArchiveEntry& entry, std::uint64_t base) {
    auto* const file = make<ArchiveFile>();
    if (file == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    file->content_ = base + entry.content_offset;
    file->size_bytes_ = entry.content_bytes;
    file->links_ = entry.links == 0 ? 1 : entry.links;
    if (entry.links > 1) {
        file->identity_ = entry.identity;
        join_names(*file);
    }
    if (!entry.same_as.empty()) {
        std::string_view name;
        const FileResult<ArchiveDirectory*> directory = directory_for(entry.same_as, name);
        ArchiveNode* const other = directory && !name.empty() ? find(**directory, name) : nullptr;
        if (other == nullptr || other->kind() != FileKind::kRegular) {
            return file_error(Errno::kNoEntry);
        }
        auto& original = static_cast<ArchiveFile&>(*other);
        file->content_ = original.content_;
        file->size_bytes_ = original.size_bytes_;
        file->number_ = original.number_;
        file->links_ = ++original.links_;
    }
    return file;
}

/// Names that cpio says are one file: the contents come with one of them, perhaps the last.
void ArchiveTree::join_names(ArchiveFile& file) {
    ArchiveFile*& bucket = identities_[file.identity_[0] % kIdentityBuckets];
    for (ArchiveFile* other = bucket; other != nullptr; other = other->same_identity_) {
        if (other->identity_ != file.identity_) {
            continue;
        }
        file.number_ = other->number_;
        if (file.size_bytes_ == 0) {
            file.content_ = other->content_;
            file.size_bytes_ = other->size_bytes_;
        } else {
            other->content_ = file.content_;
            other->size_bytes_ = file.size_bytes_;
        }
    }
    file.same_identity_ = bucket;
    bucket = &file;
}

void ArchiveTree::forget_identities() {
    for (ArchiveFile*& bucket : identities_) {
        bucket = nullptr;
    }
}

FileResult<ArchiveNode*> ArchiveTree::make_node(const ArchiveEntry& entry, std::uint64_t base) {
    switch (entry.kind) {
        case FileKind::kRegular:
            return make_file(entry, base);
        case FileKind::kSymlink: {
            auto* const link = make<ArchiveSymlink>();
            const char* const copy = link == nullptr ? nullptr : keep(entry.target);
            if (copy == nullptr) {
                return file_error(Errno::kNoMemory);
            }
            link->target_ = {copy, entry.target.size()};
            return link;
        }
        default:
            return file_error(Errno::kNoEntry);
    }
}

FileResult<ArchiveTree::Added> ArchiveTree::add(const ArchiveEntry& entry, std::uint64_t base) {
    if (!entry.is_supported) {
        return Added::kLeftOut;
    }
    const auto left_out = [](Errno error) {
        return error == Errno::kNoMemory ? FileResult<Added>(file_error(error)) : Added::kLeftOut;
    };
    std::string_view name;
    const FileResult<ArchiveDirectory*> directory = directory_for(entry.path, name);
    if (!directory) {
        return left_out(directory.error());
    }
    ArchiveNode* node = name.empty() ? static_cast<ArchiveNode*>(*directory) : nullptr;
    if (node == nullptr && entry.kind == FileKind::kDirectory) {
        const FileResult<ArchiveDirectory*> made = subdirectory(**directory, name);
        if (!made) {
            return left_out(made.error());
        }
        node = *made;
    }
    if (node != nullptr) {
        if (entry.kind != FileKind::kDirectory) {
            return Added::kLeftOut;
        }
    } else {
        ArchiveNode* const there = find(**directory, name);
        if (there != nullptr && there->kind() == FileKind::kDirectory) {
            return Added::kLeftOut;
        }
        const FileResult<ArchiveNode*> made = make_node(entry, base);
        if (!made) {
            return left_out(made.error());
        }
        node = *made;
        if (there != nullptr) {
            remove(*there);
        }
        if (const FileResult<void> inserted = insert(**directory, name, *node); !inserted) {
            return file_error(inserted.error());
        }
    }
    node->permissions_ = entry.permissions;
    node->user_ = entry.user;
    node->group_ = entry.group;
    node->modified_ = entry.modified;
    return Added::kYes;
}

std::optional<ArchiveProblem> read_archive(ArchiveTree& tree, ArchiveBytes& bytes, ArchiveFormat format,
                                           std::uint64_t base, std::uint32_t& left_out) {
    auto* const reader = new (std::nothrow) ArchiveReader(bytes, format);
    if (reader == nullptr) {
        return ArchiveProblem{"no memory to read it", 0};
    }
    tree.begin_archive();
    std::optional<ArchiveProblem> problem;
    ArchiveEntry entry;
    ArchiveStep step = reader->next(entry);
    for (; step == ArchiveStep::kEntry && !problem; step = reader->next(entry)) {
        const FileResult<ArchiveTree::Added> added = tree.add(entry, base);
        if (!added) {
            problem = ArchiveProblem{"no memory for what is in it", reader->problem_offset()};
        } else if (*added == ArchiveTree::Added::kLeftOut) {
            ++left_out;
        }
    }
    if (step == ArchiveStep::kBroken && !problem) {
        problem = ArchiveProblem{reader->problem(), reader->problem_offset()};
    }
    delete reader;
    return problem;
}

}  // namespace kernel
