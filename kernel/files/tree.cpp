#include "kernel/files/tree.hpp"

#include <cstddef>

#include "mm/core/panic.hpp"

namespace kernel {

void Directory::add(Node& node) {
    Node** link = &first_;
    while (*link != nullptr && (*link)->name_ < node.name_) {
        link = &(*link)->next_;
    }
    mm::expect(*link == nullptr || (*link)->name_ != node.name_,
               "two files of one name in a directory");  // I1
    node.next_ = *link;
    *link = &node;
    if (node.directory_ != nullptr) {
        mm::expect(node.directory_->parent_ == nullptr, "a directory in two places");  // I2
        node.directory_->parent_ = this;
    }
}

const Node* Directory::find(std::string_view name) const {
    for (const Node* node = first_; node != nullptr; node = node->next()) {
        if (node->name() == name) {
            return node;
        }
    }
    return nullptr;
}

FileResult<Place> look_up(const Directory& root, std::string_view path) {
    if (path.empty()) {
        return file_error(Errno::kNoEntry);
    }
    Place place{nullptr, &root};
    while (!path.empty()) {
        const std::size_t slash = path.find('/');
        const std::string_view name = path.substr(0, slash);
        path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
        if (place.directory == nullptr) {
            return file_error(Errno::kNotDirectory);
        }
        if (name == "..") {
            place.directory = &place.directory->parent();
        } else if (!name.empty() && name != ".") {
            const Node* node = place.directory->find(name);
            if (node == nullptr) {
                return file_error(Errno::kNoEntry);
            }
            // A '/' behind a name asks for a directory, also when nothing follows it.
            if (node->file() != nullptr && slash != std::string_view::npos) {
                return file_error(Errno::kNotDirectory);
            }
            place = {node->file(), node->directory()};
        }
    }
    return place;
}

}  // namespace kernel
