"""Boots PrimitiveOS in QEMU: a prompt in this terminal, or one command with its output and status.

`./run --help` says what it does; `./run` starts it once the packages are there. With PRIMITIVE_BUILD_DIR in the
environment it takes the images from there and builds nothing.
"""

import os
import select
import signal
import subprocess
import sys

import iso
import options as command_line
import streams
from machine import BOOT_REFUSED, PANICKED, QEMU_FAILED, Machine

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

STATUS_NO_IMAGE = 1
STATUS_REFUSED = 2
STATUS_PANIC = 70
STATUS_TIMEOUT = 124
STATUS_SIGNAL = 128

LOG_LINES_SHOWN = 20
POWER_OFF_SECONDS = 10  # After a command's status has come; the machine needs milliseconds.
END_OF_INPUT = b"\x04"


class Stopped(Exception):
    """A signal, the time limit's among them, ends the run."""

    def __init__(self, number):
        super().__init__(number)
        self.number = number


def say(text):
    """One line of our own, on standard error."""
    write_all(2, f"run: {text}\n".encode(errors="surrogateescape"))


def write_all(descriptor, data):
    """Writes all of `data`, unbuffered."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def build_images(options):
    """Builds what will be booted, unless the caller has; returns the folder it is in."""
    folder = os.environ.get("PRIMITIVE_BUILD_DIR")
    if not folder:
        folder = os.path.join(ROOT, "build")
        verbose = ["--verbose"] if options.verbose else []
        builder = [os.path.join(ROOT, "tools", "build"), *verbose, "primitive.elf", "primitive.iso"]
        if subprocess.run(builder, check=False).returncode != 0:
            sys.exit(STATUS_NO_IMAGE)
    for image in ("primitive.elf", "primitive.iso"):
        if not os.path.isfile(os.path.join(folder, image)):
            say(f"no {image} in {folder}")
            sys.exit(STATUS_NO_IMAGE)
    return folder


def prepare_machine(options, folder):
    """The machine that `options` describe, all but its serial ports."""
    machine = Machine(options.memory_bytes)
    if not options.iso:
        machine.boot_kernel(os.path.join(folder, "primitive.elf"), options.append, options.modules)
    elif options.append or options.modules:
        disc = iso.make(os.path.join(folder, "primitive.iso"), options.append, options.modules)
        machine.boot_iso(machine.give_descriptor(disc))
    else:
        machine.boot_iso(machine.open_file(os.path.join(folder, "primitive.iso")))
    if not options.display:
        machine.arguments += ["-display", "none"]
    if options.gdb:
        machine.arguments += ["-S", "-gdb", "tcp:127.0.0.1:1234"]
        say("waiting for gdb -x tools/primitive.gdb")
    return machine


def status_of(qemu_status, log, verbose):
    """The status of ./run when the machine ended without a command's; says why on standard error."""
    if qemu_status == PANICKED:
        if not verbose:
            write_all(2, log.panic_report() or log.tail(LOG_LINES_SHOWN))
        return STATUS_PANIC
    if qemu_status == BOOT_REFUSED:
        if not verbose:
            write_all(2, log.tail(LOG_LINES_SHOWN))
        say("the kernel refuses to boot like this")
        return STATUS_REFUSED
    if not verbose:
        write_all(2, log.tail(LOG_LINES_SHOWN))
    say(f"the machine stopped without a status (QEMU: {qemu_status})")
    return STATUS_PANIC


def run_command(machine, options):
    """Runs the command; returns its status."""
    machine.give_command(options.command)
    log_port = machine.open_serial_port("log")
    stream_port = machine.open_serial_port("streams")
    machine.arguments += options.qemu
    complaints_end, complaints_start = os.pipe()
    log = streams.Log()
    decoder = streams.FrameDecoder()
    complaints = b""
    status = None
    try:
        machine.start(stderr=complaints_start)
        os.close(complaints_start)
        open_descriptors = {log_port, stream_port, complaints_end}
        poll = select.poll()
        for descriptor in open_descriptors:
            poll.register(descriptor, select.POLLIN)
        while open_descriptors:
            events = poll.poll(POWER_OFF_SECONDS * 1000 if status is not None else None)
            if not events:
                say("the machine does not switch off; stopped")
                machine.stop()
            for descriptor, _ in events:
                data = receive(descriptor)
                if not data:
                    poll.unregister(descriptor)
                    open_descriptors.remove(descriptor)
                elif descriptor == log_port:
                    text = log.feed(data)
                    if options.verbose:
                        write_all(2, text)
                elif descriptor == stream_port:
                    for stream, payload in decoder.feed(data):
                        if stream == streams.EXIT:
                            status = payload[0]
                        else:
                            write_all(1 if stream == streams.STDOUT else 2, payload)
                else:
                    complaints += data
                    if options.verbose:
                        write_all(2, data)
        qemu_status = machine.process.wait()
    except Stopped as stopped:
        machine.stop()
        if stopped.number != signal.SIGALRM:
            raise
        if not options.verbose:
            write_all(2, log.tail(LOG_LINES_SHOWN))
        say(f"no end after {options.timeout:g} seconds; stopped")
        return STATUS_TIMEOUT
    except streams.FrameError as error:
        say(f"COM2: {error}")
        return STATUS_PANIC
    finally:
        machine.stop()
    if qemu_status == QEMU_FAILED:
        if not options.verbose:
            write_all(2, complaints)
        return STATUS_REFUSED
    if status is not None and qemu_status != PANICKED:
        return status
    return status_of(qemu_status, log, options.verbose)


