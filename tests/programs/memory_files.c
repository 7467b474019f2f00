// Files and shared memory in address spaces: private and shared mappings, over fork, and after truncation. E1
#include <fcntl.h>

#include "check.h"

enum { kReadWrite = PROT_READ | PROT_WRITE };

static char path[64];

/// A new file of `size` bytes in /tmp, byte i being i / 256 + 1; its descriptor.
static int make_file(size_t size) {
    snprintf(path, sizeof path, "/tmp/memory_files.%d", (int)getpid());
    int fd = (int)CHECK_CALL(open(path, O_RDWR | O_CREAT | O_TRUNC, 0600));
    char block[256];
    for (size_t at = 0; at < size; at += sizeof block) {
        memset(block, (int)(at / 256 % 127 + 1), sizeof block);
        size_t length = size - at < sizeof block ? size - at : sizeof block;
        CHECK_EQ(write(fd, block, length), length);
    }
    unlink(path);
    return fd;
}

static char contents(size_t at) {
    return (char)(at / 256 % 127 + 1);
}

static bool has_contents(const char* memory, size_t from, size_t size) {
    for (size_t at = 0; at < size; ++at) {
        if (memory[at] != contents(from + at)) {
            return false;
        }
    }
    return true;
}

static char* map_file(int fd, size_t size, int protection, int flags, off_t offset) {
    char* memory = mmap(NULL, size, protection, flags, fd, offset);
    CHECK(memory != MAP_FAILED);
    return memory;
}

TEST(a_private_mapping_shows_the_file_and_keeps_writes) {
    int fd = make_file(5 * PAGE);
    char* memory = map_file(fd, 5 * PAGE, kReadWrite, MAP_PRIVATE, 0);
    CHECK(has_contents(memory, 0, 5 * PAGE));
    memset(memory + PAGE, 0x7F, PAGE);
    char buffer[PAGE];
    CHECK_EQ(pread(fd, buffer, PAGE, PAGE), PAGE);
    CHECK(has_contents(buffer, PAGE, PAGE));
    char* other = map_file(fd, 5 * PAGE, PROT_READ, MAP_PRIVATE, 0);
    CHECK(has_contents(other, 0, 5 * PAGE));
    CHECK_EQ(memory[PAGE], 0x7F);
    // Given up, the page shows the file again.
    CHECK_CALL(madvise(memory + PAGE, PAGE, MADV_DONTNEED));
    CHECK(has_contents(memory, 0, 5 * PAGE));
}

TEST(an_offset_picks_the_page) {
    int fd = make_file(8 * PAGE);
    char* memory = map_file(fd, 3 * PAGE, PROT_READ, MAP_PRIVATE, 2 * PAGE);
    CHECK(has_contents(memory, 2 * PAGE, 3 * PAGE));
    memory = map_file(fd, PAGE, kReadWrite, MAP_SHARED, 7 * PAGE);
    CHECK(has_contents(memory, 7 * PAGE, PAGE));
    CHECK_EQ(raw(SYS_mmap, 8), -EFAULT);  // the old call, with its arguments in memory
    const unsigned long old_arguments[6] = {0, PAGE, PROT_READ, MAP_PRIVATE, (unsigned long)fd, PAGE};
    long old = raw(SYS_mmap, old_arguments);
    if (CHECK(old > 0 || old < -4095)) {
        CHECK(has_contents((char*)old, PAGE, PAGE));
    }
    const unsigned long odd_offset[6] = {0, PAGE, PROT_READ, MAP_PRIVATE, (unsigned long)fd, 5};
    CHECK_EQ(raw(SYS_mmap, odd_offset), -EINVAL);
}

TEST(a_shared_mapping_is_the_file) {
    int fd = make_file(3 * PAGE);
    char* memory = map_file(fd, 3 * PAGE, kReadWrite, MAP_SHARED, 0);
    char* twin = map_file(fd, 3 * PAGE, kReadWrite, MAP_SHARED, 0);
    CHECK(has_contents(memory, 0, 3 * PAGE));
    memory[PAGE + 5] = 0x55;
    CHECK_EQ(twin[PAGE + 5], 0x55);
    char byte = 0;
    CHECK_EQ(pread(fd, &byte, 1, PAGE + 5), 1);
    CHECK_EQ(byte, 0x55);
    byte = 0x66;
    CHECK_EQ(pwrite(fd, &byte, 1, 2 * PAGE), 1);
    CHECK_EQ(memory[2 * PAGE], 0x66);
    CHECK_EQ(twin[2 * PAGE], 0x66);
    CHECK_CALL(msync(memory, 3 * PAGE, MS_SYNC));
    CHECK_CALL(munmap(memory, 3 * PAGE));
    CHECK_EQ(twin[PAGE + 5], 0x55);
    CHECK_CALL(close(fd));  // a mapping keeps the file
    CHECK_EQ(twin[2 * PAGE], 0x66);
}

