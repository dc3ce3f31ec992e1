"""Keep the last hour's samples, encoded, within a number of bytes; no clock, no thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from .sample import Sample
from .wire import MAX_REPLY, encode_row

#: Bytes of rows in one page; the rest of a reply is its head, below 4 kB.
PAGE = MAX_REPLY - 8192


class Ring:
    """Encoded rows by sequence number; the oldest give way.

    Args:
        rounds: sampling rounds to keep.
        limit: bytes to keep at most, whatever ``rounds`` says.
    """

    def __init__(self, rounds: int, limit: int = 2 << 20) -> None:
        self._rounds = rounds
        self._limit = limit
        self._rows: deque[tuple[int, int, bytes]] = deque()
        self._bytes = 0
        self._round = 0
        self._next = 0

    def add(self, samples: Sequence[Sample]) -> None:
        """Append the samples of one round."""
        self._round += 1
        for sample in samples:
            row = encode_row(self._next, sample)
            self._rows.append((self._next, self._round, row))
            self._next += 1
            self._bytes += len(row) + 1
        while self._rows and self._overfull():
            self._bytes -= len(self._rows.popleft()[2]) + 1

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
            row = self._rows[at][2]
            size += len(row) + 1
            if size > PAGE:
                return oldest, newest, True, page
            page.append(row)
        return oldest, newest, False, page
