// Pages as a program sees them arrive: zero at first touch, copied after fork when written, and nobody else's ever.
// E1 E2
#include <sched.h>

#include "check.h"

static bool all_bytes(const char* memory, size_t size, char value) {
    for (size_t at = 0; at < size; ++at) {
        if (memory[at] != value) {
            return false;
        }
    }
    return true;
}

TEST(a_page_read_first_is_zero_and_then_takes_a_write) {
    char* memory = map_pages(64, PROT_READ | PROT_WRITE);
    CHECK(all_bytes(memory, 64 * PAGE, 0));
    for (int page = 0; page < 64; ++page) {
        memory[page * PAGE + page] = (char)(page + 1);
    }
    for (int page = 0; page < 64; ++page) {
        CHECK_EQ(memory[page * PAGE + page], page + 1);
        CHECK_EQ(memory[page * PAGE + (page + 1) % PAGE], 0);
    }
    // The frame that reads shared is still zero for others.
    char* other = map_pages(64, PROT_READ);
    CHECK(all_bytes(other, 64 * PAGE, 0));
}

TEST(a_page_written_first_is_zero_elsewhere) {
    char* memory = map_pages(64, PROT_READ | PROT_WRITE);
    for (int page = 0; page < 64; ++page) {
        memory[page * PAGE + 4095] = 1;
        CHECK(all_bytes(memory + page * PAGE, 4095, 0));
    }
}

TEST(a_read_only_anonymous_page_is_zero_and_refuses_writes) {
    char* memory = map_pages(2, PROT_READ);
    CHECK_EQ(memory[0], 0);
    CHECK(write_faults(memory));
    CHECK_EQ(fault_info.si_signo, SIGSEGV);
    CHECK_EQ(fault_info.si_code, SEGV_ACCERR);
    CHECK(fault_info.si_addr == memory);
    CHECK(write_faults(memory + PAGE));  // never read before
    CHECK_EQ(memory[PAGE], 0);
}

TEST(new_pages_never_show_old_contents) {
    for (int round = 0; round < 20; ++round) {
        char* memory = map_pages(256, PROT_READ | PROT_WRITE);
        CHECK(all_bytes(memory, 256 * PAGE, 0));
        memset(memory, 0xA5, 256 * PAGE);
        CHECK_EQ(munmap(memory, 256 * PAGE), 0);
    }
    // What a process leaves at its end, the next one does not see.
    for (int round = 0; round < 10; ++round) {
        pid_t child = fork_child();
        if (child == 0) {
            char* memory = map_pages(512, PROT_READ | PROT_WRITE);
            CHECK(all_bytes(memory, 512 * PAGE, 0));
            memset(memory, 0x5A, 512 * PAGE);
            end_child();
        }
        CHECK_EXIT(child, 0);
    }
}

TEST(many_pages_keep_what_was_written) {
    enum { kPages = 2000 };
    uint32_t* memory = (uint32_t*)map_pages(kPages, PROT_READ | PROT_WRITE);
    uint64_t state = 1;
    for (size_t at = 0; at < kPages * PAGE / 4; ++at) {
        memory[at] = random_number(&state);
    }
    state = 1;
    size_t wrong = 0;
    for (size_t at = 0; at < kPages * PAGE / 4; ++at) {
        wrong += memory[at] != random_number(&state);
    }
    CHECK_EQ(wrong, 0);
}

TEST(pages_far_apart_each_arrive) {
    // 512 MiB untouched but for a page in every 4 MiB: each needs a page table of its own.
    const size_t size = 512u << 20;
    char* memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (!CHECK(memory != MAP_FAILED)) {
        return;
    }
    for (size_t at = 0; at < size; at += 4u << 20) {
        memory[at + at / PAGE % PAGE] = 7;
    }
    for (size_t at = 0; at < size; at += 4u << 20) {
        CHECK_EQ(memory[at + at / PAGE % PAGE], 7);
    }
    CHECK_EQ(munmap(memory, size), 0);
    CHECK(read_faults(memory));
}

