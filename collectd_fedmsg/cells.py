"""What one thread has counted: written by that thread alone, read whole by the sampler."""

from __future__ import annotations

import threading

from . import histogram


class Cell:
    """One thread's share of the counts; only that thread writes it."""

    __slots__ = ("buckets", "direct", "ended", "failed", "held", "peak", "rejected",
                 "started", "thread")  # fmt: skip

    def __init__(self, direct: bool) -> None:
        self.thread = threading.current_thread()
        #: Whether this thread's messages come past the queue.
        self.direct = direct
        #: processed, busy (ns): a new tuple for each message that ends.
        self.ended = (0, 0)
        #: When the handling that runs now began (ns); 0: nothing runs.
        self.started = 0
        #: The number of the queue's message in hand, None without one.
        self.held: int | None = None
        self.failed = 0
        self.rejected = 0
        self.buckets = [0] * histogram.BUCKETS
        #: The longest handling (ns) since the last sample.
        self.peak = 0

    def read(self) -> tuple[tuple[int, int], int]:
        """Return ``ended`` and the ``started`` that goes with it, from another thread."""
        while True:
            ended = self.ended
            started = self.started
            # ``ended`` is replaced before ``started`` is: the same one still, so both belong.
            if ended is self.ended:
                return ended, started
