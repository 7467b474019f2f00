#include "kernel/files/devices.hpp"

#include <algorithm>
#include <array>
#include <new>
#include <utility>

#include "kernel/drivers/block_device.hpp"
#include "kernel/files/block_file.hpp"
#include "kernel/files/directory_file.hpp"
#include "kernel/files/terminal_file.hpp"
#include "kernel/programs/process.hpp"
#include "kernel/random.hpp"
#include "kernel/static_storage.hpp"

namespace kernel {
namespace {

/// What the files of /dev are.
enum class Device : std::uint8_t { kNull, kZero, kFull, kRandom, kConsole, kOwnTerminal, kSerial };

struct DeviceName {
    std::string_view name;
    Device device;
    std::uint32_t number;  ///< major << 8 | minor, as in Linux.
    std::uint16_t permissions;
};
constexpr std::array kDevices = {DeviceName{"console", Device::kConsole, 0x0501, 0600},
                                 DeviceName{"full", Device::kFull, 0x0107, 0666},
                                 DeviceName{"null", Device::kNull, 0x0103, 0666},
                                 DeviceName{"random", Device::kRandom, 0x0108, 0666},
                                 DeviceName{"tty", Device::kOwnTerminal, 0x0500, 0666},
                                 DeviceName{"ttyS0", Device::kSerial, 0x0440, 0660},
                                 DeviceName{"urandom", Device::kRandom, 0x0109, 0666},
                                 DeviceName{"zero", Device::kZero, 0x0105, 0666}};

struct LinkName {
    std::string_view name;
    std::string_view target;
};
constexpr std::array kLinks = {LinkName{"fd", "/proc/self/fd"}, LinkName{"stderr", "/proc/self/fd/2"},
                               LinkName{"stdin", "/proc/self/fd/0"}, LinkName{"stdout", "/proc/self/fd/1"}};

constexpr std::string_view kSharedMemoryName = "shm";
constexpr std::size_t kMostEntries = kDevices.size() + kLinks.size() + kMostBlockDevices + 1;

/// null, zero, full, random: no state, always ready.
class PlainDeviceFile final : public OpenFile {
  public:
    PlainDeviceFile(Shared<Inode> node, OpenFlags open_flags, Device device)
        : OpenFile(std::move(node), open_flags, Seekable::kYes), device_(device) {}

    FileResult<std::size_t> read(Transfer& to, std::uint64_t /*offset*/) override {
        if (device_ == Device::kNull) {
            return 0;
        }
        if (device_ != Device::kRandom) {
            return to.put_zeros(to.remaining());
        }
        std::size_t moved = 0;
        while (to.remaining() != 0) {
            const auto part = put_random(to);
            if (!part) {
                return moved != 0 ? FileResult<std::size_t>(moved) : part;
            }
            moved += *part;
        }
        return moved;
    }
    FileResult<std::size_t> write(Transfer& from, std::uint64_t /*offset*/) override {
        if (device_ == Device::kFull) {
            return file_error(Errno::kNoSpace);
        }
        return from.drop();
    }
    PollEvents poll(PollQueues* /*queues*/) override {
        return {PollEvents::kIn | PollEvents::kReadNormal | PollEvents::kOut | PollEvents::kWriteNormal};
    }

  private:
    static FileResult<std::size_t> put_random(Transfer& to) {
        std::array<std::byte, 512> bytes;
        const auto wanted = std::span(bytes).first(std::min(bytes.size(), to.remaining()));
        fill_with_random(wanted);
        return to.put(wanted);
    }

    Device device_;
};

/// A name in /dev that is no directory.
class DeviceNode : public Inode {
  public:
    DeviceNode(FileKind kind, Inode& directory, std::uint64_t number, std::string_view name)
        : Inode(kind, kDeviceFileSystem), directory_(directory), number_(number), name_(name) {}

    void status(FileStatus& status) const override {
        status.device = kDeviceFileSystem;
        status.inode = number_;
        status.kind = kind();
        status.permissions = 0777;
    }
    FileResult<Shared<OpenFile>> open(OpenFlags /*flags*/) override {
        return file_error(Errno::kTooManySymlinks);
    }
    [[nodiscard]] Inode* directory() const override { return &directory_; }
    [[nodiscard]] FileResult<std::string_view> name() const override { return name_; }

  private:
    Inode& directory_;  // Lives for ever.
    std::uint64_t number_;
    std::string_view name_;
};

class DeviceLink final : public DeviceNode {
  public:
    DeviceLink(Inode& directory, std::uint64_t number, const LinkName& link)
        : DeviceNode(FileKind::kSymlink, directory, number, link.name), target_(link.target) {}

    FileResult<std::string_view> target() override { return target_; }

  private:
    std::string_view target_;
};

class DeviceFileNode final : public DeviceNode {
  public:
    DeviceFileNode(Inode& directory, std::uint64_t number, const DeviceName& device)
        : DeviceNode(FileKind::kCharacterDevice, directory, number, device.name), device_(device) {}

    void status(FileStatus& status) const override {
        DeviceNode::status(status);
        status.permissions = device_.permissions;
        status.represented_device = device_.number;
    }

