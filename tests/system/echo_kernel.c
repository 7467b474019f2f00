/* The other side of ./run's standard input, for the tests of it: a kernel of one loop, which speaks what
   tools/streams.py describes and nothing else.

   Sends every byte of standard input back as standard output. The end of its command says how it behaves:
     whole    gives credit for each frame
     stingy   gives none, and after the first window waits a while for what must not come
   Ends with status 42, by ACPI's switch. Built by test_run_input.py: gcc -m32, freestanding. */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned u32;

#define COM1 0x3F8
#define COM2 0x2F8
#define PAYLOAD 4096

/* Multiboot 1: magic, no wishes, checksum. */
__attribute__((section(".multiboot"), used, aligned(4)))
const u32 multiboot[3] = {0x1BADB002, 0, -0x1BADB002u};
__attribute__((used)) u8 stack[4096];
static u8 frame[3 + PAYLOAD];

static void out8(u16 port, u8 value) {
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}
static void out16(u16 port, u16 value) {
    __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}
static u8 in8(u16 port) {
    u8 value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void set_up(u16 port) {
    out8(port + 3, 0x80); /* divisor latch: 115,200 baud */
    out8(port, 1);
    out8(port + 1, 0);
    out8(port + 3, 0x03); /* eight bits */
    out8(port + 2, 0xC7); /* FIFOs on, and empty: what came before is lost */
    out8(port + 4, 0x0B);
}

static void send(const u8* bytes, u32 count) {
    while (count-- != 0) {
        while ((in8(COM2 + 5) & 0x20) == 0) {
        }
        out8(COM2, *bytes++);
    }
}

static void send_number(u8 stream, u32 bytes, u32 number) {
    const u8 whole[7] = {
        stream, (u8)bytes, 0, (u8)number, (u8)(number >> 8), (u8)(number >> 16), (u8)(number >> 24)};
    send(whole, 3 + bytes);
}

/* The next byte; -1 when none comes while so many times are looked. */
static int receive(u32 times) {
    while ((in8(COM2 + 5) & 1) == 0) {
        if (times != 0 && --times == 0) {
            return -1;
        }
    }
    return in8(COM2);
}

/* The last letter but one (the last byte is a NUL) of the command that QEMU holds for the kernel. */
static u8 behaviour(void) {
    /* The directory is file 0x19: a big-endian count, then entries of 64 bytes: size, selector, 2 unused, name. */
    static const char name[] = "opt/org.primitiveos/command";
    u8 last = 0;
    out16(0x510, 0x19);
    u32 count = 0;
    for (int i = 0; i < 4; i++) {
        count = count << 8 | in8(0x511);
    }
    while (count-- != 0) {
        u8 entry[64];
        for (int i = 0; i < 64; i++) {
            entry[i] = in8(0x511);
        }
        int same = 1;
        for (u32 i = 0; i < sizeof name; i++) {
            same = same && entry[8 + i] == (u8)name[i];
        }
        if (same) {
            const u32 size = (u32)entry[0] << 24 | (u32)entry[1] << 16 | (u32)entry[2] << 8 | entry[3];
            out16(0x510, (u16)(entry[4] << 8 | entry[5]));
            for (u32 i = 0; i + 1 < size; i++) {
                last = in8(0x511);
            }
            break;
        }
    }
    return last;
}

__attribute__((used)) void kernel(void) {
    set_up(COM2);
    /* A moment in which whoever speaks too early loses what was said. */
    for (volatile u32 i = 0; i < 10000000; i++) {
    }
    set_up(COM2);
    set_up(COM1);
    const u8 stingy = behaviour() == 'y';
    u32 taken = 0;
    out8(COM1, '!'); /* The first byte of the log: now the ports are set up. */
    for (;;) {
        const int stream = receive(stingy && taken >= PAYLOAD ? 3000000 : 0);
        if (stream < 0) {
            break;
        }
        u32 size = (u32)receive(0);
        size |= (u32)receive(0) << 8;
        if (stream != '0' || size > PAYLOAD) {
            out8(COM1, '?');
            break;
        }
        if (size == 0) {
            break;
        }
        frame[0] = '1';
        frame[1] = (u8)size;
        frame[2] = (u8)(size >> 8);
        for (u32 i = 0; i < size; i++) {
            frame[3 + i] = (u8)receive(0);
        }
        send(frame, 3 + size);
        taken += size;
        if (!stingy) {
            send_number('c', 4, taken);
        }
    }
    send_number('x', 1, 42);
    while ((in8(COM2 + 5) & 0x40) == 0) {
    }
    for (;;) {
        out16(0x604, 0x2000);
    }
}

__attribute__((naked, used, section(".entry"))) void entry(void) {
    __asm__("mov $stack + 4096, %esp\n call kernel");
}
