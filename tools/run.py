"""Boots PrimitiveOS in QEMU: a prompt in this terminal, or one command with its output and status.

`./run --help` says what it does; `./run` starts it once the packages are there. With PRIMITIVE_BUILD_DIR in the
environment it takes the images from there and builds nothing.
"""

import os
import signal
import subprocess
import sys
import threading
import time

import disks
import initial_root
import iso
import options as command_line
import streams
from command_run import CommandRun
from machine import BOOT_REFUSED, PANICKED, QEMU_FAILED, Machine
from outcome import (
    LOG_LINES_SHOWN,
    STATUS_NO_IMAGE,
    STATUS_PANIC,
    STATUS_REFUSED,
    STATUS_SIGNAL,
    STATUS_TIMEOUT,
    Stopped,
    TimeLimit,
    say,
    write_all,
)

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

END_OF_INPUT = b"\x04"
END_AGAIN_SECONDS = 0.2
READ_BYTES = 1 << 16


def images_for(options):
    """What these options boot from, and the disc. A machine without an initial root needs none: nothing is fetched."""
    if options.root == command_line.BUSYBOX_ROOT:
        return ["primitive.elf", "primitive.iso", "root.cpio"]
    return ["primitive.elf", "primitive.iso"] if options.iso else ["primitive.elf"]


def build_images(options):
    """Builds what will be booted, unless the caller has; returns the folder it is in."""
    folder = os.environ.get("PRIMITIVE_BUILD_DIR")
    if not folder:
        folder = os.path.join(ROOT, "build")
        verbose = ["--verbose"] if options.verbose else []
        builder = [os.path.join(ROOT, "tools", "build"), *verbose, *images_for(options)]
        if subprocess.run(builder, check=False).returncode != 0:
            sys.exit(STATUS_NO_IMAGE)
    for image in images_for(options):
        if not os.path.isfile(os.path.join(folder, image)):
            say(f"no {image} in {folder}")
            sys.exit(STATUS_NO_IMAGE)
    return folder


def prepare_machine(options, folder):
    """The machine that `options` describe, all but its serial ports."""
    machine = Machine(options.memory_bytes)
    root = initial_root.prepare(options, folder)
    modules = [root, *options.modules] if root else options.modules
    if not options.iso:
        machine.boot_kernel(os.path.join(folder, "primitive.elf"), options.append, modules)
    elif options.wants_own_disc():
        disc = iso.make(os.path.join(folder, "primitive.iso"), options.append, modules)
        machine.boot_iso(machine.give_descriptor(disc))
    else:
        machine.boot_iso(machine.open_file(os.path.join(folder, "primitive.iso")))
    if not root and options.root != command_line.NO_ROOT and (options.verbose or options.command is None):
        say("the initial root does not fit into so little memory; there is the built-in console")
    disks.attach(machine, options.disks())
    if not options.display:
        machine.arguments += ["-display", "none"]
    if options.gdb:
        machine.arguments += ["-S", "-gdb", f"tcp:127.0.0.1:{os.environ.get('PRIMITIVE_GDB_PORT', '1234')}"]
        say("waiting for gdb: gdb -x tools/primitive.gdb")
    return machine


def run_on_terminal(machine, options):
    """The prompt on the user's terminal, which QEMU itself reads and writes; returns QEMU's status."""
    import termios

    columns, lines = os.get_terminal_size(0)
    machine.describe_terminal(columns, lines, os.environ.get("TERM", ""))
    machine.use_standard_streams(monitor=True)
    machine.arguments += options.qemu
    write_all(1, b"PrimitiveOS in QEMU. To leave: poweroff, or Ctrl-A X.\n")
    before = termios.tcgetattr(0)
    try:
        machine.start(streams=(None, None), own_session=False)
        return machine.process.wait()
    finally:
        machine.stop()
        termios.tcsetattr(0, termios.TCSANOW, before)


def run_on_pipes(machine, options):
    """The prompt on a standard input that is no terminal, whose end ends the system; returns QEMU's status."""
    machine.use_standard_streams()
    machine.arguments += options.qemu
    write_all(1, b"PrimitiveOS in QEMU. To leave: poweroff, or the end of the input.\n")
    machine.start(streams=(subprocess.PIPE, subprocess.PIPE))

    def pass_input_on():
        last = b"\n"
        try:
            while data := os.read(0, READ_BYTES):
                write_all(machine.process.stdin.fileno(), data)
                last = data[-1:]
            # As in a shell, a last line needs no newline.
            write_all(machine.process.stdin.fileno(), b"" if last == b"\n" else b"\n")
            # An end that is typed while a command runs is that command's: the shell is told of it, too.
            while True:
                write_all(machine.process.stdin.fileno(), END_OF_INPUT)
                time.sleep(END_AGAIN_SECONDS)
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
    except (command_line.UsageError, disks.DiskError) as error:
        say(error)
        return STATUS_REFUSED
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
