#include "kernel/files/generated.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "kernel/files/mounts.hpp"

namespace kernel {
namespace {

/// Prints another text each time; takes commands.
class CountingFile final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        out.print("{} ", ++reads);
        out.write(std::string(length, 'x'));
        return {};
    }
    FileResult<void> write(std::string_view text) override {
        command = text;
        return text == "bad" ? FileResult<void>(file_error(Errno::kInvalid)) : FileResult<void>{};
    }
    int reads = 0;
    std::size_t length = 10;
    std::string command;
};

class SilentFile final : public File {
  public:
    FileResult<void> read(Printer&) override { return file_error(Errno::kAccess); }
};

class GeneratedTest : public ::testing::Test {
  protected:
    GeneratedTest() {
        fixed_.add(counting_node_);
        fixed_.add(silent_node_);
        fixed_.add(below_node_);
        root_ = *make_generated_root(fixed_, 9);
    }
    Shared<OpenFile> open(std::string_view name) {
        return *(*root_->look_up(name))->open({OpenFlags::kReadWrite});
    }
    static std::string read(const Shared<OpenFile>& file, std::uint64_t offset, std::size_t size) {
        std::string text(size, '?');
        Transfer to = Transfer::with_kernel(std::as_writable_bytes(std::span(text)));
        text.resize(file->read(to, offset).value_or(0));
        return text;
    }
    static FileResult<std::size_t> write(const Shared<OpenFile>& file, std::string text) {
        Transfer from = Transfer::with_kernel(std::as_writable_bytes(std::span(text)));
        return file->write(from, 0);
    }

    CountingFile counting_;
    SilentFile silent_;
    Directory below_;
    Directory fixed_;
    Node counting_node_{"counting", counting_};
    Node silent_node_{"silent", silent_};
    Node below_node_{"below", below_};
    Shared<Inode> root_;
};

TEST_F(GeneratedTest, pieces_come_from_one_printing) {
    const Shared<OpenFile> file = open("counting");
    EXPECT_EQ(read(file, 0, 4), "1 xx");
    EXPECT_EQ(read(file, 4, 100), "xxxxxxxx");
    EXPECT_EQ(read(file, 12, 100), "");
    EXPECT_EQ(counting_.reads, 1);
    EXPECT_EQ(read(file, 0, 1), "2");
}

TEST_F(GeneratedTest, a_long_text_is_printed_again_with_room_for_it) {
    counting_.length = 100'000;
    const Shared<OpenFile> file = open("counting");
    EXPECT_EQ(read(file, 0, 200'000), "2 " + std::string(100'000, 'x'));
    EXPECT_EQ(read(file, 0, 200'000), "3 " + std::string(100'000, 'x'));
}

TEST_F(GeneratedTest, one_write_is_one_command) {
    const Shared<OpenFile> file = open("counting");
    EXPECT_EQ(write(file, "do it\n"), 6U);
    EXPECT_EQ(counting_.command, "do it");
    EXPECT_EQ(write(file, "bad").error(), Errno::kInvalid);
    counting_.command = "untouched";
    EXPECT_EQ(write(file, std::string(5000, 'x')).error(), Errno::kInvalid);
    Transfer bad = Transfer::with_user({.address = 1, .size_bytes = 3});
    EXPECT_EQ(file->write(bad, 0).error(), Errno::kFault);
    EXPECT_EQ(counting_.command, "untouched");
}

TEST_F(GeneratedTest, an_error_of_the_file_is_the_readers) {
    std::string text(4, '?');
    Transfer to = Transfer::with_kernel(std::as_writable_bytes(std::span(text)));
    EXPECT_EQ(open("silent")->read(to, 0).error(), Errno::kAccess);
    EXPECT_EQ(write(open("silent"), "x").error(), Errno::kAccess);
}

TEST_F(GeneratedTest, directories_list_what_paths_find) {
    class Names final : public DirectoryReader {
      public:
        bool take(std::string_view name, std::uint64_t, FileKind, std::uint64_t position) override {
            if (!names.empty() && position <= last) {
                ADD_FAILURE() << "positions must grow";
            }
            last = position;
            names.emplace_back(name);
            return true;
        }
        std::vector<std::string> names;
        std::uint64_t last = 0;
    } names;
    EXPECT_TRUE(root_->read_directory(0, names));
    EXPECT_EQ(names.names, (std::vector<std::string>{".", "..", "below", "counting", "silent"}));
    const Shared<Inode> below = *root_->look_up("below");
    EXPECT_EQ(below->parent(), root_);
    EXPECT_EQ(below->device(), 9U);
    EXPECT_EQ(root_->look_up("none").error(), Errno::kNoEntry);
    EXPECT_EQ(root_->create("none", FileKind::kRegular, 0, 0).error(), Errno::kNoEntry);
    std::array<char, 64> buffer;
    EXPECT_EQ(std::string((*root_->look_up("counting"))->path(buffer).value_or("none")), "/counting");
}

}  // namespace
}  // namespace kernel
