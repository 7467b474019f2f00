// Damages the swap disk under a program whose pages are on it: that program is killed, this one is told so.
//
// To be run as process 1 (`exec ./swap_damage`), with fewer frames than the child wants: nobody else has pages there.
#include <fcntl.h>
#include "check.h"

#define PAGES 2048u

static char pages[PAGES][PAGE];

/// Every page this program has is in memory afterwards.
static void touch_everything(void) {
    FILE* const maps = fopen("/proc/self/maps", "r");
    CHECK(maps != NULL);
    char line[256];
    unsigned begins[64];
    unsigned ends[64];
    unsigned count = 0;
    while (count < 64 && fgets(line, sizeof(line), maps) != NULL) {
        char rights = 0;
        if (sscanf(line, "%x-%x %c", &begins[count], &ends[count], &rights) == 3 && rights == 'r') {
            ++count;
        }
    }
    for (unsigned i = 0; i < count; ++i) {
        for (unsigned at = begins[i]; at < ends[i]; at += PAGE) {
            (void)*(volatile const char*)(uintptr_t)at;
        }
    }
    fclose(maps);  // Not before: it may make the heap smaller.
}

TEST(damaged_pages_kill_their_owner) {
    int ready[2];
    int go[2];
    CHECK_EQ(pipe(ready), 0);
    CHECK_EQ(pipe(go), 0);
    const pid_t child = fork();
    if (child == 0) {
        char byte = 0;
        for (unsigned page = 0; page < PAGES; ++page) {
            memset(pages[page], (int)(page % 251 + 1), PAGE);
        }
        write(ready[1], "x", 1);
        read(go[0], &byte, 1);
        for (unsigned page = 0; page < PAGES; ++page) {
            for (unsigned i = 0; i < PAGE; ++i) {
                if (pages[page][i] != (char)(page % 251 + 1)) {
                    _exit(1);  // It read what it had not written.
                }
            }
        }
        _exit(0);
    }
    char byte = 0;
    CHECK_EQ(read(ready[0], &byte, 1), 1);
    static char noise[PAGE];
    memset(noise, 0x5a, sizeof(noise));
    touch_everything();
    const int disk = open("/dev/sda", O_WRONLY);
    CHECK(disk >= 0);
    for (unsigned slot = 1; slot < 2 * PAGES; ++slot) {
        CHECK_EQ(pwrite(disk, noise, PAGE, (off_t)slot * PAGE), PAGE);
    }
    touch_everything();
    CHECK_EQ(write(go[1], "x", 1), 1);
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}
