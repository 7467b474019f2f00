"""./bench residency, once everything is built: unpacks lab/traces into the build directory and compares all policies
on them.

Arguments are those of `residency_lab compare`.
"""

import glob
import lzma
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LAB = os.path.join(os.environ.get("PRIMITIVE_BUILD_DIR", os.path.join(ROOT, "build")), "lab")


def main():
    folder = os.path.join(LAB, "traces")
    os.makedirs(folder, exist_ok=True)
    traces = []
    for packed in sorted(glob.glob(os.path.join(ROOT, "lab", "traces", "*.xz"))):
        trace = os.path.join(folder, os.path.basename(packed)[: -len(".xz")] + ".trace")
        with lzma.open(packed) as source, open(trace, "wb") as target:
            target.write(source.read())
        traces.append(trace)
    sys.stdout.flush()
    os.execv(os.path.join(LAB, "residency_lab"), ["residency_lab", "compare", *sys.argv[1:], *traces])


if __name__ == "__main__":
    main()
