// /proc/PID, with task/TID and fd/N inside, and /proc/self.
//
// Nodes know their process by number alone: what they are asked when it has gone, they answer with ENOENT or ESRCH.
// st_ino is made of the number and the file's place, so that it is the same each time.
#include <charconv>
#include <new>

#include "kernel/files/generated.hpp"
#include "kernel/files/path.hpp"
#include "kernel/files/proc/process_files.hpp"

namespace kernel {
namespace {

/// What in a process's folder comes after the rows of process_file_rows().
enum class Special : std::uint8_t { kExecutable, kWorkingDirectory, kRoot, kDescriptors, kThreads };
struct SpecialRow {
    std::string_view name;
    Special special;
    FileKind kind;
    ProcessFileScope scope;
};
constexpr SpecialRow kSpecialRows[] = {
    {"cwd", Special::kWorkingDirectory, FileKind::kSymlink, ProcessFileScope::kThreadToo},
    {"exe", Special::kExecutable, FileKind::kSymlink, ProcessFileScope::kThreadToo},
    {"fd", Special::kDescriptors, FileKind::kDirectory, ProcessFileScope::kThreadToo},
    {"root", Special::kRoot, FileKind::kSymlink, ProcessFileScope::kThreadToo},
    {"task", Special::kThreads, FileKind::kDirectory, ProcessFileScope::kProcess},
};

/// Below the addresses that other generated files use as numbers.
constexpr std::uint64_t inode_number(ThreadId id, std::uint32_t place) {
    return static_cast<std::uint64_t>(id) << 16 | place;
}
constexpr std::uint32_t kFolderPlace = 0xFFFF, kDescriptorPlace = 0x1000, kSpecialPlace = 0x100;
constexpr std::uint32_t kTaskPlace = 0x8000;

template <typename Node, typename... Arguments>
FileResult<Shared<Inode>> make(const Arguments&... arguments) {
    Shared<Inode> node(new (std::nothrow) Node(arguments...));
    if (!node) {
        return file_error(Errno::kNoMemory);
    }
    return node;
}

/// The number that all of `text` is; 0 when it is none.
ThreadId number_of(std::string_view text) {
    ThreadId number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    return whole && number > 0 && text.front() != '0' ? number : 0;
}

/// Whom a folder is about: a process, or one of its threads.
struct Identity {
    ProcessId process = 0;
    ThreadId thread = 0;  // 0: the process

    [[nodiscard]] Process* find_process() const { return kernel::find_process(process); }
    [[nodiscard]] ThreadId number() const { return thread != 0 ? thread : process; }
    [[nodiscard]] bool exists() const {
        if (thread == 0) {
            return find_process() != nullptr;
        }
        const Thread* const found = find_thread(thread);
        return found != nullptr && found->process().id() == process;
    }
};

class ProcessFile final : public GeneratedFile {
  public:
    ProcessFile(const Shared<Inode>& directory, const ProcessFileRow& row, Identity whom, std::uint32_t place)
        : GeneratedFile(directory, row.name, inode_number(whom.number(), place), row.permissions),
          row_(row),
          whom_(whom) {}

    FileResult<void> print(Printer& out) override {
        if (!whom_.exists()) {
            return file_error(Errno::kNoProcess);
        }
        row_.print(out, {.process = *whom_.find_process(),
                         .thread = whom_.thread != 0 ? find_thread(whom_.thread) : nullptr});
        return {};
    }
    FileResult<void> accept(std::string_view text) override {
        if (row_.accept == nullptr) {
            return file_error(Errno::kAccess);
        }
        Process* const process = whom_.find_process();
        return process != nullptr ? row_.accept(*process, text) : file_error(Errno::kNoProcess);
    }

  private:
    const ProcessFileRow& row_;
    Identity whom_;
};

/// A link to a node that a process has, whatever its path is now.
class NodeLink : public GeneratedLink {
  public:
    FileResult<std::string_view> target() override {
        const auto node = destination();
        if (!node) {
            return file_error(node.error());
        }
        auto path = (*node)->path(path_);
        if (!path && path.error() == Errno::kNoEntry) {
            return std::string_view("(deleted)");
        }
        return path;
    }

  protected:
    using GeneratedLink::GeneratedLink;

  private:
    std::array<char, kLongestPath> path_{};
};

class ProcessLink final : public NodeLink {
  public:
    ProcessLink(const Shared<Inode>& directory, const SpecialRow& row, Identity whom)
        : NodeLink(directory, row.name,
                   inode_number(whom.number(), kSpecialPlace + static_cast<std::uint32_t>(row.special))),
          whom_(whom),
          special_(row.special) {}

