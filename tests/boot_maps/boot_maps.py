#!/usr/bin/env python3
"""Boots PrimitiveOS with every crafted map of cases.py and holds its frame account against oracle.py.

usage: boot_maps.py SHIM [NAME...]        all boots, or those named, which then show what they print

Each boot must end in one of two ways. Either every free frame can be written and read back, the account adds up,
passes its audit, has exactly the map's frames below 4 GiB, and none is free that the map does not give, that is not
there, that holds the kernel, the loader's data or a usable module, or that the firmware keeps; or the kernel
refuses, in one clear line, because the map gives too little. A panic, a hang, or a refusal for want of memory that
is there fails.
"""
# A4 A5 A6 A7

import collections
import dataclasses
import os
import re
import struct
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import oracle
from cases import MEMORY, all_boots
from script import INVENTED

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.setdefault("PRIMITIVE_BUILD_DIR", os.path.join(ROOT, "build"))
KERNEL = os.path.join(BUILD, "primitive.elf")

SWEEP = "echo all-frames > /proc/exercise && "
ACCOUNT = "echo audit > /proc/frames && cat /proc/frames"
HANG_SECONDS = 120  # Only ends a boot that hangs.
AT_ONCE = 2

OK, REFUSED = 0, 2
REFUSALS = (b"too little", b"the map cannot be used")
# What the log says of the first frame that turns out not to be there, while booting and later.
REPORTS = re.compile(
    rb"memory: the map claims frame 0x([0-9a-f]+), where there is no memory"
    rb"|frames: frame 0x([0-9a-f]+) does not keep what is written to it: \d+ withdrawn so far"
)

