"""The service time's percentiles since the last sample, from all threads' buckets."""

from __future__ import annotations

from collections.abc import Sequence

from .hub import histogram
from .hub.thread_counts import Cell


class ServiceTimes:
    """What had been counted at the last sample; one caller only."""

    def __init__(self) -> None:
        self._seen = [0] * histogram.BUCKETS

    def summary(self, cells: Sequence[Cell], running: Sequence[int]) -> dict[str, float | None]:
        """Return the percentiles since the last call, as fields of ``Sample`` in seconds.

        Args:
            running: elapsed time (ns) of each message in hand: as if it ended now.
        """
        longest = max([cell.peak for cell in cells] + [*running])
        for cell in cells:
            cell.peak = 0
        totals = [sum(column) for column in zip(*(cell.buckets for cell in cells))]
        fresh = [now - before for now, before in zip(totals, self._seen)]
        self._seen = totals
        for spent in running:
            fresh[histogram.bucket(spent)] += 1
        return histogram.summary(fresh, longest)
