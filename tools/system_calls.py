#!/usr/bin/env python3
"""Writes docs/system-calls.md from the rows in kernel/syscalls/: python3 tools/system_calls.py.

With --check it writes nothing, and tells by its status whether the document is what it would write.
"""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = os.path.join("kernel", "syscalls")
DOCUMENT = os.path.join("docs", "system-calls.md")

# {5, "open", "path, flags, mode", open},   on one line or more
ROW = re.compile(r'\{\s*(\d+),\s*"(\w+)",\s*((?:"[^"]*"\s*)+),')
TABLE = re.compile(r"constexpr CallRow \w+\[\] = \{\n(.*?)^\};", re.MULTILINE | re.DOTALL)

HEAD = """# System calls

What programs can ask for, by `int $0x80`: {count} calls, with the numbers and the meaning that they have on 32-bit Linux
(i386). All others answer ENOSYS; `/proc/syscalls` counts both. The table is written by
[`ROW`](../tools/system_calls.py) out of the sources that do the work, where each call is one
[`CallRow`](../kernel/syscalls/call.hpp).

| number | call | arguments | source |
|---|---|---|---|
"""


def rows(root):
    """[(number, name, arguments, source)] of every table of the sources, by number."""
    found = []
    folder = os.path.join(root, SOURCES)
    for source in sorted(os.listdir(folder)):
        if not source.endswith(".cpp") or source.endswith("_test.cpp"):
            continue
        with open(os.path.join(folder, source), encoding="utf-8") as file:
            text = file.read()
        for table in TABLE.findall(text):
            for number, name, arguments in ROW.findall(table):
                found.append((int(number), name, "".join(re.findall(r'"([^"]*)"', arguments)), source))
    return sorted(found)


def document(root):
    """The whole text of docs/system-calls.md."""
    listed = rows(root)
    lines = [
        f"| {number} | {name} | {arguments} | [{source}](../kernel/syscalls/{source}) |\n"
        for number, name, arguments, source in listed
    ]
    return HEAD.format(count=len(listed)) + "".join(lines)


def main(arguments):
    """0, or 1 when --check finds another text."""
    path = os.path.join(ROOT, DOCUMENT)
    wanted = document(ROOT)
    if arguments == ["--check"]:
        with open(path, encoding="utf-8") as file:
            return int(file.read() != wanted)
    with open(path, "w", encoding="utf-8") as file:
        file.write(wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
