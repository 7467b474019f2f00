// The disks on the two channels of a PC's IDE controller (Intel's PIIX, and what behaves like it).
//
//   primary    ports 0x1F0, 0x3F6   interrupt line 14
//   secondary  ports 0x170, 0x376   interrupt line 15
//
// Owns: both channels and the disks on them, which become the kernel's block devices: sda, sdb, in the order in which
// they hang there. What the host has attached each for it says in a file, a line each: "sda swap". A disk whose role is
// "archive" cannot be written. Without a controller, or without disks, nothing changes and nothing is switched on.
#pragma once

namespace kernel {

/// Finds the disks and starts serving them. Once, while booting, on the main line with interrupts off. Cost: some
/// hundred instructions where there is no disk; a few thousand for each that there is, and up to a second where one
/// does not answer.
void start_ata_disks();

}  // namespace kernel
