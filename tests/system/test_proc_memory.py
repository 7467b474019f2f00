#!/usr/bin/env python3
"""The files that show memory: their formats, and that they agree with each other and with the image.

A2 A4: the kernel's parts lie in the memory that the firmware gives. C1 C3: only what must be mapped is, with no more
rights than it needs, and the window is closed. D3: the heap gives frames back.
"""

import functools
import re
import subprocess
import unittest

import guest
import proc_files
from guest import KERNEL, GuestTest
from proc_files import FRAME, Frames

# Files that are read one after the other agree only while no program comes or goes between them.
run, shell = (functools.partial(function, root="none") for function in (guest.run, guest.shell))

KERNEL_BASE = 0xC0000000
WINDOW = (0xC03F8000, 0xC0400000)

MEMINFO = [
    "MemTotal", "MemFree", "MemAvailable", "Buffers", "Cached", "SwapTotal", "SwapFree", "AnonPages", "Shmem", "Slab",
    "SReclaimable", "KernelStack", "PageTables", "VmallocTotal", "VmallocUsed", "HardwareCorrupted",
]  # fmt: skip
HEAP = [
    "size", "in-use", "requested", "free", "largest-free", "blocks", "free-blocks", "frames-held", "frames-taken",
    "frames-given-back", "requests",
]  # fmt: skip
VMSTAT = [
    "nr_free_pages", "nr_anon_pages", "nr_shmem", "nr_page_table_pages", "nr_kernel_heap_pages", "pgalloc_boot",
    "pgalloc_normal", "pgfree", "pgfree_refused", "pgfault", "pgmajfault", "pswpin", "pswpout", "pgsteal",
    "pgsteal_clean", "buffer_pool_hits", "swap_reads", "swap_writes", "swap_lost", "nr_buffer_pool",
]  # fmt: skip

# Rights and caching of every region that may be mapped.
REGIONS = {
    "text": ("ro", "cached"),
    "rodata": ("ro", "cached"),
    "symbols": ("ro", "cached"),
    "data": ("rw", "cached"),
    "bss": ("rw", "cached"),
    "heap": ("rw", "cached"),
    "frame-table": ("rw", "cached"),
    "free-bitmap": ("rw", "cached"),
    "verified-bitmap": ("rw", "cached"),
    "vga-text": ("rw", "uncached"),
}


def image_symbols():
    """The addresses of the image's symbols."""
    listing = subprocess.run(["nm", KERNEL], capture_output=True, text=True, check=True).stdout
    return {name: int(value, 16) for value, _, name in (line.split(maxsplit=2) for line in listing.splitlines())}


class Mapping:
    """A line of /proc/pagetables, half open."""

    def __init__(self, line):
        pattern = r"([0-9a-f]{8})-([0-9a-f]{8}) ([0-9a-f]{8}) (ro|rw) (kernel|user) (cached|uncached) ([a-z-]+)"
        first, last, physical, self.rights, self.mode, self.caching, self.region = re.fullmatch(pattern, line).groups()
        self.begin, self.end, self.physical = int(first, 16), int(last, 16) + 1, int(physical, 16)

    def __repr__(self):
        return f"{self.begin:08x}-{self.end - 1:08x} {self.physical:08x} {self.rights} {self.region}"


class Iomem(GuestTest):
    def setUp(self):
        result = run("cat", "/proc/iomem", memory="64M")
        self.assert_ok(result)
        self.resources = proc_files.parse_iomem(result.stdout.decode())

    def test_the_firmware_s_ranges_are_in_order(self):
        ranges = [r for r in self.resources if r.depth == 0]
        for before, after in zip(ranges, ranges[1:]):
            self.assertLessEqual(before.end, after.begin)
        for resource in ranges:
            self.assertLess(resource.begin, resource.end)
        self.assertIn("Reserved", [r.name for r in ranges])

    def test_the_kernel_s_parts_are_nested_in_its_memory(self):
        symbols = image_symbols()
        expected = [
            ("Kernel code", "text"),
            ("Kernel rodata", "rodata"),
            ("Kernel data", "data"),
            ("Kernel bss", "bss"),
            ("Kernel symbols", "symbols"),
        ]
        parts = [r for r in self.resources if r.depth == 1]
        self.assertEqual([p.name for p in parts], [name for name, _ in expected])
        for part, (_, section) in zip(parts, expected):
            self.assertEqual(part.begin % FRAME, 0)
            if section == "text":
                self.assertEqual(part.begin, symbols["kernel_physical_start"])
            self.assertEqual(part.end, symbols[f"{section}_end"] - KERNEL_BASE)
        for before, after in zip(parts, parts[1:]):
            self.assertLessEqual(before.end, after.begin)
        # They stand below the range that they lie in.
        parent = None
        for resource in self.resources:
            if resource.depth == 0:
                parent = resource
            else:
                self.assertEqual(parent.name, "System RAM")
                self.assertTrue(parent.begin <= resource.begin and resource.end <= parent.end)


