#!/usr/bin/env python3
"""The kernel's symbol table: which function does an address lie in?

  symbols.py generate IMAGE SYMBOLS.S   the code symbols of IMAGE, as assembly for section .symbols
  symbols.py verify IMAGE SYMBOLS.S     fails unless IMAGE's code symbols are still those in SYMBOLS.S

Layout of the section (kernel/symbols.cpp reads it), all words little-endian, 32 bits:

  count | address[count], ascending | name[count]: offsets into | NUL-terminated names

Names are demangled, without their parameter lists.
"""
import subprocess
import sys


def code_symbols(image):
    """[(address, name)] of every function, by address; one name an address, a global one if there is one."""
    lines = subprocess.run(["readelf", "--symbols", "--wide", image], check=True, capture_output=True,
                           text=True).stdout
    best = {}
    for line in lines.splitlines():
        fields = line.split()
        if len(fields) < 8 or fields[3] != "FUNC" or fields[6] == "UND":
            continue
        address, binding, name = int(fields[1], 16), fields[4], fields[7]
        if address not in best or (binding != "LOCAL" and best[address][0] == "LOCAL"):
            best[address] = (binding, name)
    mangled = "\n".join(name for _, name in best.values())
    plain = subprocess.run(["c++filt", "--no-params"], input=mangled, check=True, capture_output=True,
                           text=True).stdout.splitlines()
    return sorted(zip(best.keys(), plain))


def assembly(symbols):
    lines = ['    .section .symbols, "a", @progbits', "    .align 4096", f"    .long {len(symbols)}"]
    lines += [f"    .long {address:#x}" for address, _ in symbols]
    offset = 0
    for _, name in symbols:
        lines.append(f"    .long {offset}")
        offset += len(name.encode()) + 1
    lines += [f'    .asciz "{name}"' for _, name in symbols]
    lines.append('    .section .note.GNU-stack, "", @progbits')
    return "\n".join(lines) + "\n"


def main(arguments):
    if len(arguments) != 3 or arguments[0] not in ("generate", "verify"):
        sys.exit(__doc__)
    action, image, path = arguments
    text = assembly(code_symbols(image))
    if action == "generate":
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return
    with open(path, encoding="utf-8") as file:
        if file.read() != text:
            sys.exit(f"{image}: the second link moved a symbol; its symbol table would lie")


if __name__ == "__main__":
    main(sys.argv[1:])
