#include "kernel/files/initial_root.hpp"

#include <new>

#include "kernel/arch/i686/string_operations.hpp"
#include "kernel/files/archive_files.hpp"
#include "kernel/files/devices.hpp"
#include "kernel/files/generated.hpp"
#include "kernel/files/memory_files.hpp"
#include "kernel/files/mounts.hpp"
#include "kernel/log.hpp"

namespace kernel {
namespace {

/// A module's bytes.
class ModuleBytes final : public ArchiveBytes {
  public:
    ModuleBytes(Window& window, mm::PhysRange bytes)
        : ArchiveBytes(static_cast<std::uint32_t>(bytes.size())), window_(window), base_(bytes.begin) {}

    void read(std::uint32_t offset, std::span<std::byte> to) override {
        static_cast<void>(PhysicalReader(window_)(base_ + offset, to));
    }

    std::uint32_t skip_zeros(std::uint32_t offset) override {
        while (offset < size_bytes()) {
            const mm::PhysAddr at = base_ + offset;
            const std::size_t begin = at.offset_in_frame();
            const std::size_t room = mm::kPageSize - begin;
            const std::size_t left = size_bytes() - offset;
            const std::size_t count = left < room ? left : room;
            const auto frame = window_.open(at.frame());
            const std::byte* const bytes = frame.bytes() + begin;
            std::size_t i = 0;
            if (begin % sizeof(std::uint32_t) == 0 && count >= sizeof(std::uint32_t) &&
                are_words(reinterpret_cast<const std::uint32_t*>(bytes), count / sizeof(std::uint32_t), 0)) {
                i = count - count % sizeof(std::uint32_t);
            }
            while (i < count && bytes[i] == std::byte{0}) {
                ++i;
            }
            offset += static_cast<std::uint32_t>(i);
            if (i != count) {
                break;
            }
        }
        return offset;
    }

  private:
    Window& window_;
    mm::PhysAddr base_;
};

bool is_called_root(Modules& modules, const LoadedModule& module) {
    char buffer[64];
    const std::string_view text = modules.text(module, buffer);
    return text.substr(0, text.find_first_of(" \t\n")) == "root";
}

/// Whether module `index` is an archive; then it is in `tree` as far as it makes sense, and stays in memory.
enum class Laid : std::uint8_t { kNo, kYes };
Laid lay_module(KernelMemory& memory, ArchiveTree& tree, std::uint32_t index, bool is_first) {
    Modules& modules = memory.modules();
    const std::optional<LoadedModule> module = modules.find(index);
    if (!module || modules.state(index) != ModuleState::kPresent || module->bytes.empty()) {
        return Laid::kNo;
    }
    ModuleBytes bytes(memory.window(), module->bytes);
    const std::optional<ArchiveFormat> format = archive_format(bytes);
    if (!format) {
        if (is_first && is_called_root(modules, *module)) {
            log().error("root: module {} is neither a cpio (newc) nor a tar (ustar) archive", index);
        }
        return Laid::kNo;
    }
    modules.keep(index);
    std::uint32_t left_out = 0;
    const std::optional<ArchiveProblem> problem =
        read_archive(tree, bytes, *format, module->bytes.begin.value(), left_out);
    if (left_out != 0) {
        log().warning(
            "root: module {}: {} entries left out: no files, directories or links, or in no directory", index,
            left_out);
    }
    if (problem) {
        log().error("root: module {}: the entry at byte {}: {}; what stands behind it is not there", index,
                    problem->offset, problem->what);
    }
    return Laid::kYes;
}

/// A mounted file system's place in the root.
bool mount_on(ArchiveTree& tree, std::string_view path, const FileResult<Shared<Inode>>& root,
              std::string_view type, std::string_view options) {
    FileResult<void> mounted;
    if (!root) {
        mounted = file_error(root.error());
    } else if (path.find('/', 1) == std::string_view::npos && !tree.make_directories(path)) {
        mounted = file_error(Errno::kNotDirectory);
    } else {
        mounted = mount_at(path, *root, type, options);
    }
    if (!mounted) {
        log().error("root: {} cannot be mounted: {}", path, to_string(mounted.error()));
    }
    return mounted.has_value();
}

}  // namespace

bool mount_initial_root(KernelMemory& memory, const Directory& proc) {
    auto* const tree = new (std::nothrow) ArchiveTree(new_file_system_number());
    if (tree == nullptr || !tree->start()) {
        delete tree;
        log().error("root: no memory for its tree");
        return false;
    }
    std::uint32_t archives = 0;
    for (std::uint32_t i = 0; i < memory.modules().count(); ++i) {
        archives += lay_module(memory, *tree, i, archives == 0) == Laid::kYes ? 1 : 0;
    }
    if (archives == 0) {
        delete tree;
        log().info("root: there is none (among {} modules is no archive that fits in memory)",
                   memory.modules().count());
        return false;
    }
    if (!mount_root(Shared<Inode>(&tree->root()), "rootfs", "ro")) {
        log().error("root: no memory to mount it");
        return false;
    }
    log().info("root: {} names from {} archives", tree->node_count(), archives);
    // Without these there is no system for programs; what was mounted stays, unused.
    const FileResult<Shared<Inode>> temporary = make_memory_file_system();
    const FileResult<Shared<Inode>> shared = make_memory_file_system();
    return mount_on(*tree, "/dev", device_directory(), "devtmpfs", "rw") &&
           mount_on(*tree, "/dev/shm", shared, "tmpfs", "rw") &&
           mount_on(*tree, "/proc", make_generated_root(proc, new_file_system_number()), "proc", "rw") &&
           mount_on(*tree, "/tmp", temporary, "tmpfs", "rw");
}

}  // namespace kernel
