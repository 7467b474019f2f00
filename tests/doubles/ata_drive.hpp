// An ATA channel with two disks and a bus master, for host tests: it takes commands as the hardware does, and answers
// when it is told to. Every sector has contents of its own until it is written.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "kernel/drivers/ata_hardware.hpp"

namespace host {

using Sector = std::array<std::uint8_t, 512>;
using Page = std::array<std::uint8_t, 4096>;

/// What the sector of a disk holds that nobody has written.
Sector fresh_sector(unsigned unit, std::uint64_t sector);

/// How a command ends.
enum class Answer : std::uint8_t {
    kDone,
    kError,        ///< The device could not.
    kFault,        ///< The device is broken.
    kBusError,     ///< The bus master could not.
    kShort,        ///< The device moved less than it was to.
    kNoInterrupt,  ///< Done, but the interrupt gets lost.
};

class AtaDrive final : public kernel::AtaHardware {
  public:
    struct Command {
        std::uint8_t code = 0;
        unsigned unit = 0;
        std::uint64_t sector = 0;
        std::uint32_t count = 0;
    };

    // --- what the test does ---
    /// Ends the command that is under way; whether there is one, and an interrupt.
    bool answer(Answer answer = Answer::kDone);
    /// Time passes by both clocks.
    void pass(std::uint32_t seconds) {
        now_ticks += seconds * 100;
        if (now_seconds != 0) {
            now_seconds += seconds;
        }
    }
    [[nodiscard]] bool is_busy() const { return !under_way_.empty(); }

    std::vector<Command> commands;               // all that came
    std::map<std::uint32_t, Page> memory;        // by frame
    std::map<std::uint64_t, Sector> written[2];  // of each disk
    unsigned resets = 0;                         // begun
    bool stays_busy = false;                     // after a reset, for ever
    std::uint32_t now_ticks = 0xFFFF'FF00;       // so that they wrap
    std::uint64_t now_seconds = 1'700'000'000;   // 0: no such clock
    unsigned work_requests = 0;

    // --- what the channel does ---
    std::uint8_t read(kernel::AtaRegister from) override;
    void write(kernel::AtaRegister to, std::uint8_t value) override;
    void use_table(const kernel::AtaTable& table) override { table_ = &table; }
    std::uint32_t ticks() override { return now_ticks; }
    std::uint64_t microseconds() override { return std::uint64_t{now_ticks + 0x100} * 10'000; }
    std::uint64_t seconds() override { return now_seconds; }
    void request_work() override { ++work_requests; }

  private:
    struct Pair {  // A register that is two deep.
        std::uint8_t before = 0, last = 0;
        void push(std::uint8_t value) {
            before = last;
            last = value;
        }
    };
    void begin(std::uint8_t code);
    void move(const Command& command, bool to_memory);
    Sector& sector_of(unsigned unit, std::uint64_t sector);

    std::deque<Command> under_way_;
    const kernel::AtaTable* table_ = nullptr;
    Pair count_, low_, middle_, high_;
    std::uint8_t device_ = 0, control_ = 0, status_ = 0x50, error_ = 0;
    std::uint8_t dma_command_ = 0, dma_status_ = 0;
};

}  // namespace host
