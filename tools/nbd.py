"""A network block device, from the client's side: as much as it takes to look at one and to write to it.

Owns one connection. QEMU has its own client; this one runs before, to see what is on the device.
[nbd] doc/proto.md: the fixed newstyle handshake, simple replies.
"""

import socket
import struct

GREETING = struct.Struct(">8s8sH")
OPTION = struct.Struct(">8sII")
EXPORT = struct.Struct(">QH")
REQUEST = struct.Struct(">IHHQQI")
REPLY = struct.Struct(">IIQ")

SERVER_MAGIC, OPTION_MAGIC = b"NBDMAGIC", b"IHAVEOPT"
REQUEST_MAGIC, REPLY_MAGIC = 0x25609513, 0x67446698
FIXED_NEWSTYLE, NO_ZEROES = 1, 2
EXPORT_NAME = 1
READ_ONLY, SENDS_FLUSH = 1 << 1, 1 << 2
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
PADDING = 124

PATIENCE_SECONDS = 60


class NbdError(Exception):
    """The server is not there, or says what it must not; in a few words."""


class Device:
    """An open device: `size_bytes`, `is_read_only`. Every call may raise NbdError."""

    def __init__(self, family, address, export):
        self.socket = socket.socket(family)
        self.socket.settimeout(PATIENCE_SECONDS)
        try:
            self.socket.connect(address)
            self._shake_hands(export.encode())
        except OSError as error:
            self.socket.close()
            raise NbdError(error.strerror or str(error)) from None
        except NbdError:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.socket.sendall(REQUEST.pack(REQUEST_MAGIC, 0, DISCONNECT, 0, 0, 0))
        except OSError:
            pass
        self.socket.close()

    def read(self, offset, size_bytes):
        return self._ask(READ, offset, size_bytes, expected=size_bytes)

    def write(self, offset, data):
        self._ask(WRITE, offset, len(data), data)

    def flush(self):
        if self.flags & SENDS_FLUSH:
            self._ask(FLUSH, 0, 0)

    def _shake_hands(self, export):
        magic, option_magic, server_flags = GREETING.unpack(self._receive(GREETING.size))
        if (magic, option_magic) != (SERVER_MAGIC, OPTION_MAGIC):
            raise NbdError("no NBD server")
        padded = not server_flags & NO_ZEROES
        self.socket.sendall(struct.pack(">I", server_flags & (FIXED_NEWSTYLE | NO_ZEROES)))
        self.socket.sendall(OPTION.pack(OPTION_MAGIC, EXPORT_NAME, len(export)) + export)
        self.size_bytes, self.flags = EXPORT.unpack(self._receive(EXPORT.size))
        self.is_read_only = bool(self.flags & READ_ONLY)
        if padded:
            self._receive(PADDING)

    def _ask(self, kind, offset, size_bytes, data=b"", expected=0):
        try:
            self.socket.sendall(REQUEST.pack(REQUEST_MAGIC, 0, kind, 1, offset, size_bytes) + data)
            magic, error, _handle = REPLY.unpack(self._receive(REPLY.size))
            if magic != REPLY_MAGIC:
                raise NbdError("an answer that makes no sense")
            if error != 0:
                raise NbdError(f"input/output error {error}")
            return self._receive(expected)
        except OSError as error:
            raise NbdError(error.strerror or str(error)) from None

    def _receive(self, size_bytes):
        data = bytearray()
        while len(data) < size_bytes:
            part = self.socket.recv(size_bytes - len(data))
            if not part:
                raise NbdError("the server has no such device, or has gone")
            data += part
        return bytes(data)
