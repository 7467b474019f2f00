// More pages than a small machine has frames for: whatever becomes of them meanwhile, they come back as they were.
//
// On a machine with memory for all of it this only takes time; tests/system/test_swap.py runs it on one that has not.
#include <fcntl.h>
#include <pthread.h>
#include "check.h"

#define PAGES 2048u
#define WORDS (PAGE / sizeof(uint32_t))

static uint32_t* map_arena(unsigned count, int sharing) {
    void* const at = mmap(NULL, (size_t)count * PAGE, PROT_READ | PROT_WRITE, sharing | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED);
    return at;
}

/// What word `word` of page `page` is in the version `version` of its contents.
static uint32_t pattern(unsigned page, unsigned word, unsigned version) {
    return (page * 2654435761u) ^ (word * 40503u) ^ (version * 97u);
}

static void fill(uint32_t* pages, unsigned page, unsigned version) {
    for (unsigned word = 0; word < WORDS; ++word) {
        pages[page * WORDS + word] = pattern(page, word, version);
    }
}

static bool holds(const uint32_t* pages, unsigned page, unsigned version) {
    for (unsigned word = 0; word < WORDS; ++word) {
        if (pages[page * WORDS + word] != pattern(page, word, version)) {
            return false;
        }
    }
    return true;
}

/// How many of `count` pages do not hold version(page).
static unsigned wrong_pages(const uint32_t* pages, unsigned count, unsigned (*version)(unsigned page)) {
    unsigned wrong = 0;
    for (unsigned page = 0; page < count; ++page) {
        wrong += holds(pages, page, version(page)) ? 0 : 1;
    }
    return wrong;
}

static unsigned first_version(unsigned page) {
    (void)page;
    return 0;
}
static unsigned third_changed(unsigned page) {
    return page % 3 == 0 ? 1 : 0;
}
static unsigned fifth_changed(unsigned page) {
    return page % 5 == 0 ? 2 : 0;
}

TEST(every_byte_comes_back) {  // E9
    uint32_t* const pages = map_arena(PAGES, MAP_PRIVATE);
    for (unsigned page = 0; page < PAGES; ++page) {
        fill(pages, page, 0);
    }
    CHECK_EQ(wrong_pages(pages, PAGES, first_version), 0);
    for (unsigned page = PAGES; page-- > 0;) {
        CHECK(holds(pages, page, 0));
        if (page % 3 == 0) {
            fill(pages, page, 1);
        }
    }
    CHECK_EQ(wrong_pages(pages, PAGES, third_changed), 0);
    CHECK_EQ(munmap(pages, PAGES / 2 * PAGE), 0);
    for (unsigned page = PAGES / 2; page < PAGES; ++page) {
        CHECK(holds(pages, page, third_changed(page)));
    }
}

TEST(a_page_that_was_only_read_stays_zero) {
    const uint32_t* const zeros = map_arena(PAGES, MAP_PRIVATE);
    uint32_t* const pages = map_arena(PAGES, MAP_PRIVATE);
    unsigned wrong = 0;
    for (unsigned page = 0; page < PAGES; ++page) {
        wrong += zeros[page * WORDS + page % WORDS] == 0 ? 0 : 1;
        fill(pages, page, 0);
    }
    for (unsigned page = 0; page < PAGES; ++page) {
        wrong += zeros[page * WORDS] == 0 ? 0 : 1;
    }
    CHECK_EQ(wrong, 0);
    CHECK_EQ(wrong_pages(pages, PAGES, first_version), 0);
}

TEST(both_sides_of_a_fork_keep_their_own) {
    uint32_t* const pages = map_arena(PAGES / 2, MAP_PRIVATE);
    for (unsigned page = 0; page < PAGES / 2; ++page) {
        fill(pages, page, 0);
    }
    const pid_t child = fork_child();
    if (child == 0) {
        for (unsigned page = 0; page < PAGES / 2; page += 3) {
            fill(pages, page, 1);
        }
        CHECK_EQ(wrong_pages(pages, PAGES / 2, third_changed), 0);
        const pid_t grandchild = fork_child();
        if (grandchild == 0) {
            CHECK_EQ(wrong_pages(pages, PAGES / 2, third_changed), 0);
            end_child();
        }
        CHECK_EXIT(grandchild, 0);
        CHECK_EQ(wrong_pages(pages, PAGES / 2, third_changed), 0);
        end_child();
    }
    for (unsigned page = 0; page < PAGES / 2; page += 5) {
        fill(pages, page, 2);
    }
    CHECK_EQ(wrong_pages(pages, PAGES / 2, fifth_changed), 0);
    CHECK_EXIT(child, 0);
    CHECK_EQ(wrong_pages(pages, PAGES / 2, fifth_changed), 0);
}

