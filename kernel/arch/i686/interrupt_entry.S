// The ways into the kernel and the one way out.
//
// The CPU pushes an error code for some exceptions and none for others; the stubs push a zero where it does not, so
// that TrapFrame (interrupts.hpp) has one shape. A stub on the wrong side of that line returns to a wrong address.
// System calls and page faults have entries of their own: they are what programs do most.
//
//   interrupt_stubs --> enter_kernel        --> dispatch_interrupt --.
//   vector 14       --> enter_page_fault    --> handle_page_fault  --+--> leave_kernel --> iret
//   vector 0x80     --> enter_system_call   --> serve_system_call  --|
//   a new thread    --> begin_thread_frame  --> begin_thread       --'
//
// leave_kernel loads what a program left in its segment registers, and that may have become impossible: a selector
// of a thread-local slot that it has emptied meanwhile. The exception that the CPU then raises, in ring 0, is put
// right in handle_exception: a data segment register becomes 0, as on Linux, and a bad CS or SS at the iret becomes
// the program's own general protection fault. [intel/vol3] 6.15

#define KERNEL_DATA 0x10
#define VECTORS 48
#define GENERAL_PROTECTION 13
#define PAGE_FAULT 14
#define SYSTEM_CALL 0x80

// 8 double fault, 10 invalid TSS, 11 segment not present, 12 stack segment, 13 general protection, 14 page fault,
// 17 alignment check, 21 control protection, 29 VMM communication, 30 security.
#define HAS_ERROR_CODE(vector) \
    ((vector) == 8 || ((vector) >= 10 && (vector) <= 14) || (vector) == 17 || (vector) == 21 || \
     (vector) == 29 || (vector) == 30)

    .macro save_registers
    pushal
    pushl %ds
    pushl %es
    pushl %fs
    pushl %gs
    movl $KERNEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    cld
    .endm

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
    .type enter_page_fault, @function
enter_page_fault:
    pushl $PAGE_FAULT
    save_registers
    pushl %esp
    call handle_page_fault
    addl $4, %esp
    jmp leave_kernel
    .size enter_page_fault, . - enter_page_fault

    .align 16
    .type enter_kernel, @function
enter_kernel:
    save_registers
    pushl %esp
    call dispatch_interrupt
    addl $4, %esp
    jmp leave_kernel
    .size enter_kernel, . - enter_kernel

    .globl begin_thread_frame
    .type begin_thread_frame, @function
begin_thread_frame:         // ESP: the new thread's TrapFrame
    pushl %esp
    call begin_thread
    addl $4, %esp
    jmp leave_kernel
    .size begin_thread_frame, . - begin_thread_frame

    .align 16
    .type enter_system_call, @function
enter_system_call:
    pushl $0
    pushl $SYSTEM_CALL
    save_registers
    xorl %ebp, %ebp         // a backtrace ends here: what it held is the program's
    pushl %esp
    sti
    call serve_system_call
    addl $4, %esp
    .size enter_system_call, . - enter_system_call
    // falls through

    .globl leave_kernel_gs, leave_kernel_fs, leave_kernel_es, leave_kernel_ds, leave_kernel_iret
    .globl leave_kernel_failed
    .type leave_kernel, @function
leave_kernel:               // interrupts are off
leave_kernel_gs:
    popl %gs
leave_kernel_fs:
    popl %fs
leave_kernel_es:
    popl %es
leave_kernel_ds:
    popl %ds
    popal
    addl $8, %esp           // vector, error code
leave_kernel_iret:
    iretl
leave_kernel_failed:        // every register is the program's, ESP where it was before the iret
    pushl $0
    pushl $GENERAL_PROTECTION
    jmp enter_kernel
    .size leave_kernel, . - leave_kernel

    .section .rodata, "a"
    .align 4
    .globl interrupt_entries, system_call_entry
interrupt_entries:
    .set vector, 0
    .rept VECTORS
    .if vector == PAGE_FAULT
    .long enter_page_fault
    .else
    .long interrupt_stubs + 16 * vector
    .endif
    .set vector, vector + 1
    .endr
system_call_entry:
    .long enter_system_call

    .section .note.GNU-stack, "", @progbits
