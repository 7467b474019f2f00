// What the fuzzer's two sides are told to do and what they answer: the same words for mm::AddressSpace and
// for the host's Linux. Shared by 64-bit and 32-bit code: every field has a fixed width.
//
//   driver (64 bits)   model side      mm::AddressSpace over a fake machine
//                      native side --- shared block --- native.cpp (32 bits): processes, the real calls
//
// All mappings lie in the arena. On Linux everything else of the address space is plugged, so that even the
// addresses that the kernel chooses are in it, and can be compared exactly.
#pragma once

#include <cstddef>
#include <cstdint>

namespace space_fuzz {

inline constexpr std::uint32_t kPageBytes = 4096;
/// Page tables end at 0x40000000, 0x40400000 and 0x40800000: the arena needs four.
inline constexpr std::uint32_t kArenaBegin = 0x3fe0'0000;
inline constexpr std::uint32_t kArenaPages = 2'560;
inline constexpr std::uint32_t kArenaEnd = kArenaBegin + kArenaPages * kPageBytes;
/// Processes alive at a time in one sequence.
inline constexpr std::uint32_t kProcesses = 4;
/// How far a region grows down by itself.
inline constexpr std::uint32_t kStackPages = 256;
/// The file that mappings show, at the beginning of a sequence, and at most.
inline constexpr std::uint32_t kFilePages = 24;
inline constexpr std::uint32_t kMostFilePages = 64;

/// Descriptors of the file: opened for both, for reading, for writing; one that is not open; and a file that
/// nobody can write, like a module's.
inline constexpr std::int32_t kReadWriteFile = 100, kReadFile = 101, kWriteFile = 102, kNoFile = 103,
                              kModuleFile = 104;
inline constexpr std::uint32_t kModulePages = 16;
/// Where the program break is at the beginning.
inline constexpr std::uint32_t kBreakBegin = kArenaBegin + 1'700 * kPageBytes + 0x234;

/// The word at byte `offset` of the file at the beginning, whose odd pages are holes; and of the module's.
constexpr std::uint32_t file_word(std::uint32_t offset) {
    return offset / kPageBytes % 2 == 0 ? offset + 1 : 0;
}
constexpr std::uint32_t module_word(std::uint32_t offset) {
    return offset * 2'654'435'761U;
}

enum class Kind : std::uint32_t {
    kMap,         ///< mmap2: address, length, protection, flags, descriptor, page of the file
    kUnmap,       ///< munmap: address, length
    kProtect,     ///< mprotect: address, length, protection, begin of the region if it is to grow down
    kRemap,       ///< mremap: address, old length, new length, flags, new address; 1 if `old` is one region
    kAdvise,      ///< madvise: address, length, advice
    kResidency,   ///< mincore: address, length -> the block's `residency`
    kSync,        ///< msync: address, length, flags
    kBreak,       ///< brk: address -> value: the break (as a 32-bit number)
    kRead,        ///< one word: address, 0, end of the region that may grow down -> detail: the word
    kWrite,       ///< one word: address, the word, end of the region that may grow down
    kFork,        ///< the child's number
    kExit,        ///<
    kFileWrite,   ///< pwrite of one word: byte offset, the word
    kFileRead,    ///< pread of one word: byte offset -> detail
    kFileResize,  ///< ftruncate: pages
    kSweep,       ///< reads and writes every page of the arena -> the block's `sweep`
    kStart,       ///< (to the zygote) process 0, fresh files -> detail: 1 if brk can be tried
    kFinish,      ///< (to the zygote) waits until all processes of the sequence have ended
    kKinds,
};

struct Operation {
    Kind kind;
    std::uint32_t process;
    std::uint32_t arguments[6];
};

/// How an access by the program ended: `value` of kRead and kWrite.
enum Access : std::int32_t {
    kFine = 0,
    kSegvNoRegion = 1,   ///< SIGSEGV, SEGV_MAPERR
    kSegvForbidden = 2,  ///< SIGSEGV, SEGV_ACCERR
    kBusBeyond = 3,      ///< SIGBUS, BUS_ADRERR
    kOtherFault = 4,
    kNoMemory = 5,  ///< The model ran out of frames: its machine is too small for the sequence.
};

struct Outcome {
    std::int32_t value;  ///< A result, a negated errno or an Access; addresses as they are.
    std::uint32_t detail;
    friend bool operator==(const Outcome&, const Outcome&) = default;
};

/// The value of what was not done: the two sides disagree on what is one region (known_differences.hpp, D1).
inline constexpr std::int32_t kNotMade = -9'999;

/// What a sweep finds at a page.
struct PageState {
    std::uint8_t mapped;  ///< mincore knows it.
    std::uint8_t read;    ///< An Access,
    std::uint8_t write;   ///< another.
    std::uint8_t unused;
    std::uint32_t contents;  ///< A hash.
    friend bool operator==(const PageState&, const PageState&) = default;
};

/// Who else waits for orders: it keeps the address space plugged, and its children start from there.
inline constexpr std::uint32_t kZygote = kProcesses;

/// The longest mincore that is tried, in pages, and some more: nothing may be written there.
inline constexpr std::uint32_t kMostAnswers = kArenaPages + 16;

/// The memory that driver and processes share.
struct SharedBlock {
    std::uint32_t orders[kProcesses + 1];  ///< Futexes: how many orders each process got.
    std::uint32_t answers;                 ///< A futex: how many orders were carried out.
    Operation operation;
    Outcome outcome;
    PageState sweep[kArenaPages];
    std::uint8_t residency[kMostAnswers];
};

/// What mincore says of a page: 0 or 1; what it has not written to; what is not compared (D8).
inline constexpr std::uint8_t kNoAnswer = 2, kAnyAnswer = 3;

/// FNV-1a over 32-bit words.
struct Hash {
    std::uint32_t value = 2'166'136'261U;
    constexpr void add(std::uint32_t word) { value = (value ^ word) * 16'777'619U; }
};

}  // namespace space_fuzz