TEST(a_childs_writes_stay_its_own) {
    char* memory = map_pages(16, PROT_READ | PROT_WRITE);
    memset(memory, 1, 8 * PAGE);  // 8 resident pages, 8 untouched ones
    static char in_data[3 * PAGE] = {9};
    char on_stack = 5;
    pid_t child = fork_child();
    if (child == 0) {
        CHECK(all_bytes(memory, 8 * PAGE, 1));
        CHECK(all_bytes(memory + 8 * PAGE, 8 * PAGE, 0));
        memset(memory, 2, 16 * PAGE);
        in_data[0] = 10;
        *(volatile char*)&on_stack = 6;
        CHECK(all_bytes(memory, 16 * PAGE, 2));
        end_child();
    }
    CHECK_EXIT(child, 0);
    CHECK(all_bytes(memory, 8 * PAGE, 1));
    CHECK(all_bytes(memory + 8 * PAGE, 8 * PAGE, 0));
    CHECK_EQ(in_data[0], 9);
    CHECK_EQ(*(volatile char*)&on_stack, 5);
}

TEST(a_parents_writes_stay_its_own) {
    char* memory = map_pages(16, PROT_READ | PROT_WRITE);
    memset(memory, 1, 16 * PAGE);
    int go[2];
    CHECK_CALL(pipe(go));
    pid_t child = fork_child();
    if (child == 0) {
        char byte;
        CHECK_EQ(read(go[0], &byte, 1), 1);  // the parent has written
        CHECK(all_bytes(memory, 16 * PAGE, 1));
        end_child();
    }
    memset(memory, 2, 16 * PAGE);
    CHECK_EQ(write(go[1], "", 1), 1);
    CHECK_EXIT(child, 0);
    CHECK(all_bytes(memory, 16 * PAGE, 2));
}

TEST(the_last_holder_writes_without_harm) {
    char* memory = map_pages(4, PROT_READ | PROT_WRITE);
    memset(memory, 1, 4 * PAGE);
    for (int round = 0; round < 5; ++round) {
        pid_t child = fork_child();
        if (child == 0) {
            CHECK_EQ(memory[0], round + 1);
            end_child();
        }
        CHECK_EXIT(child, 0);
        memory[0] = (char)(round + 2);
        CHECK_EQ(memory[1], 1);
    }
}

/// Each generation forks the next, then writes; all check what they saw when they were born.
static void generation(char* memory, int depth) {
    CHECK(all_bytes(memory, 8 * PAGE, (char)depth));
    if (depth < 8) {
        memset(memory, depth + 1, 8 * PAGE);
        pid_t child = fork_child();
        if (child == 0) {
            generation(memory, depth + 1);
            end_child();
        }
        memset(memory, 0x70 + depth, 4 * PAGE);
        CHECK_EXIT(child, 0);
        CHECK(all_bytes(memory, 4 * PAGE, (char)(0x70 + depth)));
        CHECK(all_bytes(memory + 4 * PAGE, 4 * PAGE, (char)(depth + 1)));
    }
}

TEST(grandchildren_see_their_parents_memory) {
    char* memory = map_pages(8, PROT_READ | PROT_WRITE);
    generation(memory, 0);
}

TEST(many_children_share_and_write) {
    enum { kChildren = 12, kPages = 64 };
    char* memory = map_pages(kPages, PROT_READ | PROT_WRITE);
    memset(memory, 1, kPages * PAGE);
    pid_t children[kChildren];
    for (int child = 0; child < kChildren; ++child) {
        children[child] = fork_child();
        if (children[child] == 0) {
            uint64_t state = (uint64_t)child + 1;
            for (int step = 0; step < 200; ++step) {
                uint32_t page = random_number(&state) % kPages;
                char was = memory[page * PAGE];
                CHECK(was == 1 || was == 100 + child);
                memory[page * PAGE] = (char)(100 + child);
                if (step % 50 == 0) {
                    sched_yield();
                }
            }
            end_child();
        }
    }
    for (int child = 0; child < kChildren; ++child) {
        CHECK_EXIT(children[child], 0);
    }
    CHECK(all_bytes(memory, kPages * PAGE, 1));
}

