#include "kernel/files/proc/system_files.hpp"

namespace kernel {

void add_system_files(Directory& proc) {
    proc.add(cmdline_node());
    proc.add(diskstats_node());
    proc.add(filesystems_node());
    proc.add(interrupts_node());
    proc.add(kmsg_node());
    proc.add(loadavg_node());
    proc.add(mounts_node());
    proc.add(partitions_node());
    proc.add(stat_node());
    proc.add(swaps_node());
    proc.add(sys_node());
    proc.add(syscalls_node());
    proc.add(uptime_node());
    proc.add(version_node());
}

}  // namespace kernel
