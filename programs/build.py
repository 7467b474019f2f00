"""Programs that others wrote, for the tests: static i386 ones, under build/programs.

    sqlite3 lua-glibc lua-musl gzip zstd     linked here, from Debian's sources and libraries
    bash zsh sash                            as Debian has them

Owns build/programs' files of these names, and how each is made. Everything comes through tools/debian.py, so nothing
is installed; a program is made once, tried on this machine, and kept. Removing it from build/programs makes it anew.

`build.py` makes what is missing, `build.py NAME…` only those; build.path(NAME) is a program's path, made if need be.
"""

import concurrent.futures
import fcntl
import glob
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, "build", "programs")
sys.path.insert(0, os.path.join(ROOT, "tools"))

import debian  # noqa: E402

COMPILER = ["gcc", "-m32", "-O2", "-w"]
GLIBC = ["-static"]
TWO_AT_ONCE = 2


class BuildError(Exception):
    """What could not be made, and what the tool said."""


def execute(command, folder=None, environment=None, stdin=b""):
    """Runs `command`; returns what it prints. Raises BuildError with the end of it when it fails."""
    done = subprocess.run(
        command,
        cwd=folder,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LC_ALL": "C", **(environment or {})},
        check=False,
    )
    if done.returncode != 0:
        said = done.stdout.decode(errors="replace")[-2000:]
        raise BuildError(f"{' '.join(command)[:200]} failed with {done.returncode}:\n{said}")
    return done.stdout


def link(output, sources, *options):
    """Compiles and links `sources` in one go."""
    execute([*COMPILER, *options[:-1], "-o", output, *sources, *options[-1]])


def files_in(folder, pattern):
    """What in `folder`, whose own name may hold anything, `pattern` matches."""
    return [os.path.join(folder, name) for name in glob.glob(pattern, root_dir=folder)]


def only_folder(folder, pattern):
    """The one thing in `folder` that `pattern` matches."""
    (found,) = files_in(folder, pattern)
    return found


def make_sqlite3(output, scratch):
    """The shell is one file made of several; the library is Debian's."""
    source = debian.source("sqlite3")
    library = debian.package("libsqlite3-dev")
    shell = os.path.join(scratch, "shell.c")
    with open(shell, "wb") as result:
        result.writelines(sqlite_shell(os.path.join(source, "src")))
    includes = [f"-I{library}/usr/include", f"-I{source}/src"]
    link(output, [shell], *GLIBC, *includes, ["-L" + only_folder(f"{library}/usr/lib", "*"), "-lsqlite3", "-lm"])


def sqlite_shell(folder):
    """The lines of shell.c: those of shell.c.in, with the files that it names in place of their names."""
    with open(os.path.join(folder, "shell.c.in"), "rb") as template:
        for line in template:
            if not line.startswith(b"INCLUDE "):
                yield line
                continue
            with open(os.path.join(folder, os.fsdecode(line.split()[1])), "rb") as part:
                for inner in part:
                    # What they would include is in this file, too; the shell itself includes sqlite3.h.
                    if not inner.startswith((b'#include "sqlite', b'#include "test_windirent')):
                        yield inner


def lua_sources():
    """The interpreter's, without the compiler's main program."""
    folder = os.path.join(debian.source("lua5.4"), "src")
    return sorted(path for path in files_in(folder, "*.c") if os.path.basename(path) != "luac.c")


def make_lua_glibc(output, _scratch):
    link(output, lua_sources(), *GLIBC, "-DLUA_USE_POSIX", ["-lm"])


def make_lua_musl(output, _scratch):
    """With musl's start-up files, headers and library in the place of glibc's; the rest is the machine's compiler."""
    package = debian.package("musl-dev")
    headers = only_folder(f"{package}/usr/include", "*-linux-musl")
    library = only_folder(f"{package}/usr/lib", "*-linux-musl")
    own_headers = execute([*COMPILER, "-print-file-name=include"]).decode().strip()
    link(
        output,
        [f"{library}/crt1.o", f"{library}/crti.o", *lua_sources()],
        *("-static", "-nostdlib", "-fno-pie", "-no-pie", "-fno-stack-protector", "-DLUA_USE_POSIX"),
        *("-nostdinc", "-isystem", headers, "-isystem", own_headers),
        [f"-L{library}", "-lc", "-lgcc", f"{library}/crtn.o"],
    )


