"""./run -- COMMAND: a machine that runs one command, whose streams are those of ./run."""

import os
import select
import time

import streams
from machine import BOOT_REFUSED, PANICKED, QEMU_FAILED
from outcome import LOG_LINES_SHOWN, STATUS_PANIC, STATUS_REFUSED, TimeLimit, say, write_all

POWER_OFF_SECONDS = 10  # After the command's status has come; the machine needs milliseconds.
READ_BYTES = 1 << 16
PACKING_SECONDS = 0.0005  # QEMU writes byte by byte, and each would wake us: one wait lets many arrive.


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
        self.input = streams.Input()
        self.input_port = None
        self.listening = False  # Only a port that has been set up loses nothing: the first output shows that it is.
        self.complaints = b""  # what QEMU itself has to say
        self.status = None

    def run(self):
        """Returns the status of ./run."""
        machine = self.machine
        machine.give_command(self.options.command)
        takers = {machine.open_serial_port("log"): self.take_log}
        output_port, self.input_port = machine.open_two_way_port("streams")
        takers[output_port] = self.take_frames
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
        """Reads until QEMU has closed all; passes standard input on meanwhile."""
        poll = select.poll()
        for descriptor in takers:
            poll.register(descriptor, select.POLLIN)
        still_open = len(takers)
        reads_input = False
        while still_open:
            wants_input = self.listening and self.status is None and self.input.wanted > 0
            if wants_input != reads_input:
                reads_input = wants_input
                if wants_input:
                    poll.register(0, select.POLLIN)
                else:
                    poll.unregister(0)
            events = poll.poll(None if self.status is None else POWER_OFF_SECONDS * 1000)
            if not events:
                say("the machine does not switch off; stopped")
                self.machine.stop()
            time.sleep(PACKING_SECONDS)
            for descriptor, _ in events:
                if descriptor == 0:
                    self.pass_input_on()
                    continue
                data = os.read(descriptor, READ_BYTES)
                if data:
                    takers[descriptor](data)
                else:
                    poll.unregister(descriptor)
                    still_open -= 1

    def pass_input_on(self):
        """Sends what there is of standard input, or its end. A terminal is for prompts: a command gets none of it."""
        try:
            data = b"" if os.isatty(0) else os.read(0, self.input.wanted)
        except OSError:  # Say, the terminal of a shell that has gone.
            data = b""
        try:
            # Never waits: the pipe holds more than the window.
            write_all(self.input_port, self.input.frame(data))
        except BrokenPipeError:
            self.input.ended = True  # The machine has ended first.

    def take_log(self, data):
        self.listening = True
        text = self.log.feed(data)
        if self.options.verbose:
            write_all(2, text)

    def take_frames(self, data):
        for stream, payload in self.decoder.feed(data):
            if stream == streams.EXIT:
                self.status = payload[0]
            elif stream == streams.CREDIT:
                self.input.give_credit(payload)
            else:
                write_all(1 if stream == streams.STDOUT else 2, payload)

    def take_complaints(self, data):
        self.complaints += data
        if self.options.verbose:
            write_all(2, data)
