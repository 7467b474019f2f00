#include "kernel/files/file_table.hpp"

#include <bit>
#include <new>
#include <utility>

#include "kernel/files/locks.hpp"

namespace kernel {

FileTable::~FileTable() {
    close_all();
    if (files_ != inline_) {
        delete[] files_;
    }
}

std::uint32_t FileTable::first_free(std::uint32_t from) const {
    std::uint32_t word = from / kWordBits;
    std::uint32_t taken = word < in_use_.size() ? in_use_[word] | ((1U << (from % kWordBits)) - 1) : 0;
    while (word < in_use_.size()) {
        if (taken != UINT32_MAX) {
            return word * kWordBits + static_cast<std::uint32_t>(std::countr_one(taken));
        }
        ++word;
        taken = word < in_use_.size() ? in_use_[word] : 0;
    }
    return kMost;
}

std::uint32_t FileTable::next_in_use(std::uint32_t from) const {
    const std::uint32_t words = capacity_ / kWordBits;
    std::uint32_t word = from / kWordBits;
    std::uint32_t used = word < words ? in_use_[word] & ~((1U << (from % kWordBits)) - 1) : 0;
    while (word < words) {
        if (used != 0) {
            return word * kWordBits + static_cast<std::uint32_t>(std::countr_zero(used));
        }
        ++word;
        used = word < words ? in_use_[word] : 0;
    }
    return kMost;
}

/// Grows the array until it holds `index`.
FileResult<void> FileTable::make_room(std::uint32_t index) {
    if (index < capacity_) {
        return {};
    }
    std::uint32_t capacity = capacity_;
    while (capacity <= index) {
        capacity *= 2;
    }
    auto* const larger = new (std::nothrow) Shared<OpenFile>[capacity];
    if (larger == nullptr) {
        return file_error(Errno::kNoMemory);
    }
    for (std::uint32_t i = 0; i < capacity_; ++i) {
        larger[i] = std::move(files_[i]);
    }
    if (files_ != inline_) {
        delete[] files_;
    }
    files_ = larger;
    capacity_ = capacity;
    return {};
}

void FileTable::put(std::uint32_t index, Shared<OpenFile> file, OnExec on_exec) {
    files_[index] = std::move(file);
    set(in_use_, index, true);
    set(close_on_exec_, index, on_exec == OnExec::kClose);
}

/// The number is free first, then the file goes: a file that ends may sleep or look at the table.
void FileTable::let_go(std::uint32_t index) {
    const Shared<OpenFile> file = std::move(files_[index]);
    set(in_use_, index, false);
    set(close_on_exec_, index, false);
    lowest_free_ = index < lowest_free_ ? index : lowest_free_;
    file->descriptor_closed();
    if (file->inode()->locks != nullptr) [[unlikely]] {
        release_locks_of(*file->inode(), LockOwner::table(*this));
    }
}

FileResult<std::int32_t> FileTable::add(Shared<OpenFile> file, OnExec on_exec, std::int32_t lowest,
                                        std::uint32_t limit) {
    limit = limit < kMost ? limit : kMost;
    const auto from = static_cast<std::uint32_t>(lowest);
    if (from >= limit) {
        return file_error(lowest == 0 ? Errno::kTooManyFiles : Errno::kInvalid);
    }
    const std::uint32_t index = first_free(from > lowest_free_ ? from : lowest_free_);
    if (index >= limit) {
        return file_error(Errno::kTooManyFiles);
    }
    if (const FileResult<void> room = make_room(index); !room) {
        return file_error(room.error());
    }
    put(index, std::move(file), on_exec);
    if (from <= lowest_free_) {
        lowest_free_ = index + 1;
    }
    return static_cast<std::int32_t>(index);
}

FileResult<void> FileTable::replace(std::int32_t descriptor, Shared<OpenFile> file, OnExec on_exec) {
    const auto index = static_cast<std::uint32_t>(descriptor);
    if (index >= kMost) {
        return file_error(Errno::kBadDescriptor);
    }
    if (const FileResult<void> room = make_room(index); !room) {
        return room;
    }
    if (test(in_use_, index)) {
        let_go(index);
    }
    put(index, std::move(file), on_exec);
    return {};
}

FileResult<void> FileTable::close(std::int32_t descriptor) {
    if (!find(descriptor)) {
        return file_error(Errno::kBadDescriptor);
    }
    let_go(static_cast<std::uint32_t>(descriptor));
    return {};
}

FileResult<OnExec> FileTable::on_exec(std::int32_t descriptor) const {
    if (!find(descriptor)) {
        return file_error(Errno::kBadDescriptor);
    }
    return test(close_on_exec_, static_cast<std::uint32_t>(descriptor)) ? OnExec::kClose : OnExec::kKeep;
}

FileResult<void> FileTable::set_on_exec(std::int32_t descriptor, OnExec on_exec) {
    if (!find(descriptor)) {
        return file_error(Errno::kBadDescriptor);
    }
    set(close_on_exec_, static_cast<std::uint32_t>(descriptor), on_exec == OnExec::kClose);
    return {};
}

Shared<FileTable> FileTable::copy() const {
    Shared<FileTable> copy(new (std::nothrow) FileTable);
    if (!copy || !copy->make_room(capacity_ - 1)) {
        return {};
    }
    for (std::uint32_t i = next_in_use(0); i < kMost; i = next_in_use(i + 1)) {
        copy->files_[i] = files_[i];
    }
    for (std::uint32_t word = 0; word < capacity_ / kWordBits; ++word) {
        copy->in_use_[word] = in_use_[word];
        copy->close_on_exec_[word] = close_on_exec_[word];
    }
    copy->lowest_free_ = lowest_free_;
    return copy;
}

void FileTable::close_on_exec() {
    for (std::uint32_t i = next_in_use(0); i < kMost; i = next_in_use(i + 1)) {
        if (test(close_on_exec_, i)) {
            let_go(i);
        }
    }
}

void FileTable::close_all() {
    for (std::uint32_t i = next_in_use(0); i < kMost; i = next_in_use(i + 1)) {
        let_go(i);
    }
}

bool FileTable::check_invariants() const {
    for (std::uint32_t i = 0; i < kMost; ++i) {
        const bool has_file = i < capacity_ && files_[i].get() != nullptr;
        if (has_file != test(in_use_, i) || (i < lowest_free_ && !has_file)) {
            return false;
        }
    }
    return true;
}

}  // namespace kernel
