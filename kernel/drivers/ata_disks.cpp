#include "kernel/drivers/ata_disks.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "kernel/arch/i686/interrupts.hpp"
#include "kernel/arch/i686/port.hpp"
#include "kernel/boot/image.hpp"
#include "kernel/boot/init.hpp"
#include "kernel/clock.hpp"
#include "kernel/drivers/ata_channel.hpp"
#include "kernel/drivers/cmos_clock.hpp"
#include "kernel/drivers/fw_cfg.hpp"
#include "kernel/drivers/pci.hpp"
#include "kernel/log.hpp"
#include "kernel/programs/scheduler.hpp"

namespace kernel {
namespace {

constexpr std::uint8_t kMassStorage = 0x01;
constexpr std::uint8_t kIde = 0x01;
constexpr std::uint8_t kNativeMode = 0x05;  // of the interface: a channel is where its base addresses say
constexpr std::uint8_t kCanMasterBus = 0x80;
constexpr std::uint32_t kPortSpace = 1;
constexpr std::uint32_t kPortMask = 0xFFFC;

constexpr port::Port kBusMasterPorts = 8;  // a channel
constexpr port::Port kBusMasterStatus = 2;
constexpr port::Port kBusMasterTable = 4;
constexpr port::Port kDelay = 0x80;  // an access takes a microsecond

constexpr std::uint8_t kBusy = 0x80;
constexpr std::uint8_t kWantsData = 0x08;
constexpr std::uint8_t kNoInterrupts = 0x02;
constexpr std::uint8_t kIdentify = 0xEC;
constexpr unsigned kIdentifyMicroseconds = 1'000'000;

/// The file in which the host says what the disks are for.
constexpr std::string_view kRolesFile = "opt/org.primitiveos/disks";
constexpr std::string_view kArchiveRole = "archive";

/// A channel's registers where PCs have them.
class PortHardware final : public AtaHardware {
  public:
    constexpr PortHardware(port::Port command, port::Port control) : command_(command), control_(control) {}

    void set_bus_master(port::Port base) { bus_master_ = base; }

    [[nodiscard]] std::uint8_t read(AtaRegister from) override { return port::in8(port_of(from)); }
    void write(AtaRegister to, std::uint8_t value) override { port::out8(port_of(to), value); }
    void use_table(const AtaTable& table) override {
        const mm::PhysAddr address = image::to_physical(mm::VirtAddr::of(&table));
        port::out32(static_cast<port::Port>(bus_master_ + kBusMasterTable),
                    static_cast<std::uint32_t>(address.value()));
    }
    void read_identity(AtaIdentityWords& words) {
        port::read_words(port_of(AtaRegister::kData), words.data(), words.size());
    }

    [[nodiscard]] std::uint32_t ticks() override { return clock().ticks(); }
    [[nodiscard]] std::uint64_t microseconds() override { return clock().microseconds_since_entry(); }
    [[nodiscard]] std::uint64_t seconds() override { return cmos_clock::seconds_since_1970(); }
    void request_work() override { request_attention(); }

  private:
    [[nodiscard]] port::Port port_of(AtaRegister which) const {
        switch (which) {
            case AtaRegister::kControl:
                return control_;
            case AtaRegister::kDmaCommand:
                return bus_master_;
            case AtaRegister::kDmaStatus:
                return static_cast<port::Port>(bus_master_ + kBusMasterStatus);
            default:
                return static_cast<port::Port>(command_ + static_cast<port::Port>(which));
        }
    }

    port::Port command_;
    port::Port control_;
    port::Port bus_master_ = 0;
};

constexpr std::size_t kChannels = 2;
constinit std::array<PortHardware, kChannels> ports = {PortHardware(0x1F0, 0x3F6),
                                                       PortHardware(0x170, 0x376)};
constinit AtaChannel first_channel(ports[0]);
constinit AtaChannel second_channel(ports[1]);
constexpr std::array<AtaChannel*, kChannels> kChannelList = {&first_channel, &second_channel};

constexpr std::array<const char*, kMostBlockDevices> kNames = {"sda", "sdb", "sdc", "sdd"};
constinit std::array<std::optional<AtaDisk>, kMostBlockDevices> disks{};
constinit std::size_t disk_count = 0;

constinit std::array<char, 128> roles_text{};

constinit DeferredWork disk_work{
    .pending = [] { return first_channel.has_work() || second_channel.has_work(); },
    .run =
        [] {
            for (AtaChannel* const channel : kChannelList) {
                if (channel->has_work()) {
                    channel->work();
                }
            }
        }};

/// What the host says of the disk called `name`; empty when it says nothing.
std::string_view role_of(std::string_view name) {
    std::string_view text(roles_text.data(), roles_text.size());
    text = text.substr(0, text.find('\0'));
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ' ') {
            return line.substr(name.size() + 1);
        }
    }
    return {};
}

