// /proc as programs read it: Linux's formats, and numbers that are true of this process and its memory.
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>

#include "check.h"

static char text[65536];

static bool get(const char* name) {
    return CHECK(read_file(name, text, sizeof text) > 0);
}

/// The number behind `name` at the start of a line, with or without blanks between; -1 if there is none.
static long field(const char* name) {
    size_t length = strlen(name);
    for (const char* line = text; line != NULL && *line != 0; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0) {
            return strtol(line + length, NULL, 10);
        }
    }
    return -1;
}

struct mapping {
    unsigned long begin;
    unsigned long end;
    char rights[5];
    unsigned long offset;
    char name[200];
};

/// The mapping that `address` is in, out of /proc/self/maps; false when there is none. Every line must be as it should.
static bool find(const void* address, struct mapping* found) {
    if (!get("/proc/self/maps")) {
        return false;
    }
    unsigned long last = 0;
    bool there = false;
    for (char* line = text; *line != 0;) {
        char* end = strchr(line, '\n');
        if (!CHECK(end != NULL)) {
            return false;
        }
        *end = 0;
        struct mapping one = {0};
        unsigned major;
        unsigned minor;
        unsigned long inode;
        int fields = sscanf(line, "%8lx-%8lx %4s %8lx %x:%x %lu %199[^\n]", &one.begin, &one.end, one.rights,
                            &one.offset, &major, &minor, &inode, one.name);
        if (fields < 7 || one.begin >= one.end || one.begin < last || one.begin % PAGE != 0 ||
            one.end % PAGE != 0 || line[8] != '-' || line[17] != ' ' || line[22] != ' ') {
            say("not a line of maps: %s", line);
            CHECK(false);
        }
        if ((unsigned long)address >= one.begin && (unsigned long)address < one.end) {
            *found = one;
            there = true;
        }
        last = one.end;
        line = end + 1;
    }
    return there;
}

static bool has_rights(const void* address, const char* rights) {
    struct mapping found;
    if (!find(address, &found) || strcmp(found.rights, rights) != 0) {
        say("%p has not %s in maps", address, rights);
        return false;
    }
    return true;
}

TEST(maps_shows_every_mapping) {
    struct mapping found;
    char program[200] = "";
    CHECK_CALL(readlink("/proc/self/exe", program, sizeof program - 1));
    if (CHECK(find((const void*)(uintptr_t)get, &found))) {
        CHECK_EQ(strcmp(found.rights, "r-xp"), 0);
        CHECK_EQ(strcmp(found.name, program), 0);
    }
    int local;
    if (CHECK(find(&local, &found))) {
        CHECK_EQ(strcmp(found.name, "[stack]"), 0);
        CHECK_EQ(strncmp(found.rights, "rw", 2), 0);
    }
    char* heap = (char*)raw(SYS_brk, 0) - 1;
    if (CHECK(find(heap, &found))) {
        CHECK_EQ(strcmp(found.name, "[heap]"), 0);
    }
    char* memory = map_pages(5, PROT_READ | PROT_WRITE);
    CHECK(has_rights(memory, "rw-p"));
    CHECK_CALL(mprotect(memory + PAGE, PAGE, PROT_READ));
    CHECK_CALL(mprotect(memory + 2 * PAGE, PAGE, PROT_NONE));
    CHECK_CALL(mprotect(memory + 3 * PAGE, PAGE, PROT_READ | PROT_EXEC));
    CHECK(has_rights(memory + PAGE, "r--p"));
    CHECK(has_rights(memory + 2 * PAGE, "---p"));
    CHECK(has_rights(memory + 3 * PAGE, "r-xp"));
    CHECK(has_rights(memory + 4 * PAGE, "rw-p"));
    CHECK_CALL(munmap(memory, 5 * PAGE));
    CHECK(!find(memory, &found));
    int fd = (int)CHECK_CALL(open("/proc/self/exe", O_RDONLY));
    char* file = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 2 * PAGE);
    if (CHECK(find(file, &found))) {
        CHECK_EQ(found.offset, 2 * PAGE);
        CHECK_EQ(strcmp(found.name, program), 0);
    }
    char* shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(has_rights(shared, "rw-s"));
}

