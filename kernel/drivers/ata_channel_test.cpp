#include "kernel/drivers/ata_channel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <list>
#include <random>

#include "tests/doubles/ata_drive.hpp"
#include "tests/doubles/kernel_log.hpp"

namespace kernel {
namespace {

using host::Answer;

constexpr std::uint64_t kSectors = 1ULL << 33;  // more than 28 bits, and than 32

/// A request that notes how it ended.
struct Request : BlockRequest {
    unsigned times_done = 0;
    bool is_last_failed = false;
    unsigned again = 0;  // how often `done` starts it anew
    std::vector<Request*>* order = nullptr;

    Request(BlockOperation wanted, std::uint64_t sector, std::vector<std::uint32_t> in,
            std::uint32_t last_sectors = kSectorsPerFrame) {
        operation = wanted;
        first_sector = sector;
        frame_count = static_cast<std::uint32_t>(in.size());
        for (std::size_t i = 0; i < in.size(); ++i) {
            frames[i] = mm::FrameNumber(in[i]);
        }
        last_frame_sectors = last_sectors;
        done = [](BlockRequest& request) {
            auto& self = static_cast<Request&>(request);
            ++self.times_done;
            self.is_last_failed = self.failed;
            if (self.order != nullptr) {
                self.order->push_back(&self);
            }
            if (self.again != 0) {
                --self.again;
                self.device->start(self);
            }
        };
    }
};

class AtaChannelTest : public ::testing::Test {
  protected:
    AtaChannelTest() { host::log_lines.clear(); }

    /// The device answers, and the main line hears of it.
    void answer(Answer how = Answer::kDone) {
        if (drive.answer(how)) {
            channel.note_interrupt();
        }
        look();
    }
    void look() {
        if (channel.has_work()) {
            channel.work();
        }
    }
    /// Seconds pass one by one.
    void wait(std::uint32_t seconds) {
        for (; seconds > 0; --seconds) {
            drive.pass(1);
            look();
        }
    }
    [[nodiscard]] static std::size_t lines_of(LogLevel level) {
        return static_cast<std::size_t>(std::ranges::count(host::log_lines, level, &host::LogLine::level));
    }

