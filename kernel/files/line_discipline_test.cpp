#include "kernel/files/line_discipline.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace kernel {
namespace {

using Settings = TerminalSettings;

class Device final : public LineDisciplineDevice {
  public:
    void show(std::string_view bytes) override { shown += bytes; }
    void send_key_signal(KeySignal signal) override { signals.push_back(signal); }
    void stop_output() override { stopped = true; }
    void start_output() override { stopped = false; }
    [[nodiscard]] bool output_stopped() const override { return stopped; }

    std::string shown;
    std::vector<KeySignal> signals;
    bool stopped = false;
};

class LineDisciplineTest : public ::testing::Test {
  protected:
    void type(std::string_view keys) {
        for (const char key : keys) {
            discipline_.receive(key);
            discipline_.check_invariants();
        }
    }
    /// One read(2): a line, or what there is.
    std::string read(std::size_t size = 5000) {
        std::string bytes(size, '?');
        const auto piece = discipline_.read(bytes);
        bytes.resize(piece.size_bytes);
        return bytes;
    }
    void change(std::uint32_t Settings::* flags, std::uint32_t off, std::uint32_t on) {
        Settings settings = discipline_.settings();
        settings.*flags = (settings.*flags & ~off) | on;
        discipline_.set_settings(settings);
    }