class Counts(GuestTest):
    def setUp(self):
        result = shell(proc_files.cat("frames", "meminfo", "vmstat", "heap", "pagetables"), memory="64M")
        self.assert_ok(result)
        frames, self.meminfo, vmstat, heap, pagetables = proc_files.parts(result.stdout)
        self.frames = Frames(frames)
        self.vmstat = proc_files.parse_numbers(vmstat)
        self.heap = proc_files.parse_numbers(heap)
        self.mappings = [Mapping(line) for line in pagetables.splitlines()]

    def test_meminfo(self):
        fields = [re.fullmatch(r"(\w+): +(\d+) kB", line).groups() for line in self.meminfo.splitlines()]
        self.assertEqual([name for name, _ in fields], MEMINFO)
        kib = {name: int(value) for name, value in fields}
        owners = self.frames.owners
        self.assertEqual(kib["MemFree"], owners["free"] * 4)
        self.assertEqual(kib["MemAvailable"], kib["MemFree"])
        self.assertEqual(kib["PageTables"], owners["page-table"] * 4)
        self.assertEqual(kib["Slab"], owners["kernel-heap"] * 4)
        self.assertEqual(kib["HardwareCorrupted"], 0)
        ours = ("free", "module", "page-table", "kernel-heap", "exercise")
        self.assertEqual(kib["MemTotal"], sum(owners[name] for name in ours) * 4)

    def test_vmstat(self):
        self.assertEqual(list(self.vmstat), VMSTAT)
        owners = self.frames.owners
        self.assertEqual(self.vmstat["nr_free_pages"], owners["free"])
        self.assertEqual(self.vmstat["nr_page_table_pages"], owners["page-table"])
        self.assertEqual(self.vmstat["nr_kernel_heap_pages"], owners["kernel-heap"])
        self.assertEqual(self.vmstat["pgfree_refused"], 0)

    def test_heap(self):
        heap = self.heap
        self.assertEqual(list(heap), HEAP)
        self.assertEqual(heap["size"], heap["in-use"] + heap["free"])
        self.assertEqual(heap["size"], heap["frames-held"] * FRAME)
        self.assertEqual(heap["frames-held"], self.frames.owners["kernel-heap"])
        self.assertEqual(heap["frames-held"], heap["frames-taken"] - heap["frames-given-back"])
        self.assertLessEqual(heap["largest-free"], heap["free"])
        self.assertLessEqual(heap["requested"], heap["in-use"])
        self.assertGreaterEqual(heap["requests"], heap["blocks"])
        self.assertGreater(heap["blocks"], 0)

    def test_frames(self):
        self.assertEqual(self.frames.allocator, "bitmap")
        self.assertEqual(sum(self.frames.owners.values()), self.frames.total)
        for (_, end, owner), (begin, _, next_owner) in zip(self.frames.runs, self.frames.runs[1:]):
            self.assertLessEqual(end, begin)
            self.assertTrue(end < begin or owner != next_owner, "two runs that are one")

    def test_page_tables_show_whole_runs_with_the_least_rights(self):
        for mapping in self.mappings:
            self.assertEqual((mapping.begin % FRAME, mapping.end % FRAME, mapping.physical % FRAME), (0, 0, 0))
            self.assertLess(mapping.begin, mapping.end)
            self.assertEqual(mapping.mode, "kernel")
            self.assertEqual((mapping.rights, mapping.caching), REGIONS[mapping.region], mapping)
        for before, after in zip(self.mappings, self.mappings[1:]):
            self.assertLessEqual(before.end, after.begin)
            joined = before.end == after.begin and before.physical + before.end - before.begin == after.physical
            self.assertFalse(joined and before.region == after.region, "two runs that are one")

    def test_nothing_is_mapped_that_must_not_be(self):
        symbols = image_symbols()
        forbidden = {
            "page zero and all of the programs' half": (0, KERNEL_BASE),
            "the identity of the first MiB": (KERNEL_BASE, KERNEL_BASE + 0x10000),
            "the window, but while it is in use": WINDOW,
            "the guard page below the stack": (symbols["boot_stack_guard"], symbols["boot_stack_guard"] + FRAME),
            "the guard page below the double fault's stack": (
                symbols["double_fault_stack_guard"],
                symbols["double_fault_stack_guard"] + FRAME,
            ),
            "code and data of the boot": (symbols["init_begin"], symbols["init_end"]),
            "variables of the boot": (symbols["init_bss_begin"], symbols["init_bss_end"]),
            "where self-tests and benchmarks work": (0xE0000000, 0xE1000000),
        }
        for name, (begin, end) in forbidden.items():
            with self.subTest(name):
                self.assertLess(begin, end)
                self.assertEqual([m for m in self.mappings if m.begin < end and begin < m.end], [])

    def test_every_mapped_frame_is_its_region_s_owner_s(self):
        owner_of_region = {"heap": "kernel-heap", "frame-table": "frame-metadata", "free-bitmap": "frame-metadata"}
        owner_of = {frame: owner for begin, end, owner in self.frames.runs for frame in range(begin, end)}
        seen = set()
        for mapping in self.mappings:
            expected = owner_of_region.get(mapping.region, "kernel-image")
            for page in range((mapping.end - mapping.begin) // FRAME):
                frame = mapping.physical // FRAME + page
                self.assertNotIn(frame, seen, "a frame that is mapped twice")
                seen.add(frame)
                if mapping.region == "vga-text":
                    self.assertNotIn(frame, owner_of, "the screen's memory is not the account's")
                else:
                    self.assertEqual(owner_of[frame], expected, mapping)
        heap_pages = sum(m.end - m.begin for m in self.mappings if m.region == "heap") // FRAME
        self.assertEqual(heap_pages, self.heap["frames-held"])
        # Of the metadata every frame is in use.
        metadata = [frame for frame, owner in owner_of.items() if owner == "frame-metadata"]
        self.assertEqual([frame for frame in metadata if frame not in seen], [])


class HeapTraffic(GuestTest):
    WORDS = 12_000  # `sh -c` copies its line, and makes room for as many words: more than 100 KiB.
    ROUNDS = 4
    KEPT_AT_MOST = 16  # frames, so that a pair at the edge of a page does not map and unmap each time

    def test_the_heap_gives_frames_back(self):
        """D3: what a command took is given back after it, again and again."""
        command = f"sh -c 'echo {'w ' * self.WORDS}'"
        state = proc_files.cat("heap", "frames")
        line = state
        for _ in range(self.ROUNDS):
            line += f"; {command}; echo {proc_files.SEPARATOR}; {state}"
        result = shell(f"{line}; echo audit > /proc/frames", memory="64M")
        self.assert_ok(result)
        shown = proc_files.parts(result.stdout.replace(b"w " * (self.WORDS - 1) + b"w\n", b""))
        heaps = [proc_files.parse_numbers(text) for text in shown[::2]]
        accounts = [Frames(text) for text in shown[1::2]]
        self.assertEqual(len(heaps), 1 + self.ROUNDS)
        least = self.WORDS * 2 // FRAME
        for before, after in zip(heaps, heaps[1:]):
            self.assertGreaterEqual(after["frames-taken"] - before["frames-taken"], least)
            self.assertGreaterEqual(after["frames-given-back"] - before["frames-given-back"], least)
            self.assertEqual(after["blocks"], before["blocks"])
            self.assertEqual(after["in-use"], before["in-use"])
        self.assertLessEqual(heaps[-1]["frames-held"], heaps[0]["frames-held"] + self.KEPT_AT_MOST)
        self.assertEqual(heaps[-1]["frames-held"], heaps[1]["frames-held"])
        for heap, account in zip(heaps, accounts):
            self.assertEqual(account.owners["kernel-heap"], heap["frames-held"])

    def test_a_pair_at_the_edge_of_a_page_does_not_map_and_unmap_each_time(self):
        """D3's hysteresis: small commands over and over, and no page comes or goes."""
        state = proc_files.cat("heap")
        small = "; ".join(["sh -c 'echo -n'"] * 50)
        result = shell(f"{small}; {state}; echo {proc_files.SEPARATOR}; {small}; {state}")
        self.assert_ok(result)
        before, after = (proc_files.parse_numbers(text) for text in proc_files.parts(result.stdout))
        self.assertEqual(after["requests"] - before["requests"], 100)
        self.assertEqual(after["frames-taken"], before["frames-taken"])
        self.assertEqual(after["frames-given-back"], before["frames-given-back"])


class CheckedBuild(GuestTest):
    def test_the_verified_bitmap_is_mapped_when_asked_for(self):
        for append, wanted in (("check=frames", True), ("check=none", False), (None, False)):
            with self.subTest(append):
                result = run("cat", "/proc/pagetables", append=append)
                self.assert_ok(result)
                regions = [Mapping(line).region for line in result.stdout.decode().splitlines()]
                self.assertEqual("verified-bitmap" in regions, wanted)


if __name__ == "__main__":
    unittest.main()
