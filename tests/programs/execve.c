// execve: what a new program is given, what survives into it, what is refused, and scripts.
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/resource.h>

#include "check.h"

static char program[4096];  // this very file, by a name that works from any folder
static char name_buffer[64];

static const char* temporary(const char* suffix) {
    snprintf(name_buffer, sizeof name_buffer, "/tmp/execve.%d.%s", (int)getpid(), suffix);
    return name_buffer;
}

static void find_self(void) {
    ssize_t length = CHECK_CALL(readlink("/proc/self/exe", program, sizeof program - 1));
    program[length > 0 ? length : 0] = 0;
}

static const char* write_file(const char* suffix, const void* contents, size_t size, mode_t mode) {
    const char* name = temporary(suffix);
    unlink(name);
    int fd = (int)CHECK_CALL(open(name, O_WRONLY | O_CREAT | O_TRUNC, mode));
    CHECK_EQ(write(fd, contents, size), size);
    CHECK_CALL(close(fd));
    return name;
}

/// Starts this program again with `arguments` behind its test's name; its wait status.
static int run_again(const char* test, char* const environment[]) {
    pid_t child = fork_child();
    if (child == 0) {
        char* arguments[] = {"execve", "--here", (char*)test, NULL};
        execve(program, arguments, environment);
        _exit(99);
    }
    return wait_status(child);
}

static char* const kAgain[] = {"AGAIN=yes", "EMPTY=", "SPACED=a b c", NULL};

TEST(a_program_gets_its_arguments_and_environment) {
    find_self();
    CHECK_EQ(run_again("again_arguments", kAgain), 0);
}

extern char** environ;

PART(again_arguments) {
    CHECK_EQ(strcmp(getenv("SPACED"), "a b c"), 0);
    CHECK_EQ(strcmp(getenv("EMPTY"), ""), 0);
    CHECK_EQ(strcmp(environ[0], "AGAIN=yes"), 0);
    CHECK(environ[3] == NULL);
    char line[100] = "";
    CHECK_EQ(read_file("/proc/self/cmdline", line, sizeof line), 6 + 1 + 6 + 1 + 15 + 1);
    CHECK_EQ(memcmp(line, "execve\0--here\0again_arguments", 30), 0);
}

TEST(the_auxiliary_vector_is_true) {
    CHECK_EQ(getauxval(AT_PAGESZ), PAGE);
    CHECK_EQ(getauxval(AT_CLKTCK), 100);
    CHECK_EQ(getauxval(AT_PHENT), sizeof(ElfW(Phdr)));
    CHECK_EQ(getauxval(AT_UID), getuid());
    CHECK_EQ(getauxval(AT_EUID), geteuid());
    CHECK_EQ(getauxval(AT_SECURE), 0);
    extern void _start(void);
    CHECK_EQ(getauxval(AT_ENTRY), (uintptr_t)_start);
    const ElfW(Phdr)* headers = (const ElfW(Phdr)*)getauxval(AT_PHDR);
    bool code_found = false;
    for (size_t i = 0; i < getauxval(AT_PHNUM); ++i) {
        uintptr_t here = (uintptr_t)_start;
        code_found |= headers[i].p_type == PT_LOAD && here - headers[i].p_vaddr < headers[i].p_memsz;
    }
    CHECK(code_found);
    const unsigned char* random = (const unsigned char*)getauxval(AT_RANDOM);
    CHECK(random != NULL);
    unsigned all = 0;
    for (int i = 0; i < 16; ++i) {
        all |= random[i];
    }
    CHECK(all != 0);
    const char* file = (const char*)getauxval(AT_EXECFN);
    CHECK(file != NULL && strstr(file, "execve") != NULL);
}

TEST(descriptors_stay_open_unless_they_close_on_exec) {
    find_self();
    int kept = (int)CHECK_CALL(open("/dev/null", O_RDWR));
    CHECK_EQ(dup2(kept, 50), 50);
    CHECK_EQ(dup3(kept, 51, O_CLOEXEC), 51);
    int file = (int)CHECK_CALL(open(temporary("offset"), O_RDWR | O_CREAT | O_TRUNC, 0600));
    unlink(name_buffer);
    CHECK_EQ(write(file, "0123456789", 10), 10);
    CHECK_EQ(lseek(file, 4, SEEK_SET), 4);
    CHECK_EQ(dup2(file, 52), 52);
    CHECK_EQ(run_again("again_descriptors", kAgain), 0);
    CHECK_EQ(lseek(file, 0, SEEK_CUR), 5);  // the offset is shared
}

PART(again_descriptors) {
    CHECK_CALL(fcntl(50, F_GETFD));
    CHECK_FAILS(fcntl(51, F_GETFD), EBADF);
    char byte = 0;
    CHECK_EQ(read(52, &byte, 1), 1);
    CHECK_EQ(byte, '4');
}

