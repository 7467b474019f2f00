// What an ATA channel stands on: its registers, its table of frames, and the clock. Ports of the machine
// (ata_disks.cpp), or a model in tests. [ata8-acs] 6, [piix] 2.7
#pragma once

#include <array>
#include <cstdint>

namespace kernel {

/// The registers of a channel; two in one place where reading and writing mean different things.
enum class AtaRegister : std::uint8_t {
    kData = 0,
    kError = 1,
    kSectorCount = 2,
    kLbaLow = 3,
    kLbaMiddle = 4,
    kLbaHigh = 5,
    kDevice = 6,
    kStatus = 7,  ///< Reading it acknowledges the interrupt.
    kCommand = 7,
    kControl = 8,
    kAlternateStatus = 8,  ///< The same, and acknowledges nothing.
    kDmaCommand = 9,       ///< Of the bus master, like the next.
    kDmaStatus = 10,
};

/// An entry of the bus master's table ("PRD"): bytes that lie together, and do not cross 64 KiB.
struct AtaTableEntry {
    std::uint32_t address = 0;
    std::uint16_t byte_count = 0;  ///< Even; 0 means 64 KiB.
    std::uint16_t flags = 0;       ///< kLastEntry, or nothing.
    static constexpr std::uint16_t kLastEntry = 0x8000;
};
static_assert(sizeof(AtaTableEntry) == 8);
/// As many as a request has frames; aligned, so that it crosses no 64 KiB either.
struct alignas(256) AtaTable {
    std::array<AtaTableEntry, 32> entries{};
};

class AtaHardware {
  public:
    [[nodiscard]] virtual std::uint8_t read(AtaRegister from) = 0;
    virtual void write(AtaRegister to, std::uint8_t value) = 0;
    /// Where the bus master finds the table for its next transfer.
    virtual void use_table(const AtaTable& table) = 0;

    /// 100 a second, while anybody hears the timer.
    [[nodiscard]] virtual std::uint32_t ticks() = 0;
    /// Since boot; never goes back.
    [[nodiscard]] virtual std::uint64_t microseconds() = 0;
    /// A second clock, which goes on with real time whatever the machine does; 0: there is none.
    [[nodiscard]] virtual std::uint64_t seconds() = 0;
    /// AtaChannel::work is to be called soon, without an interrupt.
    virtual void request_work() = 0;

  protected:
    ~AtaHardware() = default;
};

}  // namespace kernel