TEST(a_private_mapping_written_before_the_file_changes_keeps_its_page) {
    int fd = make_file(2 * PAGE);
    char* memory = map_file(fd, 2 * PAGE, kReadWrite, MAP_PRIVATE, 0);
    memory[0] = 0x11;
    char byte = 0x22;
    CHECK_EQ(pwrite(fd, &byte, 1, 0), 1);
    CHECK_EQ(pwrite(fd, &byte, 1, 1), 1);
    CHECK_EQ(memory[0], 0x11);
    CHECK_EQ(memory[1], contents(1));
}

TEST(rights_must_fit_the_open_file) {
    int fd = make_file(PAGE);
    char name[64];
    snprintf(name, sizeof name, "/tmp/memory_files.rights.%d", (int)getpid());
    close(CHECK_CALL(open(name, O_RDWR | O_CREAT, 0600)));
    int reader = (int)CHECK_CALL(open(name, O_RDONLY));
    int writer = (int)CHECK_CALL(open(name, O_WRONLY));
    CHECK_FAILS((long)mmap(NULL, PAGE, kReadWrite, MAP_SHARED, reader, 0), EACCES);
    CHECK((long)mmap(NULL, PAGE, kReadWrite, MAP_PRIVATE, reader, 0) != -1);
    CHECK_FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, writer, 0), EACCES);
    CHECK_FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, writer, 0), EACCES);
    char* memory = map_file(reader, PAGE, PROT_READ, MAP_SHARED, 0);
    CHECK_FAILS(mprotect(memory, PAGE, kReadWrite), EACCES);
    unlink(name);
    int folder = (int)CHECK_CALL(open("/tmp", O_RDONLY | O_DIRECTORY));
    CHECK_FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, folder, 0), ENODEV);
    int ends[2];
    CHECK_CALL(pipe(ends));
    CHECK_FAILS((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0), ENODEV);
    CHECK((long)mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) != -1);
}

TEST(beyond_the_end_is_sigbus) {
    int fd = make_file(PAGE + 100);
    char* memory = map_file(fd, 4 * PAGE, kReadWrite, MAP_SHARED, 0);
    CHECK(has_contents(memory, 0, PAGE + 100));
    CHECK_EQ(memory[PAGE + 100], 0);  // the last page's rest is zero
    CHECK_EQ(memory[2 * PAGE - 1], 0);
    CHECK(read_faults(memory + 2 * PAGE));
    CHECK_EQ(fault_info.si_signo, SIGBUS);
    CHECK_EQ(fault_info.si_code, BUS_ADRERR);
    CHECK(fault_info.si_addr == memory + 2 * PAGE);
    CHECK(write_faults(memory + 3 * PAGE));
    CHECK_EQ(fault_info.si_signo, SIGBUS);
    CHECK_CALL(ftruncate(fd, 3 * PAGE));  // longer: now there are pages
    CHECK_EQ(memory[2 * PAGE], 0);
    CHECK(!write_faults(memory + 2 * PAGE));
    CHECK(read_faults(memory + 3 * PAGE));
}

TEST(truncation_takes_pages_from_every_mapping) {
    int fd = make_file(4 * PAGE);
    char* shared = map_file(fd, 4 * PAGE, kReadWrite, MAP_SHARED, 0);
    char* private = map_file(fd, 4 * PAGE, kReadWrite, MAP_PRIVATE, 0);
    CHECK(has_contents(shared, 0, 4 * PAGE));
    private[2 * PAGE] = 1;  // a copy; Linux takes that, too
    CHECK_EQ(private[3 * PAGE], contents(3 * PAGE));
    CHECK_CALL(ftruncate(fd, PAGE + 1));
    CHECK(!read_faults(shared + PAGE));
    CHECK(read_faults(shared + 2 * PAGE));
    CHECK_EQ(fault_info.si_signo, SIGBUS);
    CHECK(read_faults(private + 3 * PAGE));
    CHECK_EQ(fault_info.si_signo, SIGBUS);
    CHECK_EQ(shared[PAGE], contents(PAGE));
    CHECK_EQ(shared[PAGE + 1], 0);  // cut off within the page
    CHECK_CALL(ftruncate(fd, 4 * PAGE));
    CHECK_EQ(shared[PAGE + 1], 0);  // what was cut off does not come back
    CHECK_EQ(shared[2 * PAGE], 0);
    CHECK_EQ(shared[3 * PAGE + 7], 0);
}

