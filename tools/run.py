"""Boots PrimitiveOS in QEMU: a prompt in this terminal, or one command with its output and status.

`./run --help` says what it does; `./run` starts it once the packages are there. With PRIMITIVE_BUILD_DIR in the
environment it takes the images from there and builds nothing.
"""

import os
import select
import signal
import subprocess
import sys
import threading

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
READ_BYTES = 1 << 16


class TimeLimit(Exception):
    """--timeout has passed."""


class Stopped(Exception):
    """A signal ends the run."""

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
        machine.arguments += ["-S", "-gdb", f"tcp:127.0.0.1:{os.environ.get('PRIMITIVE_GDB_PORT', '1234')}"]
        say("waiting for gdb: gdb -x tools/primitive.gdb")
    return machine


def end_without_status(qemu_status, log, verbose):
    """The status of ./run when the machine ended without a command's; says why on standard error."""
    report = log.panic_report() if qemu_status == PANICKED else None
    if not verbose:
        write_all(2, report or log.tail(LOG_LINES_SHOWN))
    if qemu_status == PANICKED:
        return STATUS_PANIC
    if qemu_status == BOOT_REFUSED:
        say("the kernel refuses to boot like this")
        return STATUS_REFUSED
    say(f"the machine stopped without a status (QEMU: {qemu_status})")
    return STATUS_PANIC


class CommandRun:
    """A machine that runs one command: its streams, its log and its status as they come."""

    def __init__(self, machine, options):
        self.machine = machine
        self.options = options
        self.log = streams.Log()
        self.decoder = streams.FrameDecoder()
        self.complaints = b""  # what QEMU itself has to say
        self.status = None

    def run(self):
        """Returns the status of ./run."""
        machine = self.machine
        machine.give_command(self.options.command)
        takers = {
            machine.open_serial_port("log"): self.take_log,
            machine.open_serial_port("streams"): self.take_frames,
        }
        machine.arguments += self.options.qemu
        complaints, qemu_stderr = os.pipe()
        takers[complaints] = self.take_complaints
        try:
            machine.start(stderr=qemu_stderr)
            os.close(qemu_stderr)
            self.take_everything(takers)
            qemu_status = machine.process.wait()
        except TimeLimit:
            machine.stop()
            if not self.options.verbose:
                write_all(2, self.log.tail(LOG_LINES_SHOWN))
            raise
        except streams.FrameError as error:
            say(f"COM2: {error}")
            return STATUS_PANIC
        finally:
            machine.stop()
        if self.status is not None and qemu_status != PANICKED:
            return self.status
        if qemu_status == QEMU_FAILED:
            if not self.options.verbose:
                write_all(2, self.complaints)
            return STATUS_REFUSED
        return end_without_status(qemu_status, self.log, self.options.verbose)

    def take_everything(self, takers):
        """Reads until QEMU has closed all."""
        poll = select.poll()
        for descriptor in takers:
            poll.register(descriptor, select.POLLIN)
        still_open = len(takers)
        while still_open:
            events = poll.poll(None if self.status is None else POWER_OFF_SECONDS * 1000)
            if not events:
                say("the machine does not switch off; stopped")
                self.machine.stop()
            for descriptor, _ in events:
                data = os.read(descriptor, READ_BYTES)
                if data:
                    takers[descriptor](data)
                else:
                    poll.unregister(descriptor)
                    still_open -= 1

    def take_log(self, data):
        text = self.log.feed(data)
        if self.options.verbose:
            write_all(2, text)

    def take_frames(self, data):
        for stream, payload in self.decoder.feed(data):
            if stream == streams.EXIT:
                self.status = payload[0]
            else:
                write_all(1 if stream == streams.STDOUT else 2, payload)

    def take_complaints(self, data):
        self.complaints += data
        if self.options.verbose:
            write_all(2, data)


def run_on_terminal(machine, options):
    """The prompt on the user's terminal, which QEMU itself reads and writes; returns QEMU's status."""
    import termios

    machine.use_standard_streams(monitor=True)
    machine.arguments += options.qemu
    write_all(1, b"PrimitiveOS in QEMU. To leave: poweroff, or Ctrl-A X.\n")
    before = termios.tcgetattr(0)
    try:
        machine.start(stdin=None, stdout=None, own_session=False)
        return machine.process.wait()
    finally:
        machine.stop()
        termios.tcsetattr(0, termios.TCSANOW, before)


