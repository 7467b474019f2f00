#include "kernel/programs/shell.hpp"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <string>
#include <vector>

namespace kernel {
namespace {

class Text final : public Sink {
  public:
    void write(std::string_view bytes) override { text += bytes; }
    std::string text;
};

/// A file that remembers what it was told, and understands everything but "bad".
class Notebook final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        out.write("notes\n");
        return {};
    }
    FileResult<void> write(std::string_view text) override {
        if (text == "bad") {
            return file_error(Errno::kInvalid);
        }
        told.emplace_back(text);
        return {};
    }
    std::vector<std::string> told;
};

class Unreadable final : public File {
  public:
    FileResult<void> read(Printer&) override { return file_error(Errno::kAccess); }
};

/// A shell over / with /notes, /secret and /proc.
class Session {
  public:
    Session() {
        root.add(notes_node);
        root.add(secret_node);
        root.add(proc_node);
    }

    /// Runs `line` as if typed; afterwards output and error hold what it printed.
    Outcome type(std::string line) {
        output.text.clear();
        error.text.clear();
        std::vector<std::string_view> words(CommandReader::most_words(line));
        return shell.run_line(line, words, {output, error});
    }
    /// Runs one command, its words taken literally.
    Outcome run(std::vector<std::string_view> words) {
        output.text.clear();
        error.text.clear();
        return shell.run(words, {output, error});
    }

    Text output;
    Text error;
    Notebook notes;
    Unreadable secret;
    Directory root;
    Directory proc;
    Node notes_node{"notes", notes};
    Node secret_node{"secret", secret};
    Node proc_node{"proc", proc};
    Shell shell{root};
};

class ShellTest : public ::testing::Test {
  protected:
    void expect(const std::string& line, int status, const std::string& output,
                const std::string& error = "") {
        const Outcome outcome = session_.type(line);
        EXPECT_EQ(outcome.status, status) << line;
        EXPECT_EQ(session_.output.text, output) << line;
        EXPECT_EQ(session_.error.text, error) << line;
    }

    Session session_;
};

TEST_F(ShellTest, words_are_quoted_as_in_a_posix_shell) {
    expect("echo a  b\tc", 0, "a b c\n");
    expect("echo 'a  b' \"c  d\" e\\ \\ f", 0, "a  b c  d e  f\n");
    expect("echo 'a\\b\"' \"c\\d\\\"\\\\'\" \\e", 0, "a\\b\" c\\d\"\\' e\n");
    expect("echo '' \"\" x''y", 0, "  xy\n");
    expect("echo '>' \\> \">\" ';' \\;", 0, "> > > ; ;\n");
    expect("echo a\\\nb \\\n c", 0, "ab c\n");
    expect("echo $HOME * ~", 0, "$HOME * ~\n");
    expect("echo 'two\nlines'", 0, "two\nlines\n");
    expect("echo a#b # c", 0, "a#b\n");
    expect("echo a \\", 0, "a \\\n");
}

TEST_F(ShellTest, commands_follow_one_another) {
    expect("echo a;echo b ; echo c\necho d\n\n", 0, "a\nb\nc\nd\n");
    expect("cat /nope; echo on", 0, "on\n", "cat: /nope: No such file or directory\n");
    expect("echo on; cat /nope", 1, "on\n", "cat: /nope: No such file or directory\n");
    expect("echo a && echo b", 0, "a\nb\n");
    expect("nope && echo b; echo c", 0, "c\n", "sh: nope: not found\n");
    expect("nope || echo b", 0, "b\n", "sh: nope: not found\n");
    expect("echo a || echo b && echo c", 0, "a\nc\n");
    expect("", 0, "");
    expect(" \n# nothing\n", 0, "");
}

TEST_F(ShellTest, what_makes_no_sense_is_a_syntax_error) {
    expect("echo 'a", 2, "", "sh: syntax error: unterminated quoted string\n");
    expect("echo \"a", 2, "", "sh: syntax error: unterminated quoted string\n");
    expect("; echo a", 2, "", "sh: syntax error: unexpected ;\n");
    expect("echo a ;; echo b", 2, "a\n", "sh: syntax error: unexpected ;\n");
    expect("echo a &&", 2, "a\n", "sh: syntax error: nothing follows the last operator\n");
    expect("echo a >", 2, "", "sh: syntax error: no file name behind >\n");
    expect("echo a | cat", 2, "", "sh: syntax error: not known here: |\n");
    expect("echo a &", 2, "", "sh: syntax error: not known here: &\n");
    expect("cat < /notes", 2, "", "sh: syntax error: not known here: <\n");
    expect("cat /notes 2>/notes", 2, "", "sh: syntax error: only standard output can be redirected, not 2\n");
}

