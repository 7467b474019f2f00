#include "kernel/files/path.hpp"

#include <cstddef>
#include <new>
#include <utility>

#include "kernel/files/open_file.hpp"

namespace kernel {
namespace {

constexpr unsigned kMostLinks = 40;

/// What remains to be walked after the links that are being followed have been. Lies on the stack; its places are
/// only made when they are used.
class LinkStack {
  public:
    LinkStack() = default;
    LinkStack(const LinkStack&) = delete;
    LinkStack& operator=(const LinkStack&) = delete;
    ~LinkStack() {
        while (depth_ != 0) {
            static_cast<void>(pop());
        }
    }

    [[nodiscard]] bool empty() const { return depth_ == 0; }
    /// `link` has the text that is walked now; `rest` comes after it.
    void push(Shared<Inode> link, std::string_view rest) {
        ::new (static_cast<void*>(place(depth_))) Place{std::move(link), rest};
        ++depth_;
    }
    std::string_view pop() {
        Place& last = *place(--depth_);
        const std::string_view rest = last.rest;
        last.~Place();
        return rest;
    }

  private:
    struct Place {
        Shared<Inode> link;
        std::string_view rest;
    };
    Place* place(unsigned index) { return reinterpret_cast<Place*>(bytes_) + index; }

    unsigned depth_ = 0;
    alignas(Place) std::byte bytes_[kMostLinks * sizeof(Place)];
};

/// Takes the first component off `path`, and the '/' behind it.
std::string_view take_component(std::string_view& path) {
    std::size_t end = 0;
    while (end < path.size() && path[end] != '/') {
        ++end;
    }
    const std::string_view name = path.substr(0, end);
    while (end < path.size() && path[end] == '/') {
        ++end;
    }
    path.remove_prefix(end);
    return name;
}

std::string_view skip_slashes(std::string_view path) {
    while (!path.empty() && path.front() == '/') {
        path.remove_prefix(1);
    }
    return path;
}

/// The root of what is mounted on `node`, if anything is.
Shared<Inode> cross_mounts(Shared<Inode> node) {
    while (node->mounted_here != nullptr) {
        node = Shared<Inode>(node->mounted_here);
    }
    return node;
}

FileResult<Shared<Inode>> go_up(const FileSystemView& view, Shared<Inode> node) {
    if (node->kind() != FileKind::kDirectory) {
        return file_error(Errno::kNotDirectory);
    }
    while (node.get() != view.root.get()) {
        if (Inode* const below = node->mounted_on; below != nullptr) {
            node = Shared<Inode>(below);
            continue;
        }
        return cross_mounts(node->parent());
    }
    return node;
}

/// One component down; mounts are crossed, links are not followed.
FileResult<Shared<Inode>> go_down(Inode& directory, std::string_view name) {
    if (name.size() > kLongestName) {
        return file_error(directory.kind() == FileKind::kDirectory ? Errno::kNameTooLong
                                                                   : Errno::kNotDirectory);
    }
    FileResult<Shared<Inode>> found = directory.look_up(name);
    if (found && (*found)->mounted_here != nullptr) [[unlikely]] {
        return cross_mounts(std::move(*found));
    }
    return found;
}

FileResult<Shared<Inode>> step(const FileSystemView& view, Shared<Inode>& node, std::string_view name) {
    if (name == "..") {
        return go_up(view, node);
    }
    if (name == ".") {
        if (node->kind() != FileKind::kDirectory) {
            return file_error(Errno::kNotDirectory);
        }
        return node;
    }
    return go_down(*node, name);
}

struct Walk {
    const FileSystemView& view;
    Shared<Inode> node;
    std::string_view path;
    LinkStack stack;
    unsigned links = 0;
    bool wants_directory = false;

    void begin(std::string_view whole) {
        if (!whole.empty() && whole.front() == '/') {
            node = view.root;
            whole = skip_slashes(whole);
        }
        path = whole;
    }

    /// Goes on where `link` leads; what remains of the path comes after that.
    FileResult<void> follow(Shared<Inode> link) {
        if (++links > kMostLinks) {
            return file_error(Errno::kTooManySymlinks);
        }
        const FileResult<Shared<Inode>> destination = link->destination();
        if (!destination) {
            return file_error(destination.error());
        }
        if (*destination) {
            node = *destination;
            return {};
        }
        const FileResult<std::string_view> target = link->target();
        if (!target) {
            return file_error(target.error());
        }
        if (target->empty()) {
            return file_error(Errno::kNoEntry);
        }
        stack.push(std::move(link), path);
        begin(*target);
        return {};
    }

