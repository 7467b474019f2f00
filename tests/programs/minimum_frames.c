// The instructions that touch the most pages, each piece of them across a page boundary: what
// docs/minimum-frames.md says a program must be able to keep at once. Between any two of them as many other pages
// are written as would push everything out of a program that has no more than its minimum: there, each must get
// all its pages again, and go on. E3
#include "check.h"

/// What an instruction is given in registers, and what it leaves there.
struct registers {
    uint32_t eax, ecx, edx, esi, edi, ebp, esp, host_esp;
};

/// One instruction in a frame that loads and stores the registers, anywhere in memory.
struct straddler {
    const char* begin;
    const char* worst;
    const char* after;
    const char* end;
};

#define STRADDLER(NAME, INSTRUCTION)                                                                        \
    extern const char NAME##_begin[], NAME##_worst[], NAME##_after[], NAME##_end[];                         \
    __asm__(".pushsection .text\n" #NAME                                                                    \
            "_begin:\n"                                                                                     \
            "pushal; movl 36(%esp), %ebx; movl %esp, 28(%ebx)\n"                                            \
            "movl (%ebx), %eax; movl 4(%ebx), %ecx; movl 8(%ebx), %edx; movl 12(%ebx), %esi\n"              \
            "movl 16(%ebx), %edi; movl 20(%ebx), %ebp; movl 24(%ebx), %esp\n" #NAME "_worst:\n" INSTRUCTION \
            "\n" #NAME                                                                                      \
            "_after:\n"                                                                                     \
            "movl %eax, (%ebx); movl %ecx, 4(%ebx); movl %edx, 8(%ebx); movl %esi, 12(%ebx)\n"              \
            "movl %edi, 16(%ebx); movl %ebp, 20(%ebx); movl %esp, 24(%ebx)\n"                               \
            "movl 28(%ebx), %esp; cld; popal; ret\n" #NAME "_end:\n.popsection");                           \
    static const struct straddler NAME = {NAME##_begin, NAME##_worst, NAME##_after, NAME##_end}

/// Two pages of each, far from each other; `..._edge` is the boundary between the two.
static char* code_edge;
static char* first_edge;
static char* second_edge;
static char* stack_edge;
static char* others;
enum { kOthers = 24, kFrame = 5 * PAGE };

static char* edge(int protection) {
    return map_pages(2, protection) + PAGE;
}

static void prepare(void) {
    code_edge = edge(PROT_READ | PROT_WRITE | PROT_EXEC);
    first_edge = edge(PROT_READ | PROT_WRITE);
    second_edge = edge(PROT_READ | PROT_WRITE);
    stack_edge = map_pages(10, PROT_READ | PROT_WRITE) + 8 * PAGE;
    others = map_pages(kOthers, PROT_READ | PROT_WRITE);
}

/// The address behind the instruction when `before` bytes of it lie ahead of the boundary.
static uint32_t behind(const struct straddler* instruction, unsigned before) {
    return (uint32_t)code_edge - before + (uint32_t)(instruction->after - instruction->worst);
}

/// Runs it there, with every page of it pushed out where memory is that short.
static void run(const struct straddler* instruction, unsigned before, struct registers* registers) {
    char* entry = code_edge - before - (instruction->worst - instruction->begin);
    memcpy(entry, instruction->begin, (size_t)(instruction->end - instruction->begin));
    for (int page = 0; page < kOthers; ++page) {
        others[page * PAGE] = (char)(others[page * PAGE] + 1);
    }
    if (registers->esp == 0) {
        registers->esp = (uint32_t)(stack_edge - 64);
    }
    void (*call)(struct registers*) = (void (*)(struct registers*))(uintptr_t)entry;
    call(registers);
}

#define EACH_SPLIT(BEFORE, INSTRUCTION) \
    for (unsigned BEFORE = 1; BEFORE < (unsigned)((INSTRUCTION).after - (INSTRUCTION).worst); ++BEFORE)

static uint32_t word_at(const char* address) {
    uint32_t word;
    memcpy(&word, address, sizeof word);
    return word;
}

static void put_word(char* address, uint32_t word) {
    memcpy(address, &word, sizeof word);
}

STRADDLER(enter_31, "enter $20480, $31");

// Eight pages: two of the instruction, two of frame pointers read, two of stack written, two of stack probed.
TEST(enter_copies_thirty_frame_pointers_and_leaves_room) {
    prepare();
    enum { kCopied = 30, kPushed = 4 * (kCopied + 2) };
    EACH_SPLIT(before, enter_31) {
        for (int i = 1; i <= kCopied; ++i) {
            put_word(first_edge + 58 - 4 * i, 0x1000u * before + (uint32_t)i);
        }
        // The frame's end, as well as the pushes, across a boundary: the stack top that is probed is a word, too.
        char* top = stack_edge + kPushed - 2;
        struct registers registers = {.ebp = (uint32_t)(first_edge + 58), .esp = (uint32_t)top};
        run(&enter_31, before, &registers);
        CHECK_EQ(registers.ebp, (uint32_t)(top - 4));
        CHECK_EQ(registers.esp, (uint32_t)(top - kPushed - kFrame));
        CHECK_EQ(registers.esp % PAGE, PAGE - 2);
        CHECK_EQ(word_at(top - 4), (uint32_t)(first_edge + 58));
        for (int i = 1; i <= kCopied; ++i) {
            CHECK_EQ(word_at(top - 4 - 4 * i), 0x1000u * before + (uint32_t)i);
        }
        CHECK_EQ(word_at(top - kPushed), (uint32_t)(top - 4));
    }
    // And with the pushes themselves across a boundary.
    char* top = stack_edge + 61;
    struct registers registers = {.ebp = (uint32_t)(first_edge + 58), .esp = (uint32_t)top};
    run(&enter_31, 2, &registers);
    CHECK_EQ(word_at(top - kPushed), (uint32_t)(top - 4));
    CHECK_EQ(word_at(top - 4 - 4 * kCopied), 0x3000u + kCopied);
}

STRADDLER(move_word, ".byte 0x3E; movsl");
STRADDLER(move_words, "rep movsl");
STRADDLER(compare_words, ".byte 0x3E; cmpsl");

// Six pages: two of the instruction, two of each operand.
TEST(a_string_move_takes_both_operands_across_a_boundary) {
    prepare();
    for (int split = 1; split <= 3; ++split) {
        put_word(first_edge - split, 0xA1B2C3D4u + (uint32_t)split);
        struct registers registers = {.esi = (uint32_t)(first_edge - split),
                                      .edi = (uint32_t)(second_edge - split)};
        run(&move_word, 1, &registers);
        CHECK_EQ(word_at(second_edge - split), 0xA1B2C3D4u + (uint32_t)split);
        CHECK_EQ(registers.esi, (uint32_t)(first_edge - split + 4));
        CHECK_EQ(registers.edi, (uint32_t)(second_edge - split + 4));
    }
}

TEST(a_repeated_string_move_goes_on_where_it_was) {
    prepare();
    for (int i = 0; i < 2 * (int)PAGE - 16; ++i) {
        first_edge[i - (int)PAGE] = (char)(i * 7);
    }
    struct registers registers = {.ecx = (2 * PAGE - 16) / 4,
                                  .esi = (uint32_t)(first_edge - PAGE),
                                  .edi = (uint32_t)(second_edge - PAGE + 3)};
    run(&move_words, 1, &registers);
    CHECK_EQ(registers.ecx, 0);
    CHECK_EQ(memcmp(first_edge - PAGE, second_edge - PAGE + 3, 2 * PAGE - 16), 0);
}

TEST(a_string_comparison_takes_both_operands_across_a_boundary) {
    prepare();
    for (int split = 1; split <= 3; ++split) {
        put_word(first_edge - split, 0x11223344);
        put_word(second_edge - split, 0x11223344);
        struct registers registers = {.esi = (uint32_t)(first_edge - split),
                                      .edi = (uint32_t)(second_edge - split)};
        run(&compare_words, 1, &registers);
        CHECK_EQ(registers.esi, (uint32_t)(first_edge - split + 4));
        CHECK_EQ(registers.edi, (uint32_t)(second_edge - split + 4));
    }
}

STRADDLER(push_memory, "pushl (%esi)");
STRADDLER(pop_memory, "popl (%esi)");
STRADDLER(call_memory, "call *(%esi)");
STRADDLER(call_far_memory, "lcall *(%esi)");
STRADDLER(return_far, "lret $4096");

// Six pages: two of the instruction, two of the operand, two of the stack.
TEST(pushes_and_pops_of_memory_take_operand_and_stack_across_boundaries) {
    prepare();
    for (int split = 1; split <= 3; ++split) {
        char* top = stack_edge + 4 - split;
        put_word(first_edge - split, 0x55667788u + (uint32_t)split);
        struct registers registers = {.esi = (uint32_t)(first_edge - split), .esp = (uint32_t)top};
        run(&push_memory, 1, &registers);
        CHECK_EQ(registers.esp, (uint32_t)(top - 4));
        CHECK_EQ(word_at(top - 4), 0x55667788u + (uint32_t)split);
        registers.esi = (uint32_t)(second_edge - split);
        run(&pop_memory, 1, &registers);
        CHECK_EQ(registers.esp, (uint32_t)top);
        CHECK_EQ(word_at(second_edge - split), 0x55667788u + (uint32_t)split);
    }
}

TEST(calls_through_memory_take_operand_and_stack_across_boundaries) {
    prepare();
    uint16_t code_segment;
    __asm__("movw %%cs, %0" : "=r"(code_segment));
    for (int split = 1; split <= 3; ++split) {
        char* top = stack_edge + 4 - split;
        uint32_t target = behind(&call_memory, 1);
        put_word(first_edge - split, target);
        struct registers registers = {.esi = (uint32_t)(first_edge - split), .esp = (uint32_t)top};
        run(&call_memory, 1, &registers);
        CHECK_EQ(registers.esp, (uint32_t)(top - 4));
        CHECK_EQ(word_at(top - 4), target);
        // Far: six bytes of operand, eight of stack.
        target = behind(&call_far_memory, 1);
        put_word(first_edge - split, target);
        memcpy(first_edge - split + 4, &code_segment, sizeof code_segment);
        registers.esp = (uint32_t)top;
        run(&call_far_memory, 1, &registers);
        CHECK_EQ(registers.esp, (uint32_t)(top - 8));
        CHECK_EQ(word_at(top - 8), target);
        CHECK_EQ(word_at(top - 4) & 0xFFFF, code_segment);
        // And back to where the instruction after it stands.
        target = behind(&return_far, 2);
        put_word(top - 8, target);
        run(&return_far, 2, &registers);
        CHECK_EQ(registers.esp, (uint32_t)top + PAGE);
    }
}

STRADDLER(push_all, ".byte 0x3E; pushal");
STRADDLER(save_state, "fxsave (%esi)");
STRADDLER(restore_state, "fxrstor (%esi)");
STRADDLER(exchange_eight, "cmpxchg8b (%esi)");
STRADDLER(set_far_bit, "btsl %ecx, (%esi)");

// Four pages: two of the instruction, two of what may be up to 512 bytes.
TEST(large_operands_lie_across_a_boundary) {
    prepare();
    struct registers registers = {
        .eax = 0xE, .ecx = 0xC, .edx = 0xD, .ebp = 0xB, .esp = (uint32_t)stack_edge + 15};
    run(&push_all, 1, &registers);
    CHECK_EQ(registers.esp, (uint32_t)stack_edge + 15 - 32);
    CHECK_EQ(word_at(stack_edge + 15 - 4), 0xE);
    CHECK_EQ(word_at(stack_edge + 15 - 8), 0xC);
    CHECK_EQ(word_at(stack_edge + 15 - 24), 0xB);
    registers = (struct registers){.esi = (uint32_t)(first_edge - 256)};
    EACH_SPLIT(before, save_state) {
        memset(first_edge - 256, 0, 512);
        run(&save_state, before, &registers);
        CHECK_EQ(word_at(first_edge - 256 + 24) & 0x1F80, 0x1F80);  // MXCSR, its exceptions masked
        run(&restore_state, before, &registers);
    }
    for (int split = 1; split <= 7; ++split) {
        registers = (struct registers){.eax = 1, .edx = 2, .ecx = 9, .esi = (uint32_t)(first_edge - split)};
        put_word(first_edge - split, 3);
        put_word(first_edge - split + 4, 4);
        run(&exchange_eight, 1, &registers);
        CHECK_EQ(registers.eax, 3);
        CHECK_EQ(registers.edx, 4);
    }
    // Bit 5 of the word that lies 32 words behind the operand's address, and so across the boundary.
    put_word(first_edge - 3, 0);
    registers = (struct registers){.ecx = 32 * 32 + 5, .esi = (uint32_t)(first_edge - 3 - 128)};
    run(&set_far_bit, 1, &registers);
    CHECK_EQ(word_at(first_edge - 3), 1u << 5);
}