TEST_F(ShellTest, output_can_be_sent_to_a_file) {
    expect("echo audit > /notes", 0, "");
    expect("echo  two   words>/notes", 0, "");
    expect("> notes echo first", 0, "");
    expect("printf 'a\\n\\n' >> /notes", 0, "");
    expect("echo 2 > /notes", 0, "");
    expect("echo '2'>/notes", 0, "");
    EXPECT_EQ(session_.notes.told,
              (std::vector<std::string>{"audit", "two words", "first", "a\n", "2", "2"}));
}

TEST_F(ShellTest, a_file_that_cannot_be_written_is_an_error) {
    expect("echo a > /nope", 1, "", "sh: /nope: No such file or directory\n");
    expect("echo a > /proc", 1, "", "sh: /proc: Is a directory\n");
    expect("echo bad > /notes", 1, "", "echo: write error: Invalid argument\n");
    expect("echo a > /secret", 1, "", "echo: write error: Permission denied\n");
    expect("cat /nope > /notes", 1, "", "cat: /nope: No such file or directory\n");
    expect("echo " + std::string(600, 'x') + " > /notes", 1, "", "echo: write error: Invalid argument\n");
    EXPECT_TRUE(session_.notes.told.empty());
    expect("> /notes", 0, "");
    expect("> /nope", 1, "", "sh: /nope: No such file or directory\n");
    EXPECT_TRUE(session_.notes.told.empty());
}

TEST_F(ShellTest, cat_prints_files_and_goes_on_after_an_error) {
    expect("cat /notes notes", 0, "notes\nnotes\n");
    expect("cat /nope /notes", 1, "notes\n", "cat: /nope: No such file or directory\n");
    expect("cat /proc", 1, "", "cat: /proc: Is a directory\n");
    expect("cat /notes/x", 1, "", "cat: /notes/x: Not a directory\n");
    expect("cat /secret", 1, "", "cat: /secret: Permission denied\n");
    expect("cat", 1, "", "cat: no file named\n");
}

TEST_F(ShellTest, ls_lists_names_in_order) {
    expect("ls", 0, "notes\nproc\nsecret\n");
    expect("ls /", 0, "notes\nproc\nsecret\n");
    expect("ls /notes", 0, "/notes\n");
    expect("ls /proc /notes", 0, "/proc:\n/notes\n");
    expect("ls /nope", 1, "", "ls: /nope: No such file or directory\n");
}

TEST_F(ShellTest, echo_and_printf_print_what_they_are_given) {
    expect("echo", 0, "\n");
    expect("echo -n a b", 0, "a b");
    expect("echo a -n", 0, "a -n\n");
    expect("echo 'a\\n'", 0, "a\\n\n");
    expect("printf '%s=%%%s.' a b", 0, "a=%b.");
    expect("printf 'a\\tb\\\\\\n'", 0, "a\tb\\\n");
    expect("printf '\\0\\101\\3777'", 0, std::string("\0A\3777", 4));
    expect("printf '%s' ", 0, "");
    expect("printf '\\q%'", 0, "\\q%");
    expect("printf '%d' 1", 1, "", "printf: %d: invalid format\n");
    expect("printf", 2, "", "printf: no format\n");
}

TEST_F(ShellTest, an_unknown_command_is_127) {
    expect("frobnicate now", 127, "", "sh: frobnicate: not found\n");
}

TEST_F(ShellTest, exit_leaves_with_a_status) {
    EXPECT_EQ(session_.type("exit 42; echo no").next, Outcome::Next::kLeave);
    expect("exit 42; echo no", 42, "");
    expect("exit 255", 255, "");
    expect("nope; exit", 127, "", "sh: nope: not found\n");
    expect("exit 256", 2, "", "sh: exit: 256: a status is 0 to 255\n");
    expect("exit 99999999999999999999", 2, "", "sh: exit: 99999999999999999999: a status is 0 to 255\n");
    expect("exit -1", 2, "", "sh: exit: -1: a status is 0 to 255\n");
}