    /// Until the path and all links' rests are used up.
    FileResult<void> run(LastLink last_link) {
        while (true) {
            if (path.empty()) {
                if (stack.empty()) {
                    break;
                }
                path = stack.pop();
                continue;
            }
            const bool ended_in_slash = path.back() == '/';
            const std::string_view name = take_component(path);
            FileResult<Shared<Inode>> next = step(view, node, name);
            if (!next) {
                return file_error(next.error());
            }
            const bool is_last = path.empty() && stack.empty();
            if ((*next)->kind() == FileKind::kSymlink &&
                (!is_last || ended_in_slash || last_link == LastLink::kFollow)) {
                wants_directory = wants_directory || (is_last && ended_in_slash);
                if (const FileResult<void> followed = follow(std::move(*next)); !followed) {
                    return followed;
                }
                continue;
            }
            node = std::move(*next);
            if (ended_in_slash && path.empty() && node->kind() != FileKind::kDirectory) {
                return file_error(Errno::kNotDirectory);
            }
        }
        if (wants_directory && node->kind() != FileKind::kDirectory) {
            return file_error(Errno::kNotDirectory);
        }
        return {};
    }
};

FileResult<void> check_length(std::string_view path) {
    if (path.empty()) {
        return file_error(Errno::kNoEntry);
    }
    if (path.size() >= kLongestPath) {
        return file_error(Errno::kNameTooLong);
    }
    return {};
}

}  // namespace

FileResult<Shared<Inode>> walk(const FileSystemView& view, const Shared<Inode>& from, std::string_view path,
                               LastLink last_link) {
    if (const FileResult<void> length = check_length(path); !length) {
        return file_error(length.error());
    }
    Walk state{.view = view, .node = from, .path = {}, .stack = {}};
    state.begin(path);
    if (const FileResult<void> walked = state.run(last_link); !walked) {
        return file_error(walked.error());
    }
    return std::move(state.node);
}

FileResult<PathEnd> walk_to_parent(const FileSystemView& view, const Shared<Inode>& from,
                                   std::string_view path) {
    if (const FileResult<void> length = check_length(path); !length) {
        return file_error(length.error());
    }
    PathEnd end;
    while (!path.empty() && path.back() == '/') {
        end.wants_directory = true;
        path.remove_suffix(1);
    }
    const std::size_t slash = path.rfind('/');
    end.name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (end.name.empty()) {
        return file_error(Errno::kExists);
    }
    if (end.name == "." || end.name == "..") {
        return file_error(end.name == "." ? Errno::kInvalid : Errno::kNotEmpty);
    }
    if (slash == std::string_view::npos) {
        end.directory = from;
    } else {
        FileResult<Shared<Inode>> directory = walk(view, from, path.substr(0, slash + 1), LastLink::kFollow);
        if (!directory) {
            return file_error(directory.error());
        }
        end.directory = std::move(*directory);
    }
    if (end.directory->kind() != FileKind::kDirectory) {
        return file_error(Errno::kNotDirectory);
    }
    if (end.name.size() > kLongestName) {
        return file_error(Errno::kNameTooLong);
    }
    return end;
}

FileResult<std::string_view> path_of(const FileSystemView& view, const Shared<Inode>& directory,
                                     std::span<char> buffer) {
    const FileResult<std::string_view> whole = directory->path(buffer);
    if (!whole || (view.root->directory() == nullptr && view.root->mounted_on == nullptr)) {
        return whole;
    }
    // Inside a chroot: without the root's own path, which is as long as the walk up to it says.
    std::size_t root_length = 0;
    for (const Inode* node = view.root.get(); node != nullptr;) {
        const FileResult<std::string_view> name = node->name();
        if (!name) {
            return name;
        }
        root_length += name->empty() ? 0 : name->size() + 1;
        node = name->empty() ? node->mounted_on : node->directory();
    }
    if (whole->size() <= root_length) {
        return std::string_view("/");
    }
    return whole->substr(root_length);
}

}  // namespace kernel
