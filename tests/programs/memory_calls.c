// mmap, munmap, mprotect, mremap, madvise, mincore, msync and brk: what they do, and what they refuse.
#include "check.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

enum { kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS, kReadWrite = PROT_READ | PROT_WRITE };

static long try_map(void* at, size_t size, int protection, int flags) {
    return (long)mmap(at, size, protection, flags, -1, 0);
}

static bool filled(const char* memory, size_t size, char value) {
    for (size_t at = 0; at < size; ++at) {
        if (memory[at] != value) {
            return false;
        }
    }
    return true;
}

/// The addresses of `pages` pages with nothing in them: they were mapped and unmapped.
static char* hole(size_t pages) {
    char* memory = map_pages(pages, PROT_NONE);
    CHECK_CALL(munmap(memory, pages * PAGE));
    return memory;
}

TEST(mmap_refuses_what_makes_no_sense) {
    char* memory = map_pages(4, kReadWrite);
    CHECK_FAILS(try_map(NULL, 0, PROT_READ, kAnonymous), EINVAL);
    CHECK_FAILS(try_map(NULL, PAGE, PROT_READ, MAP_ANONYMOUS), EINVAL);  // neither private nor shared
    CHECK_FAILS(try_map(memory + 1, PAGE, PROT_READ, kAnonymous | MAP_FIXED), EINVAL);
    CHECK_FAILS(try_map(NULL, 0xFFFFF000u, PROT_READ, kAnonymous), ENOMEM);
    CHECK_FAILS(try_map(NULL, 0xFFFFFFFFu, PROT_READ, kAnonymous), ENOMEM);
    CHECK_FAILS(try_map(NULL, USER_END, PROT_READ, kAnonymous), ENOMEM);
    CHECK_FAILS(try_map((void*)USER_END, PAGE, PROT_READ, kAnonymous | MAP_FIXED), ENOMEM);
    CHECK_FAILS(try_map((void*)(USER_END - PAGE), 2 * PAGE, PROT_READ, kAnonymous | MAP_FIXED), ENOMEM);
    CHECK_FAILS(try_map((void*)0xFFFFF000u, PAGE, PROT_READ, kAnonymous | MAP_FIXED), ENOMEM);
    CHECK_FAILS(try_map((void*)0xFFFFF000u, 2 * PAGE, PROT_READ, kAnonymous | MAP_FIXED), ENOMEM);
    CHECK_FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 999, 0), EBADF);
    CHECK_FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, -1, 0), EBADF);
    CHECK(!write_faults(memory));
}

TEST(a_hint_is_taken_when_it_is_free) {
    char* free = hole(16);
    CHECK_EQ(try_map(free + PAGE, PAGE, PROT_READ, kAnonymous), (long)(free + PAGE));
    // Not page-aligned: taken as the page it is in (Linux rounds up).
    long near = try_map(free + 4 * PAGE + 5, PAGE, PROT_READ, kAnonymous);
    CHECK(near == (long)(free + 4 * PAGE) || near == (long)(free + 5 * PAGE));
    // Taken already: somewhere else, and what is there stays.
    char* memory = map_pages(1, kReadWrite);
    *memory = 7;
    long other = try_map(memory, PAGE, kReadWrite, kAnonymous);
    CHECK(other != -1 && other != (long)memory);
    CHECK_EQ(*memory, 7);
}

TEST(fixed_replaces_what_is_there) {
    char* memory = map_pages(8, kReadWrite);
    memset(memory, 1, 8 * PAGE);
    CHECK_EQ(try_map(memory + 2 * PAGE, 3 * PAGE, kReadWrite, kAnonymous | MAP_FIXED),
             (long)(memory + 2 * PAGE));
    CHECK(filled(memory, 2 * PAGE, 1));
    CHECK(filled(memory + 2 * PAGE, 3 * PAGE, 0));
    CHECK(filled(memory + 5 * PAGE, 3 * PAGE, 1));
    CHECK_EQ(try_map(memory + PAGE, 6 * PAGE, PROT_NONE, kAnonymous | MAP_FIXED), (long)(memory + PAGE));
    CHECK(read_faults(memory + PAGE) && read_faults(memory + 6 * PAGE));
    CHECK(!write_faults(memory) && !write_faults(memory + 7 * PAGE));
}

