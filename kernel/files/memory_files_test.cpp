#include "kernel/files/memory_files.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/files/open_file.hpp"
#include "tests/doubles/kernel_host.hpp"

namespace kernel {
namespace {

class Names final : public DirectoryReader {
  public:
    explicit Names(std::size_t most = SIZE_MAX) : most_(most) {}
    bool take(std::string_view name, std::uint64_t, FileKind, std::uint64_t position) override {
        if (names.size() == most_) {
            return false;
        }
        names.emplace_back(name);
        next = position;
        return true;
    }
    std::vector<std::string> names;
    std::uint64_t next = 0;

  private:
    std::size_t most_;
};

class MemoryFilesTest : public ::testing::Test {
  public:
    ~MemoryFilesTest() override {
        host::free_pages = UINT32_MAX;
        host::remove_all(*root_);
    }

    Shared<Inode> file(std::string_view name) { return *root_->create(name, FileKind::kRegular, 0644, 0); }
    Shared<Inode> directory(std::string_view name) {
        return *root_->create(name, FileKind::kDirectory, 0755, 0);
    }
    static FileStatus status(const Shared<Inode>& node) {
        FileStatus status;
        node->status(status);
        return status;
    }
    static FileResult<std::size_t> write(const Shared<OpenFile>& to, std::uint64_t offset, std::string text) {
        Transfer transfer = Transfer::with_kernel(std::as_writable_bytes(std::span(text)));
        return to->write(transfer, offset);
    }
    static std::string read(const Shared<OpenFile>& from, std::uint64_t offset, std::size_t size) {
        std::string text(size, '?');
        Transfer transfer = Transfer::with_kernel(std::as_writable_bytes(std::span(text)));
        text.resize(from->read(transfer, offset).value_or(0));
        return text;
    }

