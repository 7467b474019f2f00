// Marks for what only booting uses. The linker script gathers it into image::init(), whose frames can be
// released when booting is over: nothing outside may call or name it from then on.
//
//   INIT_CODE void start_something();        a function; its string literals stay in .rodata
//   INIT_DATA std::uint32_t table[] = {...};
//   INIT_BSS std::byte buffer[4096];         starts as zero, takes no room in the file
#pragma once

// Not inlined into code that stays; not cold, or GCC would move parts of it out of the section.
#define INIT_CODE [[gnu::section(".init.text"), gnu::noinline]]
#define INIT_DATA [[gnu::section(".init.data")]]
#define INIT_BSS [[gnu::section(".bss.init")]]
