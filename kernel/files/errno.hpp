// Why a file operation or a command failed, in Linux's numbers: a system call will return them negated.
#pragma once

#include <expected>

namespace kernel {

enum class Errno : int {
    kNoEntry = 2,        ///< No such file or directory.
    kIo = 5,             ///< Input/output error: an audit or a self-test found a fault; the log says which.
    kNoMemory = 12,      ///< Cannot allocate memory.
    kAccess = 13,        ///< Permission denied: the file cannot be read, or not be written.
    kBusy = 16,          ///< Device or resource busy.
    kNotDirectory = 20,  ///< A path goes through something that is no directory.
    kIsDirectory = 21,   ///< The operation wants a file, the path names a directory.
    kInvalid = 22,       ///< Invalid argument: the text written makes no sense to this file.
};

/// Linux's words for `error` ("No such file or directory").
constexpr const char* to_string(Errno error) {
    switch (error) {
        case Errno::kNoEntry:
            return "No such file or directory";
        case Errno::kIo:
            return "Input/output error";
        case Errno::kNoMemory:
            return "Cannot allocate memory";
        case Errno::kAccess:
            return "Permission denied";
        case Errno::kBusy:
            return "Device or resource busy";
        case Errno::kNotDirectory:
            return "Not a directory";
        case Errno::kIsDirectory:
            return "Is a directory";
        case Errno::kInvalid:
            return "Invalid argument";
    }
    return "Unknown error";
}

template <typename T>
using FileResult = std::expected<T, Errno>;

constexpr std::unexpected<Errno> file_error(Errno error) {
    return std::unexpected<Errno>(error);
}

}  // namespace kernel