TEST_F(ShellTest, poweroff_ends_everything_at_once) {
    EXPECT_EQ(session_.type("echo a; poweroff; echo b").next, Outcome::Next::kPowerOff);
    EXPECT_EQ(session_.output.text, "a\n");
    EXPECT_EQ(session_.type("sh -c 'poweroff; echo c'; echo b").next, Outcome::Next::kPowerOff);
    EXPECT_EQ(session_.output.text, "");
}

TEST_F(ShellTest, a_shell_in_the_shell_runs_its_line) {
    expect("sh -c 'echo \"a  b\"; echo c'", 0, "a  b\nc\n");
    expect("sh -c 'exit 3'; echo on", 0, "on\n");
    expect("sh -c 'exit 3'", 3, "");
    expect("sh -c 'sh -c \"echo deep > /notes\"'", 0, "");
    EXPECT_EQ(session_.notes.told, std::vector<std::string>{"deep"});
    expect("sh", 2, "", "sh: usage: sh -c LINE\n");
    expect("sh -c ''", 0, "");
    EXPECT_EQ(session_.run({"sh", "-c", "echo literal"}).status, 0);
    EXPECT_EQ(session_.output.text, "literal\n");
}

/// `line` as the argument of `depth` shells inside one another, each with its output redirected.
std::string inside(int depth, std::string line) {
    for (; depth > 0; --depth) {
        std::string quoted;
        for (const char c : line) {
            if (c == ' ' || c == '\\' || c == '>') {
                quoted += '\\';
            }
            quoted += c;
        }
        line = "sh -c " + quoted + " >/notes";
    }
    return line;
}

TEST_F(ShellTest, shells_inside_one_another_are_refused_before_the_stack_is_full) {
    constexpr int kDeepest = Shell::kMostLinesInside - 1;  // the typed line is one
    const std::string refusal = "sh: more than 8 lines inside one another\n";
    for (int again = 0; again < 2; ++again) {
        expect(inside(kDeepest, "exit 3"), 3, "");
        expect(inside(kDeepest + 1, "exit 3"), 2, "", refusal);
        expect(inside(kDeepest + 4, "exit 3") + " || echo on", 0, "on\n", refusal);
    }
}

TEST_F(ShellTest, a_command_from_the_host_is_taken_literally) {
    EXPECT_EQ(session_.run({"echo", ">", ";", "'", "a b", "", "\n"}).status, 0);
    EXPECT_EQ(session_.output.text, "> ; ' a b  \n\n");
    EXPECT_EQ(session_.run({""}).status, 127);
    EXPECT_EQ(session_.error.text, "sh: : not found\n");
}

TEST_F(ShellTest, help_names_every_command) {
    session_.type("help");
    for (const char* name : {"cat", "ls", "echo", "help", "poweroff", "sh"}) {
        EXPECT_NE(session_.output.text.find(std::string("\n  ") + name), std::string::npos) << name;
    }
}

/// Any word, put in single quotes, arrives as it is.
RC_GTEST_PROP(ShellProperty, quoted_words_arrive_unchanged, (const std::vector<std::string>& words)) {
    std::string line = "printf '%s.%s.%s.%s.' ";
    std::string expected;
    for (std::size_t i = 0; i < 4; ++i) {
        const std::string word = i < words.size() ? words[i] : "";
        line += "'";
        for (const char c : word) {
            line += c == '\'' ? std::string("'\\''") : std::string(1, c);
        }
        line += "' ";
        expected += word + ".";
    }
    Session session;
    RC_ASSERT(session.type(line).status == 0);
    RC_ASSERT(session.output.text == expected);
}

/// No line, however strange, does anything but run or be refused.
RC_GTEST_PROP(ShellProperty, any_line_is_survived, ()) {
    const auto line = *rc::gen::container<std::string>(rc::gen::weightedOneOf<char>(
        {{3, rc::gen::elementOf(std::string("'\"\\;&|> \n#echo"))}, {1, rc::gen::arbitrary<char>()}}));
    Session session;
    session.type(line);
}

}  // namespace
}  // namespace kernel
