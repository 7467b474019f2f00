// The way into the kernel for every exception and interrupt: one stub a vector, then one path for all.
//
// The CPU pushes an error code for some exceptions and none for others; the stubs push a zero where it does not, so
// that TrapFrame (interrupts.hpp) has one shape. A stub on the wrong side of that line returns to a wrong address.
// [intel/vol3] 6.15

#define KERNEL_DATA 0x10
#define VECTORS 48

// 8 double fault, 10 invalid TSS, 11 segment not present, 12 stack segment, 13 general protection, 14 page fault,
// 17 alignment check, 21 control protection, 29 VMM communication, 30 security.
#define HAS_ERROR_CODE(vector) \
    ((vector) == 8 || ((vector) >= 10 && (vector) <= 14) || (vector) == 17 || (vector) == 21 || \
     (vector) == 29 || (vector) == 30)

    .text
    .align 16
    .type interrupt_stubs, @function
interrupt_stubs:
    .set vector, 0
    .rept VECTORS
    .align 16
    .if !(HAS_ERROR_CODE(vector))
    pushl $0
    .endif
    pushl $vector
    jmp enter_kernel
    .set vector, vector + 1
    .endr
    .size interrupt_stubs, . - interrupt_stubs

    .align 16
    .type enter_kernel, @function
enter_kernel:
    pushal
    pushl %ds
    pushl %es
    pushl %fs
    pushl %gs
    movl $KERNEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    cld
    pushl %esp
    call dispatch_interrupt
    addl $4, %esp
    popl %gs
    popl %fs
    popl %es
    popl %ds
    popal
    addl $8, %esp           // vector, error code
    iretl
    .size enter_kernel, . - enter_kernel

    .section .rodata, "a"
    .align 4
    .globl interrupt_entries
interrupt_entries:
    .set vector, 0
    .rept VECTORS
    .long interrupt_stubs + 16 * vector
    .set vector, vector + 1
    .endr

    .section .note.GNU-stack, "", @progbits
