// open(2): what is between a path and an open file.
#include <new>
#include <utility>

#include "kernel/files/open_file.hpp"
#include "kernel/files/path.hpp"

namespace kernel {
namespace {

constexpr unsigned kMostLinks = 40;

/// O_PATH: a place in the tree, not a file to read.
class PlaceFile final : public OpenFile {
  public:
    PlaceFile(Shared<Inode> node, OpenFlags open_flags)
        : OpenFile(std::move(node), open_flags, Seekable::kNo) {}

    FileResult<std::size_t> read(Transfer&, std::uint64_t) override {
        return file_error(Errno::kBadDescriptor);
    }
    FileResult<std::size_t> write(Transfer&, std::uint64_t) override {
        return file_error(Errno::kBadDescriptor);
    }
    FileResult<std::int32_t> control(std::uint32_t, std::uint32_t) override {
        return file_error(Errno::kBadDescriptor);
    }
    FileResult<void> sync() override { return file_error(Errno::kBadDescriptor); }
};

/// A place for a file that is not there yet, or the file when somebody's link led to one.
struct Found {
    Shared<Inode> node;
    Shared<Inode> directory;
    std::string_view name;
    Shared<Inode> link;  // has the text that `name` is a part of
};

/// Follows the last component as far as it goes: to a node, or to a name that nothing has yet.
FileResult<Found> find_or_place(const FileSystemView& view, Shared<Inode> from, std::string_view path,
                                LastLink last_link) {
    Found found;
    for (unsigned links = 0; links <= kMostLinks; ++links) {
        FileResult<Shared<Inode>> node = walk(view, from, path, last_link);
        if (node) {
            found.node = std::move(*node);
            return found;
        }
        if (node.error() != Errno::kNoEntry) {
            return file_error(node.error());
        }
        FileResult<PathEnd> end = walk_to_parent(view, from, path);
        if (!end) {
            return file_error(end.error());
        }
        if (end->wants_directory) {
            return file_error(Errno::kIsDirectory);
        }
        FileResult<Shared<Inode>> there = end->directory->look_up(end->name);
        if (!there) {
            found.directory = std::move(end->directory);
            found.name = end->name;
            return there.error() == Errno::kNoEntry ? FileResult<Found>(std::move(found))
                                                    : FileResult<Found>(file_error(there.error()));
        }
        // A link to nothing: the file is made where it points.
        const FileResult<std::string_view> target = (*there)->target();
        if (!target) {
            return file_error(Errno::kNoEntry);
        }
        from = std::move(end->directory);
        path = *target;
        found.link = std::move(*there);
    }
    return file_error(Errno::kTooManySymlinks);
}

FileResult<void> check_kind(const Inode& node, OpenFlags flags) {
    const FileKind kind = node.kind();
    if (kind == FileKind::kSymlink && !flags.has(OpenFlags::kPath)) {
        return file_error(Errno::kTooManySymlinks);
    }
    if (flags.has(OpenFlags::kDirectory) && kind != FileKind::kDirectory) {
        return file_error(Errno::kNotDirectory);
    }
    if (kind == FileKind::kDirectory && !flags.has(OpenFlags::kPath) &&
        (flags.writable() || flags.has(OpenFlags::kCreate))) {
        return file_error(Errno::kIsDirectory);
    }
    return {};
}

}  // namespace

FileResult<Shared<OpenFile>> open_path(const FileSystemView& view, const Shared<Inode>& from,
                                       std::string_view path, OpenFlags flags, std::uint16_t permissions) {
    if (flags.has(OpenFlags::kTemporary)) {
        return file_error(Errno::kNotSupported);
    }
    if (flags.has(OpenFlags::kPath)) {
        flags.bits &=
            OpenFlags::kPath | OpenFlags::kDirectory | OpenFlags::kNoFollow | OpenFlags::kCloseOnExec;
    }
    const bool creates = flags.has(OpenFlags::kCreate);
    const bool exclusive = creates && flags.has(OpenFlags::kExclusive);
    const LastLink last_link =
        exclusive || flags.has(OpenFlags::kNoFollow) ? LastLink::kStay : LastLink::kFollow;
    Shared<Inode> node;
    bool is_new = false;
    if (!creates) {
        FileResult<Shared<Inode>> walked = walk(view, from, path, last_link);
        if (!walked) {
            return file_error(walked.error());
        }
        node = std::move(*walked);
    } else {
        FileResult<Found> found = find_or_place(view, from, path, last_link);
        if (!found) {
            return file_error(found.error());
        }
        node = std::move(found->node);
        if (node && exclusive) {
            return file_error(Errno::kExists);
        }
        if (!node) {
            const auto masked = static_cast<std::uint16_t>(permissions & 07777 & ~view.permission_mask);
            FileResult<Shared<Inode>> made =
                found->directory->create(found->name, FileKind::kRegular, masked, 0);
            if (!made) {
                return file_error(made.error());
            }
            node = std::move(*made);
            is_new = true;
        }
    }
    if (const FileResult<void> fits = check_kind(*node, flags); !fits) {
        return file_error(fits.error());
    }
    OpenFlags kept = flags;
    kept.bits &= ~(OpenFlags::kCreate | OpenFlags::kExclusive | OpenFlags::kNoControllingTerminal |
                   OpenFlags::kTruncate | OpenFlags::kCloseOnExec);
    if (flags.has(OpenFlags::kPath)) {
        Shared<OpenFile> place(new (std::nothrow) PlaceFile(std::move(node), kept));
        return place ? FileResult<Shared<OpenFile>>(std::move(place))
                     : FileResult<Shared<OpenFile>>(file_error(Errno::kNoMemory));
    }
    // A terminal that is opened wants to know about O_NOCTTY.
    OpenFlags told = kept;
    told.bits |= flags.bits & OpenFlags::kNoControllingTerminal;
    FileResult<Shared<OpenFile>> opened = node->open(told);
    if (!opened) {
        return opened;
    }
    (*opened)->flags = kept;
    if (flags.has(OpenFlags::kTruncate) && !is_new && node->kind() == FileKind::kRegular) {
        if (const FileResult<void> emptied = node->resize(0); !emptied) {
            return file_error(emptied.error());
        }
    }
    return opened;
}

}  // namespace kernel