TEST(fixed_noreplace_replaces_nothing) {
    char* free = hole(8);
    CHECK_EQ(try_map(free + 2 * PAGE, 2 * PAGE, kReadWrite, kAnonymous | MAP_FIXED_NOREPLACE),
             (long)(free + 2 * PAGE));
    free[2 * PAGE] = 9;
    CHECK_FAILS(try_map(free + 2 * PAGE, PAGE, kReadWrite, kAnonymous | MAP_FIXED_NOREPLACE), EEXIST);
    CHECK_FAILS(try_map(free, 8 * PAGE, kReadWrite, kAnonymous | MAP_FIXED_NOREPLACE), EEXIST);
    CHECK_FAILS(try_map(free + 3 * PAGE, 2 * PAGE, kReadWrite, kAnonymous | MAP_FIXED_NOREPLACE), EEXIST);
    CHECK_EQ(free[2 * PAGE], 9);
    CHECK_EQ(try_map(free + 4 * PAGE, PAGE, kReadWrite, kAnonymous | MAP_FIXED_NOREPLACE),
             (long)(free + 4 * PAGE));
}

TEST(munmap_takes_parts_away) {
    char* memory = map_pages(9, kReadWrite);
    memset(memory, 1, 9 * PAGE);
    CHECK_CALL(munmap(memory + 4 * PAGE, PAGE));      // the middle
    CHECK_CALL(munmap(memory, PAGE));                 // the front
    CHECK_CALL(munmap(memory + 8 * PAGE, PAGE - 1));  // the end, rounded up
    CHECK_CALL(munmap(memory + 3 * PAGE, 3 * PAGE));  // across a hole
    CHECK_CALL(munmap(memory + 3 * PAGE, 3 * PAGE));  // nothing there: no error
    static const bool kThere[9] = {0, 1, 1, 0, 0, 0, 1, 1, 0};
    for (int page = 0; page < 9; ++page) {
        CHECK_EQ(!read_faults(memory + page * PAGE), kThere[page]);
        if (!kThere[page]) {
            CHECK_EQ(fault_info.si_code, SEGV_MAPERR);
            CHECK(fault_info.si_addr == memory + page * PAGE);
        }
    }
    CHECK_FAILS(munmap(memory, 0), EINVAL);
    CHECK_FAILS(munmap(memory + 1, PAGE), EINVAL);
    CHECK_FAILS(munmap((void*)USER_END, PAGE), EINVAL);
    CHECK_FAILS(munmap((void*)(USER_END - PAGE), 2 * PAGE), EINVAL);
    CHECK_FAILS(munmap((void*)0xFFFFF000u, PAGE), EINVAL);
    CHECK_FAILS(munmap((void*)PAGE, 0xFFFFFFFFu), EINVAL);
    CHECK(filled(memory + PAGE, 2 * PAGE, 1));
}

TEST(mprotect_takes_rights_away_and_gives_them_back) {
    char* memory = map_pages(6, kReadWrite);
    memset(memory, 1, 3 * PAGE);  // 3 resident, 3 not
    for (int page = 0; page < 6; page += 3) {
        char* at = memory + page * PAGE;
        CHECK_CALL(mprotect(at, PAGE, PROT_READ));
        CHECK(!read_faults(at));
        CHECK(write_faults(at));
        CHECK_EQ(fault_info.si_code, SEGV_ACCERR);
        CHECK_CALL(mprotect(at, PAGE, PROT_NONE));
        CHECK(read_faults(at));
        CHECK_EQ(fault_info.si_code, SEGV_ACCERR);
        CHECK(write_faults(at));
        CHECK_CALL(mprotect(at, PAGE, PROT_READ));
        CHECK_EQ(*at, page == 0);
        CHECK_CALL(mprotect(at, PAGE, kReadWrite));
        CHECK(!write_faults(at));
        CHECK_CALL(mprotect(at, PAGE - 1, PROT_READ));  // rounded up
        CHECK(write_faults(at + PAGE - 1));
    }
    CHECK(filled(memory, 3 * PAGE, 1));
    CHECK(!write_faults(memory + PAGE));
    CHECK_CALL(mprotect(memory, 0, PROT_NONE));
    CHECK_CALL(mprotect(memory, 6 * PAGE, kReadWrite));  // pieces of all sorts are one again
    CHECK(!write_faults(memory));
}

