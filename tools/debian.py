"""Debian's packages and sources for i386, unpacked under build/debian, without touching the user's system.

Owns build/debian: an apt root of its own, with the machine's sources of Debian and its keys, but for i386 and with
sources; what it fetched, unpacked. Installs nothing, runs no script of a package, changes nothing outside build/.

    package("busybox-static")     the folder of the unpacked package
    source("sqlite3")             the folder of the unpacked source, as its authors released it

Each is fetched once, in the version that Debian has then; after that no network is needed. Removing build/debian starts
anew. As a program, `debian.py package|source NAME…` prints the folders.
"""

import contextlib
import fcntl
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(ROOT, "build", "debian")
APT = os.path.join(FOLDER, "apt")
ARCHITECTURE = "i386"

# Read after the machine's own configuration, of which proxies and the like stay in force. The hooks after an update
# are the machine's own affair: they tidy its caches and wake its daemons.
CONFIGURATION = """\
Dir::State "{apt}/state";
Dir::State::status "{apt}/state/status";
Dir::Cache "{apt}/cache";
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{apt}/sources";
APT::Architecture "{architecture}";
#clear APT::Architectures;
APT::Architectures {{ "{architecture}"; }};
APT::Sandbox::User "";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Acquire::Languages "none";
Acquire::Retries "1";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
"""

MOST_ERROR_CHARACTERS = 600

# What is kept of a source that the machine names; where, and for which CPU, is ours to say.
KEPT_FIELDS = ("Signed-By", "Trusted")


class FetchError(Exception):
    """What could not be fetched, and what apt says about it."""


def codename():
    """The release of this machine, say bookworm."""
    with contextlib.suppress(OSError), open("/etc/os-release", encoding="utf-8") as file:
        for line in file:
            if line.startswith("VERSION_CODENAME="):
                return line.split("=", 1)[1].strip().strip("\"'")
    return "stable"


def stanzas_of(path):
    """The sources in a file of apt's newer format, each as a dictionary."""
    with open(path, encoding="utf-8") as file:
        lines = [line for line in file.read().splitlines() if not line.startswith("#")]
    for text in re.split(r"\n[ \t]*\n", "\n".join(lines)):
        fields = re.findall(r"^([\w-]+):[ \t]*(.*(?:\n[ \t].*)*)", text, re.MULTILINE)
        if fields:
            yield {name.title(): value for name, value in fields}


def lines_of(path):
    """The sources in a file of apt's older format, one a line, as the same dictionaries."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            found = re.match(r"\s*(deb|deb-src)\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s*([^#]*)", line)
            if found:
                kind, options, uri, suite, components = found.groups()
                stanza = {"Types": kind, "Uris": uri, "Suites": suite, "Components": components}
                for option in (options or "").split():
                    name, _, value = option.partition("=")
                    stanza[name.title()] = value
                yield stanza


def debian_sources(folder="/etc/apt"):
    """Those of the machine's sources that are this Debian release, for i386 and with its source packages."""
    release = codename()
    stanzas = []
    for path in sorted(glob.glob(f"{folder}/sources.list.d/*.sources")):
        stanzas += stanzas_of(path)
    for path in [f"{folder}/sources.list", *sorted(glob.glob(f"{folder}/sources.list.d/*.list"))]:
        if os.path.exists(path):
            stanzas += lines_of(path)
    result = []
    for stanza in stanzas:
        suites = [
            suite
            for suite in stanza.get("Suites", "").split()
            if re.fullmatch(rf"({re.escape(release)}|stable)([-/](updates|security))?", suite)
        ]
        is_used = stanza.get("Enabled", "yes").lower() not in ("no", "false", "0")
        is_main = "main" in stanza.get("Components", "").split()
        from_network = not stanza.get("Uris", "").startswith("cdrom:")
        if not (suites and is_used and is_main and from_network):
            continue
        text = f"Types: deb deb-src\nURIs: {stanza['Uris']}\nSuites: {' '.join(suites)}\nComponents: main\n"
        text += f"Architectures: {ARCHITECTURE}\n"
        text += "".join(f"{name}: {stanza[name]}\n" for name in KEPT_FIELDS if name in stanza)
        if text not in result:  # deb and deb-src lines become the same.
            result.append(text)
    return result


