"""lint.py format: is every C++ file laid out as .clang-format says?
lint.py tidy BUILD_DIR PART N/M: does clang-tidy accept the kernel's sources below PART (mm, kernel), every M-th from the
N-th on?

Only the kernel's own compile commands are used: mm/ is compiled for several programs, and once is enough.
"""

import json
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VERSION = "19"


def sources(*folders):
    """Every C++ file below `folders`."""
    for folder in folders:
        for path, _, names in os.walk(os.path.join(ROOT, folder)):
            yield from (os.path.join(path, name) for name in names if name.endswith((".cpp", ".hpp")))


def check_format():
    """Status 0 when clang-format would change nothing."""
    files = sorted(sources("mm", "kernel", "tests"))
    return subprocess.run([f"clang-format-{VERSION}", "--dry-run", "-Werror", *files], check=False).returncode


def check_tidy(build_folder, part, share):
    """Status 0 when clang-tidy has nothing to say."""
    with open(os.path.join(build_folder, "compile_commands.json"), encoding="utf-8") as file:
        commands = [
            command
            for command in json.load(file)
            if "kernel_objects.dir" in command["command"] and command["file"].endswith(".cpp")
        ]
    number, shares = map(int, share.split("/"))
    database = os.path.join(build_folder, "lint", f"{part}-{number}", "compile_commands.json")
    os.makedirs(os.path.dirname(database), exist_ok=True)
    with open(database, "w", encoding="utf-8") as file:
        json.dump(commands, file)
    files = [command["file"] for command in commands if command["file"].startswith(os.path.join(ROOT, part) + os.sep)]
    files = sorted(files)[number - 1 :: shares]
    if not files:
        print(f"nothing to check below {part}")
        return 1
    tidy = [f"clang-tidy-{VERSION}", "--quiet", "--warnings-as-errors=*", "-p", os.path.dirname(database), *files]
    return subprocess.run(tidy, check=False).returncode


if __name__ == "__main__":
    sys.exit(check_format() if sys.argv[1] == "format" else check_tidy(*sys.argv[2:]))
