"""Which frames a boot's map gives, worked out from the definition: a frame is usable if every byte of it lies in
some usable entry and no byte of it in an entry of another kind. Sets of frames are sorted lists of half-open pairs.
"""

import struct

from script import HAS_BASIC_MEMORY, HAS_MAP, USABLE

FRAME = 4096
FRAMES_BELOW_4G = 1 << 20
ADDRESS_END = 2**64
MOST_ENTRIES = 65536  # The kernel reads no more of a map.
EXACT_ENTRIES = 12288  # Of more, the kernel may keep a coarser picture: fewer frames, never others.


def merged(ranges):
    """The union of `ranges`."""
    result = []
    for begin, end in sorted(r for r in ranges if r[0] < r[1]):
        if result and begin <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((begin, end))
    return result


def minus(ranges, taken):
    """`ranges` without `taken`; both sets."""
    result = []
    taken = list(taken)
    index = 0
    for begin, end in ranges:
        while index < len(taken) and taken[index][1] <= begin:
            index += 1
        look = index
        while begin < end and look < len(taken) and taken[look][0] < end:
            if begin < taken[look][0]:
                result.append((begin, taken[look][0]))
            begin = max(begin, taken[look][1])
            look += 1
        if begin < end:
            result.append((begin, end))
    return result


def common(a, b):
    """What both sets have."""
    return minus(a, minus(a, b))


def size(ranges):
    return sum(end - begin for begin, end in ranges)


def touched(begin, end):
    """The frames that the bytes [begin, end) touch."""
    return (begin // FRAME, -(-end // FRAME)) if begin < end else (0, 0)


def raw_entries(boot):
    """(base, length, type) of each entry of the boot's map, as far as it can be trusted."""
    entries = []
    at = 0
    while at + 24 <= min(boot.map_length, len(boot.raw)) and len(entries) < MOST_ENTRIES:
        entry_size, base, length, kind = struct.unpack_from("<IQQI", boot.raw, at)
        if entry_size < 20 or at + 4 + entry_size > boot.map_length:
            break
        entries.append((base, length, kind))
        at += 4 + entry_size
    return entries


def memory_entries(boot):
    """The same, or what the basic sizes say when there is no map."""
    if boot.flags & HAS_MAP:
        return raw_entries(boot)
    if boot.flags & HAS_BASIC_MEMORY:
        return [(0, min(boot.lower_kib, 640) << 10, USABLE), (1 << 20, boot.upper_kib << 10, USABLE)]
    return []


def usable_frames(entries):
    """All usable frames of `entries`, also above 4 GiB."""
    given = []
    denied = []
    for base, length, kind in entries:
        if kind != USABLE:
            denied.append((base, min(base + length, ADDRESS_END)))
        elif base + length <= ADDRESS_END:
            given.append((base, base + length))
    # What is given is the complement of every frame that something not given touches.
    outside = minus([(0, ADDRESS_END)], merged(given))
    lost = merged(touched(begin, end) for begin, end in outside + merged(denied))
    # The kernel does not represent the last byte of the address space, so never its frame.
    return minus([(0, ADDRESS_END // FRAME - 1)], lost)


def below_4g(frames):
    return common(frames, [(0, FRAMES_BELOW_4G)])
