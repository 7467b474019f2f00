"""A GRUB ISO with a kernel command line and boot modules of its own, made from build/primitive.iso in 0.1 s.

The words reach GRUB as one single-quoted argument each, so that GRUB changes nothing in them; GRUB hands them on quoted
in its own way, and the kernel undoes that (kernel/boot/loader_text.hpp).
"""

import os
import shutil
import subprocess
import tempfile


class IsoError(Exception):
    """xorriso failed; the text is what it said."""


def quote(words):
    """`words` as one argument in grub.cfg: single quotes keep every byte but the single quote."""
    return "'" + words.replace("'", "'\\''") + "'"


def grub_configuration(append, modules):
    """The grub.cfg that boots with these words and modules at once."""
    lines = ["set timeout=0", f"multiboot /boot/primitive.elf {quote(append) if append else ''}"]
    for number, module in enumerate(modules):
        # --nounzip: a module's bytes arrive as they are, also when they look compressed.
        words = quote(module.words) if module.words else ""
        lines.append(f"module --nounzip /modules/{number} {words}")
    lines.append("boot")
    return os.fsencode("".join(line + "\n" for line in lines))


def make(original, append, modules):
    """Returns a descriptor of a new ISO in memory: `original` with the words and modules. Raises IsoError."""
    result = os.memfd_create("iso")
    with tempfile.TemporaryDirectory(prefix="iso.") as scratch:
        configuration = os.path.join(scratch, "grub.cfg")
        with open(configuration, "wb") as file:
            file.write(grub_configuration(append, modules))
        command = [
            "xorriso",
            "-abort_on", "FAILURE",
            "-report_about", "WARNING",
            "-indev", f"stdio:{original}",
            "-outdev", f"stdio:/dev/fd/{result}",
            "-boot_image", "any", "replay",
            "-follow", "param",
            "-map", configuration, "/boot/grub/grub.cfg",
        ]  # fmt: skip
        for number, module in enumerate(modules):
            path = os.path.abspath(module.path)
            if not os.path.exists(os.path.realpath(path)):
                # xorriso wants the name behind a link, and a file in memory has none.
                path = shutil.copyfile(path, os.path.join(scratch, str(number)))
            command += ["-map", path, f"/modules/{number}"]
        done = subprocess.run(
            command, pass_fds=[result], stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
    if done.returncode != 0:
        raise IsoError(done.stderr.decode(errors="replace").strip())
    return result