ENOUGH = 1024  # With as many free frames (4 MiB) and none that is not there, there is no excuse for refusing.
MOST_MODULES = 4096  # The kernel looks at no more.
# What a PC's firmware keeps: the real-mode vectors, the EBDA's frame, and the ISA hole.
FIRMWARE = [(0, 1), (0x9F, 0x100)]
PRESENT = [(0, MEMORY // oracle.FRAME)]

Account = collections.namedtuple("Account", "total owners above_4g runs")
Image = collections.namedtuple("Image", "whole kept")


def kernel_image():
    """The frames of the kernel's image, and those that it never gives back."""
    with open(KERNEL, "rb") as file:
        image = file.read()
    headers, count = struct.unpack_from("<28xI12xH", image)
    segments = (struct.unpack_from("<8I", image, headers + i * 32) for i in range(count))
    loaded = oracle.merged(oracle.touched(s[3], s[3] + s[5]) for s in segments if s[0] == 1)
    symbols = {}
    for line in subprocess.run(["nm", KERNEL], capture_output=True, text=True, check=True).stdout.splitlines():
        value, _, name = line.split()
        symbols[name] = (int(value, 16) - 0xC0000000) // oracle.FRAME
    guards = [(symbols[n], symbols[n] + 1) for n in ("boot_stack_guard", "double_fault_stack_guard")]
    boot_only = [(symbols[f"{part}_begin"], symbols[f"{part}_end"]) for part in ("init", "init_bss")]
    given_back = oracle.merged([*guards, *boot_only])
    return Image(loaded, oracle.minus(loaded, given_back))


def parse_account(text):
    """/proc/frames, taken apart."""
    head, _, tail = text.decode().partition("\n\n")
    owners = {}
    total = above_4g = None
    for line in head.splitlines():
        name, *values = line.split()
        if name == "total":
            total = int(values[0])
        elif name == "above-4G":
            above_4g = int(values[0])
        elif name != "allocator":
            owners[name] = int(values[0])
    runs = [(int(first), int(last) + 1, owner) for first, last, owner in (line.split() for line in tail.splitlines())]
    return Account(total, owners, above_4g, runs)


def used_modules(boot, usable, others):
    """The frames of the invented modules that the kernel must keep: wholly usable, and nobody else's."""
    spans = [(m.begin, m.end) for m in boot.modules[:MOST_MODULES] if m.source == INVENTED and m.begin < m.end]
    frames = [oracle.touched(begin, end) for begin, end in spans]
    return oracle.merged(f for f in frames if not oracle.minus([f], usable) and not oracle.common([f], others))


def may_be_free(boot, usable, image, runs):
    """The frames that may be free once the kernel is up and has said of its memory `runs`."""
    # Where the shim chose the place of the loader's data, only the kernel can say which frames have it.
    information = [(begin, end) for begin, end, owner in runs if owner == "boot-information"]
    if boot.information_at:
        information.append(oracle.touched(boot.information_at, boot.information_at + 68))
    if boot.map_at:
        information.append(oracle.touched(boot.map_at, boot.map_at + boot.map_length))
    others = oracle.merged([*FIRMWARE, *image.whole, *information])
    modules = used_modules(boot, usable, others)
    return oracle.minus(usable, oracle.merged([*FIRMWARE, *image.kept, *information, *modules]))


def judge(boot, result, image):
    """What is wrong with `result` (of ./run) as an answer to `boot`: a list of sentences."""
    entries = oracle.memory_entries(boot)
    everything = oracle.usable_frames(entries)
    usable = oracle.below_4g(everything)
    if result.returncode == REFUSED:
        wrong = []
        if not any(reason in result.stderr for reason in REFUSALS):
            wrong.append("refused to boot without saying that memory is too little")
        room = oracle.size(may_be_free(boot, usable, image, []))
        if room >= ENOUGH and not oracle.minus(usable, PRESENT):
            wrong.append("refused to boot although there is memory")
        return wrong
    if result.returncode != OK:
        return [f"ended with status {result.returncode}"]

    wrong = []
    account = parse_account(result.stdout)
    runs = oracle.merged((begin, end) for begin, end, _ in account.runs)
    above_4g = oracle.size(everything) - oracle.size(usable)
    exact = len(entries) <= oracle.EXACT_ENTRIES
    if oracle.minus(runs, usable):
        wrong.append(f"frames that the map does not give: {oracle.minus(runs, usable)[:5]}")
    if exact and oracle.minus(usable, runs):
        wrong.append(f"frames that the map gives are missing: {oracle.minus(usable, runs)[:5]}")
    if account.above_4g > above_4g or (exact and account.above_4g != above_4g):
        wrong.append(f"{account.above_4g} frames above 4 GiB, not {above_4g}")
    if sum(account.owners.values()) != account.total or oracle.size(runs) != account.total:
        wrong.append("the account does not add up")
    counted = collections.Counter()
    for begin, end, owner in account.runs:
        counted[owner] += end - begin
    if counted != collections.Counter({name: n for name, n in account.owners.items() if n}):
        wrong.append("the runs do not add up to the owners' frames")
    free = oracle.merged((begin, end) for begin, end, owner in account.runs if owner == "free")
    allowed = may_be_free(boot, usable, image, account.runs)
    if oracle.minus(free, allowed):
        wrong.append(f"free although spoken for: {oracle.minus(free, allowed)[:5]}")
    absent = oracle.minus(usable, PRESENT)
    withdrawn = account.owners["withdrawn"]
    if boot.sweep and withdrawn != oracle.size(absent):
        wrong.append(f"{oracle.size(absent)} frames are not there, {withdrawn} are withdrawn")
    reported = [int(booting or later, 16) for booting, later in REPORTS.findall(result.stderr)]
    if (withdrawn > 0) != bool(reported):
        wrong.append(f"{withdrawn} frames are withdrawn, {len(reported)} reported")
    if any(not oracle.common([(frame, frame + 1)], absent) for frame in reported):
        wrong.append("a frame is reported as absent that is not")
    return wrong


def run(boot, shim):
    """Boots; returns what ./run said."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [KERNEL]
        for number, content in enumerate([boot.script(), *boot.files]):
            paths.append(os.path.join(folder, str(number)))
            with open(paths[-1], "wb") as file:
                file.write(content)
        command = [
            sys.executable, "-S", os.path.join(ROOT, "tools", "run.py"),
            "--verbose",
            "--root", "none",
            "--memory", f"{MEMORY >> 20}M",
            "--timeout", str(HANG_SECONDS),
            "--qemu", f"-kernel {shim} -initrd {','.join(paths)}",
            "--", "sh", "-c", SWEEP + ACCOUNT if boot.sweep else ACCOUNT,
        ]  # fmt: skip
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)


def show(result):
    for stream in (result.stdout, result.stderr):
        sys.stdout.write(stream.decode(errors="replace"))


def check_the_judge(shim, image):
    """A judge that accepts everything proves nothing: one boot, held against maps that it did not have."""
    boot = next(b for b in all_boots() if b.name == "as-qemu-says")
    result = run(boot, shim)
    assert not judge(boot, result, image), "the plainest map fails"
    others = {b.name: b for b in all_boots()}
    for name in ("only-reserved", "every-kind", "above-4g-too", "module-in-free-memory", "only-high-memory"):
        assert judge(others[name], result, image), f"the account of one map passes for that of {name}"
    spoiled = dataclasses.replace(boot, raw=boot.raw[:-24])
    assert not judge(spoiled, result, image), "an entry that says nothing changes the answer"
    for old, new in ((b"\nfree ", b"\nfree 1"), (b" firmware\n", b" free\n"), (b" kernel-image\n", b" free\n")):
        lie = subprocess.CompletedProcess([], OK, result.stdout.replace(old, new, 1), b"")
        assert judge(boot, lie, image), f"{new!r} for {old!r} goes unnoticed"
    for status in (REFUSED, 70, 124):
        assert judge(boot, subprocess.CompletedProcess([], status, b"", b"too little"), image), status
    boot = others["absent-one-frame"]
    result = run(boot, shim)
    assert not judge(boot, result, image), "one frame that is not there fails"
    for log in (b"", REPORTS.sub(b"", result.stderr), result.stderr.replace(b"frame 0x2000 ", b"frame 0x1f00 ")):
        lie = subprocess.CompletedProcess([], OK, result.stdout, log)
        assert judge(boot, lie, image), "a withdrawal that is not reported, or of another frame, goes unnoticed"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    shim, *names = sys.argv[1:]
    boots = [b for b in all_boots() if not names or b.name in names]
    image = kernel_image()
    check_the_judge(shim, image)
    failed = refused = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for boot, result in zip(boots, pool.map(lambda b: run(b, shim), boots)):
            wrong = judge(boot, result, image)
            refused += result.returncode == REFUSED
            if names or wrong:
                show(result)
            if wrong:
                failed += 1
                print(f"{boot.name}: {'; '.join(wrong)}", flush=True)
    print(f"{len(boots)} crafted boots: {len(boots) - refused} came up, {refused} refused, {failed} wrong")
    sys.exit(1 if failed or not boots else 0)


if __name__ == "__main__":
    main()