TEST(a_read_into_a_truncated_page_is_efault) {
    int fd = make_file(2 * PAGE);
    char* memory = map_file(fd, 2 * PAGE, kReadWrite, MAP_SHARED, 0);
    memory[PAGE] = 1;
    CHECK_CALL(ftruncate(fd, PAGE));
    int zero = (int)CHECK_CALL(open("/dev/zero", O_RDONLY));
    CHECK_FAILS(read(zero, memory + PAGE, 10), EFAULT);
    int ends[2];
    CHECK_CALL(pipe(ends));
    CHECK_FAILS(write(ends[1], memory + PAGE, 10), EFAULT);
}

TEST(shared_anonymous_memory_is_shared_with_children) {
    int* shared = mmap(NULL, 4 * PAGE, kReadWrite, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!CHECK(shared != MAP_FAILED)) {
        return;
    }
    CHECK_EQ(shared[0], 0);
    shared[0] = 1;
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(shared[0], 1);
        shared[0] = 2;
        shared[3 * PAGE / sizeof(int)] = 3;  // a page nobody has touched
        pid_t grandchild = fork_child();
        if (grandchild == 0) {
            shared[1] = 4;
            CHECK_CALL(munmap(shared, 4 * PAGE));
            end_child();
        }
        CHECK_EXIT(grandchild, 0);
        end_child();
    }
    CHECK_EXIT(child, 0);
    CHECK_EQ(shared[0], 2);
    CHECK_EQ(shared[1], 4);
    CHECK_EQ(shared[3 * PAGE / sizeof(int)], 3);
    CHECK_CALL(madvise(shared, PAGE, MADV_DONTNEED));  // gives up the mapping, not the memory
    CHECK_EQ(shared[0], 2);
}

TEST(a_shared_mapping_moves_with_its_contents) {
    char* shared = mmap(NULL, 2 * PAGE, kReadWrite, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!CHECK(shared != MAP_FAILED)) {
        return;
    }
    memset(shared, 1, 2 * PAGE);
    pid_t child = fork_child();
    if (child == 0) {
        char* moved =
            mremap(shared, 2 * PAGE, 2 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, map_pages(4, PROT_NONE) + PAGE);
        CHECK(moved != MAP_FAILED);
        CHECK_EQ(moved[PAGE], 1);
        moved[PAGE] = 2;
        end_child();
    }
    CHECK_EXIT(child, 0);
    CHECK_EQ(shared[PAGE], 2);
}

TEST(two_processes_share_a_file) {
    int fd = make_file(PAGE);
    char* memory = map_file(fd, PAGE, kReadWrite, MAP_SHARED, 0);
    pid_t child = fork_child();
    if (child == 0) {
        char* mine = map_file(fd, PAGE, kReadWrite, MAP_SHARED, 0);
        mine[10] = 0x31;
        memory[11] = 0x32;
        end_child();
    }
    CHECK_EXIT(child, 0);
    CHECK_EQ(memory[10], 0x31);
    CHECK_EQ(memory[11], 0x32);
}

TEST(private_file_pages_are_copied_on_write_after_fork) {
    int fd = make_file(2 * PAGE);
    char* memory = map_file(fd, 2 * PAGE, kReadWrite, MAP_PRIVATE, 0);
    memory[0] = 0x21;
    pid_t child = fork_child();
    if (child == 0) {
        CHECK_EQ(memory[0], 0x21);
        memory[0] = 0x22;
        memory[PAGE] = 0x23;
        CHECK_EQ(memory[PAGE + 1], contents(PAGE + 1));
        end_child();
    }
    CHECK_EXIT(child, 0);
    CHECK_EQ(memory[0], 0x21);
    CHECK_EQ(memory[PAGE], contents(PAGE));
}

TEST(a_sparse_file_reads_zero_in_its_holes) {
    int fd = make_file(0);
    CHECK_CALL(ftruncate(fd, 64 << 20));
    char* memory = map_file(fd, 64 << 20, kReadWrite, MAP_SHARED, 0);
    CHECK_EQ(memory[63 << 20], 0);
    memory[(63 << 20) + 1] = 1;
    char bytes[2];
    CHECK_EQ(pread(fd, bytes, 2, 63 << 20), 2);
    CHECK_EQ(bytes[0], 0);
    CHECK_EQ(bytes[1], 1);
}

TEST(a_program_file_can_be_mapped) {
    int fd = (int)CHECK_CALL(open("/proc/self/exe", O_RDONLY));
    char* memory = map_file(fd, 2 * PAGE, kReadWrite, MAP_PRIVATE, 0);
    CHECK_EQ(memcmp(memory, "\177ELF", 4), 0);
    memory[0] = 1;
    char bytes[4];
    CHECK_EQ(pread(fd, bytes, 4, 0), 4);
    CHECK_EQ(memcmp(bytes, "\177ELF", 4), 0);
}
