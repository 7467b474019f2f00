"""QEMU's side of ./run: the machine's command line, and the process.

Files go to QEMU as open descriptors (`/dev/fd/N`), never as paths: QEMU splits some of its arguments at commas and the
kernel's words at blanks, and a path may hold both.
"""

import json
import os
import signal
import socket
import subprocess

QEMU = "qemu-system-i386"

# What a PC needs to run PrimitiveOS, and no more: each device costs start-up time.
#   -cpu qemu32   has what programs use (SSE2) and counts string moves as the hardware does, which `max` does not
#   -vga std      text memory at 0xB8000 for the console
#   0x501         the exit port: port 0xF4, QEMU's own choice, stops browser emulators
MACHINE = [
    "-machine", "pc",
    "-cpu", "qemu32",
    "-nodefaults",
    "-no-user-config",
    "-no-reboot",
    "-vga", "std",
    "-device", "isa-debug-exit,iobase=0x501,iosize=4",
]  # fmt: skip

# QEMU's own exit statuses. The exit device turns a value v into the status 2v + 1.
QEMU_FAILED = 1
BOOT_REFUSED = 2 * 1 + 1
PANICKED = 2 * 35 + 1

COMMAND_FILE = "opt/org.primitiveos/command"
TERMINAL_FILE = "opt/org.primitiveos/terminal"


class Machine:
    """One QEMU: descriptors and devices are added first, then it starts. Never outlives this process."""

    def __init__(self, memory_bytes):
        self.arguments = [*MACHINE, "-m", f"{memory_bytes >> 10}k"]
        self.descriptors = []
        self.standard_streams = (subprocess.DEVNULL, subprocess.DEVNULL)
        self.events = None
        self.process = None

    def give_descriptor(self, descriptor):
        """Gives QEMU an open file, which this process then no longer owns; returns the name QEMU knows it by."""
        self.descriptors.append(descriptor)
        return f"/dev/fd/{descriptor}"

    def open_file(self, path):
        """Gives QEMU the file at `path`; returns the name that QEMU knows it by."""
        return self.give_descriptor(os.open(path, os.O_RDONLY | os.O_CLOEXEC))

    def open_bytes(self, content):
        """Gives QEMU a file with `content`; returns the name that QEMU knows it by."""
        descriptor = os.memfd_create("run")
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        return self.give_descriptor(descriptor)

    def open_serial_port(self, name):
        """Adds the next serial port, to print on; returns the descriptor from which this process reads it.

        A pipe, because QEMU writes byte by byte: a pipe packs them, a socket takes a few hundred and is full.
        """
        ours, theirs = os.pipe()
        self.arguments += [
            "-chardev", f"file,id={name},path={self.give_descriptor(theirs)}",
            "-serial", f"chardev:{name}",
        ]  # fmt: skip
        return ours

    def open_two_way_port(self, name):
        """Adds the next serial port, on QEMU's standard input and output; returns the descriptors from which this
        process reads it, and on which it writes to it. They are pipes for the reason above.
        """
        output, their_output = os.pipe()
        their_input, input_ = os.pipe()
        self.standard_streams = (their_input, their_output)
        self.arguments += ["-chardev", f"stdio,id={name},signal=off", "-serial", f"chardev:{name}"]
        return output, input_

    def boot_kernel(self, kernel, words, modules):
        """Boots through QEMU's Multiboot loader. It writes the file's name before the words: the kernel removes it."""
        self.arguments += ["-kernel", self.open_file(kernel), "-append", words]
        if modules:
            initrd = []
            for module in modules:
                name = self.open_file(module.path)
                initrd.append(f"{name} {module.words}".replace(",", ",,") if module.words else name)
            self.arguments += ["-initrd", ",".join(initrd)]

    def boot_iso(self, iso):
        """Boots from a CD with `iso` (a name that open_file or open_bytes gave) in it: the second device on the second
        cable, for disks are the first on theirs.
        """
        self.arguments += [
            "-drive", f"file={iso},format=raw,media=cdrom,readonly=on,index=3",
            "-boot", "order=d,menu=off",
        ]  # fmt: skip

    def give_command(self, command):
        """The arguments of a command, for the kernel: each followed by a NUL."""
        content = b"".join(os.fsencode(argument) + b"\0" for argument in command)
        self.arguments += ["-fw_cfg", f"name={COMMAND_FILE},file={self.open_bytes(content)}"]

    def describe_terminal(self, columns, lines, kind):
        """What the terminal is that the next serial port leads to: its size, 0 where unknown, and TERM."""
        content = f"{columns} {lines} {kind}".encode(errors="surrogateescape")
        self.arguments += ["-fw_cfg", f"name={TERMINAL_FILE},file={self.open_bytes(content)}"]

    def use_standard_streams(self, monitor=False):
        """Adds the next serial port, on QEMU's standard input and output. With `monitor`, Ctrl-A speaks to QEMU."""
        if monitor:
            self.arguments += ["-serial", "mon:stdio"]
        else:
            self.arguments += ["-chardev", "stdio,id=io,signal=off", "-serial", "chardev:io"]

    def watch_events(self):
        """Adds a second monitor, which tells what happens to the machine: QEMU's status is 0 after a reset, too."""
        self.events, theirs = socket.socketpair()
        self.descriptors.append(theirs.detach())
        self.arguments += [
            "-chardev", f"socket,id=events,fd={self.descriptors[-1]}",
            "-mon", "chardev=events,mode=control",
        ]  # fmt: skip
        self.events.sendall(b'{"execute": "qmp_capabilities"}')

    def was_reset(self):
        """Whether a reset ended the machine, say a triple fault. QEMU must have ended, and watch_events been called."""
        told = b""
        try:
            while data := self.events.recv(1 << 16):
                told += data
        except ConnectionError:
            pass  # QEMU has ended without having read all.
        events = [json.loads(line) for line in told.splitlines()]
        return any(
            event["data"]["reason"].endswith("-reset") for event in events if event.get("event") == "SHUTDOWN"
        )

    def start(self, streams=None, stderr=None, own_session=True):
        """Starts QEMU, with `streams` as its standard input and output unless open_two_way_port has set them. In a
        session of its own a Ctrl-C here does not reach it.
        """
        stdin, stdout = streams or self.standard_streams
        # The kernel of the host ends QEMU when this process dies, however it dies.
        leash = ["setpriv", "--pdeathsig", "KILL", "--"] if os.path.exists("/usr/bin/setpriv") else []
        self.process = subprocess.Popen(
            [*leash, QEMU, *self.arguments],
            pass_fds=self.descriptors,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=own_session,
        )
        for descriptor in (*self.descriptors, *(end for end in self.standard_streams if end >= 0)):
            os.close(descriptor)
        self.descriptors = []

    def stop(self):
        """Ends QEMU, if it runs, at once."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
