#include "tests/space_fuzz/native_arena.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/space_fuzz/protocol.hpp"

namespace space_fuzz {

namespace {

/// Reads /proc/self/maps and calls visit(begin, end) for each line.
template <typename Visit>
void for_each_mapping(Visit visit) {
    static char text[1 << 18];
    const int maps = open("/proc/self/maps", O_RDONLY);
    std::size_t size = 0;
    for (ssize_t got = 1; got > 0 && size < sizeof text - 1; size += static_cast<std::size_t>(got)) {
        got = read(maps, text + size, sizeof text - 1 - size);
        if (got < 0) {
            give_up("/proc/self/maps");
        }
    }
    close(maps);
    text[size] = 0;
    for (char* line = text; *line != 0; line = strchr(line, '\n') + 1) {
        char* after;
        const auto begin = static_cast<std::uint32_t>(strtoul(line, &after, 16));
        visit(begin, static_cast<std::uint32_t>(strtoul(after + 1, nullptr, 16)));
    }
}

/// Fills [begin, end) outside the arena with pages that nobody can use, of a file of their own: they join
/// nothing.
void plug(int file, std::uint32_t begin, std::uint32_t end) {
    if (begin < kArenaBegin && end > kArenaBegin) {
        plug(file, begin, kArenaBegin);
        begin = kArenaBegin;
    }
    if (begin < kArenaEnd && begin >= kArenaBegin) {
        begin = end < kArenaEnd ? end : kArenaEnd;
    }
    if (begin < end && mmap(address_of(begin), end - begin, PROT_NONE, MAP_SHARED | MAP_FIXED_NOREPLACE, file,
                            0) == MAP_FAILED) {
        give_up("plugging the address space");
    }
}

}  // namespace

void give_up(const char* what) {
    dprintf(2, "space_fuzz_native: %s: %s\n", what, strerror(errno));
    _exit(1);
}

bool is_one_mapping(std::uint32_t address, std::uint32_t length) {
    bool found = false;
    for_each_mapping([&](std::uint32_t begin, std::uint32_t end) {
        found = found || (begin <= address && address < end && length <= end - address);
    });
    return found;
}

Span mapping_above(std::uint32_t address) {
    Span found{0, 0};
    for_each_mapping([&](std::uint32_t begin, std::uint32_t end) {
        if (found.end == 0 && end > address) {
            found = {begin, end};
        }
    });
    return found;
}

bool place_break() {
    return sbrk(0) <= address_of(kArenaBegin) &&
           static_cast<std::uint32_t>(syscall(SYS_brk, kBreakBegin)) == kBreakBegin;
}

void plug_all_but_arena(std::uint32_t heap_end, bool break_in_arena) {
    constexpr std::uint32_t kEnd = 0xffff'e000;
    const int file = static_cast<int>(syscall(SYS_memfd_create, "plug", 0U));
    if (break_in_arena) {
        munmap(address_of(heap_end), kArenaEnd - heap_end);
    }
    std::uint32_t ranges[256][2];
    std::size_t count = 0;
    std::uint32_t from = 0x1'0000;
    for_each_mapping([&](std::uint32_t begin, std::uint32_t end) {
        if (begin < kEnd && count < 255) {
            ranges[count][0] = from;
            ranges[count][1] = begin;
            ++count;
            from = end;
        }
    });
    ranges[count][0] = from;
    ranges[count][1] = kEnd;
    for (std::size_t i = 0; i <= count; ++i) {
        if (ranges[i][0] < ranges[i][1]) {
            plug(file, ranges[i][0], ranges[i][1]);
        }
    }
    close(file);
    munmap(address_of(kArenaBegin), kArenaPages * kPageBytes);
    if (void* const outside =
            mmap(nullptr, kArenaPages * kPageBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        outside != address_of(kArenaBegin)) {
        give_up("the arena is not the only free part of the address space");
    }
    munmap(address_of(kArenaBegin), kArenaPages * kPageBytes);
}

}  // namespace space_fuzz