INIT_CODE void ask_host_for_roles() {
    if (const auto file = fw_cfg::open(kRolesFile)) {
        fw_cfg::read(
            std::span(roles_text).first(std::min<std::size_t>(file->size_bytes, roles_text.size() - 1)));
    }
}

/// Waits for a device that was just told something, while booting; its status, without the busy bit when it answered.
INIT_CODE std::uint8_t wait_until_idle(PortHardware& device) {
    std::uint8_t status = device.read(AtaRegister::kAlternateStatus);
    for (unsigned waited = 0; (status & kBusy) != 0 && waited < kIdentifyMicroseconds; ++waited) {
        port::in8(kDelay);
        status = device.read(AtaRegister::kAlternateStatus);
    }
    return status;
}

/// What the disk at `unit` says about itself; none when there is none, or no usable one.
INIT_CODE std::optional<AtaIdentity> identify(PortHardware& device, AtaUnit unit) {
    constexpr std::uint8_t kNothing = 0xFF;  // a bus without devices floats
    device.write(AtaRegister::kDevice, unit == AtaUnit::kSlave ? 0xB0 : 0xA0);
    for (unsigned i = 0; i < 4; ++i) {
        static_cast<void>(device.read(AtaRegister::kAlternateStatus));
    }
    const std::uint8_t status = device.read(AtaRegister::kAlternateStatus);
    if (status == 0 || status == kNothing) {
        return std::nullopt;
    }
    device.write(AtaRegister::kControl, kNoInterrupts);
    device.write(AtaRegister::kCommand, kIdentify);
    const std::uint8_t answer = wait_until_idle(device);
    std::optional<AtaIdentity> identity;
    if ((answer & (kBusy | kWantsData)) == kWantsData) {
        AtaIdentityWords words;
        device.read_identity(words);
        identity = parse_ata_identity(words);
    }
    static_cast<void>(device.read(AtaRegister::kStatus));
    device.write(AtaRegister::kControl, 0);
    return identity;
}

INIT_CODE void add_disk(AtaChannel& channel, AtaUnit unit, const AtaIdentity& identity) {
    if (disk_count == 0) {
        ask_host_for_roles();
    }
    const char* const name = kNames[disk_count];
    const std::string_view role = role_of(name);
    const BlockAccess access = role == kArchiveRole ? BlockAccess::kReadOnly : BlockAccess::kReadWrite;
    disks[disk_count++].emplace(
        channel, AtaDisk::Description{
                     .name = name, .role = role, .unit = unit, .access = access, .identity = identity});
    log().info("{}: {} sectors of 512 bytes{}{}", name, identity.sector_count, role.empty() ? "" : ", ",
               role);
}

/// Where the bus master's ports of a usable controller begin; the controller may use them from now on.
INIT_CODE std::optional<port::Port> start_controller() {
    const auto controller = pci::find(kMassStorage, kIde);
    if (!controller) {
        return std::nullopt;
    }
    const std::uint32_t interface = pci::read(*controller, pci::kClass) >> 8;
    const std::uint32_t base = pci::read(*controller, pci::kFifthBaseAddress);
    if ((interface & (kNativeMode | kCanMasterBus)) != kCanMasterBus || (base & kPortSpace) == 0 ||
        (base & kPortMask) == 0) {
        log().info("The IDE controller is none that is known here: its disks are left alone.");
        return std::nullopt;
    }
    const std::uint32_t command = pci::read(*controller, pci::kCommand) & 0xFFFF;
    pci::write(*controller, pci::kCommand, command | pci::kAnswersPorts | pci::kBusMaster);
    return static_cast<port::Port>(base & kPortMask);
}

}  // namespace

INIT_CODE void start_ata_disks() {
    const auto bus_master = start_controller();
    if (!bus_master) {
        return;
    }
    for (std::size_t i = 0; i < kChannels; ++i) {
        ports[i].set_bus_master(static_cast<port::Port>(*bus_master + i * kBusMasterPorts));
        const std::size_t before = disk_count;
        for (const AtaUnit unit : {AtaUnit::kMaster, AtaUnit::kSlave}) {
            if (const auto identity = identify(ports[i], unit)) {
                add_disk(*kChannelList[i], unit, *identity);
            }
        }
        if (disk_count == before) {
            continue;
        }
        if (i == 0) {
            enable_irq(IrqLine::kFirstAta, "ata_piix", [] { first_channel.note_interrupt(); });
        } else {
            enable_irq(IrqLine::kSecondAta, "ata_piix", [] { second_channel.note_interrupt(); });
        }
    }
    if (disk_count != 0) {
        add_deferred_work(disk_work);
    }
}

BlockDevice* block_device(std::size_t index) {
    return index < disk_count ? &*disks[index] : nullptr;
}

BlockDevice* block_device_for(std::string_view role) {
    for (std::size_t i = 0; i < disk_count; ++i) {
        if (disks[i]->role() == role) {
            return &*disks[i];
        }
    }
    return nullptr;
}

}  // namespace kernel