def run_on_pipes(machine, options):
    """The prompt on a standard input that is no terminal, whose end ends the system; returns QEMU's status."""
    machine.use_standard_streams()
    machine.arguments += options.qemu
    write_all(1, b"PrimitiveOS in QEMU. To leave: poweroff, or the end of the input.\n")
    machine.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def pass_input_on():
        last = b"\n"
        try:
            while data := os.read(0, READ_BYTES):
                write_all(machine.process.stdin.fileno(), data)
                last = data[-1:]
            # As in a shell, a last line needs no newline.
            write_all(machine.process.stdin.fileno(), END_OF_INPUT if last == b"\n" else b"\n" + END_OF_INPUT)
        except OSError:
            pass  # The machine has ended first.

    passing_on = threading.Thread(target=pass_input_on, daemon=True)
    try:
        while data := os.read(machine.process.stdout.fileno(), READ_BYTES):
            # Only a port that has been set up loses nothing: the first output shows that it is.
            if not passing_on.ident:
                passing_on.start()
            write_all(1, data)
        return machine.process.wait()
    finally:
        machine.stop()


def run_in_window(machine, options):
    """The prompt in a window; returns QEMU's status. After a panic the window is gone, so its report comes here."""
    log_port = machine.open_serial_port("log")
    machine.arguments += ["-display", "gtk", *options.qemu]
    write_all(1, b"PrimitiveOS in QEMU's window. To leave: poweroff, or close the window.\n")
    log = streams.Log()
    try:
        machine.start()
        while data := os.read(log_port, READ_BYTES):
            text = log.feed(data)
            if options.verbose:
                write_all(2, text)
        qemu_status = machine.process.wait()
    finally:
        machine.stop()
    if qemu_status in (PANICKED, BOOT_REFUSED) and not options.verbose:
        write_all(2, log.panic_report() or log.tail(LOG_LINES_SHOWN))
    return qemu_status


def run_prompt(machine, options):
    """Runs the machine at its prompt; returns the status of ./run."""
    machine.watch_events()
    if options.display:
        qemu_status = run_in_window(machine, options)
    elif os.isatty(0):
        qemu_status = run_on_terminal(machine, options)
    else:
        qemu_status = run_on_pipes(machine, options)
    known = {0: 0, PANICKED: STATUS_PANIC, BOOT_REFUSED: STATUS_REFUSED, QEMU_FAILED: STATUS_REFUSED}
    if qemu_status == 0 and machine.was_reset():
        say("the machine was reset")
        return STATUS_PANIC
    if qemu_status not in known:
        say(f"the machine stopped unexpectedly (QEMU: {qemu_status})")
    return known.get(qemu_status, STATUS_PANIC)


def stop_on_signals(timeout):
    """Turns the signals that end a program, and the time limit, into exceptions."""

    def stop(number, _frame):
        raise TimeLimit if number == signal.SIGALRM else Stopped(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, stop)
    if timeout is not None:
        signal.setitimer(signal.ITIMER_REAL, timeout)


def boot(options, folder):
    """Boots what `options` say; returns the status of ./run."""
    try:
        machine = prepare_machine(options, folder)
        stop_on_signals(options.timeout)
        if options.command is not None:
            return CommandRun(machine, options).run()
        return run_prompt(machine, options)
    except iso.IsoError as error:
        say(f"cannot write the ISO: {error}")
        return STATUS_NO_IMAGE
    except TimeLimit:
        say(f"no end after {options.timeout:g} seconds; stopped")
        return STATUS_TIMEOUT
    except Stopped as stopped:
        return STATUS_SIGNAL + stopped.number
    except BrokenPipeError:
        # Nobody reads our output: end as any program does then.
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGPIPE)
        return STATUS_SIGNAL + signal.SIGPIPE


def open_standard_descriptors():
    """Gives those of 0, 1 and 2 that our caller has closed a place: what is opened for QEMU must not land there."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # The lowest that is free: this one.


def main():
    open_standard_descriptors()
    try:
        options = command_line.parse(sys.argv[1:])
    except command_line.UsageError as error:
        say(error)
        return STATUS_REFUSED
    folder = build_images(options)
    if options.display:
        wanted = [os.path.join(ROOT, "tools", "packages"), "display"]
        if subprocess.run(wanted, check=False).returncode != 0:
            return STATUS_NO_IMAGE
    try:
        return boot(options, folder)
    except OSError as error:
        say(error)  # A full disk behind standard output, for one. The machine is gone by now.
        return STATUS_NO_IMAGE


if __name__ == "__main__":
    sys.exit(main())