def receive(descriptor):
    """What has arrived; nothing when the other end is closed."""
    try:
        return os.read(descriptor, 1 << 16)
    except ConnectionResetError:
        return b""


def run_prompt(machine, options):
    """Runs the machine at its prompt; returns the status of ./run."""
    terminal = os.isatty(0)
    if terminal and not options.display:
        return run_prompt_on_terminal(machine, options)
    return run_prompt_on_streams(machine, options)


def run_prompt_on_terminal(machine, options):
    """The prompt on the user's terminal, which QEMU itself reads and writes."""
    import termios

    machine.arguments += ["-serial", "mon:stdio", *options.qemu]
    write_all(1, b"PrimitiveOS in QEMU. To leave: poweroff, or Ctrl-A X.\n")
    before = termios.tcgetattr(0)
    try:
        machine.start(terminal=True)
        qemu_status = machine.process.wait()
    except Stopped as stopped:
        machine.stop()
        if stopped.number != signal.SIGALRM:
            raise
        say(f"stopped after {options.timeout:g} seconds")
        return STATUS_TIMEOUT
    finally:
        machine.stop()
        termios.tcsetattr(0, termios.TCSANOW, before)
    return prompt_status(qemu_status)


def run_prompt_on_streams(machine, options):
    """The prompt on standard input and output that are no terminal, or (--display) only its log there."""
    port = machine.open_serial_port("console")
    if options.display:
        machine.arguments += ["-display", "gtk"]
        write_all(1, b"PrimitiveOS in QEMU. To leave: poweroff, or close the window.\n")
    else:
        write_all(1, b"PrimitiveOS in QEMU. To leave: poweroff, or the end of the input.\n")
    machine.arguments += options.qemu
    poll = select.poll()
    poll.register(port.fileno(), select.POLLIN)
    if not options.display:
        poll.register(0, select.POLLIN)
    try:
        machine.start()
        running = True
        while running:
            for descriptor, _ in poll.poll():
                data = receive(descriptor)
                if descriptor == port.fileno():
                    write_all(1, data)
                    running = data != b""
                else:
                    if not data:
                        poll.unregister(0)
                    try:
                        port.sendall(data or END_OF_INPUT)
                    except (BrokenPipeError, ConnectionResetError):
                        running = False
        qemu_status = machine.process.wait()
    except Stopped as stopped:
        machine.stop()
        if stopped.number != signal.SIGALRM:
            raise
        say(f"stopped after {options.timeout:g} seconds")
        return STATUS_TIMEOUT
    finally:
        machine.stop()
    return prompt_status(qemu_status)


def prompt_status(qemu_status):
    """The status of ./run after a prompt: the user has seen the log."""
    known = {0: 0, PANICKED: STATUS_PANIC, BOOT_REFUSED: STATUS_REFUSED, QEMU_FAILED: STATUS_REFUSED}
    if qemu_status not in known:
        say(f"the machine stopped unexpectedly (QEMU: {qemu_status})")
    return known.get(qemu_status, STATUS_PANIC)


def stop_on_signals(timeout):
    """Turns the signals that end a program, and the time limit, into Stopped."""

    def stop(number, _frame):
        raise Stopped(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, stop)
    if timeout is not None:
        signal.setitimer(signal.ITIMER_REAL, timeout)


def main():
    try:
        options = command_line.parse(sys.argv[1:])
    except command_line.UsageError as error:
        say(error)
        return STATUS_REFUSED
    folder = build_images(options)
    if options.display and subprocess.run([os.path.join(ROOT, "tools", "packages"), "display"], check=False).returncode:
        return STATUS_NO_IMAGE
    try:
        machine = prepare_machine(options, folder)
        stop_on_signals(options.timeout)
        if options.command is not None:
            return run_command(machine, options)
        return run_prompt(machine, options)
    except iso.IsoError as error:
        say(f"cannot write the ISO: {error}")
        return STATUS_NO_IMAGE
    except Stopped as stopped:
        return STATUS_SIGNAL + stopped.number
    except BrokenPipeError:
        # Nobody reads our output: end as any program does then.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
        return STATUS_SIGNAL + signal.SIGPIPE


if __name__ == "__main__":
    sys.exit(main())