TEST(many_mappings_are_all_shown) {
    enum { kPages = 1000 };
    char* memory = map_pages(kPages, PROT_READ | PROT_WRITE);
    for (int page = 0; page < kPages; page += 2) {
        CHECK_CALL(mprotect(memory + page * PAGE, PAGE, PROT_READ));
    }
    int fd = (int)CHECK_CALL(open("/proc/self/maps", O_RDONLY));
    size_t lines = 0;
    char piece[333];
    ssize_t got;
    while ((got = read(fd, piece, sizeof piece)) > 0) {
        for (ssize_t at = 0; at < got; ++at) {
            lines += piece[at] == '\n';
        }
    }
    CHECK(lines > kPages);
}

TEST(status_is_this_process) {
    char line[64];
    if (!get("/proc/self/status")) {
        return;
    }
    CHECK_EQ(strncmp(text, "Name:\tproc_files\n", 17), 0);
    CHECK(strstr(text, "\nState:\tR (running)\n") != NULL);
    CHECK_EQ(field("Pid:"), getpid());
    CHECK_EQ(field("Tgid:"), getpid());
    CHECK_EQ(field("PPid:"), getppid());
    CHECK_EQ(field("Threads:"), 1);
    CHECK_EQ(field("Uid:"), getuid());
    CHECK(field("VmSize:") > 0);
    CHECK(field("VmRSS:") > 0);
    CHECK(field("VmRSS:") <= field("VmSize:"));
    long size = field("VmSize:");
    long resident = field("VmRSS:");
    char* memory = map_pages(1024, PROT_READ | PROT_WRITE);
    memset(memory, 1, 512 * PAGE);
    get("/proc/self/status");
    CHECK_EQ(field("VmSize:"), size + 4096);
    CHECK(field("VmRSS:") >= resident + 2048 - 64 && field("VmRSS:") <= resident + 2048 + 512);
    munmap(memory, 1024 * PAGE);
    get("/proc/self/status");
    CHECK_EQ(field("VmSize:"), size);
    snprintf(line, sizeof line, "/proc/%d/status", (int)getppid());
    get(line);
    CHECK_EQ(field("Pid:"), getppid());
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGQUIT, SIG_DFL);  // busybox's shell without job control ignores it
    get("/proc/self/status");
    CHECK(strstr(text, "\nSigBlk:\t0000000000000200\n") != NULL);
    const char* ignored = strstr(text, "\nSigIgn:\t");  // whoever started this may have ignored some, too
    CHECK(ignored != NULL && (strtoull(ignored + 9, NULL, 16) & 0x800) != 0);
}

TEST(stat_has_linuxs_fields) {
    if (!get("/proc/self/stat")) {
        return;
    }
    int pid = 0;
    char name[32] = "";
    char state = 0;
    CHECK_EQ(sscanf(text, "%d (%31[^)]) %c ", &pid, name, &state), 3);
    CHECK_EQ(pid, getpid());
    CHECK_EQ(strcmp(name, "proc_files"), 0);
    CHECK_EQ(state, 'R');
    long long values[60] = {0};
    int count = 0;
    char* at = strrchr(text, ')') + 4;
    for (char* word = strtok(at, " \n"); word != NULL && count < 60; word = strtok(NULL, " \n")) {
        values[count++] = atoll(word);
    }
    CHECK_EQ(count, 49);  // 52 with the three before
    CHECK_EQ(values[0], getppid());
    CHECK_EQ(values[1], getpgrp());
    CHECK_EQ(values[2], getsid(0));
    CHECK_EQ(values[16], 1);  // threads
    CHECK(values[19] > 0);    // size in bytes
    CHECK_EQ(values[19] % PAGE, 0);
    CHECK(values[20] > 0 && values[20] < values[19] / PAGE);  // resident pages
    const int nice_level = getpriority(PRIO_PROCESS, 0);
    CHECK_EQ(values[15], nice_level);
    CHECK_EQ(values[14], 20 + nice_level);  // priority
}

TEST(statm_is_in_pages) {
    if (!get("/proc/self/statm")) {
        return;
    }
    long size;
    long resident;
    long shared;
    long code;
    long library;
    long data;
    long dirty;
    CHECK_EQ(sscanf(text, "%ld %ld %ld %ld %ld %ld %ld\n", &size, &resident, &shared, &code, &library, &data,
                    &dirty),
             7);
    CHECK(size > 0 && resident > 0 && resident <= size && shared <= resident && code > 0 && data > 0);
    get("/proc/self/status");
    CHECK_EQ(field("VmSize:"), size * 4);
}

