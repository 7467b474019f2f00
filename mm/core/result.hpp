// The environment's failures: every operation of mm/ that can fail for a reason outside the program returns a
// Result. Bugs are assertions (panic.hpp), never an Error.
#pragma once

#include <cstdint>
#include <expected>

namespace mm {

enum class Error : std::uint8_t {
    kNoMemory,       ///< No free frame (or no free run of the wanted length) is left.
    kNoAddresses,    ///< No free run of virtual pages is left in the region asked.
    kAlreadyMapped,  ///< The page has a mapping, and the call does not replace mappings.
    kNotMapped,      ///< The page has no mapping.
    kNotAllocated,   ///< The frame released is not out: free already, reserved, or somebody else's.
    kOutOfRange,     ///< The frame or address lies outside what this object manages.
    kBadInput,       ///< Data from outside (firmware, loader, user) contradicts itself; nothing was changed.
    kForbidden,      ///< The rights asked for were ruled out when the thing was made.
    kWouldWait,      ///< What is needed is on its way: wait, then ask again from the start.
};

/// A static, lower-case phrase for `error`, fit to stand after a colon in a log line.
constexpr const char* to_string(Error error) {
    switch (error) {
        case Error::kNoMemory:
            return "out of memory";
        case Error::kNoAddresses:
            return "out of virtual addresses";
        case Error::kAlreadyMapped:
            return "already mapped";
        case Error::kNotMapped:
            return "not mapped";
        case Error::kNotAllocated:
            return "not allocated";
        case Error::kOutOfRange:
            return "out of range";
        case Error::kBadInput:
            return "bad input";
        case Error::kForbidden:
            return "forbidden";
        case Error::kWouldWait:
            return "not ready yet";
    }
    return "unknown error";
}

template <typename T>
using Result = std::expected<T, Error>;

/// `return failure(Error::kNoMemory);` from any function that returns a Result.
constexpr std::unexpected<Error> failure(Error error) {
    return std::unexpected<Error>(error);
}

}  // namespace mm