TEST(protection_survives_fork) {
    char* memory = map_pages(3, PROT_READ | PROT_WRITE);
    memset(memory, 1, 3 * PAGE);
    CHECK_CALL(mprotect(memory + PAGE, PAGE, PROT_READ));
    CHECK_CALL(mprotect(memory + 2 * PAGE, PAGE, PROT_NONE));
    pid_t child = fork_child();
    if (child == 0) {
        CHECK(!write_faults(memory));
        CHECK(write_faults(memory + PAGE));
        CHECK(read_faults(memory + 2 * PAGE));
        CHECK_CALL(mprotect(memory, 3 * PAGE, PROT_READ | PROT_WRITE));
        CHECK_EQ(memory[2 * PAGE], 1);
        memset(memory, 2, 3 * PAGE);
        end_child();
    }
    CHECK_EXIT(child, 0);
    CHECK(write_faults(memory + PAGE));
    CHECK(read_faults(memory + 2 * PAGE));
    CHECK_CALL(mprotect(memory, 3 * PAGE, PROT_READ | PROT_WRITE));
    CHECK(all_bytes(memory, 3 * PAGE, 1));
}

TEST(code_can_be_written_and_run) {
    unsigned char* code = (unsigned char*)map_pages(1, PROT_READ | PROT_WRITE | PROT_EXEC);
    static const unsigned char kReturn42[] = {0xB8, 42, 0, 0, 0, 0xC3};
    memcpy(code, kReturn42, sizeof kReturn42);
    int (*function)(void) = (int (*)(void))code;
    CHECK_EQ(function(), 42);
    code[1] = 43;
    CHECK_EQ(function(), 43);
    pid_t child = fork_child();
    if (child == 0) {
        code[1] = 44;
        CHECK_EQ(function(), 44);
        end_child();
    }
    CHECK_EXIT(child, 0);
    CHECK_EQ(function(), 43);
}

TEST(memory_comes_back_at_the_end_of_a_process) {
    pid_t child = fork_child();  // once beforehand: what is made once, is made
    if (child == 0) {
        end_child();
    }
    CHECK_EXIT(child, 0);
    long before = meminfo("MemFree");
    if (before < 0) {
        skip("no MemFree in /proc/meminfo");
    }
    if (!on_primitive()) {
        skip("the host's free memory is not this program's alone");
    }
    for (int round = 0; round < 20; ++round) {
        child = fork_child();
        if (child == 0) {
            char* memory = map_pages(512, PROT_READ | PROT_WRITE);
            memset(memory, 1, 512 * PAGE);
            end_child();
        }
        CHECK_EXIT(child, 0);
    }
    // 40 MiB went by; the heap may keep some pages for itself.
    CHECK(meminfo("MemFree") >= before - 1024);
}

TEST(page_tables_are_freed_with_their_pages) {
    if (!on_primitive()) {
        skip("the host keeps empty page tables");
    }
    long before = meminfo("MemFree");
    for (int round = 0; round < 4; ++round) {
        const size_t size = 1u << 30;
        char* memory =
            mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (!CHECK(memory != MAP_FAILED)) {
            return;
        }
        for (size_t at = 0; at < size; at += 4u << 20) {
            memory[at] = 1;
        }
        long meanwhile = meminfo("MemFree");
        CHECK(meanwhile <= before - 256 * 8 + 1024);  // 256 pages and 256 tables
        CHECK_EQ(munmap(memory, size), 0);
        CHECK(meminfo("MemFree") >= before - 512);
    }
}
