// An ATA channel: a cable with at most two disks, of which one works at a time; and the disks.
//
//   start --> queue --> send: table of frames, command --> [interrupt] --> work: status --> done
//
// Owns: the queue, the bus master's table, and the state of the command that is under way. Requests are done in the
// order in which they were started; those that cannot be done at all fail at the next work(). A device that does not
// answer in time (kPatienceTicks, and as long by the second clock) is reset, and told once more; after a second silence
// the channel is given up, with one line in the log: from then on every request fails at once.
//
// Why two clocks: the emulator's instruction-counting clock leaps while the CPU halts. Half a minute of it may be no
// time at all for the host whose disk it is; only a clock that follows the host's knows.
//
// note_interrupt is the interrupt handler's; everything else is called in the main line. Nothing waits or polls: a
// device under reset is looked at once a tick. Portable: the machine is behind AtaHardware.
// I1 a command is under way exactly when active_ is not null.
// I2 every request that was started is in queue_, in finished_, or is active_.
// Cost: about 60 port accesses a request, and three instructions a frame.
// [ata8-acs] 7, [piix] 2.7, 4.1.1
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kernel/drivers/ata_hardware.hpp"
#include "kernel/drivers/ata_identity.hpp"
#include "kernel/drivers/block_device.hpp"

namespace kernel {

class AtaChannel;

/// Which of the two on the cable.
enum class AtaUnit : std::uint8_t { kMaster = 0, kSlave = 1 };

class AtaDisk final : public BlockDevice {
  public:
    struct Description {
        const char* name = "";
        std::string_view role{};
        AtaUnit unit = AtaUnit::kMaster;
        BlockAccess access = BlockAccess::kReadWrite;
        AtaIdentity identity{};
    };
    /// On `channel`, which outlives it.
    AtaDisk(AtaChannel& channel, const Description& description)
        : channel_(channel), description_(description) {}

    [[nodiscard]] const char* name() const override { return description_.name; }
    [[nodiscard]] std::uint64_t sector_count() const override { return description_.identity.sector_count; }
    [[nodiscard]] std::string_view role() const override { return description_.role; }
    [[nodiscard]] BlockAccess access() const override { return description_.access; }
    void start(BlockRequest& request) override;

  private:
    friend class AtaChannel;
    [[nodiscard]] bool can_do(const BlockRequest& request) const;

    AtaChannel& channel_;
    Description description_;
};

class AtaChannel {
  public:
    /// Ticks that a device may take: 15 s. The second clock is asked for as long again.
    static constexpr std::uint32_t kPatienceTicks = 1500;
    static constexpr std::uint32_t kPatienceSeconds = 15;

    constexpr explicit AtaChannel(AtaHardware& hardware) : hardware_(hardware) {}
    AtaChannel(const AtaChannel&) = delete;
    AtaChannel& operator=(const AtaChannel&) = delete;
    ~AtaChannel() = default;

    /// From the interrupt handler: the device has something to say.
    void note_interrupt() { interrupted_ = true; }
    /// Whether work() has something to do. Cost: a few instructions.
    [[nodiscard]] bool has_work() const {
        return interrupted_ || finished_.first != nullptr ||
               (active_ != nullptr && static_cast<std::int32_t>(hardware_.ticks() - due_) >= 0);
    }
    /// Does it: takes the device's answer, tells the makers of what is done, goes on with the next request.
    void work();
    /// Whether the device has been given up.
    [[nodiscard]] bool is_dead() const { return phase_ == Phase::kDead; }

  private:
    friend class AtaDisk;

    enum class Phase : std::uint8_t { kReady, kCommand, kResetHeld, kResetReleased, kDead };

    struct RequestList {
        BlockRequest* first = nullptr;
        BlockRequest* last = nullptr;
        void append(BlockRequest& request);
        BlockRequest* take_first();
    };

    void add(BlockRequest& request);
    void refuse(BlockRequest& request);
    void begin_next();
    void send(const BlockRequest& request);
    void fill_table(const BlockRequest& request);
    void write_sectors(const AtaDisk& disk, const BlockRequest& request);
    bool take_answer();
    void finish(BlockRequest& request, std::uint8_t status, std::uint8_t dma_status);
    void account(BlockRequest& request);
    void look_at_overdue();
    [[nodiscard]] bool is_silent();
    void begin_reset();
    void give_up();
    void wait_ticks(std::uint32_t count) { due_ = hardware_.ticks() + count; }

    AtaHardware& hardware_;
    AtaTable table_{};
    RequestList queue_{};
    RequestList finished_{};
    BlockRequest* active_ = nullptr;
    Phase phase_ = Phase::kReady;
    volatile bool interrupted_ = false;
    bool is_second_try_ = false;
    std::uint8_t selected_ = 0;        // what the device register was last given, without the sector's bits
    std::uint32_t due_ = 0;            // the tick from which active_ is looked at
    std::uint32_t reset_looks_ = 0;    // ticks for which the reset has not been over
    std::uint64_t doubted_since_ = 0;  // by the second clock; 0: no doubt yet
};

}  // namespace kernel
