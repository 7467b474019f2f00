#include "kernel/files/tree.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/host_panic.hpp"

namespace kernel {
namespace {

class EmptyFile final : public File {
  public:
    FileResult<void> read(Printer&) override { return {}; }
};

/// /proc with /proc/version and /proc/sys, and /readme.
class TreeTest : public ::testing::Test {
  protected:
    TreeTest() {
        root_.add(readme_node_);
        root_.add(proc_node_);
        proc_.add(version_node_);
        proc_.add(sys_node_);
    }

    Errno error_of(std::string_view path) {
        const auto place = look_up(root_, path);
        EXPECT_FALSE(place.has_value()) << path;
        return place ? Errno{} : place.error();
    }
    File* file_at(std::string_view path) { return look_up(root_, path).value_or(Place{}).file; }
    const Directory* directory_at(std::string_view path) {
        return look_up(root_, path).value_or(Place{}).directory;
    }

    EmptyFile readme_;
    EmptyFile version_;
    Directory root_;
    Directory proc_;
    Directory sys_;
    Node readme_node_{"readme", readme_};
    Node proc_node_{"proc", proc_};
    Node version_node_{"version", version_};
    Node sys_node_{"sys", sys_};
};

TEST_F(TreeTest, paths_lead_to_files_and_directories) {
    EXPECT_EQ(file_at("/readme"), &readme_);
    EXPECT_EQ(file_at("/proc/version"), &version_);
    EXPECT_EQ(directory_at("/proc"), &proc_);
    EXPECT_EQ(directory_at("/proc/sys"), &sys_);
    EXPECT_EQ(directory_at("/"), &root_);
}

TEST_F(TreeTest, slashes_and_dots_mean_what_they_mean_elsewhere) {
    EXPECT_EQ(file_at("proc/version"), &version_);
    EXPECT_EQ(file_at("//proc///version"), &version_);
    EXPECT_EQ(file_at("/./proc/./version"), &version_);
    EXPECT_EQ(file_at("/proc/sys/../version"), &version_);
    EXPECT_EQ(directory_at("/proc/"), &proc_);
    EXPECT_EQ(directory_at("/proc/sys/../.."), &root_);
    EXPECT_EQ(directory_at("/../.."), &root_);
}

TEST_F(TreeTest, what_is_not_there_is_an_error) {
    EXPECT_EQ(error_of("/nope"), Errno::kNoEntry);
    EXPECT_EQ(error_of("/nope/version"), Errno::kNoEntry);
    EXPECT_EQ(error_of("/proc/versio"), Errno::kNoEntry);
    EXPECT_EQ(error_of(""), Errno::kNoEntry);
    EXPECT_EQ(error_of("/readme/x"), Errno::kNotDirectory);
    EXPECT_EQ(error_of("/readme/"), Errno::kNotDirectory);
    EXPECT_EQ(error_of("/readme/.."), Errno::kNotDirectory);
}

TEST_F(TreeTest, names_are_listed_in_order_whatever_order_they_came_in) {
    EmptyFile first;
    Node last_node("zzz", first);
    Node first_node("aaa", first);
    root_.add(last_node);
    root_.add(first_node);
    std::string names;
    for (const Node* node = root_.first(); node != nullptr; node = node->next()) {
        names += std::string(node->name()) + " ";
    }
    EXPECT_EQ(names, "aaa proc readme zzz ");
}

TEST_F(TreeTest, a_second_file_of_the_same_name_is_a_bug) {
    Node again("readme", version_);
    EXPECT_THROW(root_.add(again), host::Panic);
    Node moved("moved", proc_);
    EXPECT_THROW(root_.add(moved), host::Panic);
}

}  // namespace
}  // namespace kernel