def make_gzip(output, scratch):
    """By its own configure script, away from the source, whose name it wants to be without blanks."""
    source = os.path.relpath(debian.source("gzip"), scratch)
    settings = {"CC": "gcc -m32", "CFLAGS": "-O2 -w", "LDFLAGS": "-static"}
    words = [f"{name}={value}" for name, value in settings.items()]
    options = ["--quiet", "--build=i686-pc-linux-gnu", "--disable-dependency-tracking"]
    execute([f"{source}/configure", *options, *words], scratch)
    execute(["make", f"-j{TWO_AT_ONCE}", "-s", "-C", "lib"], scratch)
    execute(["make", f"-j{TWO_AT_ONCE}", "-s", "version.c", "version.h"], scratch)
    execute(["make", f"-j{TWO_AT_ONCE}", "-s", "gzip"], scratch)
    shutil.copy(os.path.join(scratch, "gzip"), output)


def make_zstd(output, _scratch):
    """With its library: Debian's knows no threads."""
    source = debian.source("libzstd")
    sources = files_in(f"{source}/programs", "*.c")
    for part in ("common", "compress", "decompress", "dictBuilder"):
        sources += files_in(f"{source}/lib/{part}", "*.c")
    definitions = ["-DZSTD_MULTITHREAD", "-DXXH_NAMESPACE=ZSTD_", "-DZSTD_LEGACY_SUPPORT=0"]
    link(output, sorted(sources), *GLIBC, *definitions, f"-I{source}/lib", f"-I{source}/lib/common", ["-pthread"])


def copy_of(package, file):
    """A maker that takes `file` out of Debian's `package`."""

    def make(output, _scratch):
        shutil.copy(os.path.join(debian.package(package), file), output)

    return make


def prints(expected, *arguments, given=b""):
    """A trial: with `arguments` and `given` as its standard input, a program prints `expected`."""

    def try_out(program):
        return execute([program, *arguments], stdin=given) == expected

    return try_out


def unpacks_what_it_packed(program):
    """A trial."""
    content = bytes(range(256)) * 1000
    packed = execute([program, "-c"], stdin=content)
    return len(packed) < len(content) and execute([program, "-dc"], stdin=packed) == content


# How each is made, and what shows that it runs on this machine.
PROGRAMS = {
    "sqlite3": (make_sqlite3, prints(b"42\n", given=b"select 6*7;")),
    "lua-glibc": (make_lua_glibc, prints(b"42\n", "-e", "print(6*7)")),
    "lua-musl": (make_lua_musl, prints(b"42\n", "-e", "print(6*7)")),
    "gzip": (make_gzip, unpacks_what_it_packed),
    "zstd": (make_zstd, unpacks_what_it_packed),
    "bash": (copy_of("bash-static", "bin/bash-static"), prints(b"42\n", "-c", "echo $((6*7))")),
    "zsh": (copy_of("zsh-static", "bin/zsh-static"), prints(b"42\n", "-fc", "echo $((6*7))")),
    "sash": (copy_of("sash", "bin/sash"), prints(b"42\n", "-c", "-echo 42")),
}


def check_is_static(program):
    """Raises BuildError unless `program` is an ELF file for i386 without an interpreter."""
    with open(program, "rb") as file:
        header = file.read(20)
    if header[:5] != b"\x7fELF\x01" or header[18:20] != b"\x03\0":
        raise BuildError("it is no program for i386")
    if b"INTERP" in execute(["readelf", "--program-headers", program]):
        raise BuildError("it is not static")


def make(name, target):
    """Makes program `name`, tries it, and puts it at `target`. Raises BuildError or FetchError."""
    maker, try_out = PROGRAMS[name]
    with tempfile.TemporaryDirectory(dir=FOLDER, prefix=f".{name}.") as scratch:
        program = os.path.join(scratch, "program")
        maker(program, scratch)
        check_is_static(program)
        if not try_out(program):
            raise BuildError(f"{name} does not do on this machine what it should")
        os.rename(program, target)


def path(name):
    """The path of program `name`, which is made when it is not there. Raises BuildError or FetchError."""
    target = os.path.join(FOLDER, name)
    if not os.path.exists(target):
        os.makedirs(FOLDER, exist_ok=True)
        with open(os.path.join(FOLDER, f".{name}.lock"), "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # Two builds at once make each once.
            if not os.path.exists(target):
                make(name, target)
    return target


def main():
    names = sys.argv[1:] or list(PROGRAMS)
    status = 0
    with concurrent.futures.ThreadPoolExecutor(TWO_AT_ONCE) as pool:
        for name, made in [(name, pool.submit(path, name)) for name in names]:
            try:
                made.result()
            except (BuildError, debian.FetchError) as error:
                print(f"programs: {name}: {error}", file=sys.stderr)
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