TEST(smaps_rollup_adds_up) {
    if (!get("/proc/self/smaps_rollup")) {
        return;
    }
    CHECK(strstr(text, "[rollup]\n") != NULL);
    long before = field("Private_Dirty:");
    long resident = field("Rss:");
    CHECK(resident > 0 && before > 0 && field("Pss:") > 0 && field("Pss:") <= resident);
    CHECK(field("Shared_Clean:") >= 0 && field("Shared_Dirty:") >= 0 && field("Private_Clean:") >= 0);
    CHECK_EQ(
        field("Shared_Clean:") + field("Shared_Dirty:") + field("Private_Clean:") + field("Private_Dirty:"),
        resident);
    char* memory = map_pages(256, PROT_READ | PROT_WRITE);
    memset(memory, 1, 256 * PAGE);
    get("/proc/self/smaps_rollup");
    CHECK(field("Private_Dirty:") >= before + 1024 && field("Private_Dirty:") <= before + 1024 + 256);
    // Shared with a child, they are nobody's alone.
    int hold[2];
    CHECK_CALL(pipe(hold));
    pid_t child = fork_child();
    if (child == 0) {
        char byte;
        close(hold[1]);
        read(hold[0], &byte, 1);
        end_child();
    }
    get("/proc/self/smaps_rollup");
    CHECK(field("Shared_Dirty:") >= 1024);
    close(hold[1]);
    CHECK_EXIT(child, 0);
}

TEST(command_line_and_program) {
    char line[100];
    pid_t child = fork_child();
    if (child == 0) {
        execl("/proc/self/exe", "another name", "--here", "argument_part", "with space", NULL);
        _exit(99);
    }
    CHECK_EXIT(child, 0);
    CHECK_CALL(readlink("/proc/self/exe", line, sizeof line));
    memset(line, 0, sizeof line);
    CHECK_CALL(readlink("/proc/self", line, sizeof line));
    CHECK_EQ(atoi(line), getpid());
    CHECK_FAILS(open("/proc/99999/status", O_RDONLY), ENOENT);
    CHECK_FAILS(open("/proc/self/none", O_RDONLY), ENOENT);
}

PART(argument_part) {
    long length = read_file("/proc/self/cmdline", text, sizeof text);
    CHECK_EQ(length, 13 + 7 + 14 + 11);
    CHECK_EQ(memcmp(text, "another name\0--here\0argument_part\0with space", 45), 0);
}

TEST(others_states_show) {
    pid_t child = fork_child();
    if (child == 0) {
        pause();
        _exit(0);
    }
    char name[64];
    char wanted[2] = "S";
    snprintf(name, sizeof name, "/proc/%d/stat", (int)child);
    for (int i = 0; i < 3; ++i) {
        bool seen = false;
        for (int tries = 0; tries < 2000 && !seen; ++tries) {
            get(name);
            char state[2] = "";
            sscanf(strrchr(text, ')'), ") %1s", state);
            seen = strcmp(state, wanted) == 0;
            if (!seen) {
                sleep_ms(1);
            }
        }
        CHECK(seen);
        if (i == 0) {
            kill(child, SIGSTOP);
            wanted[0] = 'T';
        } else if (i == 1) {
            kill(child, SIGKILL);
            wanted[0] = 'Z';
        }
    }
    snprintf(name, sizeof name, "/proc/%d/cmdline", (int)child);
    CHECK_EQ(read_file(name, text, sizeof text), 0);  // a zombie has no memory
    CHECK_KILLED(child, SIGKILL);
    CHECK_EQ(read_file(name, text, sizeof text), -1);
}

