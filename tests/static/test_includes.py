#!/usr/bin/env python3
"""mm/ includes only what its layers allow: lower layers, and freestanding standard headers.

The checks also run on a planted tree that breaks each rule once.
"""

import os
import re
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# core < map < frames < paging, heap < space < residency: a layer may include itself and these.
BELOW = {
    "core": set(),
    "map": {"core"},
    "frames": {"core", "map"},
    "paging": {"core", "map", "frames"},
    "heap": {"core", "map", "frames"},
    "space": {"core", "map", "frames", "paging", "heap"},
    "residency": {"core", "map", "frames", "paging", "heap", "space"},
    # The exerciser stands on all that it exercises, and nothing in mm/ stands on it.
    "exercise": {"core", "map", "frames", "paging", "heap", "space"},
}
# The algorithms of residency (replacement, frame allocation) see nothing but what they are told: they may include core
# and each other, so that the same objects decide in the kernel and on bare traces.
ALGORITHMS = re.compile(
    r"(replacement|exact|frame_allocation|quota|load_control)\w*|resident_records|ghosts|trace_bytes"
    r"|fifo|clock|not_recently_used|aging|wsclock|two_queue|s3fifo|random|horizon|reuse_ages|last_resort"
)
STANDARD = {
    "array", "atomic", "bit", "compare", "concepts", "cstddef", "cstdint", "expected", "limits", "new", "optional",
    "span", "tuple", "type_traits", "utility",
}  # fmt: skip
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def sources(root):
    """Paths, from `root`, of what an embedder of mm/ compiles: its tests and fuzzers may include anything."""
    for folder, _, files in os.walk(os.path.join(root, "mm")):
        for name in files:
            if name.endswith((".hpp", ".cpp")) and not re.search(r"_(test|fuzz)\.[ch]pp$", name):
                yield os.path.relpath(os.path.join(folder, name), root)


def violations(root):
    """['path:line: why'] for every include that breaks a rule."""
    found = []
    for path in sorted(sources(root)):
        layer, name = path.split(os.sep)[1], os.path.splitext(os.path.basename(path))[0]
        algorithm = layer == "residency" and ALGORITHMS.fullmatch(name)
        with open(os.path.join(root, path), encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                match = INCLUDE.match(line)
                why = match and (
                    objection(layer, match[1], match[2]) or (algorithm and algorithms_objection(match[1], match[2]))
                )
                if why:
                    found.append(f"{path}:{number}: {why}")
    return found


def objection(layer, bracket, header):
    if bracket == "<":
        return None if header in STANDARD else f"<{header}> is not one of the freestanding headers allowed"
    parts = header.split("/")
    if parts[0] != "mm" or len(parts) < 3:
        return f'"{header}" is not written from the root, or not of mm/'
    if layer not in BELOW or parts[1] not in BELOW:
        return f'"{header}": the order of the layers does not know {layer} or {parts[1]}'
    if parts[1] != layer and parts[1] not in BELOW[layer]:
        return f'"{header}": {layer} may not include {parts[1]}'
    return None


def algorithms_objection(bracket, header):
    """Why an algorithm of residency may not include `header`, which its layer may."""
    if bracket == "<" or header.startswith("mm/core/"):
        return None
    if header.startswith("mm/residency/") and ALGORITHMS.fullmatch(header.split("/")[-1].removesuffix(".hpp")):
        return None
    return f'"{header}": an algorithm of residency stands on core alone'


class Includes(unittest.TestCase):
    maxDiff = None

    def test_mm_keeps_the_order_of_its_layers(self):
        self.assertGreater(len(list(sources(ROOT))), 10)
        self.assertEqual(violations(ROOT), [])


class PlantedViolations(unittest.TestCase):
    def violations_of(self, path, include):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, os.path.dirname(path)))
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(f"#include {include}\n")
            return violations(root)

    def test_each_is_seen(self):
        for path, include in [
            ("mm/core/a.hpp", '"mm/map/b.hpp"'),
            ("mm/paging/a.cpp", '"mm/heap/b.hpp"'),
            ("mm/heap/a.cpp", '"kernel/log.hpp"'),
            ("mm/frames/a.hpp", "<string_view>"),
            ("mm/frames/a.hpp", "<vector>"),
            ("mm/frames/a.hpp", '"bitmap.hpp"'),
            ("mm/novelties/a.hpp", '"mm/core/address.hpp"'),
            ("mm/residency/replacement_a.cpp", '"mm/frames/b.hpp"'),
            ("mm/residency/clock.hpp", '"mm/residency/swap.hpp"'),
        ]:
            with self.subTest(path=path, include=include):
                self.assertEqual(len(self.violations_of(path, include)), 1)

    def test_what_is_allowed_passes(self):
        for path, include in [
            ("mm/paging/a.hpp", '"mm/frames/b.hpp"'),
            ("mm/core/a.hpp", "<span>"),
            ("mm/residency/swap.hpp", '"mm/frames/b.hpp"'),
            ("mm/residency/clock.hpp", '"mm/residency/replacement_a.hpp"'),
            ("mm/core/a_test.cpp", "<gtest/gtest.h>"),
        ]:
            with self.subTest(path=path, include=include):
                self.assertEqual(self.violations_of(path, include), [])


if __name__ == "__main__":
    unittest.main()