TEST(shared_memory_is_one_for_all) {
    uint32_t* const pages = map_arena(PAGES / 2, MAP_SHARED);
    uint32_t* const own = map_arena(PAGES / 2, MAP_PRIVATE);
    for (unsigned page = 0; page < PAGES / 2; ++page) {
        fill(pages, page, 0);
        fill(own, page, 0);
    }
    const pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(wrong_pages(pages, PAGES / 2, first_version), 0);
        for (unsigned page = 0; page < PAGES / 2; page += 3) {
            fill(pages, page, 1);
        }
        end_child();
    }
    CHECK_EXIT(child, 0);
    CHECK_EQ(wrong_pages(own, PAGES / 2, first_version), 0);
    CHECK_EQ(wrong_pages(pages, PAGES / 2, third_changed), 0);
}

TEST(a_file_is_the_same_by_read_and_by_mapping) {
    const int file = open("/tmp/paged_out", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(file >= 0);
    unlink("/tmp/paged_out");
    uint32_t page_of[WORDS];
    for (unsigned page = 0; page < PAGES / 2; ++page) {
        for (unsigned word = 0; word < WORDS; ++word) {
            page_of[word] = pattern(page, word, 0);
        }
        CHECK_EQ(write(file, page_of, PAGE), PAGE);
    }
    uint32_t* const pages = mmap(NULL, PAGES / 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    uint32_t* const copy = mmap(NULL, PAGES / 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    CHECK(pages != MAP_FAILED && copy != MAP_FAILED);
    for (unsigned page = 0; page < PAGES / 2; page += 5) {
        fill(copy, page, 2);
    }
    for (unsigned page = 0; page < PAGES / 2; page += 3) {
        fill(pages, page, 1);
    }
    unsigned wrong = 0;
    for (unsigned page = 0; page < PAGES / 2; ++page) {
        CHECK_EQ(pread(file, page_of, PAGE, (off_t)page * PAGE), PAGE);
        wrong += page_of[7] == pattern(page, 7, third_changed(page)) ? 0 : 1;
        const unsigned own = page % 5 == 0 ? 2 : third_changed(page);
        wrong += holds(copy, page, own) ? 0 : 1;
    }
    CHECK_EQ(wrong, 0);
    CHECK_EQ(ftruncate(file, PAGES / 4 * PAGE), 0);
    CHECK_EQ(ftruncate(file, PAGES / 2 * PAGE), 0);
    for (unsigned page = PAGES / 4; page < PAGES / 2; ++page) {
        wrong += pages[page * WORDS + 9] == 0 ? 0 : 1;
    }
    CHECK_EQ(wrong, 0);
    close(file);
}

#define THREADS 4u
static uint32_t* thread_pages;

static void* change_own_part(void* number) {
    const unsigned begin = (unsigned)(uintptr_t)number * (PAGES / THREADS);
    uintptr_t wrong = 0;
    for (unsigned version = 0; version < 3; ++version) {
        for (unsigned page = begin; page < begin + PAGES / THREADS; ++page) {
            fill(thread_pages, page, version);
        }
        for (unsigned page = begin; page < begin + PAGES / THREADS; ++page) {
            wrong += holds(thread_pages, page, version) ? 0 : 1;
        }
    }
    return (void*)wrong;
}

TEST(threads_share_what_comes_and_goes) {
    thread_pages = map_arena(PAGES, MAP_PRIVATE);
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; ++i) {
        CHECK_EQ(pthread_create(&threads[i], NULL, change_own_part, (void*)i), 0);
    }
    for (unsigned i = 0; i < THREADS; ++i) {
        void* wrong = NULL;
        CHECK_EQ(pthread_join(threads[i], &wrong), 0);
        CHECK(wrong == NULL);
    }
}

TEST(pages_that_are_away_are_moved_protected_and_discarded) {
    uint32_t* pages = map_arena(PAGES, MAP_PRIVATE);
    for (unsigned page = 0; page < PAGES; ++page) {
        fill(pages, page, 0);
    }
    // The first ones were left longest ago.
    uint32_t* const elsewhere = map_arena(256, MAP_PRIVATE);
    const pid_t child = fork_child();
    if (child == 0) {
        CHECK(mremap(pages, 256 * PAGE, 256 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere) == elsewhere);
        CHECK_EQ(wrong_pages(elsewhere, 256, first_version), 0);
        end_child();
    }
    CHECK_EXIT(child, 0);
    CHECK_EQ(wrong_pages(pages, 256, first_version), 0);
    CHECK_EQ(mprotect(pages, PAGES * PAGE, PROT_NONE), 0);
    uint32_t* const more = map_arena(PAGES / 2, MAP_PRIVATE);
    for (unsigned page = 0; page < PAGES / 2; ++page) {
        fill(more, page, 0);
    }
    CHECK_EQ(mprotect(pages, PAGES * PAGE, PROT_READ | PROT_WRITE), 0);
    CHECK_EQ(madvise(pages + 1024 * WORDS, 512 * PAGE, MADV_DONTNEED), 0);
    unsigned wrong = 0;
    for (unsigned page = 0; page < PAGES; ++page) {
        const bool is_gone = page >= 1024 && page < 1536;
        wrong += (is_gone ? pages[page * WORDS + 5] == 0 : holds(pages, page, 0)) ? 0 : 1;
    }
    CHECK_EQ(wrong, 0);
    CHECK_EQ(wrong_pages(more, PAGES / 2, first_version), 0);
}