TEST(number_group_and_priority_stay) {
    find_self();
    pid_t child = fork_child();
    if (child == 0) {
        char number[32];
        setpgid(0, 0);
        setpriority(PRIO_PROCESS, 0, 5);
        umask(027);
        chdir("/tmp");
        snprintf(number, sizeof number, "PID=%d", (int)getpid());
        char* environment[] = {"AGAIN=yes", number, NULL};
        char* arguments[] = {"execve", "--here", "again_identity", NULL};
        execve(program, arguments, environment);
        _exit(99);
    }
    CHECK_EXIT(child, 0);
}

PART(again_identity) {
    CHECK_EQ(getpid(), atoi(getenv("PID")));
    CHECK_EQ(getpgrp(), getpid());
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 5);
    CHECK_EQ(umask(0), 027);
    char folder[100];
    CHECK(getcwd(folder, sizeof folder) != NULL && strcmp(folder, "/tmp") == 0);
}

TEST(memory_does_not_survive) {
    find_self();
    char* memory =
        mmap((void*)0x50000000, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(memory == (char*)0x50000000);
    strcpy(memory, "secret");
    CHECK_EQ(run_again("again_memory", kAgain), 0);
    CHECK_EQ(strcmp(memory, "secret"), 0);
}

PART(again_memory) {
    CHECK(read_faults((char*)0x50000000));
}

TEST(what_is_refused) {
    find_self();
    char* arguments[] = {"x", NULL};
    char* none[] = {NULL};
    CHECK_FAILS(execve("/nowhere/x", arguments, none), ENOENT);
    CHECK_FAILS(execve("", arguments, none), ENOENT);
    CHECK_FAILS(execve("/tmp", arguments, none), EACCES);
    CHECK_FAILS(execve("/dev/null", arguments, none), EACCES);
    CHECK_FAILS(execve(write_file("plain", "echo hi\n", 8, 0600), arguments, none), EACCES);
    CHECK_FAILS(execve(write_file("text", "echo hi\n", 8, 0700), arguments, none), ENOEXEC);
    CHECK_FAILS(execve(write_file("empty", "", 0, 0700), arguments, none), ENOEXEC);
    CHECK_FAILS(execve(write_file("short", "\177ELF", 4, 0700), arguments, none), ENOEXEC);
    static char path[PAGE + 10];
    memset(path, 'a', sizeof path - 1);
    CHECK_FAILS(execve(path, arguments, none), ENAMETOOLONG);
    snprintf(path, sizeof path, "%s/x", temporary("text"));
    CHECK_FAILS(execve(path, arguments, none), ENOTDIR);
    static const char* const kSuffixes[] = {"plain", "text", "empty", "short"};
    for (size_t i = 0; i < 4; ++i) {
        unlink(temporary(kSuffixes[i]));
    }
    CHECK_EQ(raw(SYS_execve, 8, arguments, none), -EFAULT);
    CHECK_EQ(raw(SYS_execve, USER_END, arguments, none), -EFAULT);
    CHECK_EQ(raw(SYS_execve, program, 8, none), -EFAULT);
    CHECK_EQ(raw(SYS_execve, program, arguments, 8), -EFAULT);
    char* wild[] = {"x", (char*)8, NULL};
    CHECK_EQ(raw(SYS_execve, program, wild, none), -EFAULT);
    CHECK_EQ(raw(SYS_execve, program, arguments, wild), -EFAULT);
    char* kernel[] = {(char*)USER_END, NULL};
    CHECK_EQ(raw(SYS_execve, program, kernel, none), -EFAULT);
}

TEST(a_string_that_is_too_long_is_e2big) {
    find_self();
    char* large = malloc(132 * 1024);  // more than Linux takes for one string, 128 KiB
    memset(large, 'x', 132 * 1024 - 1);
    large[132 * 1024 - 1] = 0;
    char* arguments[] = {"x", large, NULL};
    char* none[] = {NULL};
    CHECK_FAILS(execve(program, arguments, none), E2BIG);
    // And all of them together.
    large[100 * 1024] = 0;
    static char* many[200];
    for (size_t i = 0; i < 199; ++i) {
        many[i] = large;
    }
    CHECK_FAILS(execve(program, many, none), E2BIG);
    CHECK_FAILS(execve(program, none, many), E2BIG);
}

TEST(a_hundred_kilobytes_of_arguments_arrive) {
    find_self();
    pid_t child = fork_child();
    if (child == 0) {
        enum { kCount = 1000 };
        static char* arguments[kCount + 4];
        arguments[0] = "execve";
        arguments[1] = "--here";
        arguments[2] = "again_many";
        for (int i = 0; i < kCount; ++i) {
            arguments[3 + i] = malloc(101);
            memset(arguments[3 + i], 'a' + i % 26, 100);
            arguments[3 + i][100] = 0;
        }
        execve(program, arguments, kAgain);
        _exit(99);
    }
    CHECK_EXIT(child, 0);
}

PART(again_many) {
    static char line[128 * 1024];
    CHECK_EQ(read_file("/proc/self/cmdline", line, sizeof line), 7 + 7 + 11 + 1000 * 101);
    size_t wrong = 0;
    for (int i = 0; i < 1000; ++i) {
        const char* argument = line + 25 + i * 101;
        wrong += argument[0] != 'a' + i % 26 || argument[99] != argument[0] || argument[100] != 0;
    }
    CHECK_EQ(wrong, 0);
}

/// How a script with this first line ends, when its interpreter is this program.
static int run_script(const char* text) {
    const char* name = write_file("script", text, strlen(text), 0700);
    pid_t child = fork_child();
    if (child == 0) {
        char* arguments[] = {"ignored", "first", "second", NULL};
        dup2(open("/dev/null", O_WRONLY), 1);  // a part started by its name alone speaks
        execve(name, arguments, kAgain);
        _exit(errno);
    }
    int status = wait_status(child);
    unlink(name);
    return status;
}

/// As a script's interpreter this program gets one argument at most, a part's name.
TEST(scripts_name_their_interpreter) {
    find_self();
    char text[4500];
    snprintf(text, sizeof text, "#!%s --here again_script\n", program);
    CHECK_EQ(run_script(text), 1 << 8);  // one argument, with the space in it: no test has this name
    snprintf(text, sizeof text, "#! \t%s   \t again_script \t \n", program);
    CHECK_EQ(run_script(text), 0);
    snprintf(text, sizeof text, "#!%s again_script", program);  // the end of the file ends the line
    CHECK_EQ(run_script(text), 0);
    CHECK_EQ(run_script("#!/nowhere/at/all\n"), ENOENT << 8);
    CHECK_EQ(run_script("#!\n"), ENOEXEC << 8);
    CHECK_EQ(run_script("#!   \n"), ENOEXEC << 8);
    CHECK_EQ(run_script("#!/tmp\n"), EACCES << 8);
    memset(text, 'x', sizeof text);
    memcpy(text, "#!/", 3);
    text[4000] = '\n';
    text[4001] = 0;
    CHECK_EQ(run_script(text), ENOEXEC << 8);  // no end of the line in sight
}

PART(again_script) {
    char line[500] = "";
    long length = read_file("/proc/self/cmdline", line, sizeof line);
    CHECK(length > 0);
    const char* argument = line + strlen(line) + 1;  // behind the interpreter's own name
    CHECK_EQ(strcmp(argument, "again_script"), 0);
    argument += strlen(argument) + 1;
    CHECK_EQ(strncmp(argument, "/tmp/execve.", 12), 0);  // the script, in place of its argument zero
    argument += strlen(argument) + 1;
    CHECK_EQ(strcmp(argument, "first"), 0);
    argument += strlen(argument) + 1;
    CHECK_EQ(strcmp(argument, "second"), 0);
    CHECK_EQ(argument + 7 - line, length);
}

TEST(scripts_of_scripts_have_an_end) {
    find_self();
    char text[4200];
    char names[8][64];
    for (int level = 0; level < 8; ++level) {
        snprintf(names[level], sizeof names[level], "/tmp/execve.%d.level%d", (int)getpid(), level);
        if (level == 0) {
            snprintf(text, sizeof text, "#!%s --list\n", program);
        } else {
            snprintf(text, sizeof text, "#!%s\n", names[level - 1]);
        }
        char suffix[16];
        snprintf(suffix, sizeof suffix, "level%d", level);
        write_file(suffix, text, strlen(text), 0700);
    }
    int last_good = -1;
    for (int level = 0; level < 8; ++level) {
        pid_t child = fork_child();
        if (child == 0) {
            dup2(open("/dev/null", O_WRONLY), 1);
            char* arguments[] = {"x", NULL};
            execve(names[level], arguments, kAgain);
            _exit(errno);
        }
        int status = wait_status(child);
        CHECK(status == 0 || status == ELOOP << 8);
        if (status == 0) {
            CHECK_EQ(last_good, level - 1);
            last_good = level;
        }
    }
    CHECK_EQ(last_good, 4);  // Linux: five interpreters
    // One that is its own interpreter.
    snprintf(text, sizeof text, "#!%s\n", names[0]);
    write_file("level0", text, strlen(text), 0700);
    char* arguments[] = {"x", NULL};
    CHECK_FAILS(execve(names[0], arguments, kAgain), ELOOP);
    for (int level = 0; level < 8; ++level) {
        unlink(names[level]);
    }
}

TEST(a_running_program_cannot_be_written) {
    find_self();
    int fd = open(program, O_WRONLY);
    CHECK(fd == -1 && (errno == ETXTBSY || errno == EROFS));
}

TEST(an_unlinked_program_goes_on) {
    find_self();
    char name[64];
    snprintf(name, sizeof name, "/tmp/execve.%d.copy", (int)getpid());
    int from = (int)CHECK_CALL(open(program, O_RDONLY));
    int to = (int)CHECK_CALL(open(name, O_WRONLY | O_CREAT, 0700));
    static char buffer[65536];
    ssize_t got;
    while ((got = read(from, buffer, sizeof buffer)) > 0) {
        CHECK_EQ(write(to, buffer, (size_t)got), got);
    }
    close(to);
    pid_t child = fork_child();
    if (child == 0) {
        char* arguments[] = {"execve", "--here", "again_unlinked", NULL};
        char text[100];
        snprintf(text, sizeof text, "COPY=%s", name);
        char* environment[] = {"AGAIN=yes", text, NULL};
        execve(name, arguments, environment);
        _exit(99);
    }
    CHECK_EXIT(child, 0);
    CHECK_FAILS(access(name, F_OK), ENOENT);
}

PART(again_unlinked) {
    CHECK_CALL(unlink(getenv("COPY")));
    // Code and data that nothing has touched yet still arrive.
    CHECK_EQ(strcmp(strerror(EXDEV), "Invalid cross-device link"), 0);
    pid_t child = fork_child();
    if (child == 0) {
        end_child();
    }
    CHECK_EXIT(child, 0);
}

static void* wait_for_ever(void* argument) {
    for (;;) {
        pause();
    }
    return argument;
}

static void* exec_from_here(void* argument) {
    char* arguments[] = {"execve", "--here", "again_alone", NULL};
    execve(program, arguments, (char* const*)argument);
    _exit(99);
}

TEST(execve_from_a_thread_ends_the_others) {
    find_self();
    pid_t child = fork_child();
    if (child == 0) {
        char number[32];
        snprintf(number, sizeof number, "PID=%d", (int)getpid());
        char* environment[] = {"AGAIN=yes", number, NULL};
        pthread_t thread;
        for (int i = 0; i < 3; ++i) {
            CHECK_EQ(pthread_create(&thread, NULL, wait_for_ever, NULL), 0);
        }
        CHECK_EQ(pthread_create(&thread, NULL, exec_from_here, environment), 0);
        for (;;) {
            pause();
        }
    }
    CHECK_EXIT(child, 0);
}

PART(again_alone) {
    CHECK_EQ(getpid(), atoi(getenv("PID")));  // the process's number, whichever thread asked
    CHECK_EQ(raw(SYS_gettid), getpid());
    char text[4096];
    if (CHECK(read_file("/proc/self/status", text, sizeof text) > 0)) {
        const char* threads = strstr(text, "Threads:");
        CHECK(threads != NULL && atoi(threads + 8) == 1);
    }
}

TEST(a_clone_that_executes_is_a_child_like_any_other) {
    find_self();
    int ends[2];
    int go[2];
    char byte;
    CHECK_CALL(pipe2(ends, O_CLOEXEC));
    CHECK_CALL(pipe2(go, O_CLOEXEC));
    pid_t child = (pid_t)raw(SYS_clone, 0, 0, 0, 0, 0);  // no signal at its end
    if (child == 0) {
        CHECK_EQ(read(go[0], &byte, 1), 1);  // not before the parent has looked
        char* arguments[] = {"execve", "--here", "again_slow", NULL};
        execve(program, arguments, kAgain);
        _exit(99);
    }
    close(ends[1]);
    CHECK_EQ(waitpid(child, NULL, WNOHANG | __WCLONE), 0);
    CHECK_EQ(write(go[1], "", 1), 1);
    CHECK_EQ(read(ends[0], &byte, 1), 0);  // when it has executed
    CHECK_FAILS(waitpid(child, NULL, WNOHANG | __WCLONE), ECHILD);
    CHECK_EXIT(child, 0);
}

TEST(after_vfork_the_parent_goes_on_with_execve) {
    find_self();
    pid_t child = vfork();
    if (child == 0) {
        char* arguments[] = {"execve", "--here", "again_slow", NULL};
        execve(program, arguments, kAgain);
        _exit(99);
    }
    int status;
    CHECK_EQ(waitpid(child, &status, WNOHANG), 0);  // it sleeps, and this goes on
    CHECK_EXIT(child, 0);
}

PART(again_slow) {
    sleep_ms(200);
}