    FileResult<Shared<Inode>> destination() override {
        const Process* const process = whom_.find_process();
        if (process == nullptr || !process->paths) {
            return file_error(Errno::kNoEntry);
        }
        Shared<Inode> node = special_ == Special::kExecutable         ? process->executable
                             : special_ == Special::kWorkingDirectory ? process->paths->working_directory
                                                                      : process->paths->root;
        if (!node) {
            return file_error(Errno::kNoEntry);
        }
        return node;
    }

  private:
    Identity whom_;
    Special special_;
};

class DescriptorLink final : public NodeLink {
  public:
    DescriptorLink(const Shared<Inode>& directory, std::string_view name, ProcessId process,
                   std::int32_t descriptor)
        : NodeLink(directory, name,
                   inode_number(process, kDescriptorPlace + static_cast<std::uint32_t>(descriptor))),
          process_(process),
          descriptor_(descriptor) {}

    FileResult<Shared<Inode>> destination() override {
        const Process* const process = find_process(process_);
        if (process == nullptr || !process->files) {
            return file_error(Errno::kNoEntry);
        }
        const auto file = process->files->find(descriptor_);
        if (!file) {
            return file_error(Errno::kNoEntry);
        }
        return (*file)->inode();
    }

  private:
    ProcessId process_;
    std::int32_t descriptor_;
};

/// The entry of a folder whose name is a number; the listing goes on with the next number.
void set_number_entry(GeneratedEntry& entry, std::uint32_t number, std::uint64_t inode) {
    std::array<char, GeneratedNode::kNameBytes> name;
    const auto end = std::to_chars(name.data(), name.data() + name.size(), number).ptr;
    entry.set_name({name.data(), static_cast<std::size_t>(end - name.data())});
    entry.inode = inode;
    entry.kind = FileKind::kDirectory;
    entry.cursor = number + 1;
}

class DescriptorDirectory final : public GeneratedDirectory {
  public:
    DescriptorDirectory(const Shared<Inode>& directory, ProcessId process)
        : GeneratedDirectory(
              directory, "fd",
              inode_number(process, kSpecialPlace + static_cast<std::uint32_t>(Special::kDescriptors))),
          process_(process) {}

    FileResult<Shared<Inode>> look_up(std::string_view name) override {
        const Process* const process = find_process(process_);
        const std::int32_t descriptor = name == "0" ? 0 : number_of(name);
        if (process == nullptr || !process->files || (descriptor == 0 && name != "0") ||
            !process->files->find(descriptor)) {
            return file_error(Errno::kNoEntry);
        }
        return make<DescriptorLink>(Shared<Inode>(this), name, process_, descriptor);
    }

    bool next(std::uint32_t cursor, GeneratedEntry& entry) override {
        const Process* const process = find_process(process_);
        if (process == nullptr || !process->files) {
            return false;
        }
        const std::uint32_t descriptor = process->files->next_in_use(cursor);
        if (descriptor >= FileTable::kMost) {
            return false;
        }
        set_number_entry(entry, descriptor, inode_number(process_, kDescriptorPlace + descriptor));
        entry.kind = FileKind::kSymlink;
        return true;
    }

  private:
    ProcessId process_;
};

/// /proc/PID, and /proc/PID/task/TID.
class ProcessDirectory final : public GeneratedDirectory {
  public:
    ProcessDirectory(const Shared<Inode>& directory, std::string_view name, Identity whom)
        : GeneratedDirectory(directory, name,
                             inode_number(whom.number(), whom.thread != 0 ? kTaskPlace : kFolderPlace)),
          whom_(whom) {}

    FileResult<Shared<Inode>> look_up(std::string_view name) override;

    bool next(std::uint32_t cursor, GeneratedEntry& entry) override {
        const std::span<const ProcessFileRow> rows = process_file_rows();
        for (; cursor < rows.size() + std::size(kSpecialRows); ++cursor) {
            const bool is_row = cursor < rows.size();
            const SpecialRow* const special = is_row ? nullptr : &kSpecialRows[cursor - rows.size()];
            if (!has(is_row ? rows[cursor].scope : special->scope)) {
                continue;
            }
            entry.set_name(is_row ? rows[cursor].name : special->name);
            entry.kind = is_row ? FileKind::kRegular : special->kind;
            entry.inode =
                inode_number(whom_.number(),
                             is_row ? cursor : kSpecialPlace + static_cast<std::uint32_t>(special->special));
            entry.cursor = cursor + 1;
            return whom_.exists();
        }
        return false;
    }

  private:
    [[nodiscard]] bool has(ProcessFileScope scope) const {
        return whom_.thread == 0 || scope == ProcessFileScope::kThreadToo;
    }
    FileResult<Shared<Inode>> make_special(const SpecialRow& row);

    Identity whom_;
};

class ThreadsDirectory final : public GeneratedDirectory {
  public:
    ThreadsDirectory(const Shared<Inode>& directory, ProcessId process)
        : GeneratedDirectory(
              directory, "task",
              inode_number(process, kSpecialPlace + static_cast<std::uint32_t>(Special::kThreads))),
          process_(process) {}

