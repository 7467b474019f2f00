#include "kernel/files/memory_pages.hpp"

#include <new>

#include "kernel/memory/kernel_memory.hpp"
#include "kernel/memory/page_arrivals.hpp"
#include "kernel/memory/program_space.hpp"

namespace kernel {
namespace {

constexpr std::size_t offset_in_page(std::uint32_t offset) {
    return offset & (mm::kPageSize - 1);
}

constexpr std::uint32_t page_of(std::uint32_t offset) {
    return offset / static_cast<std::uint32_t>(mm::kPageSize);
}

/// Why the file's own page cannot be moved; `no_frame` when there is no frame for it.
constexpr Errno errno_of(mm::Error error, Errno no_frame) {
    switch (error) {
        case mm::Error::kWouldWait:
            return Errno::kPageAwaited;
        case mm::Error::kBadInput:
            return Errno::kIo;
        default:
            return no_frame;
    }
}

}  // namespace

MemoryPages::~MemoryPages() {
    if (object_ != nullptr) {
        object_->label = nullptr;  // Mappings may outlive the file.
        object_->release();
    }
}

FileResult<void> MemoryPages::make() {
    if (object_ == nullptr) {
        object_ = new (std::nothrow) ProgramObject(0);
    }
    return object_ == nullptr ? FileResult<void>(file_error(Errno::kNoMemory)) : FileResult<void>();
}

mm::PageObject* MemoryPages::object() {
    static_cast<void>(make());
    return object_;
}

FileResult<void> MemoryPages::resize(std::uint32_t page_count) {
    if (object_ == nullptr && page_count == 0) {
        return {};
    }
    if (const FileResult<void> made = make(); !made) {
        return made;
    }
    if (!object_->resize(page_count)) {
        return file_error(Errno::kFileTooLarge);
    }
    return {};
}

FileResult<std::size_t> MemoryPages::read(Transfer& to, std::uint32_t offset, std::size_t count) {
    mm::Result<std::optional<mm::FrameNumber>> frame;
    if (object_ != nullptr) {
        frame = object_->frame_for_read(page_of(offset));
    }
    if (!frame) {
        return file_error(errno_of(frame.error(), Errno::kNoMemory));
    }
    if (!*frame) {
        const NoPageWaits no_waits;
        return to.put_zeros(count);
    }
    if (is_slow(page_of(offset), Look::kToMove)) {
        return file_error(Errno::kPageAwaited);
    }
    const auto opened = program_machine().access().open(**frame);
    return to.put({opened.bytes() + offset_in_page(offset), count});
}

FileResult<std::size_t> MemoryPages::write(Transfer& from, std::uint32_t offset, std::size_t count) {
    const std::uint32_t page = page_of(offset);
    if (!object_->has_page(page) && room().left == 0) {
        return file_error(Errno::kNoSpace);
    }
    if (is_slow(page, Look::kToMove)) {
        return file_error(Errno::kPageAwaited);
    }
    const mm::Result<mm::FrameNumber> frame = object_->frame_for_write(page);
    if (!frame) {
        return file_error(errno_of(frame.error(), Errno::kNoSpace));
    }
    const auto opened = program_machine().access().open(*frame);
    return from.take({opened.bytes() + offset_in_page(offset), count});
}

FileResult<void> MemoryPages::clear_behind(std::uint32_t offset) {
    if (object_ == nullptr || offset_in_page(offset) == 0) {
        return {};
    }
    if (!object_->has_page(page_of(offset))) {
        return {};
    }
    if (is_slow(page_of(offset), Look::kToClear)) {
        return file_error(Errno::kPageAwaited);
    }
    const mm::Result<mm::FrameNumber> frame = object_->frame_for_write(page_of(offset));
    if (!frame) {
        return file_error(errno_of(frame.error(), Errno::kNoMemory));
    }
    const auto opened = program_machine().access().open(*frame);
    __builtin_memset(opened.bytes() + offset_in_page(offset), 0, mm::kPageSize - offset_in_page(offset));
    return {};
}

bool MemoryPages::is_slow(std::uint32_t page, Look look) const {
    return is_slow_page(reinterpret_cast<std::uintptr_t>(object_) + static_cast<std::uintptr_t>(look), page);
}

std::uint32_t MemoryPages::resident_pages() const {
    return object_ == nullptr ? 0 : object_->resident_pages() + object_->stored_pages();
}

MemoryPages::Room MemoryPages::room() {
    const mm::FrameAccount& account = program_machine().account();
    const std::uint32_t most = account.total_frames() / 2;
    const std::uint32_t used = account.frames_of(mm::FrameOwner::kSharedMemory);
    const std::uint32_t reserve = account.total_frames() / 64;
    const std::uint32_t free = account.frames_of(mm::FrameOwner::kFree);
    const std::uint32_t unused = used < most ? most - used : 0;
    const std::uint32_t spare = free > reserve ? free - reserve : 0;
    return {.most = most, .left = unused < spare ? unused : spare};
}

}  // namespace kernel
