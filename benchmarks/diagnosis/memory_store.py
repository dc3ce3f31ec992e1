"""Samples as RRD files would hold them, in memory: the dashboard's Store without files.

A total becomes a rate over each step, a gauge the time-weighted mean of its step (rrdcreate(1):
a value holds from the sample before it). Two archives: the step's, of the last day, and hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import ceil
from pathlib import Path

from collectd_fedmsg_dashboard.store.base import Daemon, Ref
from collectd_fedmsg_dashboard.store.series import Points, Series, clip, consolidate

from collectd_fedmsg.metrics import Identity

from .queue import BY_TOPIC, Samples

HOUR, DAY = 3600, 86400
#: A sample later than this many steps after the one before leaves the time between unknown.
HEARTBEAT = 2


def archived(times: list[float], values: list[float | None], step: int, *, total: bool) -> Series:
    """Return what an RRD of this step holds of samples at ``times`` (epoch seconds).

    The phase of the samples against the step is averaged as RRD does; a step of which more than
    half is unknown is unknown.
    """
    first = int(times[0] // step) * step
    count = ceil((times[-1] - first) / step)
    sums, known = [0.0] * count, [0.0] * count
    for earlier, later, before, value in zip(times, times[1:], values, values[1:]):
        seconds = later - earlier
        if (
            value is None
            or seconds > HEARTBEAT * step + 1e-6
            or (total and (before is None or value < before))
        ):
            continue
        level = (value - (before or 0.0)) / seconds if total else value
        time, index = earlier, int((earlier - first) // step)
        while time < later - 1e-9:
            until = min(later, first + (index + 1) * step)
            sums[index] += level * (until - time)
            known[index] += until - time
            time, index = until, index + 1
    # What the last sample does not complete is not stored yet.
    complete = int((times[-1] - first + 1e-6) // step)
    points: Points = [
        total_ / seconds if seconds * 2 >= step else None
        for total_, seconds in zip(sums[:complete], known[:complete])
    ]
    return Series(first, step, points)


class MemoryStore:
    """One daemon's series; ``Store`` of the dashboard."""

    def __init__(self, consumer: str = "Archiver") -> None:
        self.daemon = Daemon("host", "hub", consumer)
        self._fine: dict[Ref, Series] = {}
        #: Hours by metric and consolidation.
        self._hours: dict[tuple[Ref, str], Series] = {}

    def put(self, metric: str, fine: Series, past: Mapping[str, Series] | None = None) -> None:
        """Keep one metric.

        Args:
            metric: of ``metrics.METRICS``.
            fine: at the samples' step.
            past: by AVERAGE and MAX, hours that end where ``fine`` begins.
        """
        ref = Path(metric)
        name, by_topic, topic = metric.partition(BY_TOPIC)
        self.daemon.put(Identity(self.daemon.consumer, name, topic if by_topic else None), ref)
        self._fine[ref] = fine
        for cf in ("AVERAGE", "MAX"):
            hours = consolidate(fine, HOUR, cf)
            before = past.get(cf) if past else None
            if before is not None:
                missing = (hours.start - before.end) // HOUR
                skip = max(0, -missing)
                hours = Series(
                    before.start,
                    HOUR,
                    [*before.points, *([None] * max(0, missing)), *hours.points[skip:]],
                )
            self._hours[ref, cf] = hours

    def put_samples(
        self,
        samples: Samples,
        step: int,
        past: Mapping[str, tuple[Series, Mapping[str, Series]]] | None = None,
        only: Iterable[str] = (),
    ) -> None:
        """Keep every metric of the samples, after a past of (fine, hours) by metric."""
        metrics = set(only)
        for columns, total in ((samples.totals, True), (samples.levels, False)):
            for metric, values in columns.items():
                if metrics and metric not in metrics:
                    continue
                fine = archived(samples.times, list(values), step, total=total)
                if past and metric in past:
                    before, hours = past[metric]
                    before = clip(before, before.start, fine.start)
                    self.put(metric, Series(before.start, step, before.points + fine.points), hours)
                else:
                    self.put(metric, fine)

    def daemons(self) -> Mapping[str, Daemon]:
        """Return the one daemon by id."""
        return {self.daemon.id: self.daemon}

    def prepare(self, refs: Iterable[Ref]) -> None:
        """Nothing is held back here."""

    def fetch(self, ref: Ref, cf: str, start: int, end: int, resolution: int) -> Series:
        """Return one series of [start, end) from the archive that rrdfetch would choose."""
        fine, hours = self._fine[ref], self._hours.get((ref, cf))
        if hours is None:
            return clip(fine, start, end)
        near = abs(fine.step - resolution) <= abs(HOUR - resolution)
        if near and (start >= fine.start or hours.start >= fine.start // HOUR * HOUR):
            return clip(fine, start, end)
        return clip(hours, start, end)

    def newest(self, ref: Ref) -> tuple[int, float] | None:
        """Return the newest known step's end and value."""
        return self._fine[ref].last()

    def problems(self) -> list[str]:
        """Return nothing: everything could be listed."""
        return []

    def heartbeat(self, ref: Ref) -> int | None:
        """Return nothing: it is not stored here."""
        return None

    def other(self, identity: str) -> Ref | None:
        """Return nothing: only the daemon's own series are here."""
        return None
