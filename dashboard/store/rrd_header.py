"""Open an RRD file and check its header before librrd reads it.

librrd divides by what a header holds: a step or a row count of 0 in one damaged file ends the
process (SIGFPE), other numbers make it read beyond its memory; and whatever ``fetch`` refuses
ends it in the binding of Debian 12 (0.1.10 frees twice). Opens nothing that is no regular file:
a named pipe would be waited for.

Source: rrd_format.h of RRDtool 1.4 to 1.9, in this machine's sizes and byte order.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from collectd_fedmsg.errors import SeriesError

COOKIE = b"RRD\0"
#: Of a double; another byte order or alignment shows here.
FLOAT_COOKIE = 8.642135e130
#: Sources and archives of one file; collectd writes some ten.
MAX_PARTS = 1000
#: Seconds of one step, and of one archive as a whole: three thousand years.
MAX_STEP = 10**8
MAX_SECONDS = 10**11
#: Of the last update, epoch seconds: the year 2242.
MAX_TIME = 2**33
_HEAD = struct.Struct("@4s5sdLLL80x")
_SOURCE = struct.Struct("@20s20s80x")
_ARCHIVE = struct.Struct("@20sLL80x")
#: The last update, s and µs.
_LIVE = struct.Struct("@lL")
#: Bytes of a source's last value, which is text, before the numbers of its step.
_LAST_VALUE = 30
_PREPARED_SOURCE, _PREPARED_ARCHIVE = struct.calcsize("@30s80x0L"), 80
_LONG = struct.calcsize("L")
_HEARTBEAT = struct.Struct("@40xL")
#: Bytes read at first: the header of a file of one source and thirty archives.
_USUAL = 8192


@dataclass(frozen=True)
class Header:
    """What a file says of itself."""

    #: Seconds between two points of the finest step.
    step: int
    #: Seconds after which a source's value is unknown, of the first source.
    heartbeat: int
    #: AVERAGE, MAX …: of each archive.
    consolidations: frozenset[str]


@contextmanager
def opened(path: Path) -> Iterator[tuple[str, Header]]:
    """Yield a name by which librrd reads what was checked, and the header.

    The name leads to the open file: one that is removed or replaced meanwhile is no surprise.

    Raises:
        SeriesError: librrd cannot read it; the text names the file and the reason.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise SeriesError(f"{named(path)}: {error.strerror}") from error
    try:
        yield f"/proc/self/fd/{file}", _header(file, path)
    finally:
        os.close(file)


def _header(file: int, path: Path) -> Header:
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode):
        raise SeriesError(f"{named(path)} is no regular file")
    try:
        octets = os.pread(file, _USUAL, 0)
        need = _size_of_header(octets, path)
        if need > len(octets):
            octets = os.pread(file, need, 0)
    except OSError as error:
        raise SeriesError(f"{named(path)}: {error.strerror}") from error
    return _checked(octets, need, status.st_size, path)


def read_header(path: Path) -> Header:
    """Return the header of a file that librrd can read.

    Raises:
        SeriesError: it cannot; the text names the file and the reason.
    """
    with opened(path) as (_, header):
        return header


def named(path: Path) -> str:
    """Return a file's host, plugin and name: what a reader finds it by."""
    return "/".join(path.parts[-3:])


def _size_of_header(octets: bytes, path: Path) -> int:
    """Return the bytes before the first row."""
    if not octets:
        raise SeriesError(f"{named(path)} is empty")
    if octets[:4] != COOKIE or len(octets) < _HEAD.size:
        raise SeriesError(f"{named(path)} is no RRD file")
    _, _, cookie, sources, archives, step = _HEAD.unpack_from(octets)
    if cookie != FLOAT_COOKIE:
        raise SeriesError(f"{named(path)} was written on another kind of machine")
    if not (1 <= sources <= MAX_PARTS and 1 <= archives <= MAX_PARTS and 1 <= step <= MAX_STEP):
        raise SeriesError(
            f"{named(path)} is damaged: {sources} sources, {archives} archives, a step of {step} s"
        )
    return int(
        _HEAD.size
        + sources * (_SOURCE.size + _PREPARED_SOURCE)
        + archives * (_ARCHIVE.size + _LONG)
        + _LIVE.size
        + sources * archives * _PREPARED_ARCHIVE
    )


def _checked(octets: bytes, need: int, size: int, path: Path) -> Header:
    if len(octets) < need:
        raise SeriesError(f"{named(path)} is cut off after {size} bytes")
    _, _, _, sources, archives, step = _HEAD.unpack_from(octets)
    live = _HEAD.size + sources * _SOURCE.size + archives * _ARCHIVE.size
    updated, _ = _LIVE.unpack_from(octets, live)
    texts = [
        part
        for index in range(sources)
        for part in _SOURCE.unpack_from(octets, _HEAD.size + index * _SOURCE.size)
    ]
    texts += [
        octets[at : at + _LAST_VALUE]
        for at in (live + _LIVE.size + index * _PREPARED_SOURCE for index in range(sources))
    ]
    if not 0 <= updated < MAX_TIME or not all(map(_is_text, texts)):
        raise SeriesError(f"{named(path)} is damaged: its names or times are none")
    rows, names = _archives(octets, (sources, archives, step), need, path)
    whole = need + rows * sources * 8
    if size < whole:
        raise SeriesError(f"{named(path)} is cut off after {size} of {whole} bytes")
    (heartbeat,) = _HEARTBEAT.unpack_from(octets, _HEAD.size)
    return Header(step, heartbeat, names)


def _archives(
    octets: bytes, shape: tuple[int, int, int], need: int, path: Path
) -> tuple[int, frozenset[str]]:
    """Return how many rows all archives have, and their consolidations."""
    sources, archives, step = shape
    first, pointers, rows = _HEAD.size + sources * _SOURCE.size, need - archives * _LONG, 0
    names = set()
    for index in range(archives):
        name, count, steps = _ARCHIVE.unpack_from(octets, first + index * _ARCHIVE.size)
        (row,) = struct.unpack_from("@L", octets, pointers + index * _LONG)
        if not (
            _is_text(name)
            and count >= 1
            and steps >= 1
            and row < count
            and count * steps * step <= MAX_SECONDS
        ):
            raise SeriesError(
                f"{named(path)} is damaged: archive {index + 1} has {count} rows"
                f" of {steps} steps, the newest in row {row}"
            )
        rows += count
        names.add(name.partition(b"\0")[0].decode("ascii"))
    return rows, frozenset(names)


def _is_text(field: bytes) -> bool:
    """Tell whether a field holds a text of C that ends within it."""
    text, end, _ = field.partition(b"\0")
    return bool(end) and text.isascii()
