#include "tests/doubles/ata_drive.hpp"

#include <cstring>

#include "mm/core/panic.hpp"

namespace host {
namespace {

constexpr std::uint8_t kReady = 0x50;
constexpr std::uint8_t kBusy = 0x80;

bool is_wide(std::uint8_t code) {
    return code == 0x25 || code == 0x35 || code == 0xEA;
}
bool reads(std::uint8_t code) {
    return code == 0x25 || code == 0xC8;
}
bool flushes(std::uint8_t code) {
    return code == 0xE7 || code == 0xEA;
}

}  // namespace

Sector fresh_sector(unsigned unit, std::uint64_t sector) {
    Sector bytes{};
    std::uint64_t state = sector * 2 + unit + 1;
    for (std::uint8_t& byte : bytes) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        byte = static_cast<std::uint8_t>(state >> 56);
    }
    return bytes;
}

Sector& AtaDrive::sector_of(unsigned unit, std::uint64_t sector) {
    return written[unit].try_emplace(sector, fresh_sector(unit, sector)).first->second;
}

std::uint8_t AtaDrive::read(kernel::AtaRegister from) {
    switch (from) {
        case kernel::AtaRegister::kError:
            return error_;
        case kernel::AtaRegister::kStatus:
        case kernel::AtaRegister::kAlternateStatus:
            return status_;
        case kernel::AtaRegister::kDmaStatus:
            return dma_status_;
        default:
            mm::expect(false, "ATA drive: nobody reads that");
            return 0;
    }
}

void AtaDrive::write(kernel::AtaRegister to, std::uint8_t value) {
    constexpr std::uint8_t kReset = 0x04;
    switch (to) {
        case kernel::AtaRegister::kSectorCount:
            return count_.push(value);
        case kernel::AtaRegister::kLbaLow:
            return low_.push(value);
        case kernel::AtaRegister::kLbaMiddle:
            return middle_.push(value);
        case kernel::AtaRegister::kLbaHigh:
            return high_.push(value);
        case kernel::AtaRegister::kDevice:
            device_ = value;
            return;
        case kernel::AtaRegister::kCommand:
            return begin(value);
        case kernel::AtaRegister::kControl:
            if ((value & ~control_ & kReset) != 0) {
                ++resets;
                under_way_.clear();
                status_ = kBusy;
            } else if ((control_ & ~value & kReset) != 0 && !stays_busy) {
                status_ = kReady;
            }
            control_ = value;
            return;
        case kernel::AtaRegister::kDmaCommand:
            dma_command_ = value;
            dma_status_ = static_cast<std::uint8_t>((dma_status_ & ~1U) | (value & 1U));
            return;
        case kernel::AtaRegister::kDmaStatus:
            dma_status_ = static_cast<std::uint8_t>(dma_status_ & ~(value & 6U));
            return;
        default:
            mm::expect(false, "ATA drive: nobody writes that");
    }
}

void AtaDrive::begin(std::uint8_t code) {
    mm::expect((status_ & kBusy) == 0, "ATA drive: told something while busy");
    mm::expect((dma_status_ & 4U) == 0, "ATA drive: an interrupt is still unanswered");
    Command command{.code = code, .unit = (device_ >> 4) & 1U};
    if (!flushes(code)) {
        mm::expect((device_ & 0x40) != 0, "ATA drive: the sector is no number");
        command.count = count_.last;
        command.sector = static_cast<std::uint64_t>(low_.last) | std::uint64_t{middle_.last} << 8 |
                         std::uint64_t{high_.last} << 16;
        if (is_wide(code)) {
            command.count |= std::uint32_t{count_.before} << 8;
            command.sector |= std::uint64_t{low_.before} << 24 | std::uint64_t{middle_.before} << 32 |
                              std::uint64_t{high_.before} << 40;
            command.count = command.count == 0 ? 65'536 : command.count;
        } else {
            command.sector |= std::uint64_t{device_ & 0xFU} << 24;
            command.count = command.count == 0 ? 256 : command.count;
        }
    }
    status_ = kBusy;
    error_ = 0;
    commands.push_back(command);
    under_way_.push_back(command);
}

void AtaDrive::move(const Command& command, bool to_memory) {
    constexpr std::uint8_t kStart = 0x01, kToMemory = 0x08;
    mm::expect((dma_command_ & kStart) != 0, "ATA drive: the bus master was not started");
    mm::expect(((dma_command_ & kToMemory) != 0) == to_memory, "ATA drive: the wrong way");
    std::uint32_t done = 0;
    bool is_last = false;
    for (std::size_t i = 0; !is_last; ++i) {
        mm::expect(i < table_->entries.size(), "ATA drive: the table has no end");
        const kernel::AtaTableEntry& entry = table_->entries[i];
        is_last = entry.flags == kernel::AtaTableEntry::kLastEntry;
        for (std::uint32_t at = 0; at < entry.byte_count; at += 512, ++done) {
            Page& page = memory[(entry.address + at) / 4096];
            std::uint8_t* const place = page.data() + (entry.address + at) % 4096;
            Sector& sector = sector_of(command.unit, command.sector + done);
            to_memory ? std::memcpy(place, sector.data(), 512) : std::memcpy(sector.data(), place, 512);
        }
    }
    mm::expect(done == command.count, "ATA drive: the table is not as long as the command");
}

bool AtaDrive::answer(Answer answer) {
    if (under_way_.empty()) {
        return false;
    }
    const Command command = under_way_.front();
    under_way_.pop_front();
    const bool is_done = answer == Answer::kDone || answer == Answer::kNoInterrupt;
    if (is_done && !flushes(command.code)) {
        move(command, reads(command.code));
    }
    status_ = kReady;
    if (answer == Answer::kError) {
        status_ = kReady | 0x01;
        error_ = 0x40;
    }
    if (answer == Answer::kFault) {
        status_ = kReady | 0x20;
    }
    dma_status_ = static_cast<std::uint8_t>(dma_status_ | 4U | (answer == Answer::kBusError ? 2U : 0U));
    if (answer != Answer::kShort) {
        dma_status_ = static_cast<std::uint8_t>(dma_status_ & ~1U);
    }
    return answer != Answer::kNoInterrupt;
}

}  // namespace host
