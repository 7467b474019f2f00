#include "kernel/files/path.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "kernel/files/memory_files.hpp"
#include "kernel/files/open_file.hpp"
#include "tests/doubles/kernel_host.hpp"

namespace kernel {
namespace {

/// /a/b/file, /a/link -> b, /loop -> loop, /far (another file system, with /far/in) and links of all kinds.
class PathTest : public ::testing::Test {
  protected:
    PathTest() {
        view_->root = view_->working_directory = whole_;
        make_directory("/a");
        make_directory("/a/b");
        make_file("/a/b/file");
        link("/a/link", "b");
        link("/absolute", "/a/b");
        link("/up", "a/../a/b/..");
        link("/loop", "loop");
        link("/nowhere", "a/none");
        link("/to-file", "/a/link/file");
        make_directory("/far");
        far_ = *make_memory_file_system();
        far_below_ = find("/far");
        far_below_->mounted_here = far_.get();
        far_->mounted_on = far_below_.get();
        make_directory("/far/in");
        link("/far/out", "../a");
    }

    ~PathTest() override {
        far_below_->mounted_here = nullptr;
        host::remove_all(*far_);
        host::remove_all(*whole_);
    }

    Shared<Inode> find(std::string_view path, LastLink last_link = LastLink::kFollow) {
        const FileResult<Shared<Inode>> found = walk(*view_, view_->working_directory, path, last_link);
        EXPECT_TRUE(found) << path << ": " << (found ? "" : to_string(found.error()));
        return found.value_or(Shared<Inode>());
    }
    Errno error(std::string_view path, LastLink last_link = LastLink::kFollow) {
        const FileResult<Shared<Inode>> found = walk(*view_, view_->working_directory, path, last_link);
        EXPECT_FALSE(found) << path;
        return found ? Errno{} : found.error();
    }
    PathEnd place(std::string_view path) { return *walk_to_parent(*view_, view_->working_directory, path); }
    void make_directory(std::string_view path) {
        const PathEnd end = place(path);
        EXPECT_TRUE(end.directory->create(end.name, FileKind::kDirectory, 0755, 0)) << path;
    }
    void make_file(std::string_view path) {
        const PathEnd end = place(path);
        EXPECT_TRUE(end.directory->create(end.name, FileKind::kRegular, 0644, 0)) << path;
    }
    void link(std::string_view path, std::string_view target) {
        const PathEnd end = place(path);
        EXPECT_TRUE(end.directory->create_symlink(end.name, target)) << path;
    }
    std::string path_to(const Shared<Inode>& node) {
        std::array<char, 4096> buffer;
        const FileResult<std::string_view> path = path_of(*view_, node, buffer);
        return path ? std::string(*path) : to_string(path.error());
    }
    FileResult<Shared<OpenFile>> open(std::string_view path, std::uint32_t bits) {
        return open_path(*view_, view_->working_directory, path, OpenFlags{bits}, 0666);
    }
    Errno open_error(std::string_view path, std::uint32_t bits) {
        const FileResult<Shared<OpenFile>> file = open(path, bits);
        EXPECT_FALSE(file) << path;
        return file ? Errno{} : file.error();
    }