TEST(the_systems_files) {
    get("/proc/meminfo");
    long total = field("MemTotal:");
    CHECK(total > 1024);
    CHECK(field("MemFree:") > 0 && field("MemFree:") < total);
    CHECK(field("MemAvailable:") > 0 && field("MemAvailable:") <= total);
    CHECK(field("Buffers:") >= 0 && field("Cached:") >= 0 && field("SwapTotal:") >= 0 &&
          field("SwapFree:") >= 0);
    struct sysinfo info;
    CHECK_CALL(sysinfo(&info));
    CHECK_EQ((long long)info.totalram * info.mem_unit / 1024, total);
    CHECK(info.procs > 0 && info.uptime >= 0);
    get("/proc/stat");
    long long user;
    long long nice_time;
    long long system_time;
    long long idle;
    CHECK_EQ(sscanf(text, "cpu  %lld %lld %lld %lld", &user, &nice_time, &system_time, &idle), 4);
    CHECK(field("btime ") > 0);
    CHECK(field("processes ") > 0);
    CHECK(field("ctxt ") > 0);
    CHECK(field("procs_running ") >= 1);
    get("/proc/loadavg");
    double load[3];
    int running;
    int all;
    int last;
    CHECK_EQ(sscanf(text, "%lf %lf %lf %d/%d %d\n", &load[0], &load[1], &load[2], &running, &all, &last), 6);
    CHECK(running >= 1 && running <= all && last > 0);
    get("/proc/uptime");
    CHECK_EQ(sscanf(text, "%lf %lf\n", &load[0], &load[1]), 2);
    CHECK(load[0] >= 0);
    get("/proc/mounts");
    CHECK(strstr(text, " / ") != NULL);
    CHECK(strstr(text, " /proc proc ") != NULL);
    get("/proc/filesystems");
    CHECK(strstr(text, "nodev\tproc\n") != NULL);
    CHECK(strstr(text, "nodev\ttmpfs\n") != NULL);
    get("/proc/vmstat");
    CHECK(field("nr_free_pages ") > 0);
    CHECK(field("pgfault ") > 0);
    long faults_before = field("pgfault ");
    char* memory = map_pages(64, PROT_READ | PROT_WRITE);
    memset(memory, 1, 64 * PAGE);
    get("/proc/vmstat");
    CHECK(field("pgfault ") >= faults_before + 64);
}

TEST(kernel_settings) {
    struct utsname name;
    CHECK_CALL(uname(&name));
    CHECK_EQ(strcmp(name.sysname, "Linux"), 0);
    CHECK(strcmp(name.machine, "i686") == 0);
    get("/proc/sys/kernel/ostype");
    CHECK_EQ(strcmp(text, "Linux\n"), 0);
    get("/proc/sys/kernel/osrelease");
    CHECK_EQ(strncmp(text, name.release, strlen(name.release)), 0);
    get("/proc/sys/kernel/pid_max");
    CHECK(atol(text) >= 300);
    get("/proc/self/oom_score_adj");
    CHECK_EQ(strcmp(text, "0\n"), 0);
    int fd = (int)CHECK_CALL(open("/proc/self/oom_score_adj", O_WRONLY));
    CHECK_EQ(write(fd, "500\n", 4), 4);
    get("/proc/self/oom_score_adj");
    CHECK_EQ(strcmp(text, "500\n"), 0);
    CHECK_FAILS(write(fd, "5000", 4), EINVAL);
    CHECK_FAILS(write(fd, "x", 1), EINVAL);
    pid_t child = fork_child();
    if (child == 0) {
        get("/proc/self/oom_score_adj");
        CHECK_EQ(strcmp(text, "500\n"), 0);
        end_child();
    }
    CHECK_EXIT(child, 0);
}

TEST(reading_in_pieces_gives_the_same) {
    get("/proc/filesystems");
    char whole[4096];
    strncpy(whole, text, sizeof whole - 1);
    int fd = (int)CHECK_CALL(open("/proc/filesystems", O_RDONLY));
    char byte;
    size_t at = 0;
    while (read(fd, &byte, 1) == 1) {
        CHECK_EQ(byte, whole[at]);
        ++at;
    }
    CHECK_EQ(at, strlen(whole));
    CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
    CHECK_EQ(read(fd, &byte, 1), 1);
    CHECK_EQ(byte, whole[3]);
    CHECK_FAILS(open("/proc/none", O_WRONLY | O_CREAT, 0600), ENOENT);
    CHECK(mkdir("/proc/none", 0700) == -1);
    CHECK(unlink("/proc/self/maps") == -1);
}
