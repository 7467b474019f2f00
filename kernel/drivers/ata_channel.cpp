#include "kernel/drivers/ata_channel.hpp"

#include <algorithm>

#include "kernel/log.hpp"
#include "mm/core/panic.hpp"

namespace kernel {
namespace {

// Status.
constexpr std::uint8_t kBusy = 0x80;
constexpr std::uint8_t kFault = 0x20;
constexpr std::uint8_t kWantsData = 0x08;
constexpr std::uint8_t kError = 0x01;
// Control.
constexpr std::uint8_t kReset = 0x04;
constexpr std::uint8_t kNoInterrupts = 0x02;
// Device.
constexpr std::uint8_t kByNumber = 0xE0;  // LBA, and two bits that old disks want
constexpr std::uint8_t kSlaveBit = 0x10;
// The bus master.
constexpr std::uint8_t kDmaStart = 0x01;
constexpr std::uint8_t kDmaToMemory = 0x08;
constexpr std::uint8_t kDmaActive = 0x01;
constexpr std::uint8_t kDmaError = 0x02;
constexpr std::uint8_t kDmaInterrupt = 0x04;

constexpr std::uint8_t kReadDma = 0xC8, kReadDmaExt = 0x25;
constexpr std::uint8_t kWriteDma = 0xCA, kWriteDmaExt = 0x35;
constexpr std::uint8_t kFlushCache = 0xE7, kFlushCacheExt = 0xEA;

constexpr std::uint64_t kMostSectors28 = 1ULL << 28;
constexpr std::uint32_t kTicksPerSecond = 100;
constexpr std::uint32_t kMostResetTicks = 31 * kTicksPerSecond;  // what the standard allows

std::uint8_t byte_of(std::uint64_t value, unsigned index) {
    return static_cast<std::uint8_t>(value >> (8 * index));
}

std::uint8_t command_of(BlockOperation operation, AtaAddressing addressing) {
    const bool wide = addressing == AtaAddressing::kLba48;
    switch (operation) {
        case BlockOperation::kRead:
            return wide ? kReadDmaExt : kReadDma;
        case BlockOperation::kWrite:
            return wide ? kWriteDmaExt : kWriteDma;
        case BlockOperation::kFlush:
            break;
    }
    return wide ? kFlushCacheExt : kFlushCache;
}

const char* verb_of(BlockOperation operation) {
    switch (operation) {
        case BlockOperation::kRead:
            return "reading";
        case BlockOperation::kWrite:
            return "writing";
        case BlockOperation::kFlush:
            break;
    }
    return "flushing";
}

AtaDisk& disk_of(const BlockRequest& request) {
    return *static_cast<AtaDisk*>(request.device);
}

}  // namespace

// --- the disk ---

bool AtaDisk::can_do(const BlockRequest& request) const {
    if (request.operation == BlockOperation::kFlush) {
        return request.frame_count == 0;
    }
    if (request.frame_count == 0 || request.frame_count > BlockRequest::kMostFrames ||
        request.last_frame_sectors == 0 || request.last_frame_sectors > kSectorsPerFrame) {
        return false;
    }
    if (request.operation == BlockOperation::kWrite && access() == BlockAccess::kReadOnly) {
        return false;
    }
    const std::uint64_t most = description_.identity.addressing == AtaAddressing::kLba28
                                   ? std::min(sector_count(), kMostSectors28)
                                   : sector_count();
    return request.first_sector < most && request.sector_count() <= most - request.first_sector;
}

void AtaDisk::start(BlockRequest& request) {
    request.device = this;
    request.failed = false;
    request.started = channel_.hardware_.microseconds();
    if (figures_.in_flight++ == 0) {
        figures_.busy_since = request.started;
    }
    if (can_do(request) && !channel_.is_dead()) {
        channel_.add(request);
    } else {
        channel_.refuse(request);
    }
}

// --- the queue ---

void AtaChannel::RequestList::append(BlockRequest& request) {
    request.next = nullptr;
    (first == nullptr ? first : last->next) = &request;
    last = &request;
}

BlockRequest* AtaChannel::RequestList::take_first() {
    BlockRequest* const taken = first;
    if (taken != nullptr) {
        first = taken->next;
        taken->next = nullptr;
    }
    return taken;
}

void AtaChannel::add(BlockRequest& request) {
    queue_.append(request);
    if (phase_ == Phase::kReady) {
        begin_next();
    }
}

/// It fails, but not before its maker has gone on.
void AtaChannel::refuse(BlockRequest& request) {
    request.failed = true;
    finished_.append(request);
    hardware_.request_work();
}

void AtaChannel::begin_next() {
    active_ = queue_.take_first();
    phase_ = active_ == nullptr ? Phase::kReady : Phase::kCommand;
    is_second_try_ = false;
    if (active_ != nullptr) {
        send(*active_);
    }
}

// --- a command ---

void AtaChannel::fill_table(const BlockRequest& request) {
    for (std::uint32_t i = 0; i < request.frame_count; ++i) {
        const bool is_last = i + 1 == request.frame_count;
        const std::uint32_t sectors = is_last ? request.last_frame_sectors : kSectorsPerFrame;
        table_.entries[i] = {
            .address = static_cast<std::uint32_t>(request.frames[i].address().value()),
            .byte_count = static_cast<std::uint16_t>(sectors * kSectorBytes),
            .flags = is_last ? AtaTableEntry::kLastEntry : std::uint16_t{0},
        };
    }
}

void AtaChannel::write_sectors(const AtaDisk& disk, const BlockRequest& request) {
    const std::uint32_t count = request.sector_count();  // at most 256, for which 28 bits have 0 to say
    const std::uint64_t sector = request.first_sector;
    if (disk.description_.identity.addressing == AtaAddressing::kLba48) {
        // The registers are two deep: the upper halves go first.
        hardware_.write(AtaRegister::kSectorCount, byte_of(count, 1));
        hardware_.write(AtaRegister::kLbaLow, byte_of(sector, 3));
        hardware_.write(AtaRegister::kLbaMiddle, byte_of(sector, 4));
        hardware_.write(AtaRegister::kLbaHigh, byte_of(sector, 5));
    } else {
        hardware_.write(AtaRegister::kDevice,
                        static_cast<std::uint8_t>(selected_ | (byte_of(sector, 3) & 0x0F)));
    }
    hardware_.write(AtaRegister::kSectorCount, byte_of(count, 0));
    hardware_.write(AtaRegister::kLbaLow, byte_of(sector, 0));
    hardware_.write(AtaRegister::kLbaMiddle, byte_of(sector, 1));
    hardware_.write(AtaRegister::kLbaHigh, byte_of(sector, 2));
}

void AtaChannel::send(const BlockRequest& request) {
    const AtaDisk& disk = disk_of(request);
    doubted_since_ = 0;
    wait_ticks(kPatienceTicks);
    const std::uint8_t device = disk.description_.unit == AtaUnit::kSlave ? kByNumber | kSlaveBit : kByNumber;
    hardware_.write(AtaRegister::kDevice, device);
    if (selected_ != device) {
        // 400 ns until the status is the other one's: each read takes a hundred.
        selected_ = device;
        for (unsigned i = 0; i < 4; ++i) {
            static_cast<void>(hardware_.read(AtaRegister::kAlternateStatus));
        }
    }
    if ((hardware_.read(AtaRegister::kAlternateStatus) & (kBusy | kWantsData)) != 0) {
        // It has not come to rest since the command before, and will not listen: as good as silent.
        return;
    }
    const bool moves = request.operation != BlockOperation::kFlush;
    const std::uint8_t direction =
        request.operation == BlockOperation::kRead ? kDmaToMemory : std::uint8_t{0};
    if (moves) {
        fill_table(request);
        hardware_.use_table(table_);
        hardware_.write(AtaRegister::kDmaCommand, direction);
        write_sectors(disk, request);
    }
    hardware_.write(AtaRegister::kDmaStatus, kDmaInterrupt | kDmaError);
    hardware_.write(AtaRegister::kCommand,
                    command_of(request.operation, disk.description_.identity.addressing));
    if (moves) {
        hardware_.write(AtaRegister::kDmaCommand, direction | kDmaStart);
    }
}

/// The device has interrupted, or may have. Whether that ended a command.
bool AtaChannel::take_answer() {
    const std::uint8_t dma_status = hardware_.read(AtaRegister::kDmaStatus);
    if ((dma_status & kDmaInterrupt) == 0 || (hardware_.read(AtaRegister::kAlternateStatus) & kBusy) != 0) {
        return false;
    }
    const bool ends_command = phase_ == Phase::kCommand;
    if (ends_command) {
        hardware_.write(AtaRegister::kDmaCommand, 0);
    }
    const std::uint8_t status = hardware_.read(AtaRegister::kStatus);
    hardware_.write(AtaRegister::kDmaStatus, kDmaInterrupt | kDmaError);
    if (ends_command) {
        finish(*active_, status, dma_status);
    }
    return ends_command;
}

void AtaChannel::finish(BlockRequest& request, std::uint8_t status, std::uint8_t dma_status) {
    const bool moves = request.operation != BlockOperation::kFlush;
    // Still active: the device had less to move than the table has room for.
    const bool dma_failed = moves && (dma_status & (kDmaError | kDmaActive)) != 0;
    request.failed = dma_failed || (status & (kError | kFault | kWantsData)) != 0;
    if (request.failed) {
        const std::uint8_t error =
            (status & kError) != 0 ? hardware_.read(AtaRegister::kError) : std::uint8_t{0};
        log().info("{}: {} {} sectors at {} failed: status {02x}, error {02x}, bus master {02x}",
                   request.device->name(), verb_of(request.operation), request.sector_count(),
                   request.first_sector, status, error, dma_status);
    }
    begin_next();  // The disk is at work again while the maker thinks.
    account(request);
    request.done(request);
}

void AtaChannel::account(BlockRequest& request) {
    BlockFigures& figures = disk_of(request).figures_;
    const std::uint64_t now = hardware_.microseconds();
    --figures.in_flight;
    figures.busy_microseconds += now - figures.busy_since;
    figures.busy_since = now;
    if (request.failed) {
        ++figures.errors;
        return;
    }
    const auto operation = static_cast<std::size_t>(request.operation);
    ++figures.requests[operation];
    figures.sectors[operation] += request.sector_count();
    figures.microseconds[operation] += now - request.started;
}

// --- silence ---

/// Whether the device has been silent for too long by both clocks.
bool AtaChannel::is_silent() {
    const std::uint64_t now = hardware_.seconds();
    if (now == 0) {
        return true;
    }
    if (doubted_since_ == 0) {
        doubted_since_ = now;
    }
    // Somebody may have set that clock back.
    doubted_since_ = std::min(doubted_since_, now);
    return now - doubted_since_ > kPatienceSeconds;
}

void AtaChannel::look_at_overdue() {
    switch (phase_) {
        case Phase::kCommand:
            if (take_answer()) {
                return;  // An interrupt may get lost.
            }
            if (!is_silent()) {
                wait_ticks(kTicksPerSecond);
            } else if (is_second_try_) {
                give_up();
            } else {
                begin_reset();
            }
            return;
        case Phase::kResetHeld:
            hardware_.write(AtaRegister::kControl, 0);
            phase_ = Phase::kResetReleased;
            reset_looks_ = 0;
            selected_ = 0;
            wait_ticks(2);  // It takes 2 ms until the status means anything.
            return;
        case Phase::kResetReleased:
            if ((hardware_.read(AtaRegister::kAlternateStatus) & kBusy) == 0) {
                phase_ = Phase::kCommand;
                is_second_try_ = true;
                send(*active_);
            } else if (++reset_looks_ > kMostResetTicks) {
                give_up();
            } else {
                wait_ticks(1);
            }
            return;
        case Phase::kReady:
        case Phase::kDead:
            return;
    }
}

void AtaChannel::begin_reset() {
    log().info("{}: no answer: reset", active_->device->name());
    hardware_.write(AtaRegister::kDmaCommand, 0);
    hardware_.write(AtaRegister::kControl, kReset | kNoInterrupts);
    phase_ = Phase::kResetHeld;
    wait_ticks(2);  // 5 us would do.
}

void AtaChannel::give_up() {
    log().error("{}: does not answer, not even after a reset: given up", active_->device->name());
    // Whatever it does from now on, it reaches no frame: they will be somebody else's.
    hardware_.write(AtaRegister::kDmaCommand, 0);
    hardware_.write(AtaRegister::kControl, kNoInterrupts);
    phase_ = Phase::kDead;
    refuse(*active_);
    active_ = nullptr;
    while (BlockRequest* const request = queue_.take_first()) {
        refuse(*request);
    }
}

// --- the main line ---

void AtaChannel::work() {
    if (interrupted_) {
        interrupted_ = false;
        static_cast<void>(take_answer());
    }
    if (active_ != nullptr && static_cast<std::int32_t>(hardware_.ticks() - due_) >= 0) {
        look_at_overdue();
    }
    // Those that `done` starts anew have their turn the next time.
    RequestList finished = finished_;
    finished_ = {};
    while (BlockRequest* const request = finished.take_first()) {
        account(*request);
        request->done(*request);
    }
}

}  // namespace kernel
