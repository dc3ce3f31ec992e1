"""Keep the last hour's samples, packed, within a number of bytes; no clock, no thread.

Rows consist mostly of the same names of topics, so they are compressed together in blocks of 64
KiB, to a twentieth of their size. A page of a reply decompresses few blocks: each time the
interpreter's lock is released, and in a busy process it takes 5 ms to get it back
(``sys.getswitchinterval``).
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..protocol.roster import MAX_HEAD
from ..protocol.sample import Sample, encode_row
from ..protocol.wire import MAX_REPLY

#: Bytes of rows in one page; the rest of a reply is its head.
PAGE = MAX_REPLY - MAX_HEAD
#: Bytes of rows that are packed together.
BLOCK = 64 * 1024
#: Bytes that Python takes for a row or a block besides its own.
OBJECTS = 160


class Block(NamedTuple):
    """``rows`` rows packed together; ``first`` is the number of the first one."""

    first: int
    rows: int
    packed: bytes


class Ring:
    """Encoded rows by sequence number; the oldest give way.

    Args:
        rounds: sampling rounds to keep.
        limit: bytes to keep at most, whatever ``rounds`` says.
    """

    def __init__(self, rounds: int, limit: int = 2 << 20) -> None:
        self._limit = limit
        self._block_size = min(BLOCK, limit // 8)
        #: The first number of each round that is kept.
        self._rounds: deque[int] = deque(maxlen=rounds)
        self._blocks: deque[Block] = deque()
        #: The newest rows, not packed yet.
        self._rows: list[bytes] = []
        self._rows_bytes = 0
        self._bytes = 0
        self._next = 0

    def add(self, samples: Sequence[Sample]) -> None:
        """Append the samples of one round."""
        self._rounds.append(self._next)
        for sample in samples:
            row = encode_row(self._next, sample)
            self._next += 1
            self._rows.append(row)
            self._rows_bytes += len(row) + OBJECTS
            if self._rows_bytes >= self._block_size:
                self._pack()
        while self._blocks and self._dispensable(self._blocks[0]):
            self._bytes -= len(self._blocks.popleft().packed) + OBJECTS

    def _pack(self) -> None:
        # No row holds a line end: JSON escapes it.
        packed = zlib.compress(b"\n".join(self._rows), 1)
        self._blocks.append(Block(self._next - len(self._rows), len(self._rows), packed))
        self._bytes += len(packed) + OBJECTS
        self._rows, self._rows_bytes = [], 0

    def _dispensable(self, block: Block) -> bool:
        if block.first + block.rows <= self._rounds[0]:
            return True
        return self._bytes + self._rows_bytes > self._limit

    def after(self, number: int | None) -> tuple[int, int, bool, list[bytes]]:
        """Return oldest and newest number held, whether more follows, and the rows after one."""
        oldest = self._next - len(self._rows)
        if self._blocks:
            oldest = self._blocks[0].first
        oldest = max(oldest, self._rounds[0] if self._rounds else 0)
        start = oldest if number is None else max(oldest, number + 1)
        page: list[bytes] = []
        size = 0
        for row in self._from(start):
            size += len(row) + 1
            if size > PAGE:
                return oldest, self._next - 1, True, page
            page.append(row)
        return oldest, self._next - 1, False, page

    def _from(self, start: int) -> Iterator[bytes]:
        for block in self._blocks:
            if block.first + block.rows > start:
                rows = zlib.decompress(block.packed).split(b"\n")
                yield from rows[max(0, start - block.first) :]
        first = self._next - len(self._rows)
        yield from self._rows[max(0, start - first) :]
