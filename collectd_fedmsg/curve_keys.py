"""Read CURVE keys of zmq from their files, each mistake with its file; waits for no file."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import zmq
from zmq.utils import z85

from .files import read_file

#: Bytes of a file with a pair of keys.
MAX_BYTES = 65536
_LINE = re.compile(rb"^[ \t]*(public|secret)-key[ \t]*=[ \t]*[\"']?([^\"'\s]+)", re.MULTILINE)


def public_key(path: Path) -> bytes:
    """Return the public key (Z85) in a file.

    Raises:
        OSError: it cannot be read, or is no regular file.  ValueError: it holds none.
    """
    return _key(path, b"public")


def key_pair(path: Path) -> tuple[bytes, bytes]:
    """Return the public and the secret key (Z85) in a file.

    Raises:
        OSError: it cannot be read, or is no regular file.  ValueError: it holds no such pair.
    """
    public, secret = _key(path, b"public"), _key(path, b"secret")
    if zmq.curve_public(secret) != public:
        raise ValueError(f"{path}: its secret key is not that of its public key")
    return public, secret


def _key(path: Path, kind: bytes) -> bytes:
    keys: dict[bytes, bytes] = dict(_LINE.findall(read_file(path, MAX_BYTES)))
    try:
        octets = z85.decode(keys[kind])
    except (KeyError, ValueError, struct.error):
        octets = b""
    if len(octets) != 32:
        raise ValueError(f"{path}: has no {kind.decode()} key")
    return keys[kind]