TEST(mprotect_fails_at_a_hole_and_keeps_what_it_did) {
    char* memory = map_pages(5, kReadWrite);
    memset(memory, 1, 5 * PAGE);
    CHECK_CALL(munmap(memory + 2 * PAGE, PAGE));
    CHECK_FAILS(mprotect(memory, 5 * PAGE, PROT_READ), ENOMEM);
    CHECK(write_faults(memory));  // as Linux: what stood before the hole has changed
    CHECK(!write_faults(memory + 4 * PAGE));
    CHECK_FAILS(mprotect(memory + 2 * PAGE, PAGE, PROT_READ), ENOMEM);
    CHECK_FAILS(mprotect(memory + 1, PAGE, PROT_READ), EINVAL);
    CHECK_FAILS(mprotect((void*)USER_END, PAGE, PROT_READ), ENOMEM);
    CHECK_FAILS(mprotect((void*)0xFFFFF000u, PAGE, kReadWrite), ENOMEM);
    CHECK_FAILS(mprotect(memory, 0xFFFFF000u, PROT_READ), ENOMEM);
}

TEST(mremap_grows_shrinks_and_moves) {
    char* memory = hole(20);
    CHECK_EQ(try_map(memory, 4 * PAGE, kReadWrite, kAnonymous | MAP_FIXED), (long)memory);
    memset(memory, 1, 4 * PAGE);
    // In place, where there is room.
    CHECK_EQ((long)mremap(memory, 4 * PAGE, 6 * PAGE, 0), (long)memory);
    CHECK(filled(memory, 4 * PAGE, 1) && filled(memory + 4 * PAGE, 2 * PAGE, 0));
    CHECK_EQ((long)mremap(memory, 6 * PAGE, 3 * PAGE, 0), (long)memory);
    CHECK(read_faults(memory + 3 * PAGE));
    // No room: only MREMAP_MAYMOVE helps.
    CHECK_EQ(try_map(memory + 3 * PAGE, PAGE, kReadWrite, kAnonymous | MAP_FIXED), (long)(memory + 3 * PAGE));
    CHECK_FAILS((long)mremap(memory, 2 * PAGE, 10 * PAGE, 0), ENOMEM);
    char* moved = mremap(memory, 3 * PAGE, 10 * PAGE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED && moved != memory);
    CHECK(filled(moved, 3 * PAGE, 1) && filled(moved + 3 * PAGE, 7 * PAGE, 0));
    CHECK(read_faults(memory) && read_faults(memory + 2 * PAGE));
    // To a given place, over what is there.
    char* place = map_pages(5, kReadWrite);
    memset(place, 3, 5 * PAGE);
    CHECK_EQ((long)mremap(moved, 2 * PAGE, 3 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place), (long)place);
    CHECK(filled(place, 2 * PAGE, 1) && filled(place + 2 * PAGE, PAGE, 0) &&
          filled(place + 3 * PAGE, 2 * PAGE, 3));
    CHECK(read_faults(moved) && !read_faults(moved + 2 * PAGE));
}

TEST(mremap_refuses_what_makes_no_sense) {
    char* memory = map_pages(8, kReadWrite);
    CHECK_FAILS((long)mremap(memory + 1, PAGE, 2 * PAGE, 0), EINVAL);
    CHECK_FAILS((long)mremap(memory, PAGE, 0, 0), EINVAL);
    CHECK_FAILS((long)mremap(memory, PAGE, PAGE, 0x80), EINVAL);
    CHECK_FAILS((long)mremap(memory, PAGE, PAGE, MREMAP_FIXED, memory + 4 * PAGE), EINVAL);
    CHECK_FAILS((long)mremap(memory, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory + PAGE),
                EINVAL);
    CHECK_FAILS((long)mremap(memory, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, memory + 4 * PAGE + 1),
                EINVAL);
    CHECK_FAILS((long)mremap(memory, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void*)USER_END), EINVAL);
    CHECK_FAILS((long)mremap(memory, PAGE, 0xF0000000u, MREMAP_MAYMOVE), EINVAL);
    CHECK_CALL(munmap(memory + 2 * PAGE, PAGE));
    CHECK_FAILS((long)mremap(memory + 2 * PAGE, PAGE, 2 * PAGE, MREMAP_MAYMOVE), EFAULT);
    CHECK_FAILS((long)mremap(memory, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE), EFAULT);
    CHECK(!write_faults(memory));
}

