"""The usual range of arrivals and of service time, hour by hour, as the page draws it.

The present baseline is used for past weeks as well: it changes little from week to week.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from collectd_fedmsg.diagnosis import Baseline
from collectd_fedmsg.diagnosis.hours import HOUR, WEEK
from collectd_fedmsg.diagnosis.usual import Usual

from ..store.base import Daemon
from ..store.series import Window
from .baselines import Baselines

#: Hours of daemons worked out for one answer, at half a millisecond each; of longer spans and
#: more daemons nothing is drawn.
MAX_HOURS = 720
#: Daemons whose hours are remembered: a hundred kilobytes each at most.
MAX_KEPT = 500
#: Start of an hour (epoch seconds), least and most that is usual.
Band = list[list[float]]


def band(middle: float, spread: float) -> list[float]:
    """Return the least and the most that is usual; at least a line's width."""
    # Two spreads hold 95 % of what is normal.
    width = max(2 * spread, middle / 10)
    return [max(0.0, middle - width), middle + width]


def ranges(usual: Usual) -> dict[str, list[float]]:
    """Return the usual range of the arrival rate (messages/s) and of the service time (s)."""
    bands = {"received": band(usual.received, usual.received_spread)}
    if usual.service is not None:
        bands["service_time"] = band(usual.service, usual.service_spread)
    return bands


def same_hour(baseline: Baseline, hour: int, now: float) -> int:
    """Return the first moment from ``now`` on that is the same hour of the week (epoch seconds)."""
    weeks = max(0, -(-(int(now) - hour) // WEEK))
    ahead = hour + weeks * WEEK
    place = baseline.hour_of_week(hour)
    # Summer time may have begun or ended in between.
    return next(
        (
            ahead + shift
            for shift in (0, HOUR, -HOUR)
            if baseline.hour_of_week(ahead + shift) == place
        ),
        ahead,
    )


class Bands:
    """The usual ranges of a fleet, each hour of the week worked out once for a baseline."""

    def __init__(self, baselines: Baselines) -> None:
        self._baselines = baselines
        self._kept: dict[str, tuple[Baseline, dict[int, dict[str, list[float]]]]] = {}

    def of(
        self, daemons: Iterable[Daemon], window: Window, now: float
    ) -> dict[str, dict[str, Band]]:
        """Return the bands by daemon's id; of too many hours of too many daemons none.

        Raises:
            StoreError: the store cannot answer.
        """
        chosen = list(daemons)
        if (window.end - window.start) / HOUR * len(chosen) > MAX_HOURS:
            return {}
        bands = {}
        for daemon in chosen:
            baseline = self._baselines.of(daemon, now)
            if baseline is not None:
                bands[daemon.id] = self._bands(daemon.id, baseline, window, now)
        return bands

    def _bands(self, name: str, baseline: Baseline, window: Window, now: float) -> dict[str, Band]:
        kept = self._kept.get(name)
        if kept is None or kept[0] is not baseline:
            if len(self._kept) > MAX_KEPT:
                self._kept.clear()
            kept = self._kept[name] = (baseline, {})
        # Unpacked once: looked through for each hour of the week.
        whole: Baseline | None = None
        bands: dict[str, Band] = {}
        for hour in range(window.start // HOUR * HOUR, window.end, HOUR):
            place = baseline.hour_of_week(hour)
            if place not in kept[1]:
                whole = whole or replace(baseline, hours=tuple(baseline.hours))
                usual = whole.usual(same_hour(baseline, hour, now))
                kept[1][place] = ranges(usual) if usual is not None else {}
            for metric, (low, high) in kept[1][place].items():
                bands.setdefault(metric, []).append([hour, round(low, 6), round(high, 6)])
        return bands
