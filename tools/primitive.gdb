# For gdb: gdb -x tools/primitive.gdb, from the folder of ./run, beside ./run --gdb (which waits for it).
#
# Loads the symbols, connects, and knows two commands: `prompt` runs to where the system is up, `frames` prints the frame
# account as /proc/frames does, read from memory without running the kernel: it works at any breakpoint, in a crash too.
# Breakpoints before paging is on must be hardware ones (hbreak): the kernel's addresses are not mapped yet.
set architecture i386
set confirm off
set pagination off

python
import os
import re

BUILD = os.environ.get("PRIMITIVE_BUILD_DIR", "build")
PORT = os.environ.get("PRIMITIVE_GDB_PORT", "1234")
FRAME_BYTES = 4096
# What /proc/frames calls otherwise than the code does.
NAMES = {"zero-frame": "zero", "shared-memory": "shared"}


class Frames(gdb.Command):
    """frames: print the frame account, OWNER FRAMES BYTES a line."""

    def __init__(self):
        super().__init__("frames", gdb.COMMAND_DATA)

    def invoke(self, _argument, _from_tty):
        # Before paging is on there is nothing at the kernel's addresses.
        try:
            storage = gdb.parse_and_eval("'kernel::(anonymous namespace)::kernel_memory_storage'")
            memory = storage["object_"]
            built = int(memory) != 0
        except gdb.MemoryError:
            built = False
        if not built:
            print("Memory is not up yet: try `prompt`.")
            return
        account = memory["account_"]
        counts = account["counts_"]["_M_elems"]
        total = int(account["total_"])
        owners = []
        free = total
        for field in gdb.lookup_type("mm::FrameOwner").fields():
            name = field.name.rsplit("::k", 1)[1]
            name = re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()
            name = NAMES.get(name, name)
            count = int(counts[field.enumval])
            if name not in ("hole", "free"):
                owners.append((name, count))
                free -= count
        for name, count in [("total", total), ("free", free), *owners]:
            print(f"{name} {count} {count * FRAME_BYTES}")


class Prompt(gdb.Command):
    """prompt: run until the system is up: the first program, a prompt or a command is about to run."""

    def __init__(self):
        super().__init__("prompt", gdb.COMMAND_RUNNING)

    def invoke(self, _argument, _from_tty):
        for place in ("kernel::run_scheduler", "kernel::run_console", "kernel::run_host_command"):
            gdb.execute(f"thbreak {place}", to_string=True)
        gdb.execute("continue")


Frames()
Prompt()
gdb.execute(f"file {BUILD}/primitive.elf")
gdb.execute(f"target remote 127.0.0.1:{PORT}")
end
