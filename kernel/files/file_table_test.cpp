#include "kernel/files/file_table.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "kernel/files/directory_file.hpp"
#include "kernel/files/memory_files.hpp"

namespace kernel {
namespace {

Shared<OpenFile> make_file() {
    static const Shared<Inode> root = *make_memory_file_system();
    return *open_directory(root, OpenFlags{});
}

TEST(FileTable, gives_the_lowest_number) {
    const Shared<FileTable> table(new FileTable);
    EXPECT_EQ(table->add(make_file(), OnExec::kKeep), 0);
    EXPECT_EQ(table->add(make_file(), OnExec::kKeep), 1);
    EXPECT_EQ(table->add(make_file(), OnExec::kKeep, 5), 5);
    EXPECT_EQ(table->add(make_file(), OnExec::kKeep, 5), 6);
    EXPECT_TRUE(table->close(0));
    EXPECT_EQ(table->add(make_file(), OnExec::kKeep), 0);
    EXPECT_EQ(table->add(make_file(), OnExec::kKeep), 2);
    EXPECT_TRUE(table->check_invariants());
}

TEST(FileTable, a_number_nobody_has_is_bad) {
    const Shared<FileTable> table(new FileTable);
    for (const std::int32_t descriptor : {-1, 0, 31, 32, 1023, 1024, INT32_MIN, INT32_MAX}) {
        EXPECT_EQ(table->find(descriptor).error(), Errno::kBadDescriptor);
        EXPECT_EQ(table->close(descriptor).error(), Errno::kBadDescriptor);
        EXPECT_EQ(table->on_exec(descriptor).error(), Errno::kBadDescriptor);
        EXPECT_EQ(table->set_on_exec(descriptor, OnExec::kClose).error(), Errno::kBadDescriptor);
    }
    EXPECT_EQ(table->replace(-1, make_file(), OnExec::kKeep).error(), Errno::kBadDescriptor);
    EXPECT_EQ(table->replace(1024, make_file(), OnExec::kKeep).error(), Errno::kBadDescriptor);
}

TEST(FileTable, is_full_at_its_limit) {
    const Shared<FileTable> table(new FileTable);
    const Shared<OpenFile> file = make_file();
    for (std::uint32_t i = 0; i < FileTable::kMost; ++i) {
        ASSERT_TRUE(table->add(file, OnExec::kKeep));
    }
    EXPECT_EQ(table->add(file, OnExec::kKeep).error(), Errno::kTooManyFiles);
    EXPECT_EQ(table->add(file, OnExec::kKeep, 1024).error(), Errno::kInvalid);
    EXPECT_EQ(table->add(file, OnExec::kKeep, -1).error(), Errno::kInvalid);
    EXPECT_TRUE(table->close(700));
    EXPECT_EQ(table->add(file, OnExec::kKeep, 0, 700).error(), Errno::kTooManyFiles);
    EXPECT_EQ(table->add(file, OnExec::kKeep, 800).error(), Errno::kTooManyFiles);
    EXPECT_EQ(table->add(file, OnExec::kKeep), 700);
    EXPECT_EQ(file->owners(), FileTable::kMost + 1);
    table->close_all();
    EXPECT_EQ(file->owners(), 1U);
}

TEST(FileTable, execve_closes_what_is_to_be_closed) {
    const Shared<FileTable> table(new FileTable);
    EXPECT_TRUE(table->replace(3, make_file(), OnExec::kKeep));
    EXPECT_TRUE(table->replace(100, make_file(), OnExec::kClose));
    const Shared<FileTable> copy = table->copy();
    table->close_on_exec();
    EXPECT_TRUE(table->find(3));
    EXPECT_FALSE(table->find(100));
    EXPECT_EQ(copy->on_exec(100), OnExec::kClose);
}

/// Random operations on a table and on a std::map.
RC_GTEST_PROP(FileTable, does_what_a_map_does, ()) {
    Shared<FileTable> table(new FileTable);
    std::map<std::int32_t, std::pair<OpenFile*, OnExec>> model;
    const Shared<OpenFile> file = make_file();
    for (int step = 0; step < 300; ++step) {
        const auto number = *rc::gen::inRange(0, *rc::gen::arbitrary<bool>() ? 8 : 80);
        const OnExec on_exec = *rc::gen::arbitrary<bool>() ? OnExec::kKeep : OnExec::kClose;
        switch (*rc::gen::inRange(0, 6)) {
            case 0:
            case 1: {
                std::int32_t expected = number;
                while (model.contains(expected)) {
                    ++expected;
                }
                RC_ASSERT(table->add(file, on_exec, number).value_or(-1) == expected);
                model[expected] = {file.get(), on_exec};
                break;
            }
            case 2:
                RC_ASSERT(table->replace(number, file, on_exec).has_value());
                model[number] = {file.get(), on_exec};
                break;
            case 3:
                RC_ASSERT(table->close(number).has_value() == (model.erase(number) == 1));
                break;
            case 4:
                RC_ASSERT(table->set_on_exec(number, on_exec).has_value() == model.contains(number));
                if (model.contains(number)) {
                    model[number].second = on_exec;
                }
                break;
            default:
                table = table->copy();
        }
        RC_ASSERT(table->check_invariants());
        RC_ASSERT(file->owners() == model.size() + 1);
    }
    std::uint32_t next = table->next_in_use(0);
    for (const auto& [number, entry] : model) {
        RC_ASSERT(next == static_cast<std::uint32_t>(number));
        RC_ASSERT(*table->find(number) == entry.first);
        RC_ASSERT(*table->on_exec(number) == entry.second);
        next = table->next_in_use(next + 1);
    }
    RC_ASSERT(next == FileTable::kMost);
}

}  // namespace
}  // namespace kernel
