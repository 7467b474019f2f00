// /proc/mounts and /proc/filesystems. [linux] fs/proc_namespace.c, fs/filesystems.c
#include <array>

#include "kernel/files/mounts.hpp"
#include "kernel/files/proc/system_files.hpp"

namespace kernel {
namespace {

class MountsFile final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        std::array<char, 256> buffer;
        for (const Mount* mount = first_mount(); mount != nullptr; mount = mount->next) {
            const auto path = mount->root->path(buffer);
            out.print("{} {} {} {} 0 0\n", mount->type, path ? *path : std::string_view("?"), mount->type,
                      mount->options);
        }
        return {};
    }
};

/// Each type of file system that something is mounted as: none needs a device.
class FileSystemsFile final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        for (const Mount* mount = first_mount(); mount != nullptr; mount = mount->next) {
            if (is_first_of_its_type(*mount)) {
                out.print("nodev\t{}\n", mount->type);
            }
        }
        return {};
    }

  private:
    static bool is_first_of_its_type(const Mount& wanted) {
        const Mount* mount = first_mount();
        while (mount->type != wanted.type) {
            mount = mount->next;
        }
        return mount == &wanted;
    }
};

constinit MountsFile mounts_file;
constinit FileSystemsFile file_systems_file;
constinit Node mounts_file_node("mounts", mounts_file);
constinit Node file_systems_file_node("filesystems", file_systems_file);

}  // namespace

Node& mounts_node() {
    return mounts_file_node;
}

Node& filesystems_node() {
    return file_systems_file_node;
}

}  // namespace kernel
