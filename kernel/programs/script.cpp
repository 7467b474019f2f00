#include "kernel/programs/script.hpp"

namespace kernel {
namespace {

constexpr std::string_view kBlanks = " \t";

std::string_view without_blanks(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) {
        return {};
    }
    return text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin);
}

}  // namespace

FileResult<std::optional<ScriptLine>> read_script_line(std::string_view beginning) {
    if (!beginning.starts_with("#!")) {
        return std::nullopt;
    }
    beginning.remove_prefix(2);
    const std::size_t end = beginning.find_first_of(std::string_view("\n\0", 2));
    const bool complete = end != std::string_view::npos || beginning.size() < kScriptLineBytes - 2;
    std::string_view line = beginning.substr(0, end);
    const std::size_t name = line.find_first_not_of(kBlanks);
    if (name == std::string_view::npos) {
        return file_error(Errno::kNotExecutable);
    }
    line.remove_prefix(name);
    const std::size_t name_end = line.find_first_of(kBlanks);
    if (name_end == std::string_view::npos) {
        if (!complete) {
            return file_error(Errno::kNotExecutable);
        }
        return ScriptLine{.interpreter = line, .argument = {}};
    }
    return ScriptLine{.interpreter = line.substr(0, name_end),
                      .argument = without_blanks(line.substr(name_end))};
}

}  // namespace kernel
