// The table of the console's commands.
#pragma once

#include <span>
#include <string_view>

#include "kernel/programs/shell.hpp"

namespace kernel {

/// What a command has to work with. words[0] is its own name.
struct Invocation {
    Shell& shell;
    std::span<const std::string_view> words;
    Streams streams;
};

struct Command {
    std::string_view name;
    std::string_view arguments;  ///< As `help` shows them.
    std::string_view purpose;
    Outcome (*run)(const Invocation& invocation);
};

/// All commands, in the order that `help` shows them.
std::span<const Command> commands();

}  // namespace kernel
