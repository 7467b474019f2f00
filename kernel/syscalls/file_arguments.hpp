// What file calls are given: descriptors, and paths in program memory.
//
// Checks before effects: whoever uses these has every argument in hand before anything changes.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "kernel/arch/i686/user_memory.hpp"
#include "kernel/files/path.hpp"
#include "kernel/syscalls/call.hpp"

namespace kernel {

/// In place of a descriptor: the working directory. [linux] AT_FDCWD
inline constexpr std::int32_t kAtWorkingDirectory = -100;
namespace at_flags {
inline constexpr std::uint32_t kNoFollow = 0x100, kRemoveDirectory = 0x200, kFollow = 0x400,
                               kNoAutomount = 0x800, kEmptyPath = 0x1000, kEffectiveAccess = 0x200;
}  // namespace at_flags

/// A path that a program gave, in kernel memory: short ones on the stack, others on the heap.
class PathArgument {
  public:
    explicit PathArgument(UserAddress address);
    PathArgument(const PathArgument&) = delete;
    PathArgument& operator=(const PathArgument&) = delete;
    ~PathArgument() { delete[] long_; }

    /// Errors: kFault, kNameTooLong, kNoMemory. An empty path is no error here.
    [[nodiscard]] const FileResult<std::string_view>& path() const { return path_; }

  private:
    std::array<char, 256> short_;
    char* long_ = nullptr;
    FileResult<std::string_view> path_;
};

/// The caller's open file: kept while the call lasts, whoever closes it meanwhile. Error: kBadDescriptor, also for
/// one that is only a place (O_PATH) unless `places` are welcome.
enum class Places : std::uint8_t { kRefuse, kAccept };
FileResult<Shared<OpenFile>> open_file_of(std::uint32_t descriptor, Places places = Places::kRefuse);

/// Gives `file` the caller's lowest free number from `lowest` on. Errors: kTooManyFiles, kInvalid, kNoMemory.
CallResult add_descriptor(Shared<OpenFile> file, OnExec on_exec, std::int32_t lowest = 0);

/// Where paths relative to `directory` (a descriptor or kAtWorkingDirectory) begin. Absolute paths do not ask.
/// Errors: kBadDescriptor, kNotDirectory.
FileResult<Shared<Inode>> start_of(std::uint32_t directory, std::string_view path);

/// The node that (`directory`, `path`) names. `flags`: kEmptyPath makes an empty path the descriptor's own file.
FileResult<Shared<Inode>> node_of(std::uint32_t directory, UserAddress path, LastLink last_link,
                                  std::uint32_t flags = 0);

/// The last component's place, for calls that make or remove names. `path` outlives the result.
FileResult<PathEnd> place_of(std::uint32_t directory, const PathArgument& path);

/// The view of the caller's process.
FileSystemView& caller_view();

/// A 64-bit argument in two registers.
constexpr std::uint64_t wide(std::uint32_t low, std::uint32_t high) {
    return std::uint64_t{high} << 32 | low;
}

}  // namespace kernel
