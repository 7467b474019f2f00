#!/usr/bin/env python3
"""The linker script's labels reach C++ in one place. Proves A3."""

import os
import re
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

LABEL = re.compile(r"^\s*(\w+) = \.(?: - KERNEL_BASE)?;", re.MULTILINE)
# Where each label may be named: the image's description; constructors are the C++ run time's own matter.
READERS = {"init_array_start": "kernel/runtime/cxx_abi.cpp", "init_array_end": "kernel/runtime/cxx_abi.cpp"}
READER = "kernel/boot/image.hpp"


def labels(root):
    with open(os.path.join(root, "kernel/boot/kernel.ld"), encoding="utf-8") as file:
        return set(LABEL.findall(file.read()))


def strays(root):
    """['path: label'] for every label named in C++ elsewhere than where it may be."""
    found = []
    wanted = re.compile(r"\blabels::(\w+)|\b(" + "|".join(sorted(labels(root))) + r")\s*(?:\[\]|,|;)")
    for folder, _, files in os.walk(os.path.join(root, "kernel")):
        for name in sorted(files):
            path = os.path.relpath(os.path.join(folder, name), root)
            if not name.endswith((".cpp", ".hpp")) or path == READER:
                continue
            with open(os.path.join(root, path), encoding="utf-8") as file:
                for match in wanted.finditer(file.read()):
                    label = match[1] or match[2]
                    if READERS.get(label) != path:
                        found.append(f"{path}: {label}")
    return found


class Labels(unittest.TestCase):
    def test_the_image_describes_itself_in_one_place(self):  # A3
        self.assertLessEqual({"kernel_physical_start", "kernel_physical_end", "kernel_virtual_start",
                              "kernel_virtual_end"}, labels(ROOT))  # fmt: skip
        self.assertEqual(strays(ROOT), [])

    def test_a_label_read_elsewhere_is_seen(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, "kernel/boot"))
            for path, text in [
                ("kernel/boot/kernel.ld", "    kernel_physical_end = . - KERNEL_BASE;\n    text_start = .;\n"),
                ("kernel/boot/image.hpp", "extern const char kernel_physical_end[], text_start[];\n"),
                ("kernel/a.cpp", 'extern "C" const char kernel_physical_end[];\n'),
                ("kernel/b.cpp", "auto* begin = image::labels::text_start;\nauto text_start_of = begin;\n"),
            ]:
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            self.assertEqual(sorted(strays(root)), ["kernel/a.cpp: kernel_physical_end", "kernel/b.cpp: text_start"])


if __name__ == "__main__":
    unittest.main()
