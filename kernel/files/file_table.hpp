// A process's descriptors: small numbers for open files.
//
// Shared by the threads of a process; copied by fork. Invariant I1: a number is in use if and only if its file is not
// null. Cost: O(1) but for finding the lowest free number, which looks through a bit a number.
#pragma once

#include <array>
#include <cstdint>

#include "kernel/files/open_file.hpp"

namespace kernel {

/// Whether execve closes the descriptor.
enum class OnExec : std::uint8_t { kKeep, kClose };

class FileTable final : public SharedObject {
  public:
    /// Descriptors a process can have (RLIMIT_NOFILE).
    static constexpr std::uint32_t kMost = 1024;

    /// The file behind `descriptor`. Error: kBadDescriptor.
    FileResult<OpenFile*> find(std::int32_t descriptor) const {
        const auto index = static_cast<std::uint32_t>(descriptor);
        if (index >= kMost || !files_[index]) [[unlikely]] {
            return file_error(Errno::kBadDescriptor);
        }
        return files_[index].get();
    }
    /// The lowest free number from `lowest` on, for `file`. Errors: kTooManyFiles, kInvalid (lowest too high).
    FileResult<std::int32_t> add(Shared<OpenFile> file, OnExec on_exec, std::int32_t lowest = 0);
    /// `descriptor` is `file` from now on; what it was is closed. Error: kBadDescriptor (no such number).
    FileResult<void> replace(std::int32_t descriptor, Shared<OpenFile> file, OnExec on_exec);
    FileResult<void> close(std::int32_t descriptor);

    FileResult<OnExec> on_exec(std::int32_t descriptor) const;
    FileResult<void> set_on_exec(std::int32_t descriptor, OnExec on_exec);

    /// The same files under the same numbers: fork. Null when there is no memory.
    [[nodiscard]] Shared<FileTable> copy() const;
    /// execve: closes those that are to be.
    void close_on_exec();
    /// exit: closes all.
    void close_all();
    /// The number in use at or after `from`; kMost when there is none.
    [[nodiscard]] std::uint32_t next_in_use(std::uint32_t from) const;

  private:
    std::array<Shared<OpenFile>, kMost> files_{};
    std::array<std::uint32_t, kMost / 32> close_on_exec_{};
    std::uint32_t lowest_free_ = 0;  // no free number below
};

/// Where a process's paths begin, and what it leaves out of permissions: CLONE_FS shares it.
class FileSystemView final : public SharedObject {
  public:
    Shared<Inode> root;
    Shared<Inode> working_directory;
    std::uint16_t permission_mask = 0022;
};

}  // namespace kernel