    FileResult<Shared<OpenFile>> open(OpenFlags flags) override {
        OpenFile* file = nullptr;
        switch (device_.device) {
            case Device::kConsole:
                file = new (std::nothrow) TerminalFile(Shared<Inode>(this), flags, console_terminal());
                break;
            case Device::kSerial: {
                Process& process = current_process();
                if (!flags.has(OpenFlags::kNoControllingTerminal) && process.session == process.id()) {
                    // Without success, it is a file like any other.
                    static_cast<void>(console_terminal().become_controlling(process));
                }
                file = new (std::nothrow) TerminalFile(Shared<Inode>(this), flags, console_terminal());
                break;
            }
            case Device::kOwnTerminal: {
                Terminal* const terminal = current_process().terminal;
                if (terminal == nullptr) {
                    return file_error(Errno::kNoDevice);
                }
                file = new (std::nothrow) TerminalFile(Shared<Inode>(this), flags, *terminal);
                break;
            }
            default:
                file = new (std::nothrow) PlainDeviceFile(Shared<Inode>(this), flags, device_.device);
                break;
        }
        if (file == nullptr) {
            return file_error(Errno::kNoMemory);
        }
        return Shared<OpenFile>(file);
    }

  private:
    const DeviceName& device_;
};

class DiskNode final : public DeviceNode {
  public:
    DiskNode(Inode& directory, std::uint64_t number, BlockDevice& disk, std::uint32_t device)
        : DeviceNode(FileKind::kBlockDevice, directory, number, disk.name()), disk_(disk), device_(device) {}

    void status(FileStatus& status) const override {
        DeviceNode::status(status);
        status.permissions = disk_.access() == BlockAccess::kReadOnly ? 0440 : 0660;
        status.represented_device = device_;
    }
    FileResult<Shared<OpenFile>> open(OpenFlags flags) override {
        return open_block_device(Shared<Inode>(this), disk_, flags);
    }

  private:
    BlockDevice& disk_;
    std::uint32_t device_;
};

class FixedDirectory : public Inode {
  public:
    FixedDirectory(std::uint64_t number, Inode* parent, std::string_view name)
        : Inode(FileKind::kDirectory, kDeviceFileSystem), number_(number), parent_(parent), name_(name) {}

    void status(FileStatus& status) const override {
        status.device = kDeviceFileSystem;
        status.inode = number_;
        status.kind = FileKind::kDirectory;
        status.permissions = 0755;
        status.links = 2;
    }
    FileResult<Shared<OpenFile>> open(OpenFlags flags) override {
        return open_directory(Shared<Inode>(this), flags);
    }
    FileResult<Shared<Inode>> look_up(std::string_view name) override {
        for (const Shared<Inode>& entry : entries_) {
            if (entry && *entry->name() == name) {
                return entry;
            }
        }
        return file_error(Errno::kNoEntry);
    }
    Shared<Inode> parent() override { return Shared<Inode>(parent_ == nullptr ? this : parent_); }
    [[nodiscard]] Inode* directory() const override { return parent_; }
    [[nodiscard]] FileResult<std::string_view> name() const override { return name_; }

    FileResult<void> read_directory(std::uint64_t position, DirectoryReader& reader) override {
        for (; position < 2 + kMostEntries; ++position) {
            bool taken = true;
            if (position < 2) {
                FileStatus of_entry;
                (position == 0 ? Shared<Inode>(this) : parent())->status(of_entry);
                taken = reader.take(position == 0 ? "." : "..", of_entry.inode, of_entry.kind, position + 1);
            } else if (const Shared<Inode>& entry = entries_[static_cast<std::size_t>(position) - 2]) {
                FileStatus of_entry;
                entry->status(of_entry);
                taken = reader.take(*entry->name(), of_entry.inode, of_entry.kind, position + 1);
            }
            if (!taken) {
                break;
            }
        }
        return {};
    }

    /// All of /dev. Error: kNoMemory.
    FileResult<void> fill() {
        std::size_t count = 0;
        const auto add = [this, &count](Inode* entry) {
            entries_[count++] = Shared<Inode>(entry);
            return entry != nullptr;
        };
        bool added = true;
        std::uint64_t number = number_;
        for (const DeviceName& device : kDevices) {
            added = added && add(new (std::nothrow) DeviceFileNode(*this, ++number, device));
        }
        for (const LinkName& link : kLinks) {
            added = added && add(new (std::nothrow) DeviceLink(*this, ++number, link));
        }
        for (std::size_t i = 0; BlockDevice* const disk = block_device(i); ++i) {
            added = added && add(new (std::nothrow) DiskNode(*this, ++number, *disk, block_device_number(i)));
        }
        added = added && add(new (std::nothrow) FixedDirectory(++number, this, kSharedMemoryName));
        return added ? FileResult<void>() : file_error(Errno::kNoMemory);
    }

  private:
    std::uint64_t number_;
    Inode* parent_;  // null: a root
    std::string_view name_;
    std::array<Shared<Inode>, kMostEntries> entries_{};
};

/// Never destroyed.
StaticStorage<Shared<Inode>> root;

}  // namespace

FileResult<Shared<Inode>> device_directory() {
    if (root.get() == nullptr) {
        auto* const made = new (std::nothrow) FixedDirectory(1, nullptr, {});
        if (made == nullptr) {
            return file_error(Errno::kNoMemory);
        }
        const Shared<Inode> keeper(made);
        if (const auto filled = made->fill(); !filled) {
            return file_error(filled.error());
        }
        root.construct(keeper);
    }
    return *root.get();
}

FileResult<Shared<OpenFile>> open_console(OpenFlags flags) {
    const auto directory = device_directory();
    if (!directory) {
        return file_error(directory.error());
    }
    const auto console = (*directory)->look_up("console");
    if (!console) {
        return file_error(console.error());
    }
    return (*console)->open(flags);
}

}  // namespace kernel
