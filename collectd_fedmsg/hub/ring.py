"""Keep the last hour's samples, packed, within a number of bytes; no clock, no thread.

A row is mostly names of topics: packed it takes a third, so a hub of ten consumers has
its hour in 2 MiB.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Sequence

from ..protocol.roster import MAX_HEAD
from ..protocol.sample import Sample, encode_row
from ..protocol.wire import MAX_REPLY

#: Bytes of rows in one page; the rest of a reply is its head.
PAGE = MAX_REPLY - MAX_HEAD
#: Bytes that Python takes for a row besides its own.
OBJECTS = 160


class Ring:
    """Encoded rows by sequence number; the oldest give way.

    Args:
        rounds: sampling rounds to keep.
        limit: bytes to keep at most, whatever ``rounds`` says.
    """

    def __init__(self, rounds: int, limit: int = 2 << 20) -> None:
        self._rounds = rounds
        self._limit = limit
        #: Number, round, bytes of the row, and the row packed.
        self._rows: deque[tuple[int, int, int, bytes]] = deque()
        self._bytes = 0
        self._round = 0
        self._next = 0

    def add(self, samples: Sequence[Sample]) -> None:
        """Append the samples of one round."""
        self._round += 1
        for sample in samples:
            row = encode_row(self._next, sample)
            packed = zlib.compress(row, 1)
            self._rows.append((self._next, self._round, len(row), packed))
            self._next += 1
            self._bytes += len(packed) + OBJECTS
        while self._rows and self._overfull():
            self._bytes -= len(self._rows.popleft()[3]) + OBJECTS

    def _overfull(self) -> bool:
        return self._bytes > self._limit or self._rows[0][1] <= self._round - self._rounds

    def after(self, number: int | None) -> tuple[int, int, bool, list[bytes]]:
        """Return oldest and newest number held, whether more follows, and the rows after one."""
        newest = self._next - 1
        oldest = self._rows[0][0] if self._rows else self._next
        start = oldest if number is None else max(oldest, number + 1)
        page: list[bytes] = []
        size = 0
        for at in range(start - oldest, len(self._rows)):
            _, _, length, packed = self._rows[at]
            size += length + 1
            if size > PAGE:
                return oldest, newest, True, page
            page.append(zlib.decompress(packed))
        return oldest, newest, False, page