TEST(a_moved_page_shared_with_a_child_stays_the_childs) {
    char* memory = map_pages(4, kReadWrite);
    memset(memory, 1, 4 * PAGE);
    int go[2];
    CHECK_CALL(pipe(go));
    pid_t child = fork_child();
    if (child == 0) {
        char byte;
        CHECK_EQ(read(go[0], &byte, 1), 1);
        CHECK(filled(memory, 4 * PAGE, 1));
        end_child();
    }
    char* moved = mremap(memory, 4 * PAGE, 8 * PAGE, MREMAP_MAYMOVE);
    CHECK(moved != MAP_FAILED);
    CHECK(filled(moved, 4 * PAGE, 1));
    memset(moved, 2, 8 * PAGE);
    CHECK_EQ(write(go[1], "", 1), 1);
    CHECK_EXIT(child, 0);
    CHECK(filled(moved, 8 * PAGE, 2));
}

TEST(dontneed_makes_pages_zero_again) {
    char* memory = map_pages(4, kReadWrite);
    memset(memory, 1, 4 * PAGE);
    CHECK_CALL(madvise(memory + PAGE, 2 * PAGE, MADV_DONTNEED));
    CHECK(filled(memory, PAGE, 1) && filled(memory + PAGE, 2 * PAGE, 0) &&
          filled(memory + 3 * PAGE, PAGE, 1));
    CHECK_CALL(madvise(memory, 0, MADV_DONTNEED));
    CHECK_CALL(madvise(memory, 4 * PAGE, MADV_WILLNEED));
    CHECK_CALL(madvise(memory, 4 * PAGE, MADV_NORMAL));
    CHECK_FAILS(madvise(memory + 1, PAGE, MADV_DONTNEED), EINVAL);
    CHECK_FAILS(madvise(memory, PAGE, 12345), EINVAL);
    memset(memory, 1, 4 * PAGE);
    CHECK_CALL(munmap(memory + PAGE, PAGE));
    CHECK_FAILS(madvise(memory, 4 * PAGE, MADV_DONTNEED), ENOMEM);
    CHECK(filled(memory, PAGE, 0) && filled(memory + 2 * PAGE, 2 * PAGE, 0));  // done around the hole
}

TEST(mincore_tells_what_is_resident) {
    char* memory = map_pages(8, kReadWrite);
    memory[PAGE] = 1;
    memory[5 * PAGE] = 1;
    unsigned char resident[8];
    memset(resident, 0xFF, sizeof resident);
    CHECK_CALL(mincore(memory, 8 * PAGE, resident));
    for (int page = 0; page < 8; ++page) {
        CHECK_EQ(resident[page] & 1, page == 1 || page == 5);
    }
    CHECK_FAILS(mincore(memory + 1, PAGE, resident), EINVAL);
    CHECK_FAILS(mincore(memory, 8 * PAGE, (unsigned char*)8), EFAULT);
    CHECK_CALL(munmap(memory + 2 * PAGE, PAGE));
    CHECK_FAILS(mincore(memory, 8 * PAGE, resident), ENOMEM);
    CHECK_CALL(mincore(memory, 0, resident));
}