  protected:
    Shared<Inode> root_ = *make_memory_file_system();
};

TEST_F(MemoryFilesTest, a_removed_file_lives_while_it_is_open) {
    Shared<Inode> node = file("f");
    const Shared<OpenFile> open = *node->open({OpenFlags::kReadWrite});
    EXPECT_EQ(write(open, 0, "still here"), 10U);
    EXPECT_TRUE(root_->unlink("f"));
    EXPECT_FALSE(root_->look_up("f"));
    EXPECT_EQ(status(node).links, 0U);
    node = {};
    EXPECT_EQ(read(open, 6, 10), "here");
}

TEST_F(MemoryFilesTest, links_are_names_of_one_file) {
    const Shared<Inode> node = file("f");
    EXPECT_TRUE(root_->link("g", *node));
    EXPECT_EQ(status(node).links, 2U);
    EXPECT_EQ(*root_->look_up("g"), node);
    EXPECT_EQ(root_->link("g", *node).error(), Errno::kExists);
    EXPECT_EQ(root_->link("d", *directory("dir")).error(), Errno::kNotPermitted);
    EXPECT_TRUE(root_->unlink("f"));
    EXPECT_EQ(status(node).links, 1U);
    EXPECT_TRUE(root_->unlink("g"));
    EXPECT_EQ(root_->link("h", *node).error(), Errno::kNoEntry);
}

TEST_F(MemoryFilesTest, renaming_replaces_what_it_may) {
    const Shared<Inode> f = file("f");
    const Shared<Inode> g = file("g");
    const Shared<Inode> d = directory("d");
    const Shared<Inode> e = directory("e");
    EXPECT_EQ(root_->rename("none", *root_, "x").error(), Errno::kNoEntry);
    EXPECT_EQ(root_->rename("f", *root_, "d").error(), Errno::kIsDirectory);
    EXPECT_EQ(root_->rename("d", *root_, "f").error(), Errno::kNotDirectory);
    EXPECT_EQ(root_->rename("d", *d, "x").error(), Errno::kInvalid);
    EXPECT_TRUE(root_->rename("f", *root_, "g"));
    EXPECT_EQ(*root_->look_up("g"), f);
    EXPECT_EQ(status(g).links, 0U);
    EXPECT_FALSE(root_->look_up("f"));
    EXPECT_TRUE(root_->rename("g", *d, "in"));
    EXPECT_EQ(root_->rename("e", *root_, "d").error(), Errno::kNotEmpty);
    EXPECT_TRUE(root_->rename("d", *e, "d"));
    EXPECT_EQ(root_->rename("e", **e->look_up("d"), "x").error(), Errno::kInvalid);
    EXPECT_EQ(d->parent(), e);
    EXPECT_TRUE(d->rename("in", *root_, "d2"));
    EXPECT_TRUE(e->rename("d", *root_, "dd"));
    EXPECT_TRUE(root_->rename("dd", *root_, "e"));  // over an empty one
    EXPECT_EQ(*root_->look_up("e"), d);
    EXPECT_EQ(e->create("x", FileKind::kRegular, 0, 0).error(), Errno::kNoEntry);
    EXPECT_TRUE(root_->rename("d2", *root_, "d2"));
    EXPECT_EQ(root_->rename("d2", **make_memory_file_system(), "x").error(), Errno::kCrossDevice);
}

TEST_F(MemoryFilesTest, directories_go_only_when_empty) {
    const Shared<Inode> d = directory("d");
    EXPECT_TRUE(d->create("x", FileKind::kRegular, 0, 0));
    EXPECT_EQ(root_->remove_directory("d").error(), Errno::kNotEmpty);
    EXPECT_EQ(root_->unlink("d").error(), Errno::kIsDirectory);
    EXPECT_EQ(d->remove_directory("x").error(), Errno::kNotDirectory);
    EXPECT_TRUE(d->unlink("x"));
    EXPECT_EQ(status(root_).links, 3U);
    EXPECT_TRUE(root_->remove_directory("d"));
    EXPECT_EQ(status(root_).links, 2U);
    EXPECT_EQ(d->create("x", FileKind::kRegular, 0, 0).error(), Errno::kNoEntry);
    EXPECT_EQ(d->parent(), root_);
}

TEST_F(MemoryFilesTest, a_listing_misses_nothing_while_others_come_and_go) {
    std::set<std::string> expected;
    for (int i = 0; i < 1000; ++i) {
        expected.insert(std::to_string(i));
        EXPECT_TRUE(file(std::to_string(i)));
    }
    std::multiset<std::string> seen;
    std::uint64_t position = 0;
    for (int round = 0;; ++round) {
        Names part(7);
        EXPECT_TRUE(root_->read_directory(position, part));
        if (part.names.empty()) {
            break;
        }
        position = part.next;
        EXPECT_LT(position, std::uint64_t{1} << 31);
        seen.insert(part.names.begin(), part.names.end());
        EXPECT_TRUE(file("new" + std::to_string(round)));
        if (part.names.back() != "..") {
            EXPECT_TRUE(root_->unlink(part.names.back()));
        }
    }
    EXPECT_EQ(seen.count("."), 1U);
    for (const std::string& name : expected) {
        EXPECT_EQ(seen.count(name), 1U) << name;
    }
}

TEST_F(MemoryFilesTest, ten_thousand_names_are_soon_made_and_found) {
    for (int i = 0; i < 10'000; ++i) {
        ASSERT_TRUE(file("file" + std::to_string(i)));
    }
    for (int i = 0; i < 10'000; ++i) {
        ASSERT_TRUE(root_->look_up("file" + std::to_string(i)));
        ASSERT_TRUE(root_->unlink("file" + std::to_string(i)));
    }
    Names rest;
    EXPECT_TRUE(root_->read_directory(0, rest));
    EXPECT_EQ(rest.names, (std::vector<std::string>{".", ".."}));
}

/// The directories' hash, so that names can be found that meet in it: FNV-1a, folded to 23 bits.
constexpr std::uint32_t kHashBegin = 0x811c'9dc5U;
std::uint32_t hash_on(std::uint32_t hash, std::string_view text) {
    for (const char c : text) {
        hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x0100'0193U;
    }
    return hash;
}
constexpr std::uint32_t folded(std::uint32_t hash) {
    return (hash ^ (hash >> 19)) & ((1U << 23) - 1);
}
/// Six letters that say `number`; neighbours have little in common.
std::array<char, 6> letters(std::uint32_t number) {
    std::array<char, 6> text{};
    std::uint64_t rest = std::uint64_t{number} * 193'939;
    for (char& letter : text) {
        letter = static_cast<char>('a' + rest % 26);
        rest /= 26;
    }
    return text;
}
std::string_view text_of(const std::array<char, 6>& letters) {
    return {letters.data(), letters.size()};
}

/// 256 names with one hash: eight times two blocks that lead from one state to the same next one.
std::vector<std::string> names_that_meet(std::uint32_t& hash) {
    std::vector<std::string> names{""};
    hash = kHashBegin;
    while (names.size() < 256) {
        std::unordered_map<std::uint32_t, std::uint32_t> numbers;
        std::uint32_t number = 0;
        std::uint32_t next = hash_on(hash, text_of(letters(number)));
        while (numbers.emplace(next, number).second) {
            next = hash_on(hash, text_of(letters(++number)));
        }
        std::vector<std::string> longer;
        for (const std::string& name : names) {
            for (const std::uint32_t either : {numbers[next], number}) {
                longer.push_back(name + std::string(text_of(letters(either))));
            }
        }
        names = longer;
        hash = next;
    }
    return names;
}

TEST_F(MemoryFilesTest, names_of_one_hash_never_get_into_the_place_of_the_next) {
    std::uint32_t hash = 0;
    const std::vector<std::string> names = names_that_meet(hash);
    ASSERT_EQ(std::set(names.begin(), names.end()).size(), 256U);
    // Somebody who has the first place behind theirs.
    std::uint32_t number = 0;
    while (folded(hash_on(kHashBegin, text_of(letters(number)))) != folded(hash) + 1) {
        ++number;
    }
    const std::string neighbour(text_of(letters(number)));
    ASSERT_TRUE(file(neighbour));
    for (std::size_t i = 0; i < names.size(); ++i) {
        const auto made = root_->create(names[i], FileKind::kRegular, 0644, 0);
        if (i < 128) {
            ASSERT_TRUE(made);
        } else {
            ASSERT_EQ(made.error(), Errno::kNoSpace);
        }
        ASSERT_EQ(root_->look_up(names[i]).has_value(), i < 128);
    }
    ASSERT_TRUE(root_->unlink(names[5]));
    EXPECT_TRUE(file(names[200]));
    EXPECT_TRUE(root_->look_up(names[200]));
    EXPECT_TRUE(root_->look_up(neighbour));
}

TEST_F(MemoryFilesTest, holes_read_as_zeros_and_take_nothing) {
    const Shared<Inode> node = file("f");
    const Shared<OpenFile> open = *node->open({OpenFlags::kReadWrite});
    EXPECT_EQ(write(open, 100'000, "x"), 1U);
    EXPECT_EQ(status(node).size_bytes, 100'001U);
    EXPECT_EQ(status(node).blocks, 8U);
    EXPECT_EQ(read(open, 99'990, 100), std::string(10, '\0') + "x");
    EXPECT_EQ(read(open, 100'001, 10), "");
}

TEST_F(MemoryFilesTest, what_was_cut_off_does_not_come_back) {
    const Shared<Inode> node = file("f");
    const Shared<OpenFile> open = *node->open({OpenFlags::kReadWrite});
    EXPECT_EQ(write(open, 0, std::string(5000, 'a')), 5000U);
    EXPECT_TRUE(node->resize(10));
    EXPECT_TRUE(node->resize(6000));
    EXPECT_EQ(read(open, 0, 6000), std::string(10, 'a') + std::string(5990, '\0'));
}

TEST_F(MemoryFilesTest, without_room_the_part_that_fits_is_written) {
    const Shared<Inode> node = file("f");
    const Shared<OpenFile> open = *node->open({OpenFlags::kReadWrite});
    host::free_pages = 1;
    EXPECT_EQ(write(open, 4090, std::string(10'000, 'a')), 6U);
    EXPECT_EQ(status(node).size_bytes, 4096U);
    EXPECT_EQ(write(open, 4096, "b").error(), Errno::kNoSpace);
    EXPECT_EQ(write(open, 0, "b"), 1U);
    EXPECT_EQ(status(node).size_bytes, 4096U);
    EXPECT_EQ(write(open, 0xffff'e000, "b").error(), Errno::kFileTooLarge);
    EXPECT_EQ(node->resize(std::uint64_t{1} << 32).error(), Errno::kFileTooLarge);
}

TEST_F(MemoryFilesTest, a_bad_pointer_changes_nothing) {
    const Shared<Inode> node = file("f");
    const Shared<OpenFile> open = *node->open({OpenFlags::kReadWrite});
    Transfer bad = Transfer::with_user({.address = 4, .size_bytes = 100});
    EXPECT_EQ(open->write(bad, 50).error(), Errno::kFault);
    EXPECT_EQ(status(node).size_bytes, 0U);
    const std::uint32_t end = host::kProgramBegin + host::kProgramBytes;
    Transfer half = Transfer::with_user({.address = end - 10, .size_bytes = 100});
    EXPECT_EQ(open->write(half, 0), 10U);
    EXPECT_EQ(status(node).size_bytes, 10U);
}

/// Random writes, reads and resizes, compared with a std::string.
/// Pages of the program, a wait each, and what others do meanwhile.
class MemoryFilesThatWait : public MemoryFilesTest {
  public:
    ~MemoryFilesThatWait() override {
        host::absent_pages.clear();
        host::awaited_looks = 0;
        host::while_asleep = nullptr;
    }
    static std::span<char> memory() {
        const std::span<std::byte> bytes = host::program_memory();
        return {reinterpret_cast<char*>(bytes.data()), bytes.size()};
    }
    static UserBuffer pages(std::uint32_t first, std::uint32_t count) {
        return {.address = host::kProgramBegin + first * 4096, .size_bytes = count * 4096};
    }
    static void take_away(std::uint32_t first, std::uint32_t count) {
        for (std::uint32_t page = first; page < first + count; ++page) {
            host::absent_pages.insert(host::kProgramBegin / 4096 + page);
        }
    }
};

TEST_F(MemoryFilesThatWait, everything_is_moved_whatever_has_to_come) {
    const Shared<OpenFile> open = *file("f")->open({OpenFlags::kReadWrite});
    int waits = 0;
    host::while_asleep = [&waits] {
        ++waits;
        return Wake::kWoken;
    };
    for (std::size_t i = 0; i < 5 * 4096; ++i) {
        memory()[i] = static_cast<char>(i / 7);
    }
    const std::string before(memory().data(), 5 * 4096);
    take_away(0, 5);
    host::awaited_looks = 3;
    Transfer from = Transfer::with_user(pages(0, 5));
    EXPECT_EQ(open->write(from, 100), 5U * 4096);
    EXPECT_EQ(waits, 8);
    std::fill(memory().begin(), memory().end(), '\0');
    take_away(0, 5);
    host::awaited_looks = 2;
    Transfer to = Transfer::with_user(pages(0, 5));
    EXPECT_EQ(open->read(to, 100), 5U * 4096);
    EXPECT_EQ(waits, 15);
    EXPECT_EQ(std::string(memory().data(), 5 * 4096), before);
    host::awaited_looks = 1;
    EXPECT_TRUE(open->inode()->resize(50));
    EXPECT_EQ(waits, 16);
    EXPECT_EQ(status(open->inode()).size_bytes, 50U);
}

TEST_F(MemoryFilesThatWait, a_file_may_be_cut_off_while_a_page_of_its_reader_comes) {
    const Shared<OpenFile> open = *file("f")->open({OpenFlags::kReadWrite});
    EXPECT_EQ(write(open, 0, std::string(3 * 4096, 'x')), 3U * 4096);
    take_away(1, 1);
    host::while_asleep = [&open] {
        EXPECT_TRUE(open->inode()->resize(4096 + 10));
        return Wake::kWoken;
    };
    Transfer to = Transfer::with_user(pages(0, 3));
    EXPECT_EQ(open->read(to, 0), 4096U + 10);
}

TEST_F(MemoryFilesThatWait, a_file_may_be_cut_off_while_a_page_of_its_writer_comes) {
    const Shared<OpenFile> open = *file("f")->open({OpenFlags::kReadWrite});
    std::fill(memory().begin(), memory().end(), 'w');
    take_away(1, 1);
    host::while_asleep = [&open] {
        EXPECT_TRUE(open->inode()->resize(0));
        return Wake::kWoken;
    };
    Transfer from = Transfer::with_user(pages(0, 2));
    EXPECT_EQ(open->write(from, 0), 2U * 4096);
    EXPECT_EQ(status(open->inode()).size_bytes, 2U * 4096);
    EXPECT_EQ(read(open, 0, 2 * 4096), std::string(4096, '\0') + std::string(4096, 'w'));
}

TEST_F(MemoryFilesThatWait, who_is_killed_has_moved_what_it_had) {
    const Shared<OpenFile> open = *file("f")->open({OpenFlags::kReadWrite});
    EXPECT_EQ(write(open, 0, std::string(2 * 4096, 'x')), 2U * 4096);
    host::while_asleep = [] { return Wake::kSignal; };
    host::awaited_looks = 1;
    Transfer to = Transfer::with_user(pages(0, 2));
    EXPECT_EQ(open->read(to, 0).error(), Errno::kInterrupted);
    host::awaited_looks = 1;
    EXPECT_EQ(open->inode()->resize(10).error(), Errno::kInterrupted);
    EXPECT_EQ(status(open->inode()).size_bytes, 2U * 4096);
}

RC_GTEST_FIXTURE_PROP(MemoryFilesTest, a_file_holds_what_was_written, ()) {
    const Shared<Inode> node = file("f");
    const bool appends = *rc::gen::arbitrary<bool>();
    const Shared<OpenFile> open = *node->open({OpenFlags::kReadWrite | (appends ? OpenFlags::kAppend : 0)});
    std::string model;
    const auto offset = [] { return static_cast<std::size_t>(*rc::gen::inRange(0, 20'000)); };
    for (int step = 0; step < 60; ++step) {
        const std::size_t at = offset();
        const std::size_t size = *rc::gen::arbitrary<bool>() ? offset() : offset() % 50;
        switch (*rc::gen::inRange(0, 3)) {
            case 0: {
                const std::string text(size, static_cast<char>('a' + step % 26));
                const std::size_t begin = appends ? model.size() : at;
                RC_ASSERT(write(open, at, text).value_or(SIZE_MAX) == size);
                if (size != 0) {
                    model.resize(std::max(model.size(), begin + size), '\0');
                    model.replace(begin, size, text);
                }
                break;
            }
            case 1:
                RC_ASSERT(node->resize(at).has_value());
                model.resize(at, '\0');
                break;
            default:
                RC_ASSERT(read(open, at, size) == (at < model.size() ? model.substr(at, size) : ""));
        }
        RC_ASSERT(status(node).size_bytes == model.size());
    }
    RC_ASSERT(read(open, 0, 100'000) == model);
}

/// Random names made, removed and renamed in two directories, compared with maps.
RC_GTEST_FIXTURE_PROP(MemoryFilesTest, directories_do_what_maps_do, ()) {
    const Shared<Inode> directories[2] = {directory("one"), directory("two")};
    std::map<std::string, Shared<Inode>> models[2];
    const auto name = [] { return std::to_string(*rc::gen::inRange(0, 12)); };
    for (int step = 0; step < 150; ++step) {
        const int from = *rc::gen::inRange(0, 2);
        const int to = *rc::gen::inRange(0, 2);
        const std::string a = name();
        const std::string b = name();
        switch (*rc::gen::inRange(0, 3)) {
            case 0: {
                const auto made = directories[from]->create(a, FileKind::kRegular, 0644, 0);
                RC_ASSERT(made.has_value() == !models[from].contains(a));
                if (made) {
                    models[from][a] = *made;
                }
                break;
            }
            case 1:
                RC_ASSERT(directories[from]->unlink(a).has_value() == (models[from].erase(a) == 1));
                break;
            default:
                RC_ASSERT(directories[from]->rename(a, *directories[to], b).has_value() ==
                          models[from].contains(a));
                if (models[from].contains(a)) {
                    const Shared<Inode> moved = models[from][a];
                    models[from].erase(a);
                    models[to][b] = moved;
                }
        }
        for (int i = 0; i < 2; ++i) {
            Names names;
            RC_ASSERT(directories[i]->read_directory(2, names).has_value());
            RC_ASSERT(names.names.size() == models[i].size());
            for (const auto& [has, node] : models[i]) {
                RC_ASSERT(*directories[i]->look_up(has) == node);
                RC_ASSERT(*node->name() == has);
            }
        }
    }
}

}  // namespace
}  // namespace kernel
