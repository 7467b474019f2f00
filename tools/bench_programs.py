"""What the paths cost that programs take most: bench_paths, run in PrimitiveOS, beside what was promised and Linux's figures.

`./bench programs` starts it once the program is built. The figures are guest instructions, exact under -icount.
"""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ICOUNT = "-icount shift=0,sleep=off"

# name: (at most, lean 32-bit Linux 6.1 without mitigations, measured the same way)
PROMISED = {
    "getpid": (110, 218),
    "first-write": (360, 1_076),
    "first-read": (300, 723),
    "copy-on-write": (450, 1_516),
    "copy-on-write-sole-owner": (300, 823),
    "file-page": (400, 1_144),
    "munmap-page": (150, 588),
    "mmap-munmap-untouched": (2_700, 13_558),
    "fork": (15_000, 46_844),
    "fork-page": (30, 82),
    "pipe-round-trip": (2_100, 6_333),
}


def run_arguments(folder):
    """The arguments of ./run that measure, with the program in `folder`."""
    program = os.path.join(folder, "guest_programs", "bench_paths")
    return ["--root", "busybox", "--memory", "512M", "--qemu", ICOUNT, "--file", f"{program}:/bench_paths", "--", "/bench_paths"]


def parse(text):
    """{name: figure} of bench_paths' output."""
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#")]
    return {name: int(value) for name, value in lines}


def main():
    folder = os.environ.get("PRIMITIVE_BUILD_DIR", os.path.join(ROOT, "build"))
    command = ["/usr/bin/python3", "-S", os.path.join(ROOT, "tools", "run.py"), *run_arguments(folder)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.stdout.write(done.stdout)
        return done.returncode
    print("# Guest instructions (QEMU TCG, -icount shift=0,sleep=off, -cpu qemu32, 512 MiB), medians; clearing and")
    print("# copying a page are not in them. Beside each: the most it may be, and lean 32-bit Linux 6.1's figure.")
    for name, figure in parse(done.stdout).items():
        limit, linux = PROMISED.get(name, ("-", "-"))
        print(f"{name:26} {figure:8}  # at most {limit:>6}, Linux {linux:>6}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
