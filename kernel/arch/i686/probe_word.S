// The access that may fault, with an address of its own: the page-fault handler goes on at probe_word_fault instead.
    .text
    .globl probe_word, probe_word_access, probe_word_fault
    .type probe_word, @function
probe_word:                     // (address, word*) -> 1 with the word stored, or 0
    movl 4(%esp), %eax
    movl 8(%esp), %edx
probe_word_access:
    movl (%eax), %ecx
    movl %ecx, (%edx)
    movl $1, %eax
    ret
probe_word_fault:
    xorl %eax, %eax
    ret
    .size probe_word, . - probe_word

    .section .note.GNU-stack, "", @progbits
