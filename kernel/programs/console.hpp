// The interactive console: a prompt on COM1 and on the screen, typed at on the serial line and on the
// keyboard alike.
//
// Owns the line being typed. Sleeps while nothing is typed. Main line only, with interrupts working.
#pragma once

#include "kernel/programs/shell.hpp"

namespace kernel {

/// Prompts for lines and runs them, until `poweroff`, `exit` or the end of the input (Ctrl-D) switches the
/// machine off.
[[noreturn]] void run_console(Shell& shell);

}  // namespace kernel
