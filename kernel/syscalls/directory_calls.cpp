// Reading directories: getdents, in both its shapes.
#include <algorithm>
#include <utility>

#include "kernel/files/open_file.hpp"
#include "kernel/files/path.hpp"
#include "kernel/syscalls/file_arguments.hpp"
#include "kernel/syscalls/file_call_list.hpp"
#include "kernel/syscalls/structures.hpp"

namespace kernel::calls {
namespace {

constexpr std::size_t kLargestRecord = 288;
static_assert(kLargestRecord >= sizeof(layouts::DirectoryEntry64) + kLongestName + 8);

/// Writes entries to a program's buffer while there is room.
class EntryWriter : public DirectoryReader {
  public:
    EntryWriter(UserAddress buffer, std::uint32_t size, std::uint64_t position)
        : buffer_(buffer), size_(size), position_(position) {}

    /// Bytes written, or what stood in the way of the first.
    [[nodiscard]] CallResult result() const {
        return used_ != 0 ? static_cast<CallResult>(used_) : (problem_ == Errno{} ? 0 : call_error(problem_));
    }
    /// Where the next call goes on.
    [[nodiscard]] std::uint64_t position() const { return position_; }
    /// Whether the first entry could be written now: its page was not there, and has been waited for.
    [[nodiscard]] bool bring_in_first() const {
        return used_ == 0 && refused_bytes_ != 0 &&
               bring_in_user(buffer_, refused_bytes_, UserAccess::kWrite) == refused_bytes_;
    }

  protected:
    ~EntryWriter() = default;

    bool put(std::span<const std::byte> record, std::uint64_t position) {
        if (record.size() > size_ - used_) {
            problem_ = Errno::kInvalid;  // if it is the first: the buffer is too small for it
            return false;
        }
        const NoPageWaits no_waits;  // the caller goes through a list
        if (copy_to_user(buffer_ + used_, record) != record.size()) {
            problem_ = Errno::kFault;
            refused_bytes_ = record.size();
            return false;
        }
        used_ += static_cast<std::uint32_t>(record.size());
        position_ = position;
        return true;
    }
    void refuse(Errno problem) { problem_ = problem; }

  private:
    UserAddress buffer_;
    std::uint32_t size_;
    std::uint32_t used_ = 0;
    std::size_t refused_bytes_ = 0;
    std::uint64_t position_;
    Errno problem_{};
};

/// DT_REG and the like: S_IFMT's bits, shifted.
constexpr std::uint8_t entry_kind(FileKind kind) {
    return static_cast<std::uint8_t>(static_cast<std::uint16_t>(kind) >> 12);
}

class Writer64 final : public EntryWriter {
  public:
    using EntryWriter::EntryWriter;

    bool take(std::string_view name, std::uint64_t inode, FileKind kind, std::uint64_t position) override {
        std::array<std::byte, kLargestRecord> bytes;
        const std::size_t size = (sizeof(layouts::DirectoryEntry64) + name.size() + 1 + 7) & ~std::size_t{7};
        const layouts::DirectoryEntry64 head{.inode = inode,
                                             .position = position,
                                             .record_bytes = static_cast<std::uint16_t>(size),
                                             .kind = entry_kind(kind)};
        __builtin_memcpy(bytes.data(), &head, sizeof head);
        __builtin_memcpy(bytes.data() + sizeof head, name.data(), name.size());
        __builtin_memset(bytes.data() + sizeof head + name.size(), 0, size - sizeof head - name.size());
        return put({bytes.data(), size}, position);
    }
};

class Writer32 final : public EntryWriter {
  public:
    using EntryWriter::EntryWriter;

    bool take(std::string_view name, std::uint64_t inode, FileKind kind, std::uint64_t position) override {
        if (inode > UINT32_MAX || position > UINT32_MAX) {
            refuse(Errno::kOverflow);
            return false;
        }
        std::array<std::byte, kLargestRecord> bytes;
        const std::size_t size = (sizeof(layouts::DirectoryEntry) + name.size() + 2 + 3) & ~std::size_t{3};
        const layouts::DirectoryEntry head{.inode = static_cast<std::uint32_t>(inode),
                                           .position = static_cast<std::uint32_t>(position),
                                           .record_bytes = static_cast<std::uint16_t>(size)};
        __builtin_memcpy(bytes.data(), &head, sizeof head);
        __builtin_memcpy(bytes.data() + sizeof head, name.data(), name.size());
        __builtin_memset(bytes.data() + sizeof head + name.size(), 0, size - sizeof head - name.size());
        bytes[size - 1] = std::byte{entry_kind(kind)};  // The kind is the record's last byte.
        return put({bytes.data(), size}, position);
    }
};

template <typename Writer>
CallResult read_entries(const CallArguments& arguments) {
    const FileResult<Shared<OpenFile>> file = open_file_of(arguments.first());
    if (!file) {
        return call_error(file.error());
    }
    OpenFile& directory = **file;
    for (;;) {
        Writer writer(arguments.second(), arguments.third(), directory.position);
        const FileResult<void> read = directory.inode()->read_directory(directory.position, writer);
        if (!read) {
            return call_error(read.error());
        }
        if (!writer.bring_in_first()) {
            directory.position = writer.position();
            return writer.result();
        }
        // Others have run: the directory is read anew, from where its position is now.
    }
}

}  // namespace

CallResult getdents(const CallArguments& arguments) {
    return read_entries<Writer32>(arguments);
}
CallResult getdents64(const CallArguments& arguments) {
    return read_entries<Writer64>(arguments);
}

}  // namespace kernel::calls