    host::AtaDrive drive;
    AtaChannel channel{drive};
    AtaDisk disk{
        channel,
        {.name = "sda", .identity = {.sector_count = kSectors, .addressing = AtaAddressing::kLba48}}};
    AtaDisk old_disk{channel,
                     {.name = "sdb",
                      .role = "archive",
                      .unit = AtaUnit::kSlave,
                      .access = BlockAccess::kReadOnly,
                      .identity = {.sector_count = 1'000'003}}};
};

TEST_F(AtaChannelTest, what_is_read_lands_in_its_frames_in_order) {
    Request request(BlockOperation::kRead, 0x1'2345'6789, {7, 3, 1'000'000}, 5);
    disk.start(request);
    EXPECT_EQ(request.times_done, 0U);
    answer();
    ASSERT_EQ(request.times_done, 1U);
    EXPECT_FALSE(request.is_last_failed);
    for (std::uint32_t i = 0; i < 21; ++i) {
        const host::Page& page = drive.memory[request.frames[i / 8].value()];
        const host::Sector wanted = host::fresh_sector(0, request.first_sector + i);
        EXPECT_EQ(std::memcmp(page.data() + i % 8 * 512, wanted.data(), 512), 0) << i;
    }
    EXPECT_EQ(drive.memory[1'000'000][5 * 512], 0) << "behind the last sector";
    EXPECT_FALSE(channel.has_work());
}

TEST_F(AtaChannelTest, random_requests_do_to_both_disks_what_a_plain_copy_does) {
    std::mt19937 random(1);
    std::map<std::uint64_t, host::Sector> model[2];
    for (unsigned round = 0; round < 2000; ++round) {
        const unsigned unit = random() % 2;
        AtaDisk& target = unit == 0 ? disk : old_disk;
        const bool is_write = unit == 0 && random() % 2 == 0;
        std::vector<std::uint32_t> frames(1 + random() % BlockRequest::kMostFrames);
        for (std::uint32_t& frame : frames) {
            frame = random() % 64;
        }
        if (!is_write) {  // What is read twice into one frame has no one result.
            std::ranges::generate(frames, [next = 0U]() mutable { return next++; });
        }
        const std::uint64_t base = random() % 2 == 0 ? 0 : target.sector_count() - 600;
        Request request(is_write ? BlockOperation::kWrite : BlockOperation::kRead, base + random() % 300,
                        frames, 1 + random() % 8);
        for (const std::uint32_t frame : frames) {
            if (is_write) {
                std::ranges::generate(drive.memory[frame],
                                      [&] { return static_cast<std::uint8_t>(random()); });
            }
        }
        target.start(request);
        answer();
        ASSERT_EQ(request.times_done, 1U);
        ASSERT_FALSE(request.is_last_failed);
        for (std::uint32_t i = 0; i < request.sector_count(); ++i) {
            const std::uint64_t number = request.first_sector + i;
            host::Sector& sector =
                model[unit].try_emplace(number, host::fresh_sector(unit, number)).first->second;
            std::uint8_t* const place = drive.memory[frames[i / 8]].data() + i % 8 * 512;
            if (is_write) {
                std::memcpy(sector.data(), place, 512);
            } else {
                ASSERT_EQ(std::memcmp(sector.data(), place, 512), 0) << round;
            }
        }
    }
    for (const unsigned unit : {0U, 1U}) {
        for (const auto& [number, sector] : model[unit]) {
            EXPECT_EQ(drive.written[unit][number], sector) << number;
        }
    }
}

TEST_F(AtaChannelTest, requests_are_done_in_order_and_one_at_a_time) {
    std::list<Request> requests;
    std::vector<Request*> order;
    for (std::uint32_t i = 0; i < 5; ++i) {
        requests.emplace_back(BlockOperation::kRead, i * 8, std::vector{i});
        requests.back().order = &order;
        (i % 2 == 0 ? disk : old_disk).start(requests.back());
        EXPECT_EQ(drive.commands.size(), 1U);
    }
    for (std::size_t i = 0; i < 5; ++i) {
        answer();
        EXPECT_EQ(order.size(), i + 1);
    }
    std::size_t at = 0;
    for (Request& request : requests) {
        EXPECT_EQ(order[at], &request);
        EXPECT_EQ(drive.commands[at].unit, at % 2);
        ++at;
    }
}

TEST_F(AtaChannelTest, the_next_command_is_under_way_before_done_is_called) {
    Request first(BlockOperation::kRead, 0, {1});
    Request second(BlockOperation::kRead, 8, {2});
    disk.start(first);
    disk.start(second);
    drive.answer();
    channel.note_interrupt();
    first.done = [](BlockRequest& request) { EXPECT_EQ(request.device->figures().in_flight, 1U); };
    channel.work();
    EXPECT_TRUE(drive.is_busy());
    answer();
}

TEST_F(AtaChannelTest, done_may_start_the_request_anew) {
    Request request(BlockOperation::kRead, 0, {1});
    request.again = 3;
    disk.start(request);
    for (unsigned i = 0; i < 4; ++i) {
        answer();
    }
    EXPECT_EQ(request.times_done, 4U);
    EXPECT_FALSE(drive.is_busy());
}

TEST_F(AtaChannelTest, what_cannot_be_done_fails_later_and_is_never_sent) {
    const std::vector<std::uint32_t> too_many(BlockRequest::kMostFrames, 1);
    std::list<Request> impossible;
    impossible.emplace_back(BlockOperation::kRead, kSectors, std::vector{1U});
    impossible.emplace_back(BlockOperation::kRead, kSectors - 7, std::vector{1U});
    impossible.emplace_back(BlockOperation::kRead, UINT64_MAX - 3, std::vector{1U});
    impossible.emplace_back(BlockOperation::kRead, 0, std::vector<std::uint32_t>{});
    impossible.emplace_back(BlockOperation::kRead, 0, std::vector{1U}, 0);
    impossible.emplace_back(BlockOperation::kRead, 0, std::vector{1U}, 9);
    impossible.emplace_back(BlockOperation::kFlush, 0, std::vector{1U});
    impossible.emplace_back(BlockOperation::kRead, 0, too_many);
    impossible.back().frame_count = BlockRequest::kMostFrames + 1;
    for (Request& request : impossible) {
        disk.start(request);
        EXPECT_EQ(request.times_done, 0U);
    }
    EXPECT_EQ(drive.work_requests, impossible.size());
    look();
    for (const Request& request : impossible) {
        EXPECT_EQ(request.times_done, 1U);
        EXPECT_TRUE(request.is_last_failed);
    }
    EXPECT_TRUE(drive.commands.empty());
    EXPECT_EQ(disk.figures().errors, impossible.size());
}

TEST_F(AtaChannelTest, the_last_part_page_is_reached_by_a_short_frame) {
    // 1,000,003 sectors: three behind the last whole page.
    Request whole(BlockOperation::kRead, 1'000'000, {1});
    Request part(BlockOperation::kRead, 1'000'000, {1}, 3);
    old_disk.start(whole);
    old_disk.start(part);
    answer();
    EXPECT_TRUE(whole.is_last_failed);
    EXPECT_EQ(part.times_done, 1U);
    EXPECT_FALSE(part.is_last_failed);
    EXPECT_EQ(drive.commands.back().count, 3U);
}

TEST_F(AtaChannelTest, a_disk_that_is_only_read_refuses_to_be_written) {
    Request write(BlockOperation::kWrite, 0, {1});
    old_disk.start(write);
    look();
    EXPECT_TRUE(write.is_last_failed);
    EXPECT_TRUE(drive.commands.empty());
}

TEST_F(AtaChannelTest, each_disk_gets_the_commands_that_it_knows) {
    Request read(BlockOperation::kRead, 0, {1});
    Request write(BlockOperation::kWrite, 0, {1});
    Request flush(BlockOperation::kFlush, 0, {});
    Request old_read(BlockOperation::kRead, 0, {1});
    Request old_flush(BlockOperation::kFlush, 0, {});
    for (Request* const request : {&read, &write, &flush}) {
        disk.start(*request);
    }
    for (Request* const request : {&old_read, &old_flush}) {
        old_disk.start(*request);
    }
    std::vector<int> codes;
    for (unsigned i = 0; i < 5; ++i) {
        codes.push_back(drive.commands.back().code);
        answer();
    }
    EXPECT_EQ(codes, (std::vector<int>{0x25, 0x35, 0xEA, 0xC8, 0xE7}));
}

TEST_F(AtaChannelTest, an_error_fails_its_request_alone) {
    for (const Answer how : {Answer::kError, Answer::kFault, Answer::kBusError, Answer::kShort}) {
        host::log_lines.clear();
        Request first(BlockOperation::kRead, 40, {1});
        Request second(BlockOperation::kRead, 48, {2});
        disk.start(first);
        disk.start(second);
        answer(how);
        EXPECT_TRUE(first.is_last_failed) << static_cast<int>(how);
        answer();
        EXPECT_EQ(second.times_done, 1U);
        EXPECT_FALSE(second.is_last_failed) << static_cast<int>(how);
        ASSERT_EQ(host::log_lines.size(), 1U);
        EXPECT_NE(host::log_lines[0].text.find("sda: reading 8 sectors at 40 failed"), std::string::npos)
            << host::log_lines[0].text;
    }
}

TEST_F(AtaChannelTest, an_interrupt_of_nobodys_changes_nothing) {
    channel.note_interrupt();
    look();
    Request request(BlockOperation::kRead, 0, {1});
    disk.start(request);
    channel.note_interrupt();
    look();
    EXPECT_EQ(request.times_done, 0U);
    answer();
    EXPECT_FALSE(request.is_last_failed);
}

TEST_F(AtaChannelTest, a_slow_answer_is_an_answer) {
    Request request(BlockOperation::kRead, 0, {1});
    disk.start(request);
    wait(AtaChannel::kPatienceSeconds * 2 - 1);
    EXPECT_EQ(drive.resets, 0U);
    answer();
    EXPECT_EQ(request.times_done, 1U);
    EXPECT_FALSE(request.is_last_failed);
}

TEST_F(AtaChannelTest, ticks_that_leap_are_no_silence) {
    Request request(BlockOperation::kRead, 0, {1});
    disk.start(request);
    for (unsigned hour = 0; hour < 10; ++hour) {
        drive.now_ticks += 360'000;  // by the second clock, no time at all
        look();
    }
    EXPECT_EQ(drive.resets, 0U);
    answer();
    EXPECT_FALSE(request.is_last_failed);
}

TEST_F(AtaChannelTest, a_lost_interrupt_costs_time_and_nothing_else) {
    Request request(BlockOperation::kRead, 0, {1});
    request.again = 1;
    disk.start(request);
    answer(Answer::kNoInterrupt);
    EXPECT_EQ(request.times_done, 0U);
    wait(AtaChannel::kPatienceTicks / 100);
    EXPECT_EQ(request.times_done, 1U);
    EXPECT_FALSE(request.is_last_failed);
    EXPECT_EQ(drive.resets, 0U);
    answer();
    EXPECT_EQ(request.times_done, 2U);
}

TEST_F(AtaChannelTest, silence_ends_with_one_reset_and_one_more_try) {
    Request request(BlockOperation::kRead, 24, {1});
    disk.start(request);
    wait(3 * AtaChannel::kPatienceSeconds);
    EXPECT_EQ(drive.resets, 1U);
    ASSERT_EQ(drive.commands.size(), 2U);
    EXPECT_EQ(drive.commands[1].sector, 24U);
    EXPECT_EQ(request.times_done, 0U);
    answer();
    EXPECT_EQ(request.times_done, 1U);
    EXPECT_FALSE(request.is_last_failed);
    EXPECT_FALSE(channel.is_dead());
    EXPECT_EQ(lines_of(LogLevel::kError), 0U);
}

TEST_F(AtaChannelTest, each_request_has_a_try_and_the_patience_of_its_own) {
    Request first(BlockOperation::kRead, 0, {1});
    Request second(BlockOperation::kRead, 8, {1});
    disk.start(first);
    wait(3 * AtaChannel::kPatienceSeconds);  // reset
    wait(5);                                 // doubted again
    answer();
    EXPECT_FALSE(first.is_last_failed);
    disk.start(second);
    wait(2 * AtaChannel::kPatienceSeconds - 1);
    EXPECT_EQ(drive.resets, 1U);
    wait(AtaChannel::kPatienceSeconds);
    EXPECT_EQ(drive.resets, 2U);
    EXPECT_FALSE(channel.is_dead());
    answer();
    EXPECT_EQ(second.times_done, 1U);
    EXPECT_FALSE(second.is_last_failed);
}

TEST_F(AtaChannelTest, silence_after_that_is_the_end_of_it) {
    for (const bool has_second_clock : {true, false}) {
        host::AtaDrive silent;
        silent.now_seconds = has_second_clock ? silent.now_seconds : 0;
        AtaChannel its_channel(silent);
        AtaDisk its_disk(its_channel, {.name = "sda", .identity = {.sector_count = 1000}});
        host::log_lines.clear();
        Request first(BlockOperation::kWrite, 0, {1});
        Request second(BlockOperation::kFlush, 0, {});
        its_disk.start(first);
        its_disk.start(second);
        for (unsigned second_passed = 0; second_passed < 5 * AtaChannel::kPatienceSeconds; ++second_passed) {
            silent.pass(1);
            if (its_channel.has_work()) {
                its_channel.work();
            }
        }
        EXPECT_TRUE(its_channel.is_dead());
        EXPECT_EQ(silent.resets, 1U);
        EXPECT_TRUE(first.is_last_failed && second.is_last_failed);
        EXPECT_EQ(lines_of(LogLevel::kError), 1U);
        // From now on everything fails at once, also for a maker who tries for ever.
        Request third(BlockOperation::kRead, 0, {1});
        third.again = UINT32_MAX;
        its_disk.start(third);
        its_channel.work();
        EXPECT_EQ(third.times_done, 1U);
        its_channel.work();
        EXPECT_EQ(third.times_done, 2U);
        EXPECT_EQ(silent.commands.size(), 2U);
        EXPECT_EQ(lines_of(LogLevel::kError), 1U);
    }
}

TEST_F(AtaChannelTest, a_device_that_never_comes_back_from_a_reset_is_given_up) {
    drive.stays_busy = true;
    Request request(BlockOperation::kRead, 0, {1});
    disk.start(request);
    wait(2 * AtaChannel::kPatienceSeconds + 2);
    EXPECT_EQ(drive.resets, 1U);
    for (unsigned tick = 0; tick < 40 * 100; ++tick) {
        ++drive.now_ticks;
        look();
    }
    EXPECT_TRUE(channel.is_dead());
    EXPECT_TRUE(request.is_last_failed);
    EXPECT_EQ(drive.commands.size(), 1U);
}

TEST_F(AtaChannelTest, its_figures_add_up) {
    Request read(BlockOperation::kRead, 0, {1, 2}, 3);
    Request write(BlockOperation::kWrite, 0, {1});
    Request failing(BlockOperation::kRead, 0, {1});
    disk.start(read);
    disk.start(write);
    disk.start(failing);
    EXPECT_EQ(disk.figures().in_flight, 3U);
    drive.pass(1);
    answer();
    drive.pass(1);
    answer();
    answer(Answer::kError);
    const BlockFigures& figures = disk.figures();
    EXPECT_EQ(figures.in_flight, 0U);
    EXPECT_EQ(figures.requests, (std::array<std::uint64_t, 3>{1, 1, 0}));
    EXPECT_EQ(figures.sectors, (std::array<std::uint64_t, 3>{11, 8, 0}));
    EXPECT_EQ(figures.microseconds, (std::array<std::uint64_t, 3>{1'000'000, 2'000'000, 0}));
    EXPECT_EQ(figures.busy_microseconds, 2'000'000U);
    EXPECT_EQ(figures.errors, 1U);
}

}  // namespace
}  // namespace kernel
