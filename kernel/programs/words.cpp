#include "kernel/programs/words.hpp"

namespace kernel {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool is_operator(char c) {
    return std::string_view(";\n&|<>()`").find(c) != std::string_view::npos;
}

bool ends_word(char c) {
    return is_blank(c) || is_operator(c);
}

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::unexpected<SyntaxError> syntax_error(const char* what, std::string_view near = {}) {
    return std::unexpected(SyntaxError{what, near});
}

}  // namespace

std::size_t CommandReader::most_words(std::string_view line) {
    std::size_t count = 0;
    bool between = true;
    for (const char c : line) {
        if (!ends_word(c) && between) {
            ++count;
        }
        between = ends_word(c);
    }
    return count;
}

std::expected<bool, SyntaxError> CommandReader::next(ParsedCommand& command) {
    command = {};
    switch (last_separator_) {
        case Token::kAnd:
            command.condition = Condition::kIfSucceeded;
            break;
        case Token::kOr:
            command.condition = Condition::kIfFailed;
            break;
        default:
            break;
    }
    const bool must_follow = command.condition != Condition::kAlways;
    std::size_t count = 0;
    for (;;) {
        std::string_view word;
        auto token = next_token(word);
        if (!token) {
            return std::unexpected(token.error());
        }
        if (*token == Token::kWord) {
            words_[count++] = word;
            continue;
        }
        if (*token == Token::kOutput) {
            token = next_token(word);
            if (!token) {
                return std::unexpected(token.error());
            }
            if (*token != Token::kWord) {
                return syntax_error("no file name behind", ">");
            }
            command.output_path = word;
            continue;
        }
        const bool empty = count == 0 && !command.output_path;
        if (empty && *token == Token::kNewline) {
            continue;
        }
        if (empty && *token == Token::kEnd) {
            return must_follow
                       ? std::expected<bool, SyntaxError>(syntax_error("nothing follows the last operator"))
                       : false;
        }
        if (empty) {
            return syntax_error("unexpected", *token == Token::kSemicolon ? ";"
                                              : *token == Token::kAnd     ? "&&"
                                                                          : "||");
        }
        last_separator_ = *token;
        command.words = words_.first(count);
        return true;
    }
}

std::expected<CommandReader::Token, SyntaxError> CommandReader::next_token(std::string_view& word) {
    for (;;) {
        if (is_blank(at(cursor_))) {
            ++cursor_;
        } else if (at(cursor_) == '\\' && at(cursor_ + 1) == '\n') {  // a line continued on the next
            cursor_ += 2;
        } else {
            break;
        }
    }
    if (at(cursor_) == '#') {
        while (cursor_ < line_.size() && line_[cursor_] != '\n') {
            ++cursor_;
        }
    }
    if (cursor_ >= line_.size()) {
        return Token::kEnd;
    }
    if (is_operator(line_[cursor_])) {
        return operator_at_cursor();
    }
    const std::size_t begin = cursor_;
    const auto text = word_at_cursor();
    if (!text) {
        return std::unexpected(text.error());
    }
    // `2>` would send another stream than standard output: only an unquoted number right before it does that.
    if (at(cursor_) == '>' && is_number(*text) && text->size() == cursor_ - begin) {
        return syntax_error("only standard output can be redirected, not", *text);
    }
    word = *text;
    return Token::kWord;
}

std::expected<CommandReader::Token, SyntaxError> CommandReader::operator_at_cursor() {
    const std::string_view rest(line_.data() + cursor_, line_.size() - cursor_);
    struct Operator {
        std::string_view text;
        Token token;
    };
    // Appending to a file here is writing to it: its content is made anew at each read.
    static constexpr Operator kOperators[] = {{"&&", Token::kAnd},      {"||", Token::kOr},
                                              {">>", Token::kOutput},   {">", Token::kOutput},
                                              {";", Token::kSemicolon}, {"\n", Token::kNewline}};
    for (const Operator& candidate : kOperators) {
        if (rest.starts_with(candidate.text)) {
            cursor_ += candidate.text.size();
            return candidate.token;
        }
    }
    return syntax_error("not known here:", rest.substr(0, 1));
}

std::expected<std::string_view, SyntaxError> CommandReader::word_at_cursor() {
    char* const begin = line_.data() + cursor_;
    std::size_t length = 0;
    char quote = '\0';
    for (; cursor_ < line_.size() && (quote != '\0' || !ends_word(line_[cursor_])); ++cursor_) {
        char c = line_[cursor_];
        const bool quotes = c == '\'' || c == '"';
        if (quotes && (quote == '\0' || quote == c)) {
            quote = quote == '\0' ? c : '\0';
            continue;
        }
        if (c == '\\' && quote != '\'' && cursor_ + 1 < line_.size()) {
            const char escaped = line_[cursor_ + 1];
            if (quote == '\0' || std::string_view("\\\"$`\n").find(escaped) != std::string_view::npos) {
                ++cursor_;
                if (escaped == '\n') {
                    continue;
                }
                c = escaped;
            }
        }
        begin[length++] = c;
    }
    if (quote != '\0') {
        return syntax_error("unterminated quoted string");
    }
    return std::string_view(begin, length);
}

}  // namespace kernel
