#include "kernel/files/archive.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <memory>
#include <vector>

#include "kernel/files/archive_files.hpp"
#include "kernel/files/archive_writer_test.hpp"
#include "kernel/files/file_table.hpp"
#include "kernel/files/path.hpp"

namespace kernel {
namespace {

using test::add_cpio;
using test::add_tar;
using test::CpioFields;
using test::end_cpio;
using test::end_tar;
using test::TextBytes;

constexpr std::uint32_t kDirectoryMode = 040755, kLinkMode = 0120777;

/// The tree that an archive makes.
class Tree {
  public:
    Tree() { EXPECT_TRUE(tree_.start()); }

    /// Lays `archive` over what is there; what was wrong with it, or null.
    const char* lay(const std::string& archive, std::uint64_t base = 0) {
        TextBytes bytes(archive);
        const std::optional<ArchiveFormat> format = archive_format(bytes);
        if (!format) {
            return "no archive";
        }
        const std::optional<ArchiveProblem> problem = read_archive(tree_, bytes, *format, base, left_out);
        return problem ? problem->what : nullptr;
    }
    Shared<Inode> find(std::string_view path, LastLink last_link = LastLink::kFollow) {
        FileSystemView view;
        view.root = view.working_directory = Shared<Inode>(&tree_.root());
        const FileResult<Shared<Inode>> found = walk(view, view.root, path, last_link);
        return found.value_or(Shared<Inode>());
    }
    const ArchiveFile& file(std::string_view path) {
        const Shared<Inode> found = find(path);
        mm::expect(found && found->kind() == FileKind::kRegular, "no such file in the archive");
        return static_cast<const ArchiveFile&>(*found);
    }
    static FileStatus status(const Shared<Inode>& node) {
        FileStatus status;
        node->status(status);
        return status;
    }
    std::vector<std::string> names(std::string_view path) {
        class Names final : public DirectoryReader {
          public:
            bool take(std::string_view name, std::uint64_t, FileKind, std::uint64_t position) override {
                EXPECT_EQ(position, all.size() + 1);
                all.emplace_back(name);
                return true;
            }
            std::vector<std::string> all;
        } names;
        EXPECT_TRUE(find(path)->read_directory(0, names));
        return names.all;
    }
    ArchiveTree& tree() { return tree_; }

    std::uint32_t left_out = 0;

