// Programs that no linker made: a good ELF file, and what comes of it when its parts are cut off, huge, wrapping,
// overlapping, misaligned or in the kernel. Each must be refused or run (or crash) by itself, and nothing else.
#include <elf.h>
#include <fcntl.h>

#include "check.h"

/// A whole program: it exits with the value at its data segment's start (42) plus what its BSS holds (0).
struct program {
    Elf32_Ehdr header;
    Elf32_Phdr segments[3];
    unsigned char code[32];
    char padding[PAGE - sizeof(Elf32_Ehdr) - 3 * sizeof(Elf32_Phdr) - 32];
    uint32_t data[16];
};

enum { kCodeAt = 0x08048000, kDataAt = 0x0804A000, kDataFile = PAGE };

static struct program good(void) {
    struct program made;
    memset(&made, 0, sizeof made);
    made.header = (Elf32_Ehdr){
        .e_ident = {0x7F, 'E', 'L', 'F', ELFCLASS32, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_EXEC,
        .e_machine = EM_386,
        .e_version = EV_CURRENT,
        .e_entry = kCodeAt + offsetof(struct program, code),
        .e_phoff = offsetof(struct program, segments),
        .e_ehsize = sizeof(Elf32_Ehdr),
        .e_phentsize = sizeof(Elf32_Phdr),
        .e_phnum = 3,
    };
    made.segments[0] = (Elf32_Phdr){.p_type = PT_LOAD,
                                    .p_vaddr = kCodeAt,
                                    .p_paddr = kCodeAt,
                                    .p_flags = PF_R | PF_X,
                                    .p_filesz = kDataFile,
                                    .p_memsz = kDataFile,
                                    .p_align = PAGE};
    made.segments[1] = (Elf32_Phdr){.p_type = PT_LOAD,
                                    .p_offset = kDataFile,
                                    .p_vaddr = kDataAt,
                                    .p_paddr = kDataAt,
                                    .p_flags = PF_R | PF_W,
                                    .p_filesz = sizeof made.data,
                                    .p_memsz = 3 * PAGE,
                                    .p_align = PAGE};
    made.segments[2] = (Elf32_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W};
    // mov $1, %eax; mov kDataAt, %ebx; add kDataAt + 2 * PAGE, %ebx; int $0x80; hlt
    static const unsigned char kCode[] = {0xB8, 1,    0,    0,    0,    0x8B, 0x1D, 0x00, 0xA0, 0x04,
                                          0x08, 0x03, 0x1D, 0x00, 0xC0, 0x04, 0x08, 0xCD, 0x80, 0xF4};
    memcpy(made.code, kCode, sizeof kCode);
    made.data[0] = 42;
    return made;
}

static char file_name[64];

/// The wait status of a program whose file has these bytes; -errno when execve refuses it.
static int run(const void* bytes, size_t size) {
    snprintf(file_name, sizeof file_name, "/tmp/bad_programs.%d", (int)getpid());
    unlink(file_name);
    int fd = open(file_name, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) {
        CHECK_CALL(-1);
        return -1;
    }
    close(fd);
    int tell[2];
    CHECK_CALL(pipe2(tell, O_CLOEXEC));
    pid_t child = fork_child();
    if (child == 0) {
        char* arguments[] = {"x", NULL};
        char* environment[] = {NULL};
        execve(file_name, arguments, environment);
        int error = errno;
        write(tell[1], &error, sizeof error);
        _exit(1);
    }
    close(tell[1]);
    int error = 0;
    ssize_t told = read(tell[0], &error, sizeof error);
    close(tell[0]);
    int status = wait_status(child) & ~0x80;
    unlink(file_name);
    return told == (ssize_t)sizeof error ? -error : status;
}

/// Refused with one of execve's errors, or begun and killed for what it then did, or killed on the way into it.
static bool harmless(int status) {
    return status == -ENOEXEC || status == -EINVAL || status == -ENOMEM || status == -EIO ||
           status == -EFAULT || status == -E2BIG || status == -EACCES || status == -ELIBBAD ||
           status == SIGSEGV || status == SIGBUS || status == SIGKILL || status == SIGILL ||
           status == SIGTRAP || status == SIGFPE || WIFEXITED(status);
}

static void check_harmless(const char* what, const struct program* made) {
    int status = run(made, sizeof *made);
    if (!CHECK(harmless(status))) {
        say("  %s: %d", what, status);
    }
    // Whatever it was, a good program runs.
    struct program other = good();
    CHECK_EQ(run(&other, sizeof other), 42 << 8);
}

TEST(the_good_program_runs) {
    struct program made = good();
    CHECK_EQ(run(&made, sizeof made), 42 << 8);
    CHECK_EQ(sizeof made, kDataFile + 64);
}

TEST(every_truncation) {
    struct program made = good();
    for (size_t size = 0; size < sizeof made; size += size < 200 ? 1 : 97) {
        int status = run(&made, size);
        if (size < sizeof made.header) {
            CHECK_EQ(status, -ENOEXEC);
        } else if (!CHECK(harmless(status) && status != 42 << 8)) {
            say("  cut off at %zu: %d", size, status);
        }
    }
}

TEST(what_is_no_program_for_this_machine) {
    static const struct {
        size_t at;
        unsigned char value;
    } kChanges[] = {{0, 0x7E},
                    {1, 'e'},
                    {offsetof(Elf32_Ehdr, e_machine), EM_X86_64},
                    {offsetof(Elf32_Ehdr, e_machine), EM_ARM},
                    {offsetof(Elf32_Ehdr, e_type), ET_REL},
                    {offsetof(Elf32_Ehdr, e_type), ET_CORE},
                    {offsetof(Elf32_Ehdr, e_type), 0},
                    {offsetof(Elf32_Ehdr, e_phentsize), 31},
                    {offsetof(Elf32_Ehdr, e_phentsize), 64},
                    {offsetof(Elf32_Ehdr, e_phnum), 0}};
    for (size_t i = 0; i < sizeof kChanges / sizeof *kChanges; ++i) {
        struct program made = good();
        ((unsigned char*)&made)[kChanges[i].at] = kChanges[i].value;
        if (!CHECK_EQ(run(&made, sizeof made), -ENOEXEC)) {
            say("  with byte %zu being %d", kChanges[i].at, kChanges[i].value);
        }
    }
}

TEST(segments_that_cannot_be) {
    static const uint32_t kAddresses[] = {0,          0x1000,     0xBFFFF000, 0xC0000000, 0xC0100000,
                                          0xFFFFF000, 0xFFFFF001, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF};
    static const uint32_t kSizes[] = {0,          1,          0x7FFFFFFF, 0x80000000, 0xBFFFFFFF,
                                      0xB7000000, 0xC0000000, 0xF7FB8000, 0xFFFFF000, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof kAddresses / sizeof *kAddresses; ++i) {
        for (size_t segment = 0; segment < 2; ++segment) {
            struct program made = good();
            made.segments[segment].p_vaddr = kAddresses[i];
            check_harmless("p_vaddr", &made);
            made = good();
            made.segments[segment].p_offset = kAddresses[i];
            check_harmless("p_offset", &made);
            made = good();
            made.segments[segment].p_filesz = kSizes[i];
            check_harmless("p_filesz", &made);
            made = good();
            made.segments[segment].p_memsz = kSizes[i];
            check_harmless("p_memsz", &made);
            made = good();
            made.segments[segment].p_memsz = made.segments[segment].p_filesz = kSizes[i];
            check_harmless("both sizes", &made);
            made.segments[segment].p_vaddr = kAddresses[9 - i];
            check_harmless("sizes and p_vaddr", &made);
            made = good();
            made.segments[segment].p_align = kSizes[i];
            check_harmless("p_align", &made);
            made = good();
            made.segments[segment].p_flags = kSizes[i];
            check_harmless("p_flags", &made);
        }
    }
}

TEST(segments_in_each_others_way) {
    struct program made = good();
    made.segments[1].p_vaddr = kCodeAt;  // over the code
    check_harmless("overlap", &made);
    made = good();
    made.segments[1].p_vaddr = kCodeAt + 100;  // and not congruent to its offset
    check_harmless("misaligned overlap", &made);
    made = good();
    made.segments[2] = made.segments[1];
    check_harmless("twice", &made);
    made = good();
    made.segments[2] = made.segments[0];
    made.segments[0] = made.segments[1];
    made.segments[1] = made.segments[2];
    check_harmless("out of order", &made);
    made = good();
    made.segments[0].p_memsz = 5 * PAGE;  // its zeros would fall on the data
    check_harmless("zeros over data", &made);
    made = good();
    made.segments[1].p_offset += 1;
    check_harmless("odd offset", &made);
    made = good();
    made.segments[1].p_filesz = made.segments[1].p_memsz + 1;
    CHECK(run(&made, sizeof made) == -EINVAL || run(&made, sizeof made) == -ENOEXEC ||
          run(&made, sizeof made) == SIGSEGV || run(&made, sizeof made) == SIGKILL ||
          run(&made, sizeof made) == 42 << 8);
}

TEST(headers_elsewhere) {
    static const uint32_t kOffsets[] = {1, 20, 53, PAGE, 0x7FFFFFFF, 0x80000000, 0xFFFFFFE0, 0xFFFFFFFF};
    for (size_t i = 0; i < sizeof kOffsets / sizeof *kOffsets; ++i) {
        struct program made = good();
        made.header.e_phoff = kOffsets[i];
        check_harmless("e_phoff", &made);
        made = good();
        made.header.e_phnum = (uint16_t)kOffsets[i];
        check_harmless("e_phnum", &made);
        made = good();
        made.header.e_entry = kOffsets[i];
        check_harmless("e_entry", &made);
    }
    struct program made = good();
    made.header.e_phnum = 0xFFFF;
    check_harmless("many headers", &made);
    made = good();
    made.header.e_entry = 0xC0100000;  // the kernel
    CHECK_EQ(run(&made, sizeof made), SIGSEGV);
    made = good();
    made.header.e_entry = kDataAt;  // 42, 0, 0: what instructions that is does not matter
    check_harmless("data for code", &made);
    made = good();
    made.segments[2] = (Elf32_Phdr){.p_type = PT_INTERP, .p_offset = 0xFFFFFFF0, .p_filesz = 100};
    check_harmless("interpreter out of the file", &made);
    made.segments[2] = (Elf32_Phdr){.p_type = PT_INTERP, .p_offset = 0, .p_filesz = 0xFFFFFFFF};
    check_harmless("huge interpreter", &made);
    made.segments[2] =
        (Elf32_Phdr){.p_type = PT_TLS, .p_vaddr = 0xC0000000, .p_filesz = 0x100, .p_memsz = 0xFFFFFFFF};
    check_harmless("thread variables in the kernel", &made);
}

TEST(a_program_larger_than_memory) {
    // 2 GiB of zeros are not there until they are touched.
    struct program made = good();
    made.segments[1].p_memsz = 0x80000000;
    int status = run(&made, sizeof made);
    CHECK(status == 42 << 8 || status == SIGKILL || status == SIGSEGV || status == -ENOMEM);
}

TEST(random_changes) {
    uint64_t state = 7;
    for (int round = 0; round < 400; ++round) {
        struct program made = good();
        unsigned char* bytes = (unsigned char*)&made;
        uint32_t changes = 1 + random_number(&state) % 4;
        for (uint32_t i = 0; i < changes; ++i) {
            size_t at = random_number(&state) % (offsetof(struct program, segments) + 2 * sizeof(Elf32_Phdr));
            switch (random_number(&state) % 3) {
                case 0:
                    bytes[at] ^= (unsigned char)(1u << random_number(&state) % 8);
                    break;
                case 1:
                    bytes[at] = (unsigned char)random_number(&state);
                    break;
                default: {
                    static const uint32_t kEdges[] = {0,          0xFFFFFFFF, 0x80000000,
                                                      0x7FFFFFFF, 0xC0000000, 0xFFFFF000};
                    memcpy(bytes + (at & ~3u), &kEdges[random_number(&state) % 6], 4);
                    break;
                }
            }
        }
        int status = run(&made, sizeof made);
        if (!CHECK(harmless(status))) {
            say("  round %d: %d", round, status);
        }
    }
    struct program made = good();
    CHECK_EQ(run(&made, sizeof made), 42 << 8);
}

TEST(random_files) {
    uint64_t state = 8;
    static unsigned char noise[3000];
    for (int round = 0; round < 50; ++round) {
        for (size_t at = 0; at < sizeof noise; ++at) {
            noise[at] = (unsigned char)random_number(&state);
        }
        if (round % 2 == 0) {
            struct program made = good();
            memcpy(noise, &made.header, 20);  // as far as the machine's type all is well
        }
        CHECK(harmless(run(noise, sizeof noise)));
    }
}