    FileResult<Shared<Inode>> look_up(std::string_view name) override {
        const Identity whom{.process = process_, .thread = number_of(name)};
        if (whom.thread == 0 || !whom.exists()) {
            return file_error(Errno::kNoEntry);
        }
        return make<ProcessDirectory>(Shared<Inode>(this), name, whom);
    }

    /// In order of number, whatever the order of the list.
    bool next(std::uint32_t cursor, GeneratedEntry& entry) override {
        const Process* const process = find_process(process_);
        const Thread* best = nullptr;
        for (const Thread* thread = process != nullptr ? process->first_thread : nullptr; thread != nullptr;
             thread = thread->next_in_process) {
            if (static_cast<std::uint32_t>(thread->id()) >= cursor &&
                (best == nullptr || thread->id() < best->id())) {
                best = thread;
            }
        }
        if (best != nullptr) {
            set_number_entry(entry, static_cast<std::uint32_t>(best->id()),
                             inode_number(best->id(), kTaskPlace));
        }
        return best != nullptr;
    }

  private:
    ProcessId process_;
};

FileResult<Shared<Inode>> ProcessDirectory::make_special(const SpecialRow& row) {
    const Shared<Inode> self(this);
    switch (row.special) {
        case Special::kDescriptors:
            return make<DescriptorDirectory>(self, whom_.process);
        case Special::kThreads:
            return make<ThreadsDirectory>(self, whom_.process);
        default:
            return make<ProcessLink>(self, row, whom_);
    }
}

FileResult<Shared<Inode>> ProcessDirectory::look_up(std::string_view name) {
    if (!whom_.exists()) {
        return file_error(Errno::kNoEntry);
    }
    std::uint32_t place = 0;
    for (const ProcessFileRow& row : process_file_rows()) {
        if (row.name == name && has(row.scope)) {
            return make<ProcessFile>(Shared<Inode>(this), row, whom_, place);
        }
        ++place;
    }
    for (const SpecialRow& row : kSpecialRows) {
        if (row.name == name && has(row.scope)) {
            return make_special(row);
        }
    }
    return file_error(Errno::kNoEntry);
}

constexpr std::string_view kSelf = "self";
constexpr std::string_view kThreadSelf = "thread-self";

/// /proc/self and /proc/thread-self: another target for everybody who asks.
class SelfLink final : public GeneratedLink {
  public:
    SelfLink(const Shared<Inode>& directory, std::string_view name)
        : GeneratedLink(directory, name, name == kThreadSelf ? 2 : 1), of_thread_(name == kThreadSelf) {}

    FileResult<std::string_view> target() override {
        char* at = std::to_chars(text_.data(), text_.data() + text_.size(), current_process().id()).ptr;
        if (of_thread_) {
            at += std::string_view("/task/").copy(at, 6);
            at = std::to_chars(at, text_.data() + text_.size(), current_thread().id()).ptr;
        }
        return std::string_view(text_.data(), static_cast<std::size_t>(at - text_.data()));
    }

  private:
    bool of_thread_;
    std::array<char, 32> text_{};
};

class ProcessEntries final : public DynamicEntries {
  public:
    FileResult<Shared<Inode>> look_up(std::string_view name, const Shared<Inode>& directory) override {
        if (name == kSelf || name == kThreadSelf) {
            return make<SelfLink>(directory, name);
        }
        // A thread's number leads to its process, though it is not listed.
        const Thread* const thread = find_thread(number_of(name));
        const Identity whom{.process = thread != nullptr ? thread->process().id() : number_of(name)};
        if (whom.process == 0 || !whom.exists()) {
            return file_error(Errno::kNoEntry);
        }
        return make<ProcessDirectory>(directory, name, whom);
    }

    bool next(std::uint32_t cursor, GeneratedEntry& entry) override {
        if (cursor <= 1) {
            entry.set_name(cursor == 0 ? kSelf : kThreadSelf);
            entry.inode = cursor + 1;
            entry.kind = FileKind::kSymlink;
            entry.cursor = cursor + 1;
            return true;
        }
        // From 2 on: the numbers, one further, in their order.
        const auto from = static_cast<ProcessId>(cursor - 1);
        const Process* best = nullptr;
        for (const Process* process = first_process(); process != nullptr; process = process->next_in_table) {
            if (process->id() >= from && (best == nullptr || process->id() < best->id())) {
                best = process;
            }
        }
        if (best == nullptr) {
            return false;
        }
        const auto number = static_cast<std::uint32_t>(best->id());
        set_number_entry(entry, number, inode_number(best->id(), kFolderPlace));
        entry.cursor = number + 2;
        return true;
    }
};

constinit ProcessEntries entries;

}  // namespace

void add_process_files() {
    add_dynamic_entries(entries);
}

}  // namespace kernel