def set_up():
    """Writes the apt root, unless it is there."""
    sources = debian_sources()
    if not sources:
        raise FetchError("no source of Debian's packages among this machine's (/etc/apt)")
    for folder in ("state/lists/partial", "cache/archives/partial", "sources"):
        os.makedirs(os.path.join(APT, folder), exist_ok=True)
    for name, content in (
        ("state/status", ""),
        ("sources/debian.sources", "\n".join(sources)),
        ("apt.conf", CONFIGURATION.format(apt=APT, architecture=ARCHITECTURE)),
    ):
        with open(os.path.join(APT, name), "w", encoding="utf-8") as file:
            file.write(content)


def apt_get(*words, folder=None):
    """Runs apt-get in the apt root; returns its status and what it said."""
    done = subprocess.run(
        ["apt-get", "-c", os.path.join(APT, "apt.conf"), "-q", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "LC_ALL": "C"},
        check=False,
    )
    return done.returncode, done.stdout.decode(errors="replace")


def errors_in(text):
    """apt's own words on what went wrong, each once. That a mirror was not reached is but a warning to it."""
    errors = [line[3:].strip() for line in text.splitlines() if line.startswith(("E: ", "W: Failed to fetch"))]
    return "; ".join(dict.fromkeys(errors))[:MOST_ERROR_CHARACTERS] or " ".join(text.split())[-MOST_ERROR_CHARACTERS:]


def has_lists():
    """Whether the lists of what Debian has were fetched before."""
    return bool(glob.glob("*_*", root_dir=os.path.join(APT, "state/lists")))


def download(words, names, folder):
    """Has apt-get download into `folder`. Lists that are old name files that are gone: then it fetches them anew."""
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        raise FetchError(f"this is not Debian 12: no apt-get to fetch {', '.join(names)} with")
    updated = not has_lists()
    # One list of several may fail; what matters is whether the packages are found.
    update_text = apt_get("update")[1] if updated else ""
    status, text = apt_get(*words, *names, folder=folder)
    if status != 0 and not updated:
        update_text = apt_get("update")[1]
        status, text = apt_get(*words, *names, folder=folder)
    if status != 0:
        raise FetchError(
            f"cannot fetch {', '.join(names)} for {ARCHITECTURE} from Debian: {errors_in(text + update_text)}"
        )


def unpack_tar(archives, folder):
    """Unpacks the one archive of the authors' release; Debian's own additions stay out."""
    import tarfile

    releases = [path for path in archives if re.search(r"\.orig\.tar\.\w+$", path)]
    if len(releases) != 1:
        raise FetchError(f"{len(releases)} archives of the authors' release among {archives}")
    with tarfile.open(releases[0]) as archive:
        archive.extractall(folder)
    tops = os.listdir(folder)
    return os.path.join(folder, tops[0]) if len(tops) == 1 else folder


@contextlib.contextmanager
def only_one():
    """No two programs fetch at once."""
    os.makedirs(FOLDER, exist_ok=True)
    with open(os.path.join(FOLDER, ".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def fetch(kind, name, unpack):
    """The folder of `name` below build/debian/KIND, fetched and unpacked by `unpack` if it is not there yet."""
    target = os.path.join(FOLDER, kind, name)
    if os.path.isdir(target):
        return target
    with only_one():
        if os.path.isdir(target):
            return target
        set_up()
        os.makedirs(os.path.dirname(target), exist_ok=True)
        # Complete or not there: it gets its name last.
        with tempfile.TemporaryDirectory(dir=FOLDER, prefix="fetch.") as scratch:
            os.rename(unpack(name, scratch), target)
    return target


def unpack_package(name, scratch):
    download(["download"], [name], scratch)
    (archive,) = glob.glob("*.deb", root_dir=scratch)
    folder = os.path.join(scratch, "unpacked")
    subprocess.run(["dpkg", "-x", archive, "unpacked"], cwd=scratch, check=True)
    return folder


def unpack_source(name, scratch):
    download(["source", "--tar-only"], [name], scratch)
    folder = os.path.join(scratch, "unpacked")
    return unpack_tar([os.path.join(scratch, name) for name in glob.glob("*.tar.*", root_dir=scratch)], folder)


def package(name):
    """The folder with the unpacked i386 package `name`. Raises FetchError."""
    return fetch("packages", name, unpack_package)


def source(name):
    """The folder with the authors' source of Debian's package `name`. Raises FetchError."""
    return fetch("sources", name, unpack_source)


def main():
    kind, *names = sys.argv[1:]
    try:
        for name in names:
            print(package(name) if kind == "package" else source(name))
    except FetchError as error:
        print(f"debian: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
