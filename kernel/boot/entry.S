// From the boot loader to C++: Multiboot header, first page tables, paging, stacks.
//
// Owns: the page directory and the first page table, the boot stack, the double-fault stack and their guard pages.
// Follows: Multiboot 1 specification 3.1 (header) and 3.2 (machine state); [intel/vol3] 4.3 (32-bit paging).
//
// The tables are data, not the work of a loop: the linker knows every address in them.
//
//   directory entry 0    --+--> first page table: entries 0..1015 map the first 4064 KiB of memory,
//   directory entry 768  --+    entries 1016..1023 (the window's) map nothing
//
// Entry 0, the identity map, lets the instructions between "paging on" and the jump run; kernel/memory removes it.

#define KERNEL_BASE 0xC0000000
#define PHYSICAL(symbol) ((symbol) - KERNEL_BASE)

#define MULTIBOOT_MAGIC 0x1BADB002
#define MULTIBOOT_FLAGS 0x00000003  // bit 0: modules page-aligned; bit 1: give the memory information

#define PAGE_SIZE 4096
#define PRESENT_WRITABLE 3
#define EARLY_PAGES 1016
#define CR0_PAGING_WRITE_PROTECT 0x80010000

    .section .multiboot, "a"
    .align 4
    .long MULTIBOOT_MAGIC
    .long MULTIBOOT_FLAGS
    .long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

    .section .data.page_tables, "aw"
    .align PAGE_SIZE
    .globl kernel_page_directory
kernel_page_directory:
    .long PHYSICAL(kernel_first_page_table) + PRESENT_WRITABLE
    .fill 767, 4, 0
    .long PHYSICAL(kernel_first_page_table) + PRESENT_WRITABLE
    .fill 255, 4, 0

    .globl kernel_first_page_table
kernel_first_page_table:
    .set page, 0
    .rept EARLY_PAGES
    .long page * PAGE_SIZE + PRESENT_WRITABLE
    .set page, page + 1
    .endr
    .fill 1024 - EARLY_PAGES, 4, 0

    .section .bss.stacks, "aw", @nobits
    .align PAGE_SIZE
    .globl boot_stack_guard, boot_stack, boot_stack_end
boot_stack_guard:
    .skip PAGE_SIZE
boot_stack:
    .skip 4 * PAGE_SIZE
boot_stack_end:
    .globl double_fault_stack_guard, double_fault_stack, double_fault_stack_end
double_fault_stack_guard:
    .skip PAGE_SIZE
double_fault_stack:
    .skip 2 * PAGE_SIZE
double_fault_stack_end:

    .section .bss, "aw", @nobits
    .align 8
    .globl entry_tsc
entry_tsc:
    .skip 8

    .section .init.text, "ax", @progbits
    .globl entry
    .type entry, @function
entry:
    // EAX: the loader's magic, EBX: physical address of its information. Paging is off, interrupts are off.
    movl %eax, %esi
    rdtsc
    movl %eax, PHYSICAL(entry_tsc)
    movl %edx, PHYSICAL(entry_tsc) + 4

    xorl %ecx, %ecx         // The specification leaves CR4 to the loader; with PAE on, tables have another shape.
    movl %ecx, %cr4
    movl $PHYSICAL(kernel_page_directory), %ecx
    movl %ecx, %cr3
    movl %cr0, %ecx
    orl $CR0_PAGING_WRITE_PROTECT, %ecx
    movl %ecx, %cr0
    movl $higher_half, %ecx
    jmp *%ecx

higher_half:
    cld
    movl $boot_stack_end, %esp
    xorl %ebp, %ebp         // a backtrace ends here
    subl $8, %esp           // arguments on a 16-byte boundary, as the ABI has it
    pushl %ebx
    pushl %esi
    call kernel_main
halted:
    cli
    hlt
    jmp halted
    .size entry, . - entry

    .section .note.GNU-stack, "", @progbits
