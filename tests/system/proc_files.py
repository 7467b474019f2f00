"""The kernel's own files in /proc, taken apart for the tests. A line that is not as documented fails here."""

import collections
import re

FRAME = 4096
FOUR_GIB = 1 << 32

SEPARATOR = "-----"  # Put between files that one command line prints.

OWNERS = [
    "free", "withdrawn", "firmware", "kernel-image", "boot-information", "module", "frame-metadata", "page-table",
    "kernel-heap", "exercise", "zero", "anonymous", "shared", "object-index",
    "kernel-stack", "buffer-pool", "reading", "writing",
]  # fmt: skip


def cat(*names):
    """A command line that prints these files of /proc, with the separator between them."""
    return f"; echo {SEPARATOR}; ".join(f"cat /proc/{name}" for name in names)


def parts(output):
    """What stood between the separators."""
    return output.decode(errors="surrogateescape").split(SEPARATOR + "\n")


class Frames:
    """/proc/frames. `owners` maps a name to its frames; `runs` are (begin, end, owner), half open.

    `processes` has what of it is programs': (owner, process): frames.
    """

    def __init__(self, text):
        head, separator, tail = text.partition("\n\n")
        assert separator, text
        lines = [line.split(" ") for line in head.split("\n")]
        assert [line[0] for line in lines] == ["allocator", "total", *OWNERS, "above-4G"], head
        self.allocator = lines[0][1]
        for name, frames, size_bytes in lines[1:]:
            assert int(frames) * FRAME == int(size_bytes), name
        counts = {line[0]: int(line[1]) for line in lines[1:]}
        self.total = counts.pop("total")
        self.above_4g = counts.pop("above-4G")
        self.owners = counts
        self.runs = []
        self.processes = collections.Counter()
        for line in tail.splitlines():
            first, last, owner, process = re.fullmatch(r"(\d+) (\d+) (\S+)(?: (\d+))?", line).groups()
            self.runs.append((int(first), int(last) + 1, owner))
            if process is not None:
                self.processes[owner, int(process)] += int(last) + 1 - int(first)

    def counted_by_run(self):
        """The frames of each owner, added up over the runs."""
        counts = collections.Counter({owner: 0 for owner in OWNERS})
        for begin, end, owner in self.runs:
            counts[owner] += end - begin
        return dict(counts)

    def __eq__(self, other):
        return (self.owners, self.runs) == (other.owners, other.runs)

    def __repr__(self):
        return f"{self.owners} {self.runs}"


Resource = collections.namedtuple("Resource", "depth begin end name")  # Half open.


def parse_iomem(text):
    """/proc/iomem: a list of Resource."""
    resources = []
    for line in text.splitlines():
        indent, first, last, name = re.fullmatch(r"((?:  )*)([0-9a-f]{8,})-([0-9a-f]{8,}) : (\S.*)", line).groups()
        resources.append(Resource(len(indent) // 2, int(first, 16), int(last, 16) + 1, name))
    return resources


def whole_frames(resources):
    """The frames [begin, end) that lie wholly in each System RAM range."""
    ram = [r for r in resources if r.depth == 0 and r.name == "System RAM"]
    ranges = ((-(-r.begin // FRAME), r.end // FRAME) for r in ram)
    return [(begin, end) for begin, end in ranges if begin < end]


def below_4g(ranges):
    limit = FOUR_GIB // FRAME
    return [(begin, min(end, limit)) for begin, end in ranges if begin < limit]


def size(ranges):
    return sum(end - begin for begin, end in ranges)


def merged(ranges):
    """Ranges that touch each other become one."""
    result = []
    for begin, end in sorted(ranges):
        if result and begin <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((begin, end))
    return result


def parse_numbers(text):
    """`NAME NUMBER` lines, as in /proc/vmstat and /proc/heap."""
    return {name: int(value) for name, value in (line.split(" ") for line in text.splitlines())}


Module = collections.namedtuple("Module", "index begin end size state crc32 text")


def parse_modules(text):
    """/proc/modules: a list of Module; begin, end, size and crc32 are None where the file has a dash."""
    modules = []
    pattern = r"(\d+) (?:([0-9a-f]{8})-([0-9a-f]{8}) (\d+)|- -) (\w+) ([0-9a-f]{8}|-)(?: (.*))?"
    for line in text.splitlines():
        index, begin, end, length, state, crc32, words = re.fullmatch(pattern, line).groups()
        number = [None if value is None else int(value, 16) for value in (begin, end)]
        checksum = None if crc32 == "-" else int(crc32, 16)
        modules.append(Module(int(index), *number, length and int(length), state, checksum, words))
    return modules