    Shared<Inode> whole_ = *make_memory_file_system();
    Shared<FileSystemView> view_{new FileSystemView};
    Shared<Inode> far_;
    Shared<Inode> far_below_;
};

TEST_F(PathTest, leads_through_directories_and_links) {
    const Shared<Inode> file = find("/a/b/file");
    for (const char* path :
         {"a/b/file", "//a///b/file", "./a/./b/../b/file", "a/link/file", "absolute/file", "up/b/file",
          "to-file", "/../../a/b/file", "far/../a/b/file", "far/out/b/file", "far/in/../../absolute/file"}) {
        EXPECT_EQ(find(path), file) << path;
    }
    EXPECT_EQ(find("/far"), far_);
    EXPECT_EQ(find("/far/.."), view_->root);
    EXPECT_EQ(find("a/b/"), find("a/link/"));
    EXPECT_EQ(find("absolute/", LastLink::kStay), find("a/b"));
    EXPECT_EQ(find("absolute", LastLink::kStay)->kind(), FileKind::kSymlink);
}

TEST_F(PathTest, says_why_it_leads_nowhere) {
    EXPECT_EQ(error(""), Errno::kNoEntry);
    EXPECT_EQ(error("a/none"), Errno::kNoEntry);
    EXPECT_EQ(error("nowhere"), Errno::kNoEntry);
    EXPECT_EQ(error("a/none/.."), Errno::kNoEntry);
    for (const char* path :
         {"a/b/file/", "a/b/file/x", "a/b/file/.", "a/b/file/..", "to-file/", "to-file/x"}) {
        EXPECT_EQ(error(path), Errno::kNotDirectory) << path;
    }
    EXPECT_EQ(error("loop"), Errno::kTooManySymlinks);
    EXPECT_EQ(error("loop/", LastLink::kStay), Errno::kTooManySymlinks);
    EXPECT_EQ(error(std::string(256, 'n')), Errno::kNameTooLong);
    EXPECT_EQ(error(std::string(4096, '/')), Errno::kNameTooLong);
    EXPECT_EQ(find(std::string(4095, '/')), view_->root);
}

TEST_F(PathTest, follows_forty_links_and_no_more) {
    link("/l0", "a");
    for (int i = 1; i <= 40; ++i) {
        link("/l" + std::to_string(i), "l" + std::to_string(i - 1) + "/.");
    }
    EXPECT_EQ(find("/l39"), find("/a"));
    EXPECT_EQ(error("/l40"), Errno::kTooManySymlinks);
    std::string many;
    for (int i = 0; i < 40; ++i) {
        many += "/far/../l0/..";
    }
    EXPECT_EQ(find(many), view_->root);
    EXPECT_EQ(error(many + "/l0"), Errno::kTooManySymlinks);
}

TEST_F(PathTest, finds_the_place_of_a_name) {
    EXPECT_EQ(place("/a/link/new").directory, find("/a/b"));
    EXPECT_EQ(place("/a/link/new").name, "new");
    EXPECT_TRUE(place("/a/new//").wants_directory);
    EXPECT_EQ(place("new").directory, view_->working_directory);
    const auto place_error = [this](std::string_view path) {
        return walk_to_parent(*view_, view_->working_directory, path).error();
    };
    EXPECT_EQ(place_error("/"), Errno::kExists);
    EXPECT_EQ(place_error("a/."), Errno::kInvalid);
    EXPECT_EQ(place_error("a/.."), Errno::kNotEmpty);
    EXPECT_EQ(place_error("a/b/file/x"), Errno::kNotDirectory);
    EXPECT_EQ(place_error("none/x"), Errno::kNoEntry);
    EXPECT_EQ(place_error("a/" + std::string(256, 'n')), Errno::kNameTooLong);
}

TEST_F(PathTest, tells_where_a_directory_is) {
    EXPECT_EQ(path_to(find("/")), "/");
    EXPECT_EQ(path_to(find("/a/link")), "/a/b");
    EXPECT_EQ(path_to(find("/far")), "/far");
    EXPECT_EQ(path_to(find("/far/in")), "/far/in");
    const Shared<Inode> gone = find("/far/in");
    EXPECT_TRUE(far_->remove_directory("in"));
    EXPECT_EQ(path_to(gone), "No such file or directory");
    std::array<char, 4> small;
    EXPECT_EQ(find("/a/b")->path(std::span(small).first(3)).error(), Errno::kOutOfRange);
    EXPECT_EQ(find("/a/b")->path(small), "/a/b");
}

TEST_F(PathTest, begins_and_ends_at_a_changed_root) {
    const Shared<Inode> file = find("/a/b/file");
    view_->root = find("/a");
    EXPECT_EQ(find("/b/file"), file);
    EXPECT_EQ(find("/../../b/file"), file);
    EXPECT_EQ(path_to(find("/b")), "/b");
    EXPECT_EQ(path_to(find("/")), "/");
    view_->root = far_;
    EXPECT_EQ(find("/.."), far_);
    EXPECT_EQ(path_to(find("/in")), "/in");
}

TEST_F(PathTest, of_a_very_deep_directory_needs_no_deep_stack) {
    Shared<Inode> directory = find("/a");
    for (int depth = 0; depth < 20'000; ++depth) {
        directory = *directory->create("d", FileKind::kDirectory, 0700, 0);
    }
    EXPECT_EQ(path_to(directory), "Numerical result out of range");
    // Removed from the inside, while somebody stands there: nothing ends inside something else's end.
    Shared<Inode> at = directory;
    while (path_to(at) != "/a") {
        const Shared<Inode> above = at->parent();
        EXPECT_TRUE(above->remove_directory("d"));
        at = above;
    }
    EXPECT_TRUE(find("/a/b"));
}

TEST_F(PathTest, opening_creates_and_refuses_as_flags_say) {
    constexpr std::uint32_t kCreate = OpenFlags::kCreate | OpenFlags::kReadWrite;
    EXPECT_TRUE(open("/a/new", kCreate));
    EXPECT_EQ(open_error("/a/new", kCreate | OpenFlags::kExclusive), Errno::kExists);
    EXPECT_EQ(open_error("/nowhere", kCreate | OpenFlags::kExclusive), Errno::kExists);
    EXPECT_TRUE(open("/nowhere", kCreate));  // made where the link points
    EXPECT_EQ(find("/nowhere"), find("/a/none"));
    EXPECT_EQ(open_error("/a", kCreate), Errno::kIsDirectory);
    EXPECT_EQ(open_error("/a", OpenFlags::kWriteOnly), Errno::kIsDirectory);
    EXPECT_EQ(open_error("/a/fresh/", kCreate), Errno::kIsDirectory);
    EXPECT_EQ(open_error("/none/x", kCreate), Errno::kNoEntry);
    EXPECT_EQ(open_error("/loop", kCreate), Errno::kTooManySymlinks);
    EXPECT_EQ(open_error("/absolute", OpenFlags::kNoFollow), Errno::kTooManySymlinks);
    EXPECT_EQ(open_error("/to-file", OpenFlags::kDirectory), Errno::kNotDirectory);
    EXPECT_TRUE(open("/absolute", OpenFlags::kDirectory));
    const FileResult<Shared<OpenFile>> place = open("/absolute", OpenFlags::kPath | OpenFlags::kNoFollow);
    ASSERT_TRUE(place);
    EXPECT_EQ((*place)->inode()->kind(), FileKind::kSymlink);
    Transfer nothing = Transfer::with_kernel({});
    EXPECT_EQ((*place)->read(nothing, 0).error(), Errno::kBadDescriptor);
}

TEST_F(PathTest, the_mask_takes_permissions_from_new_files) {
    view_->permission_mask = 0027;
    EXPECT_TRUE(open("/m", OpenFlags::kCreate));
    FileStatus status;
    find("/m")->status(status);
    EXPECT_EQ(status.permissions, 0640);
}

}  // namespace
}  // namespace kernel
