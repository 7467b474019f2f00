// The console's language: a line of text taken apart into commands and their words, as a POSIX shell would.
//
//   echo 'a b' "c" d\ e > /proc/frames; cat /proc/frames && ls   # a comment
//
// Words are separated by blanks; '..' keeps everything, ".." everything but \ before one of \ " $ `, and
// \ the next character. `;` and newline separate commands, `&&` and `||` make the next one depend on the last
// one's success; `>` sends output to a file. There are no variables, patterns, pipes or background commands:
// `$` and `*` stand for themselves; an unquoted | & < ( ) ` is an error, so that no line does something else
// than a shell would do.
//
// Owns nothing: words are rewritten in place in the caller's line and collected in the caller's array.
// Cost: linear. Callable anywhere. [POSIX.1-2017] 2.2, 2.3, 2.9
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string_view>

namespace kernel {

/// When a command runs, given how the one before it ended.
enum class Condition : std::uint8_t { kAlways, kIfSucceeded, kIfFailed };

/// One command of a line.
struct ParsedCommand {
    Condition condition = Condition::kAlways;
    std::span<const std::string_view> words{};      ///< Empty when there is only a redirection.
    std::optional<std::string_view> output_path{};  ///< Where `>` points.
};

/// What is wrong with a line.
struct SyntaxError {
    const char* what;       ///< "unterminated quoted string", "unexpected"; static storage.
    std::string_view near;  ///< The text it is about; may be empty.
};

/// Hands out the commands of one line, in order.
class CommandReader {
  public:
    /// `words` must have room for most_words(line); both must outlive the commands handed out.
    CommandReader(std::span<char> line, std::span<std::string_view> words) : line_(line), words_(words) {}

    /// How many words all commands of `line` have together, at most.
    static std::size_t most_words(std::string_view line);

    /// Whether another command follows. The words of the one before are forgotten.
    std::expected<bool, SyntaxError> next(ParsedCommand& command);

  private:
    enum class Token : std::uint8_t { kEnd, kWord, kSemicolon, kNewline, kAnd, kOr, kOutput };

    std::expected<Token, SyntaxError> next_token(std::string_view& word);
    std::expected<Token, SyntaxError> operator_at_cursor();
    std::expected<std::string_view, SyntaxError> word_at_cursor();
    [[nodiscard]] char at(std::size_t index) const { return index < line_.size() ? line_[index] : '\0'; }

    std::span<char> line_;
    std::span<std::string_view> words_;
    std::size_t cursor_ = 0;
    Token last_separator_ = Token::kSemicolon;
};

}  // namespace kernel
