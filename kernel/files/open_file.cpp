#include "kernel/files/open_file.hpp"

#include "kernel/files/locks.hpp"

namespace kernel {

OpenFile::~OpenFile() {
    if (inode_ && inode_->locks != nullptr) {
        release_locks_of(*inode_, LockOwner::open_file(*this));
    }
}

void OpenFile::wait_for_position() {
    const Waiter place(position_released_);
    while (position_taken_) {
        sleep(Interruptible::kNo);
    }
}

FileResult<std::size_t> OpenFile::read(Transfer&, std::uint64_t) {
    return file_error(inode_->kind() == FileKind::kDirectory ? Errno::kIsDirectory : Errno::kInvalid);
}

FileResult<std::size_t> OpenFile::write(Transfer&, std::uint64_t) {
    return file_error(Errno::kInvalid);
}

PollEvents OpenFile::poll(PollQueues*) {
    // A file that never makes anybody wait is always ready, for both.
    return {PollEvents::kIn | PollEvents::kOut | PollEvents::kReadNormal | PollEvents::kWriteNormal};
}

FileResult<std::int32_t> OpenFile::control(std::uint32_t, std::uint32_t) {
    return file_error(Errno::kNotTerminal);
}

std::uint64_t OpenFile::end() const {
    FileStatus status;
    inode_->status(status);
    return status.size_bytes;
}

FileResult<void> OpenFile::sync() {
    if (seekable_ == Seekable::kNo && inode_->kind() != FileKind::kDirectory) {
        return file_error(Errno::kInvalid);
    }
    return {};
}

}  // namespace kernel
