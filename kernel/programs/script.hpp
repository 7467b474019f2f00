// The first line of a script: `#!INTERPRETER [ARGUMENT]`.
//
// Owns nothing. Cost: linear in the line. Callable anywhere. [linux] fs/binfmt_script.c has the rules.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "kernel/files/errno.hpp"

namespace kernel {

/// How much of a file is looked at: what the line does not say within it, it does not say.
inline constexpr std::size_t kScriptLineBytes = 256;
/// Scripts whose interpreters are scripts, at most. [linux] fs/exec.c
inline constexpr int kMostScripts = 5;

struct ScriptLine {
    std::string_view interpreter;  ///< Not empty.
    std::string_view argument;     ///< All the rest, blanks around it removed; empty: none.
};

/// Reads the first up to kScriptLineBytes bytes of a file. Nothing: it is no script. Error: kNotExecutable (no
/// interpreter, or its name is cut off).
FileResult<std::optional<ScriptLine>> read_script_line(std::string_view beginning);

}  // namespace kernel
