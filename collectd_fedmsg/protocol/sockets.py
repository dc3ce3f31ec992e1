"""Names of the daemons' socket files, and frames on a stream of bytes.

Each daemon has two: ``hub.4711.sock`` for the readers' group, ``hub.4711.root`` for root alone.
Over a unix socket a frame travels as its length (four bytes, big-endian) and its bytes.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

from ..errors import DecodeError

#: ``hub.4711.sock``; with eight hex digits more where that name was taken by another process.
SOCKET_NAME = re.compile(r"(?P<service>.+)\.(?P<pid>\d+)(-[0-9a-f]{8})?\.sock\Z")
#: sun_path of unix(7) has 108 bytes with its NUL.
MAX_SOCKET_PATH = 107
_LENGTH = struct.Struct(">I")


def socket_path(folder: Path, service: str, pid: int, mark: str = "") -> Path:
    """Return the path of a daemon's socket file; ``mark``: eight hex digits or empty."""
    return folder / f"{service}.{pid}{'-' if mark else ''}{mark}.sock"


def root_path(path: str) -> str:
    """Return the path of the socket on which the same daemon serves nobody but root."""
    return f"{path.removesuffix('.sock')}.root"


def parse_socket_name(name: str) -> tuple[str, int] | None:
    """Return service and pid in a socket file's name, None for another file."""
    match = SOCKET_NAME.match(name)
    return (match["service"], int(match["pid"])) if match else None


def pack(frame: bytes) -> bytes:
    """Return a frame as it travels: length, then bytes."""
    return _LENGTH.pack(len(frame)) + frame


class Unpacker:
    """Cut received bytes into frames.

    Args:
        limit: bytes of the longest legal frame; nothing longer is ever kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._received = bytearray()

    def feed(self, octets: bytes) -> None:
        """Append what was received."""
        self._received += octets

    def take(self) -> bytes | None:
        """Return the next whole frame, None when it has not come yet.

        Raises:
            DecodeError: its length is above the limit.
        """
        if len(self._received) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._received)
        if length > self._limit:
            raise DecodeError(f"a frame of {length} bytes: longer than {self._limit}")
        end = _LENGTH.size + length
        if len(self._received) < end:
            return None
        frame = bytes(self._received[_LENGTH.size : end])
        del self._received[:end]
        return frame
