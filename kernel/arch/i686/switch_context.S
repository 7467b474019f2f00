// From one thread's kernel stack to another's. What C++ expects to survive a call is pushed on the one and popped
// from the other; context.cpp lays out a new thread's stack as if it had been pushed.
    .text
    .globl switch_context
    .type switch_context, @function
switch_context:             // (Context& from, const Context& to)
    movl 4(%esp), %eax
    movl 8(%esp), %edx
    pushl %ebp
    pushl %ebx
    pushl %esi
    pushl %edi
    pushfl
    movl %esp, (%eax)
    movl (%edx), %esp
    popfl
    popl %edi
    popl %esi
    popl %ebx
    popl %ebp
    ret
    .size switch_context, . - switch_context

    .section .note.GNU-stack, "", @progbits
