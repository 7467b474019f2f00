// Why a file operation, a command or a system call failed, in Linux's numbers: a system call returns them negated.
//
// kRestart and kRestartNoHandler never reach a program: a call that a signal interrupted says with them that it may
// be begun anew. Nor does kPageAwaited: a file says with it that a page of its own is on its way.
// [linux] include/uapi/asm-generic/errno-base.h, errno.h (the numbers of i386)
#pragma once

#include <expected>

namespace kernel {

enum class Errno : int {
    kNotPermitted = 1,  ///< Operation not permitted.
    kNoEntry = 2,       ///< No such file or directory.
    kNoProcess = 3,     ///< No such process.
    kInterrupted = 4,   ///< Interrupted system call.
    kIo = 5,        ///< Input/output error: an audit or a self-test found a fault, too; the log says which.
    kNoDevice = 6,  ///< No such device or address.
    kArgumentsTooLong = 7,       ///< Argument list too long.
    kNotExecutable = 8,          ///< Exec format error.
    kBadDescriptor = 9,          ///< Bad file descriptor.
    kNoChild = 10,               ///< No child processes.
    kAgain = 11,                 ///< Resource temporarily unavailable.
    kNoMemory = 12,              ///< Cannot allocate memory.
    kAccess = 13,                ///< Permission denied.
    kFault = 14,                 ///< Bad address.
    kBusy = 16,                  ///< Device or resource busy.
    kExists = 17,                ///< File exists.
    kCrossDevice = 18,           ///< Invalid cross-device link.
    kNoSuchDevice = 19,          ///< No such device.
    kNotDirectory = 20,          ///< Not a directory.
    kIsDirectory = 21,           ///< Is a directory.
    kInvalid = 22,               ///< Invalid argument.
    kTooManyFilesInSystem = 23,  ///< Too many open files in system.
    kTooManyFiles = 24,          ///< Too many open files.
    kNotTerminal = 25,           ///< Inappropriate ioctl for device.
    kTextBusy = 26,              ///< Text file busy.
    kFileTooLarge = 27,          ///< File too large.
    kNoSpace = 28,               ///< No space left on device.
    kIllegalSeek = 29,           ///< Illegal seek.
    kReadOnlyFileSystem = 30,    ///< Read-only file system.
    kTooManyLinks = 31,          ///< Too many links.
    kBrokenPipe = 32,            ///< Broken pipe.
    kOutOfDomain = 33,           ///< Numerical argument out of domain.
    kOutOfRange = 34,            ///< Numerical result out of range.
    kDeadlock = 35,              ///< Resource deadlock avoided.
    kNameTooLong = 36,           ///< File name too long.
    kNoLocks = 37,               ///< No locks available.
    kNoSystemCall = 38,          ///< Function not implemented.
    kNotEmpty = 39,              ///< Directory not empty.
    kTooManySymlinks = 40,       ///< Too many levels of symbolic links.
    kOverflow = 75,              ///< Value too large for defined data type.
    kNotSocket = 88,             ///< Socket operation on non-socket.
    kNotSupported = 95,          ///< Operation not supported.
    kTimedOut = 110,             ///< Connection timed out.
    kRestart = 512,  ///< Interrupted by a signal; begun anew when the handler allows it, else kInterrupted.
    kRestartNoHandler = 514,  ///< The same, begun anew only when no handler ran: pause, poll.
    kPageAwaited = 600,       ///< A page is on its way: wait for it (wait_for_page), and ask again.
};

/// Linux's words for `error` ("No such file or directory").
constexpr const char* to_string(Errno error) {
    switch (error) {
        case Errno::kNotPermitted:
            return "Operation not permitted";
        case Errno::kNoEntry:
            return "No such file or directory";
        case Errno::kNoProcess:
            return "No such process";
        case Errno::kInterrupted:
            return "Interrupted system call";
        case Errno::kIo:
            return "Input/output error";
        case Errno::kNoDevice:
            return "No such device or address";
        case Errno::kArgumentsTooLong:
            return "Argument list too long";
        case Errno::kNotExecutable:
            return "Exec format error";
        case Errno::kBadDescriptor:
            return "Bad file descriptor";
        case Errno::kNoChild:
            return "No child processes";
        case Errno::kAgain:
            return "Resource temporarily unavailable";
        case Errno::kNoMemory:
            return "Cannot allocate memory";
        case Errno::kAccess:
            return "Permission denied";
        case Errno::kFault:
            return "Bad address";
        case Errno::kBusy:
            return "Device or resource busy";
        case Errno::kExists:
            return "File exists";
        case Errno::kCrossDevice:
            return "Invalid cross-device link";
        case Errno::kNoSuchDevice:
            return "No such device";
        case Errno::kNotDirectory:
            return "Not a directory";
        case Errno::kIsDirectory:
            return "Is a directory";
        case Errno::kInvalid:
            return "Invalid argument";
        case Errno::kTooManyFilesInSystem:
            return "Too many open files in system";
        case Errno::kTooManyFiles:
            return "Too many open files";
        case Errno::kNotTerminal:
            return "Inappropriate ioctl for device";
        case Errno::kTextBusy:
            return "Text file busy";
        case Errno::kFileTooLarge:
            return "File too large";
        case Errno::kNoSpace:
            return "No space left on device";
        case Errno::kIllegalSeek:
            return "Illegal seek";
        case Errno::kReadOnlyFileSystem:
            return "Read-only file system";
        case Errno::kTooManyLinks:
            return "Too many links";
        case Errno::kBrokenPipe:
            return "Broken pipe";
        case Errno::kOutOfDomain:
            return "Numerical argument out of domain";
        case Errno::kOutOfRange:
            return "Numerical result out of range";
        case Errno::kDeadlock:
            return "Resource deadlock avoided";
        case Errno::kNameTooLong:
            return "File name too long";
        case Errno::kNoLocks:
            return "No locks available";
        case Errno::kNoSystemCall:
            return "Function not implemented";
        case Errno::kNotEmpty:
            return "Directory not empty";
        case Errno::kTooManySymlinks:
            return "Too many levels of symbolic links";
        case Errno::kOverflow:
            return "Value too large for defined data type";
        case Errno::kNotSocket:
            return "Socket operation on non-socket";
        case Errno::kNotSupported:
            return "Operation not supported";
        case Errno::kTimedOut:
            return "Connection timed out";
        case Errno::kRestart:
        case Errno::kRestartNoHandler:
            return "Interrupted system call";
        case Errno::kPageAwaited:
            return "Page awaited";
    }
    return "Unknown error";
}

template <typename T>
using FileResult = std::expected<T, Errno>;

constexpr std::unexpected<Errno> file_error(Errno error) {
    return std::unexpected<Errno>(error);
}

}  // namespace kernel
