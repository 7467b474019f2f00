// /proc/partitions and /proc/diskstats: the disks, and what they did, in Linux's formats. There are no partitions.
// Behind the twenty columns of diskstats stands one more: requests that failed.
// [linux] Documentation/admin-guide/iostats.rst
#include "kernel/drivers/block_device.hpp"
#include "kernel/files/block_file.hpp"
#include "kernel/files/proc/system_files.hpp"

namespace kernel {
namespace {

std::uint32_t major_of(std::size_t index) {
    return block_device_number(index) >> 8;
}
std::uint32_t minor_of(std::size_t index) {
    return block_device_number(index) & 0xFF;
}

class PartitionsFile final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        constexpr std::uint32_t kSectorsPerBlock = 1024 / kSectorBytes;
        if (block_device(0) != nullptr) {
            out.write("major minor  #blocks  name\n\n");
        }
        for (std::size_t i = 0; const BlockDevice* const disk = block_device(i); ++i) {
            out.print("{4}  {7} {10} {}\n", major_of(i), minor_of(i), disk->sector_count() / kSectorsPerBlock,
                      disk->name());
        }
        return {};
    }
};

class DiskStatsFile final : public File {
  public:
    FileResult<void> read(Printer& out) override {
        for (std::size_t i = 0; const BlockDevice* const disk = block_device(i); ++i) {
            const BlockFigures& figures = disk->figures();
            out.print("{4} {7} {}", major_of(i), minor_of(i), disk->name());
            print_operation(out, figures, BlockOperation::kRead);
            print_operation(out, figures, BlockOperation::kWrite);
            std::uint64_t waited = 0;
            for (const std::uint64_t microseconds : figures.microseconds) {
                waited += microseconds;
            }
            const auto flush = static_cast<std::size_t>(BlockOperation::kFlush);
            out.print(" {} {} {} 0 0 0 0 {} {} {}\n", figures.in_flight, figures.busy_microseconds / 1000,
                      waited / 1000, figures.requests[flush], figures.microseconds[flush] / 1000,
                      figures.errors);
        }
        return {};
    }

  private:
    /// Requests, of them merged ones, sectors, milliseconds.
    static void print_operation(Printer& out, const BlockFigures& figures, BlockOperation operation) {
        const auto index = static_cast<std::size_t>(operation);
        out.print(" {} 0 {} {}", figures.requests[index], figures.sectors[index],
                  figures.microseconds[index] / 1000);
    }
};

constinit PartitionsFile partitions_file;
constinit Node partitions("partitions", partitions_file);
constinit DiskStatsFile stats_file;
constinit Node stats("diskstats", stats_file);

}  // namespace

Node& partitions_node() {
    return partitions;
}
Node& diskstats_node() {
    return stats;
}

}  // namespace kernel
