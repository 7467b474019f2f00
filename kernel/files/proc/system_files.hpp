// The files about the system as a whole: /proc/cmdline, diskstats, filesystems, interrupts, kmsg, loadavg, mounts,
// partitions, stat, sys, syscalls, uptime and version, in Linux's formats.
//
// Each is defined, with its format, in the source of its name. What they show belongs to others; reading
// costs what that owner's printing costs. Main line only.
#pragma once

#include "kernel/files/tree.hpp"

namespace kernel {

Node& cmdline_node();
Node& diskstats_node();
Node& filesystems_node();
Node& interrupts_node();
Node& kmsg_node();
Node& loadavg_node();
Node& mounts_node();
Node& partitions_node();
Node& replacement_node();  ///< For /proc/sys/vm.
Node& stat_node();
Node& swaps_node();
Node& sys_node();
Node& syscalls_node();
Node& uptime_node();
Node& version_node();

/// Adds all of them to `proc`. Once.
void add_system_files(Directory& proc);

}  // namespace kernel
