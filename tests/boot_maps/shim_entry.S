// The shim's way in and out: from QEMU's Multiboot loader to shim_main, and from there to the kernel in the state
// that a Multiboot loader leaves. Multiboot Specification 0.6.96, 3.1 and 3.2.
#define MULTIBOOT_MAGIC 0x1BADB002
#define MULTIBOOT_FLAGS 0x00000003
#define LOADER_MAGIC 0x2BADB002

    .section .multiboot, "a"
    .align 4
    .long MULTIBOOT_MAGIC
    .long MULTIBOOT_FLAGS
    .long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

    .section .bss
    .align 16
stack:
    .skip 16384
stack_end:

    .section .text
    .globl entry
entry:
    cld
    movl $stack_end, %esp
    subl $12, %esp
    pushl %ebx
    call shim_main          // does not return

// void hand_over(std::uint32_t kernel_entry, std::uint32_t information)
    .globl hand_over
hand_over:
    movl 4(%esp), %ecx
    movl 8(%esp), %ebx
    movl $LOADER_MAGIC, %eax
    jmp *%ecx

    .section .note.GNU-stack, "", @progbits
