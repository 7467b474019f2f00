#!/usr/bin/env python3
"""What the documents point to is there: files, headings, the functions and tests they name, and the requirements' proofs.

A link whose text is one name in backticks, [`Name`](file), promises that the file has that name. In
docs/requirements.md each id is followed by `Proved by` and such links, or by `Not built yet`; a file that proves an id
must name it. The checks also run on planted lies.
"""

import os
import re
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

LINK = re.compile(r"\[((?:[^][]|\[[^][]*\])*)\]\(([^)\s]+)\)")
NAME = re.compile(r"`([A-Za-z_~][\w:~]*)`")
REQUIREMENT = re.compile(r"^- \*\*([A-F][0-9]+)\*\* (.*?)(?=^- \*\*|^#|\Z)", re.MULTILINE | re.DOTALL)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
IDS = [f"{letter}{n}" for letter, last in zip("ABCDEF", (7, 7, 5, 4, 10, 4)) for n in range(1, last + 1)]


def documents(root):
    """Paths, from `root`, of what a newcomer reads."""
    found = [name for name in ("README.md", "CONTRIBUTING.md") if os.path.exists(os.path.join(root, name))]
    for folder, _, files in os.walk(os.path.join(root, "docs")):
        found += [os.path.relpath(os.path.join(folder, name), root) for name in files if name.endswith(".md")]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8") as file:
        return file.read()


def anchors(text):
    """What '#...' can lead to in a document: its headings, as GitHub spells them."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(text):
    """[(text, target)] of every link but those to other sites; examples of shell and C++ are no links."""
    return [(label, target) for label, target in LINK.findall(FENCE.sub("", text)) if "://" not in target]


def names_in(text, name):
    """Whether `text` has every part of the name `A::b` as a word."""
    return all(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text) for part in name.split("::"))


def broken_links(root):
    """['document: why'] for each link that leads nowhere, or to a file without the name it promises."""
    found = []
    for document in documents(root):
        for label, target in links(read(root, document)):
            path, _, fragment = target.partition("#")
            there = os.path.normpath(os.path.join(os.path.dirname(document), path)) if path else document
            if not os.path.exists(os.path.join(root, there)):
                found.append(f"{document}: there is no {target}")
            elif fragment and fragment not in anchors(read(root, there)):
                found.append(f"{document}: {there} has no heading #{fragment}")
            elif (name := NAME.fullmatch(label)) and not names_in(read(root, there), name[1]):
                found.append(f"{document}: {there} does not name {name[1]}")
    return found


def unproved(root):
    """['id: why'] for each requirement of docs/requirements.md whose proof is missing or does not say so."""
    found = []
    text = read(root, "docs/requirements.md")
    entries = dict(REQUIREMENT.findall(text))
    for missing in [one for one in IDS if one not in entries]:
        found.append(f"{missing}: not in the list")
    for one, entry in entries.items():
        _, proved, proof = entry.partition("Proved by")
        if not proved:
            if "Not built yet" not in entry:
                found.append(f"{one}: neither proved nor said not to be built yet")
            continue
        targets = {os.path.normpath(os.path.join("docs", target)) for _, target in links(proof)}
        if not targets:
            found.append(f"{one}: proved by nothing")
        for target in sorted(targets):
            if os.path.isfile(os.path.join(root, target)) and not names_in(read(root, target), one):
                found.append(f"{one}: {target} does not say that it proves it")
    return found


class Documents(unittest.TestCase):
    maxDiff = None

    def test_every_link_leads_to_what_it_says(self):
        self.assertIn("docs/life-of-a-frame.md", documents(ROOT))
        self.assertGreater(sum(len(links(read(ROOT, document))) for document in documents(ROOT)), 100)
        self.assertEqual(broken_links(ROOT), [])

    def test_every_requirement_is_proved_where_it_says(self):
        self.assertEqual(unproved(ROOT), [])


class PlantedLies(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        self.write("README.md", "# Here\n[there](docs/there.md#a-place) [`Thing::run`](thing.hpp)\n")
        self.write("docs/there.md", "# A place\n[back](../README.md)\n```\n[`x`](example)\n```\n")
        self.write("thing.hpp", "class Thing { void run(); };")
        self.write("proof_test.cpp", "TEST(A, b) {}  // " + " ".join(IDS))
        self.requirements({})

    def write(self, path, text):
        os.makedirs(os.path.dirname(os.path.join(self.root, path)), exist_ok=True)
        with open(os.path.join(self.root, path), "w", encoding="utf-8") as file:
            file.write(text)

    def requirements(self, changed):
        lines = {one: f"- **{one}** It works.\n  Proved by [`b`](../proof_test.cpp)\n" for one in IDS}
        lines.update(changed)
        self.write("docs/requirements.md", "".join(lines.values()))

    def test_the_truth_passes(self):
        self.assertEqual(broken_links(self.root) + unproved(self.root), [])

    def test_each_broken_link_is_seen(self):
        for text in ("[x](nowhere.md)", "[x](docs/there.md#nowhere)", "[x](#nowhere)", "[`Thing::walk`](thing.hpp)",
                     "[`Thin`](thing.hpp)", "![a picture](docs/none.png)"):  # fmt: skip
            with self.subTest(text):
                self.write("README.md", text)
                self.assertEqual(len(broken_links(self.root)), 1)

    def test_each_missing_proof_is_seen(self):
        self.write("silent_test.cpp", "TEST(A, b) {}  // A40 XA4")
        for entry in ("", "- **A4** It works.\n", "- **A4** It works.\n  Proved by faith\n",
                      "- **A4** It works.\n  Proved by [`b`](../silent_test.cpp)\n"):  # fmt: skip
            with self.subTest(entry):
                self.requirements({"A4": entry})
                self.assertEqual(len(unproved(self.root)), 1)
        self.requirements({"A4": "- **A4** It works.\n  Not built yet.\n"})
        self.assertEqual(unproved(self.root), [])


if __name__ == "__main__":
    unittest.main()
