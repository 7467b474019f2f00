// A process's descriptors: small numbers for open files.
//
// Shared by the threads of a process; copied by fork. Room for kInline of them is inside; a process that opens more
// gets a larger array from the heap. Record locks (fcntl) belong to the table: each close gives up those it has on
// that file, as POSIX wants it.
//
// I1 a number is in use if and only if its file is not null, and if and only if its bit in in_use_ is set.
// I2 no number below lowest_free_ is free.
// Cost: O(1) but for finding the lowest free number, which looks through a bit a number; copy: a few instructions for
// each number in use.
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

    FileTable() = default;

    /// The file behind `descriptor`. Error: kBadDescriptor.
    FileResult<OpenFile*> find(std::int32_t descriptor) const {
        const auto index = static_cast<std::uint32_t>(descriptor);
        if (index >= capacity_ || files_[index].get() == nullptr) [[unlikely]] {
            return file_error(Errno::kBadDescriptor);
        }
        return files_[index].get();
    }
    /// The lowest free number from `lowest` on and below `limit`, for `file`. Errors: kTooManyFiles, kNoMemory,
    /// kInvalid (lowest is not below the limit).
    FileResult<std::int32_t> add(Shared<OpenFile> file, OnExec on_exec, std::int32_t lowest = 0,
                                 std::uint32_t limit = kMost);
    /// `descriptor` is `file` from now on; what it was is closed. Errors: kBadDescriptor (no such number), kNoMemory.
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

    /// Whether I1 and I2 hold.
    [[nodiscard]] bool check_invariants() const;

  private:
    static constexpr std::uint32_t kInline = 32;
    static constexpr std::uint32_t kWordBits = 32;
    using Bits = std::array<std::uint32_t, kMost / kWordBits>;

    ~FileTable() override;

    static bool test(const Bits& bits, std::uint32_t index) {
        return (bits[index / kWordBits] >> (index % kWordBits) & 1U) != 0;
    }
    static void set(Bits& bits, std::uint32_t index, bool value) {
        const std::uint32_t mask = 1U << (index % kWordBits);
        bits[index / kWordBits] = value ? bits[index / kWordBits] | mask : bits[index / kWordBits] & ~mask;
    }
    [[nodiscard]] std::uint32_t first_free(std::uint32_t from) const;
    FileResult<void> make_room(std::uint32_t index);
    void put(std::uint32_t index, Shared<OpenFile> file, OnExec on_exec);
    void let_go(std::uint32_t index);

    Shared<OpenFile>* files_ = inline_;
    std::uint32_t capacity_ = kInline;
    std::uint32_t lowest_free_ = 0;
    Bits in_use_{};
    Bits close_on_exec_{};
    Shared<OpenFile> inline_[kInline];
};

/// Where a process's paths begin, and what it leaves out of permissions: CLONE_FS shares it.
class FileSystemView final : public SharedObject {
  public:
    Shared<Inode> root;
    Shared<Inode> working_directory;
    std::uint16_t permission_mask = 0022;
};

}  // namespace kernel