    Device device_;
    LineDiscipline discipline_{device_};
};

TEST_F(LineDisciplineTest, a_line_is_read_when_it_is_complete) {
    type("ls");
    EXPECT_FALSE(discipline_.can_read());
    type("\recho");
    ASSERT_TRUE(discipline_.can_read());
    EXPECT_EQ(discipline_.readable_bytes(), 3U);
    EXPECT_EQ(read(), "ls\n");
    EXPECT_FALSE(discipline_.can_read());
    EXPECT_EQ(device_.shown, "ls\r\necho");
}

TEST_F(LineDisciplineTest, a_long_line_comes_in_pieces_and_two_lines_in_two_reads) {
    type("abcdef\rgh\r");
    EXPECT_EQ(read(4), "abcd");
    EXPECT_EQ(read(4), "ef\n");
    EXPECT_EQ(read(4), "gh\n");
}

TEST_F(LineDisciplineTest, end_of_file_ends_a_line_without_being_in_it) {
    type("ab\004");
    EXPECT_EQ(discipline_.readable_bytes(), 2U);
    EXPECT_EQ(read(), "ab");
    type("\004");
    ASSERT_TRUE(discipline_.can_read());
    EXPECT_EQ(read(), "");
    EXPECT_FALSE(discipline_.can_read());
}

TEST_F(LineDisciplineTest, end_of_file_behind_what_just_fits_is_no_second_end) {
    type("abc\004");
    EXPECT_EQ(read(3), "abc");
    EXPECT_FALSE(discipline_.can_read());
}

TEST_F(LineDisciplineTest, keys_erase_characters_words_and_lines) {
    type(
        "one two\x7F\x7F\x17three four\x15"
        "five\b\r");
    EXPECT_EQ(read(), "five\b\n");
}

TEST_F(LineDisciplineTest, a_character_of_several_bytes_is_erased_as_one) {
    type("a\xC3\xA4\x7F\r");
    EXPECT_EQ(read(), "a\n");
    EXPECT_EQ(device_.shown, "a\xC3\xA4\b \b\r\n");
}

TEST_F(LineDisciplineTest, erasing_a_tab_goes_back_to_where_it_began) {
    type("abc\t\x7F");
    EXPECT_EQ(device_.shown, "abc\t\b\b\b\b\b");
}

TEST_F(LineDisciplineTest, signal_keys_forget_the_input_and_are_shown) {
    type("typed\x03");
    EXPECT_EQ(device_.signals, std::vector{KeySignal::kInterrupt});
    EXPECT_EQ(device_.shown, "typed^C");
    type("\x1A\x1C\r");
    EXPECT_EQ(device_.signals, (std::vector{KeySignal::kInterrupt, KeySignal::kSuspend, KeySignal::kQuit}));
    EXPECT_EQ(read(), "\n");
}

TEST_F(LineDisciplineTest, without_signals_their_keys_are_characters) {
    change(&Settings::local, Settings::kSignals, 0);
    type("\x03\r");
    EXPECT_EQ(read(), "\x03\n");
    EXPECT_TRUE(device_.signals.empty());
}

TEST_F(LineDisciplineTest, the_literal_key_takes_the_next_one_as_a_character) {
    type("\x16\x03\x16\x16\r");
    EXPECT_EQ(read(), "\x03\x16\n");
    EXPECT_TRUE(device_.signals.empty());
}

TEST_F(LineDisciplineTest, raw_bytes_are_read_as_they_come) {
    change(&Settings::local, Settings::kCanonical | Settings::kEcho | Settings::kSignals, 0);
    change(&Settings::input, Settings::kReturnToNewline | Settings::kFlowControl, 0);
    type("a\r\x03\x7F\x13");
    EXPECT_EQ(read(2), "a\r");
    EXPECT_EQ(read(), "\x03\x7F\x13");
    EXPECT_EQ(device_.shown, "");
}

TEST_F(LineDisciplineTest, what_was_typed_survives_a_change_of_mode) {
    type("half");
    change(&Settings::local, Settings::kCanonical, 0);
    ASSERT_TRUE(discipline_.can_read());
    EXPECT_EQ(read(2), "ha");
    change(&Settings::local, 0, Settings::kCanonical);
    ASSERT_TRUE(discipline_.can_read());
    EXPECT_EQ(read(), "lf");
    EXPECT_FALSE(discipline_.can_read());
}

TEST_F(LineDisciplineTest, output_stops_and_starts_by_key) {
    type("\x13");
    EXPECT_TRUE(device_.stopped);
    type("\x11");
    EXPECT_FALSE(device_.stopped);
    type("\x13\x03");
    EXPECT_FALSE(device_.stopped);
}

TEST_F(LineDisciplineTest, a_line_that_fills_the_ring_can_still_be_ended) {
    type(std::string(LineDiscipline::kRingBytes + 100, 'x'));
    EXPECT_TRUE(discipline_.has_room());
    type("\x7Fy\r");
    EXPECT_FALSE(discipline_.has_room());
    const std::string line = read();
    EXPECT_EQ(line.size(), LineDiscipline::kRingBytes);
    EXPECT_EQ(line.substr(line.size() - 3), "xy\n");
    EXPECT_TRUE(discipline_.has_room());
}

TEST_F(LineDisciplineTest, output_gets_returns_before_newlines) {
    discipline_.write("a\nb\n");
    EXPECT_EQ(device_.shown, "a\r\nb\r\n");
    change(&Settings::output, Settings::kProcess, 0);
    device_.shown.clear();
    discipline_.write("a\n");
    EXPECT_EQ(device_.shown, "a\n");
}

// --- the host's own line discipline as the oracle ---

/// A pseudo-terminal: what is written to the master is typed, what comes out of it is shown.
class HostTerminal {
  public:
    HostTerminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY)) {
        if (master_ >= 0 && ::grantpt(master_) == 0 && ::unlockpt(master_) == 0) {
            slave_ = ::open(::ptsname(master_), O_RDWR | O_NOCTTY | O_NONBLOCK);
        }
    }
    ~HostTerminal() {
        ::close(slave_);
        ::close(master_);
    }
    [[nodiscard]] bool valid() const { return slave_ >= 0; }

    void set(const Settings& settings) const {
        constexpr unsigned long kSetSettings = 0x5402;
        ASSERT_EQ(::ioctl(slave_, kSetSettings, &settings), 0);
    }
    void type(std::string_view keys) const {
        ASSERT_EQ(::write(master_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
    }
    /// What it shows, `expected` bytes at least unless they do not come.
    [[nodiscard]] std::string shown(std::size_t expected) const {
        std::string all;
        for (;;) {
            pollfd ready = {.fd = master_, .events = POLLIN, .revents = 0};
            if (::poll(&ready, 1, all.size() < expected ? 1000 : 2) <= 0) {
                return all;
            }
            char bytes[4096];
            const ssize_t count = ::read(master_, bytes, sizeof(bytes));
            if (count <= 0) {
                return all;
            }
            all.append(bytes, static_cast<std::size_t>(count));
        }
    }
    /// One read; "(nothing)" when it would wait.
    [[nodiscard]] std::string read(std::size_t size) const {
        std::string bytes(size, '?');
        const ssize_t count = ::read(slave_, bytes.data(), size);
        if (count < 0) {
            return "(nothing)";
        }
        bytes.resize(static_cast<std::size_t>(count));
        return bytes;
    }

  private:
    int master_;
    int slave_ = -1;
};

TEST_F(LineDisciplineTest, random_keys_do_what_they_do_on_the_host) {
    if (!HostTerminal().valid()) {
        GTEST_SKIP() << "no pseudo-terminals here";
    }
    // No Ctrl-S: what a stopped pseudo-terminal echoes comes later. No key signals either, whose flush of the input
    // would race with our reads.
    const std::string keys = "abc _-.\t\r\n\x7F\x15\x17\x16\x12\x04\x01\x1B\xC3\xA4\x07";
    std::mt19937 random(20260);
    const auto below = [&random](std::size_t end) { return random() % end; };
    for (int run = 0; run < 100; ++run) {
        Settings settings = kTerminalDefaults;
        settings.local &= ~Settings::kSignals;
        for (const std::uint32_t flag :
             {Settings::kEcho, Settings::kEchoErase, Settings::kEchoKill, Settings::kEchoControl,
              Settings::kEchoKillErases, Settings::kExtended, Settings::kEchoNewline}) {
            settings.local ^= below(5) == 0 ? flag : 0U;
        }
        settings.local &= below(6) == 0 ? ~Settings::kCanonical : ~0U;
        for (const std::uint32_t flag :
             {Settings::kReturnToNewline, Settings::kNewlineToReturn, Settings::kIgnoreReturn}) {
            settings.input ^= below(5) == 0 ? flag : 0U;
        }
        settings.output ^= below(6) == 0 ? Settings::kNewlineToReturnNewline : 0U;
        const HostTerminal host;
        Device device;
        LineDiscipline discipline(device);
        host.set(settings);
        discipline.set_settings(settings);
        std::string history;
        for (int step = 0; step < 6; ++step) {
            std::string typed;
            for (std::size_t count = below(40); count > 0; --count) {
                typed += keys[below(keys.size())];
            }
            history += typed;
            host.type(typed);
            device.shown.clear();
            for (const char key : typed) {
                discipline.receive(key);
            }
            discipline.check_invariants();
            ASSERT_EQ(host.shown(device.shown.size()), device.shown)
                << ::testing::PrintToString(history) << " local " << settings.local;
            const std::size_t size = 1 + below(60);
            ASSERT_EQ(host.read(size), discipline.can_read() ? [&] {
                std::string bytes(size, '?');
                bytes.resize(discipline.read(bytes).size_bytes);
                return bytes;
            }() : "(nothing)") << ::testing::PrintToString(history);
        }
    }
}

}  // namespace
}  // namespace kernel
