// The accesses to program memory that may fault, each with the place where it goes on when the page cannot be had.
// user_memory.cpp has checked that every address lies below the kernel.
//
// Copies go by words and then by bytes. A word that cannot be copied whole is tried again byte by byte, so that the
// count of what was left over is exact. A fault leaves ECX, ESI and EDI as they were before the failing element.
    .text
    .globl user_copy_begin, user_copy_end, user_faults, user_faults_end
user_copy_begin:

    .globl user_copy
    .type user_copy, @function
user_copy:                  // (to, from, size) -> bytes not copied
    pushl %esi
    pushl %edi
    movl 12(%esp), %edi
    movl 16(%esp), %esi
    movl 20(%esp), %eax
    movl %eax, %ecx
    shrl $2, %ecx
    andl $3, %eax
copy_words:
    rep movsl
    movl %eax, %ecx
copy_bytes:
    rep movsb
    xorl %eax, %eax
    popl %edi
    popl %esi
    ret
copy_words_failed:
    leal (%eax, %ecx, 4), %ecx
copy_rest:
    rep movsb
copy_failed:
    movl %ecx, %eax
    popl %edi
    popl %esi
    ret
    .size user_copy, . - user_copy

    .globl user_zero
    .type user_zero, @function
user_zero:                  // (to, size) -> bytes not zeroed
    pushl %edi
    movl 8(%esp), %edi
    movl 12(%esp), %edx
    movl %edx, %ecx
    shrl $2, %ecx
    andl $3, %edx
    xorl %eax, %eax
zero_words:
    rep stosl
    movl %edx, %ecx
zero_bytes:
    rep stosb
    popl %edi
    ret
zero_words_failed:
    leal (%edx, %ecx, 4), %ecx
zero_rest:
    rep stosb
zero_failed:
    movl %ecx, %eax
    popl %edi
    ret
    .size user_zero, . - user_zero

    .globl user_copy_string
    .type user_copy_string, @function
user_copy_string:           // (to, from, room) -> length without the NUL; room when there was none; -1: a fault
    pushl %esi
    pushl %edi
    movl 12(%esp), %edi
    movl 16(%esp), %esi
    movl 20(%esp), %ecx
    xorl %eax, %eax
    testl %ecx, %ecx
    jz string_done
string_byte:
    movb (%esi), %al
    movb %al, (%edi)
    incl %esi
    incl %edi
    testb %al, %al
    jz string_ended
    decl %ecx
    jnz string_byte
string_done:
    movl 20(%esp), %eax
    subl %ecx, %eax
    popl %edi
    popl %esi
    ret
string_ended:
    movl 20(%esp), %eax
    subl %ecx, %eax
    popl %edi
    popl %esi
    ret
string_failed:
    movl $-1, %eax
    popl %edi
    popl %esi
    ret
    .size user_copy_string, . - user_copy_string

    .globl user_compare_exchange
    .type user_compare_exchange, @function
user_compare_exchange:      // (word, expected*, desired) -> 0, with *expected the word it was; 1: a fault
    pushl %ebx
    movl 8(%esp), %edx
    movl 12(%esp), %ebx
    movl 16(%esp), %ecx
    movl (%ebx), %eax
exchange_word:
    lock cmpxchgl %ecx, (%edx)
    movl %eax, (%ebx)
    xorl %eax, %eax
    popl %ebx
    ret
exchange_failed:
    movl $1, %eax
    popl %ebx
    ret
    .size user_compare_exchange, . - user_compare_exchange
user_copy_end:

    .section .rodata, "a"
    .align 4
user_faults:                // where it may fault, where it goes on
    .long copy_words, copy_words_failed
    .long copy_bytes, copy_failed
    .long copy_rest, copy_failed
    .long zero_words, zero_words_failed
    .long zero_bytes, zero_failed
    .long zero_rest, zero_failed
    .long string_byte, string_failed
    .long exchange_word, exchange_failed
user_faults_end:

    .section .note.GNU-stack, "", @progbits