  private:
    ArchiveTree tree_{1};
};

std::string small_cpio() {
    std::string archive;
    add_cpio(archive, ".", "", {.mode = 040700});
    add_cpio(archive, "bin", "", {.mode = kDirectoryMode});
    add_cpio(archive, "bin/ls", "/bin/busybox", {.mode = kLinkMode});
    add_cpio(archive, "bin/busybox", "contents", {.mode = 0100755, .modified = 77});
    add_cpio(archive, "./etc/deep/file", "x");
    end_cpio(archive);
    return archive;
}

TEST(Archive, cpio_becomes_a_tree) {
    const std::string archive = small_cpio();
    Tree tree;
    EXPECT_EQ(tree.lay(archive, 0x100000), nullptr);
    EXPECT_EQ(tree.find("bin/ls"), tree.find("bin/busybox"));
    const ArchiveFile& file = tree.file("/bin/busybox");
    EXPECT_EQ(archive.substr(file.content() - 0x100000, file.size_bytes()), "contents");
    EXPECT_EQ(tree.status(tree.find("bin/busybox")).permissions, 0755);
    EXPECT_EQ(tree.status(tree.find("bin/busybox")).modified.seconds, 77);
    EXPECT_EQ(tree.status(tree.find("/")).permissions, 0700);
    EXPECT_EQ(tree.status(tree.find("/")).links, 4U);
    EXPECT_EQ(*tree.find("bin/ls", LastLink::kStay)->target(), "/bin/busybox");
    EXPECT_EQ(tree.names("/"), (std::vector<std::string>{".", "..", "bin", "etc"}));
    EXPECT_EQ(tree.names("/bin"), (std::vector<std::string>{".", "..", "ls", "busybox"}));
    EXPECT_EQ(tree.find("etc/deep/.."), tree.find("etc"));
    EXPECT_EQ(tree.left_out, 0U);
}

TEST(Archive, cannot_be_written_to) {
    Tree tree;
    EXPECT_EQ(tree.lay(small_cpio()), nullptr);
    const Shared<Inode> bin = tree.find("bin");
    EXPECT_EQ(bin->create("x", FileKind::kRegular, 0, 0).error(), Errno::kReadOnlyFileSystem);
    EXPECT_EQ(bin->create("ls", FileKind::kRegular, 0, 0).error(), Errno::kExists);
    EXPECT_EQ(bin->unlink("ls").error(), Errno::kReadOnlyFileSystem);
    EXPECT_EQ(bin->unlink("none").error(), Errno::kNoEntry);
    EXPECT_EQ(bin->rename("ls", *bin, "x").error(), Errno::kReadOnlyFileSystem);
    EXPECT_EQ(bin->change_status({}).error(), Errno::kReadOnlyFileSystem);
    EXPECT_EQ(tree.find("bin/ls")->resize(0).error(), Errno::kReadOnlyFileSystem);
}

TEST(Archive, names_may_be_padded_and_zeros_stand_between) {
    std::string archive;
    add_cpio(archive, "a", "1", {.name_padding = 3000});
    archive.append(4000, '\0');
    add_cpio(archive, std::string(200, 'd') + "/" + std::string(255, 'n'), "2");
    add_cpio(archive, "link", std::string(4000, 't'), {.mode = kLinkMode});
    Tree tree;
    EXPECT_EQ(tree.lay(archive), nullptr);
    EXPECT_EQ(archive[tree.file("a").content()], '1');
    EXPECT_EQ(archive[tree.file(std::string(200, 'd') + "/" + std::string(255, 'n')).content()], '2');
    EXPECT_EQ(tree.find("link", LastLink::kStay)->target(), std::string(4000, 't'));
}

TEST(Archive, a_later_archive_is_laid_over) {
    std::string over;
    add_cpio(over, "bin/ls", "own", {.mode = 0100755});
    add_cpio(over, "bin/busybox", "other", {.mode = kLinkMode});
    add_cpio(over, "new/file", "n");
    add_cpio(over, "etc", "x");  // not over a directory
    Tree tree;
    EXPECT_EQ(tree.lay(small_cpio()), nullptr);
    EXPECT_EQ(tree.lay(over, 1 << 20), nullptr);
    EXPECT_EQ(tree.left_out, 1U);
    EXPECT_EQ(over.substr(tree.file("bin/ls").content() - (1 << 20), 3), "own");
    EXPECT_EQ(tree.find("bin/busybox", LastLink::kStay)->kind(), FileKind::kSymlink);
    EXPECT_EQ(tree.names("bin").size(), 4U);
    EXPECT_TRUE(tree.find("new/file"));
    EXPECT_TRUE(tree.find("etc/deep/file"));
}

TEST(Archive, several_names_of_one_file_share_its_contents) {
    std::string archive;
    add_cpio(archive, "a", "", {.inode = 7, .links = 3});
    add_cpio(archive, "b", "", {.inode = 7, .links = 3});
    add_cpio(archive, "other", "", {.inode = 8, .links = 2});
    add_cpio(archive, "c", "data", {.inode = 7, .links = 3});
    Tree tree;
    EXPECT_EQ(tree.lay(archive), nullptr);
    for (const char* name : {"a", "b", "c"}) {
        EXPECT_EQ(tree.file(name).size_bytes(), 4U) << name;
        EXPECT_EQ(tree.file(name).content(), tree.file("c").content());
        EXPECT_EQ(tree.status(tree.find(name)).inode, tree.status(tree.find("a")).inode);
    }
    EXPECT_EQ(tree.file("other").size_bytes(), 0U);
}

TEST(Archive, what_cannot_be_shown_is_left_out) {
    std::string archive;
    add_cpio(archive, "dev/null", "", {.mode = 020666});
    add_cpio(archive, "../escape", "x");
    add_cpio(archive, "a/../../escape", "x");
    add_cpio(archive, "file", "x");
    add_cpio(archive, "file/below", "x");
    add_cpio(archive, std::string(256, 'n'), "x");
    Tree tree;
    EXPECT_EQ(tree.lay(archive), nullptr);
    EXPECT_EQ(tree.left_out, 5U);
    EXPECT_FALSE(tree.find("escape"));
    EXPECT_TRUE(tree.find("file"));
}

TEST(Archive, grows_to_many_names) {
    std::string archive;
    for (int i = 0; i < 5000; ++i) {
        add_cpio(archive, "d" + std::to_string(i % 7) + "/" + std::to_string(i), "");
    }
    Tree tree;
    EXPECT_EQ(tree.lay(archive), nullptr);
    EXPECT_EQ(tree.tree().node_count(), 5000U + 7 + 1);
    for (int i = 0; i < 5000; ++i) {
        EXPECT_TRUE(tree.find("d" + std::to_string(i % 7) + "/" + std::to_string(i)));
    }
    EXPECT_FALSE(tree.find("d0/1"));
}

TEST(Archive, broken_cpio_is_told_and_what_came_before_is_there) {
    const auto with = [](std::size_t at, char byte) {
        std::string archive;
        add_cpio(archive, "first", "x");
        const std::size_t second = archive.size();
        add_cpio(archive, "second", "y");
        archive[second + at] = byte;
        Tree tree;
        const char* const problem = tree.lay(archive);
        EXPECT_TRUE(tree.find("first"));
        return std::string(problem == nullptr ? "" : problem);
    };
    EXPECT_EQ(with(0, 'x'), "no header of cpio's newc format");
    EXPECT_EQ(with(5, '7'), "no header of cpio's newc format");
    for (const char wrong : {'g', 'G', '@', '`', ':', '/', ' ', '\0', '\x7f', '\xff'}) {
        EXPECT_EQ(with(6 + 8 + 3, wrong), "its header holds no numbers") << wrong;
        EXPECT_EQ(with(6 + 8 + 5, wrong), "its header holds no numbers") << wrong;
    }
    EXPECT_EQ(with(6 + 6 * 8, '1'), "it ends behind the archive");   // 256 MiB of contents
    EXPECT_EQ(with(6 + 11 * 8, 'f'), "it ends behind the archive");  // of name
    EXPECT_EQ(with(110, '\0'), "its name is empty or longer than 4,095 bytes");
    EXPECT_EQ(with(116, 'x'), "its name does not end");
}

TEST(Archive, every_digit_counts) {
    std::string archive;
    add_cpio(archive, "a", "", {.modified = 0x89abcdef});
    const std::size_t field = 6 + 5 * 8;
    for (const char* digits :
         {"01234567", "89ABCDEF", "89abcdef", "fedcba98", "0000000f", "f0000000", "00010000"}) {
        archive.replace(field, 8, digits);
        Tree tree;
        EXPECT_EQ(tree.lay(archive), nullptr);
        EXPECT_EQ(tree.status(tree.find("a")).modified.seconds, std::stoll(digits, nullptr, 16)) << digits;
    }
}

std::string small_tar(const char* magic) {
    std::string archive;
    add_tar(archive, "./bin/", '5', "", "", magic);
    add_tar(archive, "bin/busybox", '0', std::string(700, 'b'), "", magic);
    add_tar(archive, "bin/ls", '2', "", "busybox", magic);
    add_tar(archive, "bin/again", '1', "", "./bin/busybox", magic);
    add_tar(archive, "dev/null", '3', "", "", magic);
    return archive;
}

TEST(Archive, tar_becomes_a_tree) {
    for (const char* magic : {"ustar", "ustar  "}) {
        std::string archive = small_tar(magic);
        end_tar(archive);
        Tree tree;
        EXPECT_EQ(tree.lay(archive, 4096), nullptr);
        EXPECT_EQ(tree.find("bin/ls"), tree.find("bin/busybox"));
        EXPECT_EQ(tree.file("bin/again").content(), tree.file("bin/busybox").content());
        EXPECT_EQ(archive.substr(tree.file("bin/ls").content() - 4096, 700), std::string(700, 'b'));
        EXPECT_EQ(tree.status(tree.find("bin/again")).links, 2U);
        EXPECT_EQ(tree.left_out, 1U);
    }
}

TEST(Archive, tar_has_long_names_in_three_ways) {
    const std::string name = std::string(100, 'd') + "/" + std::string(120, 'n');
    std::string archive;
    add_tar(archive, std::string(90, 'n'), '0', "prefix", "", "ustar", std::string(100, 'd'));
    add_tar(archive, "././@LongLink", 'L', name + '\0', "", "ustar  ");
    add_tar(archive, name.substr(0, 100), '0', "gnu", "", "ustar  ");
    const std::string path = std::string(100, 'e') + "/" + std::string(150, 'n');
    const std::string record = "path=" + path + "\n";
    add_tar(archive, "pax", 'x', "11 uid=100\n" + std::to_string(record.size() + 4) + " " + record);
    add_tar(archive, "short", '0', "pax");
    add_tar(archive, "plain", '0', "plain");
    Tree tree;
    EXPECT_EQ(tree.lay(archive), nullptr);
    EXPECT_EQ(tree.file(std::string(100, 'd') + "/" + std::string(90, 'n')).size_bytes(), 6U);
    EXPECT_EQ(tree.file(name).size_bytes(), 3U);
    EXPECT_EQ(tree.file(path).size_bytes(), 3U);
    EXPECT_EQ(tree.file("plain").size_bytes(), 5U);
    EXPECT_FALSE(tree.find("short"));
}

TEST(Archive, broken_tar_is_told) {
    std::string archive = small_tar("ustar");
    const auto problem = [](const std::string& text) {
        Tree tree;
        const char* const what = tree.lay(text);
        return std::string(what == nullptr ? "" : what);
    };
    std::string wrong = archive;
    wrong[512] = 'X';
    EXPECT_EQ(problem(wrong), "its header's checksum is wrong");
    EXPECT_EQ(problem(archive.substr(0, 900)), "the archive ends in a header");
    EXPECT_EQ(problem(archive.substr(0, 1200)), "it ends behind the archive");
    EXPECT_EQ(problem("no archive at all"), "no archive");
    EXPECT_EQ(problem(""), "no archive");
    std::string pax;
    add_tar(pax, "pax", 'x', "999 path=x\n");
    EXPECT_EQ(problem(pax), "its pax records make no sense");
}

/// However an archive is cut or damaged, nothing is read beyond it (TextBytes checks), and the tree stays one.
RC_GTEST_PROP(Archive, damage_does_no_harm, ()) {
    std::string archive = *rc::gen::arbitrary<bool>() ? small_cpio() + std::string(600, '\0') + small_cpio()
                                                      : small_tar("ustar") + small_tar("ustar  ");
    const int damages = *rc::gen::inRange(0, 6);
    for (int i = 0; i < damages; ++i) {
        const auto at = static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(archive.size())));
        archive[at] = *rc::gen::oneOf(rc::gen::arbitrary<char>(), rc::gen::element('0', 'F', '7', '/', '\0'));
    }
    archive.resize(static_cast<std::size_t>(*rc::gen::inRange(0, static_cast<int>(archive.size() + 1))));
    Tree tree;
    static_cast<void>(tree.lay(archive));
    RC_ASSERT(tree.find("/") == Shared<Inode>(&tree.tree().root()));
    RC_ASSERT(tree.names("/").size() >= 2U);
}

}  // namespace
}  // namespace kernel
