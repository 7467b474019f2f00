// What the initial root's files do with their bytes, which lie in a loader module: read them, and show them as pages.
#include <new>
#include <utility>

#include "kernel/arch/i686/string_operations.hpp"
#include "kernel/files/archive_files.hpp"
#include "kernel/files/open_file.hpp"
#include "kernel/memory/kernel_memory.hpp"
#include "kernel/memory/program_space.hpp"

namespace kernel {
namespace {

/// The pages of a file. Never ends: the file keeps it.
class ArchivePages final : public mm::PageObject {
  public:
    explicit ArchivePages(const ArchiveFile& file) : file_(file) {}

    mm::Result<Page> page(std::uint32_t index, mm::PageUse) override {
        if (index >= page_count()) {
            return mm::failure(mm::Error::kOutOfRange);
        }
        if (lies_on_pages(index)) {
            return Page{mm::PhysAddr(file_.content()).frame() + index, mm::Hold::kBorrowed};
        }
        return copied_page(index);
    }

    [[nodiscard]] bool is_resident(std::uint32_t index) const override {
        return index < page_count() && (mm::PhysAddr(file_.content()).offset_in_frame() == 0 ||
                                        (copies_ != nullptr && copies_->is_resident(index)));
    }

  private:
    /// What is known of the bytes between the file's end and its last page's.
    enum class Tail : std::uint8_t { kUnknown, kZeros, kOther };

    void end() override { mm::expect(false, "archive file: its pages were released by somebody else"); }

    [[nodiscard]] std::uint32_t page_count() const {
        return file_.size_bytes() / mm::kPageSize + (file_.size_bytes() % mm::kPageSize != 0 ? 1 : 0);
    }

    bool lies_on_pages(std::uint32_t index) {
        if (mm::PhysAddr(file_.content()).offset_in_frame() != 0) {
            return false;
        }
        if (index < file_.size_bytes() / mm::kPageSize) {
            return true;
        }
        if (tail_ == Tail::kUnknown) {
            tail_ = look_at_tail() ? Tail::kZeros : Tail::kOther;
        }
        return tail_ == Tail::kZeros;
    }
    [[nodiscard]] bool look_at_tail() const {
        const std::size_t used = file_.size_bytes() % mm::kPageSize;
        const auto frame =
            program_machine().access().open(mm::PhysAddr(file_.content() + file_.size_bytes()).frame());
        std::size_t at = used;
        while (at % sizeof(std::uint32_t) != 0) {
            if (frame.bytes()[at++] != std::byte{0}) {
                return false;
            }
        }
        const std::size_t words = (mm::kPageSize - at) / sizeof(std::uint32_t);
        return words == 0 || are_words(reinterpret_cast<const std::uint32_t*>(frame.bytes() + at), words, 0);
    }

    mm::Result<Page> copied_page(std::uint32_t index) {
        if (copies_ == nullptr) {
            copies_ = new (std::nothrow) ProgramObject(page_count());
            if (copies_ == nullptr) {
                return mm::failure(mm::Error::kNoMemory);
            }
        }
        if (copies_->has_page(index)) {
            return copies_->page(index, mm::PageUse::kRead);
        }
        const mm::Result<mm::FrameNumber> made = copies_->frame_for_write(index);
        if (!made) {
            return mm::failure(made.error());
        }
        const std::uint32_t begin = index * static_cast<std::uint32_t>(mm::kPageSize);
        const std::uint32_t left = file_.size_bytes() - begin;
        const std::size_t count = left < mm::kPageSize ? left : mm::kPageSize;
        Window& window = program_machine().access();
        const auto frame = window.open(*made);
        static_cast<void>(
            PhysicalReader(window)(mm::PhysAddr(file_.content() + begin), {frame.bytes(), count}));
        return Page{*made, mm::Hold::kCounted};
    }

    const ArchiveFile& file_;
    ProgramObject* copies_ = nullptr;
    Tail tail_ = Tail::kUnknown;
};

class ArchiveOpenFile final : public OpenFile {
  public:
    ArchiveOpenFile(Shared<Inode> file, OpenFlags open_flags, std::uint64_t content, std::uint32_t size_bytes)
        : OpenFile(std::move(file), open_flags, Seekable::kYes), content_(content), size_bytes_(size_bytes) {}

    FileResult<std::size_t> read(Transfer& to, std::uint64_t offset) override {
        Window& window = program_machine().access();
        const std::size_t before = to.moved();
        while (offset < size_bytes_ && to.remaining() != 0) {
            const mm::PhysAddr at(content_ + offset);
            const std::uint64_t left = size_bytes_ - offset;
            const std::size_t room = mm::kPageSize - at.offset_in_frame();
            const std::size_t count = left < room ? static_cast<std::size_t>(left) : room;
            const std::size_t wanted = count < to.remaining() ? count : to.remaining();
            const FileResult<std::size_t> moved = put_from(window, at, wanted, to);
            if (moved) {
                offset += *moved;
            } else if (!to.bring_in(wanted, UserAccess::kWrite)) {
                return to.moved() != before ? FileResult<std::size_t>(to.moved() - before) : moved;
            }
        }
        return to.moved() - before;
    }

    FileResult<std::size_t> write(Transfer&, std::uint64_t) override {
        return file_error(Errno::kBadDescriptor);
    }

  private:
    static FileResult<std::size_t> put_from(Window& window, mm::PhysAddr at, std::size_t count,
                                            Transfer& to) {
        const auto frame = window.open(at.frame());
        return to.put({frame.bytes() + at.offset_in_frame(), count});
    }

    std::uint64_t content_;
    std::uint32_t size_bytes_;
};

}  // namespace

FileResult<Shared<OpenFile>> ArchiveFile::open(OpenFlags flags) {
    if (flags.writable()) {
        return file_error(Errno::kReadOnlyFileSystem);
    }
    Shared<OpenFile> file(new (std::nothrow)
                              ArchiveOpenFile(Shared<Inode>(this), flags, content_, size_bytes_));
    if (!file) {
        return file_error(Errno::kNoMemory);
    }
    return file;
}

mm::PageObject* ArchiveFile::pages() {
    if (pages_ == nullptr) {
        pages_ = new (std::nothrow) ArchivePages(*this);
    }
    return pages_;
}

}  // namespace kernel