TEST(msync_finds_holes) {
    char* memory = map_pages(4, kReadWrite);
    CHECK_CALL(msync(memory, 4 * PAGE, MS_SYNC));
    CHECK_CALL(msync(memory, 4 * PAGE, MS_ASYNC));
    CHECK_CALL(msync(memory, 0, MS_SYNC));
    CHECK_FAILS(msync(memory, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
    CHECK_FAILS(msync(memory, PAGE, 0x40), EINVAL);
    CHECK_FAILS(msync(memory + 1, PAGE, MS_SYNC), EINVAL);
    CHECK_CALL(munmap(memory + PAGE, PAGE));
    CHECK_FAILS(msync(memory, 4 * PAGE, MS_SYNC), ENOMEM);
}

TEST(brk_moves_the_end_of_the_data) {
    char* end = (char*)raw(SYS_brk, 0);
    char* page = (char*)(((uintptr_t)end + PAGE - 1) & ~(PAGE - 1));
    CHECK_EQ(raw(SYS_brk, page + 4 * PAGE), (long)(page + 4 * PAGE));
    CHECK(filled(page, 4 * PAGE, 0));
    memset(page, 1, 4 * PAGE);
    CHECK_EQ(raw(SYS_brk, page + PAGE), (long)(page + PAGE));
    CHECK(read_faults(page + PAGE));
    CHECK_EQ(raw(SYS_brk, page + 4 * PAGE), (long)(page + 4 * PAGE));
    CHECK(filled(page, PAGE, 1) && filled(page + PAGE, 3 * PAGE, 0));  // new pages
    CHECK_EQ(raw(SYS_brk, page + 5), (long)(page + 5));                // not a multiple of a page
    CHECK_EQ(raw(SYS_brk, 0), (long)(page + 5));
    CHECK(!read_faults(page) && read_faults(page + PAGE));
    // What cannot be answers where the end is.
    CHECK_EQ(raw(SYS_brk, PAGE), (long)(page + 5));
    CHECK_EQ(raw(SYS_brk, USER_END), (long)(page + 5));
    CHECK_EQ(raw(SYS_brk, 0xFFFFFFFFu), (long)(page + 5));
    // Not through a neighbour.
    CHECK_EQ(try_map(page + 3 * PAGE, PAGE, kReadWrite, kAnonymous | MAP_FIXED), (long)(page + 3 * PAGE));
    page[3 * PAGE] = 7;
    CHECK_EQ(raw(SYS_brk, page + 5 * PAGE), (long)(page + 5));
    CHECK_EQ(page[3 * PAGE], 7);
    // A child's end is its own.
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(raw(SYS_brk, 0), (long)(page + 5));
        CHECK_EQ(raw(SYS_brk, page + 2 * PAGE), (long)(page + 2 * PAGE));
        end_child();
    }
    CHECK_EXIT(child, 0);
    CHECK_EQ(raw(SYS_brk, 0), (long)(page + 5));
}

TEST(memory_runs_out_without_harm) {
    // Address space, first: reservations that nothing will ever fill.
    size_t got = 0;
    char* blocks[64];
    size_t count = 0;
    while (count < 64) {
        char* block = mmap(NULL, 128u << 20, PROT_NONE, kAnonymous | MAP_NORESERVE, -1, 0);
        if (block == MAP_FAILED) {
            CHECK_EQ(errno, ENOMEM);
            break;
        }
        blocks[count++] = block;
        got += 128u << 20;
    }
    CHECK(count > 8 && count < 24);
    while (count > 0) {
        CHECK_CALL(munmap(blocks[--count], 128u << 20));
    }
    CHECK(got >= 1u << 30);
}

TEST(a_region_a_page_and_back_to_one) {
    // A checkerboard of rights splits the region into many; giving the rights back joins them.
    enum { kPages = 4000 };
    char* memory = map_pages(kPages, kReadWrite);
    for (int page = 0; page < kPages; page += 2) {
        if (mprotect(memory + page * PAGE, PAGE, PROT_READ) != 0) {
            CHECK_CALL(-1);
            return;
        }
    }
    CHECK(write_faults(memory) && !write_faults(memory + PAGE) && write_faults(memory + 2 * PAGE));
    CHECK_CALL(mprotect(memory, kPages * PAGE, kReadWrite));
    size_t wrong = 0;
    for (int page = 0; page < kPages; ++page) {
        memory[page * PAGE] = 1;
        wrong += memory[page * PAGE] != 1;
    }
    CHECK_EQ(wrong, 0);
    for (int page = 1; page < kPages; page += 2) {
        wrong += munmap(memory + page * PAGE, PAGE) != 0;
    }
    CHECK_EQ(wrong, 0);
    CHECK_CALL(munmap(memory, kPages * PAGE));
    CHECK(read_faults(memory));
}
