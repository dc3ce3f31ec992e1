"""What was usual in past weeks, read from the store by the hour; kept until the hour is over.

The same store and the same hour give the same baseline, whoever asks: only what was final
before the hour began is read.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import tzinfo

from collectd_fedmsg.diagnosis import Baseline, History
from collectd_fedmsg.diagnosis.baseline import MIN_HOURS
from collectd_fedmsg.diagnosis.calm import calm_usual, coped_with
from collectd_fedmsg.diagnosis.history import newest_part
from collectd_fedmsg.diagnosis.hours import DAY, HOUR, hour_of_week
from collectd_fedmsg.diagnosis.seldom import days_of
from collectd_fedmsg.diagnosis.usual_hours import DAYS

from ..grid.answer import read
from ..grid.fetched import fetched
from ..store.base import Daemon, Store
from ..store.series import Series, Window
from . import coarse_hours
from .coarse_hours import PERCENTILES
from .packed_hours import PackedHours
from .stored_history import ByTopic, history

#: Seconds looked back: the first of these that the store keeps by the hour or finer. A baseline
#: keeps six weeks of each hour of the week; collectd's own archives hold 31 days at 37 min.
SPANS = (42 * DAY, 28 * DAY, 7 * DAY, DAY)
#: Metrics of which a baseline needs hourly means; of backlog and age it needs the maximum.
AVERAGES = ("received", "processed", "busy", "failed", "workers", "delay", *PERCENTILES.values())
#: Metrics that are read in the finest steps, of one day: they show pauses and clumped arrivals.
FINE = (
    "received",
    "processed",
    "backlog",
    "busy",
    "failed",
    "workers",
    "oldest",
    "service_max",
    *PERCENTILES.values(),
)
#: Seconds: load with which the daemon kept up so recently is no change, at any hour of the week.
RECENT_SECONDS = 6 * HOUR
#: Seconds that one pass over a fleet may spend on reading; the next pass reads the rest.
BUDGET = 2.0
#: The same of the first pass, for which somebody may be waiting.
FIRST = 0.2


class Baselines:
    """The baselines of one store's daemons.

    Args:
        store: read, never written.
        budget: seconds between two calls of ``begin`` to spend; None: as many as it takes.
        zone: whose clock the daemons' weeks follow; None: this host's.
    """

    def __init__(
        self, store: Store, budget: float | None = None, zone: tzinfo | None = None
    ) -> None:
        self._store = store
        self._hour_of_week = hour_of_week(zone)
        self._budget = budget
        self._deadline: float | None = None
        self._kept: dict[tuple[str, bool], tuple[int, Baseline | None]] = {}

    def begin(self) -> None:
        """Start a pass over the fleet."""
        if self._budget is not None:
            budget = self._budget if self._kept else min(FIRST, self._budget)
            self._deadline = time.monotonic() + budget

    def of(self, daemon: Daemon, now: float, *, topics: bool = False) -> Baseline | None:
        """Return the baseline at ``now`` (epoch seconds); None without three known hours or
        calm minutes in an earlier hour.

        Args:
            daemon, now: whose, and when.
            topics: also what is usual by topic.

        Raises:
            StoreError: the store cannot answer.
        """
        hour = int(now // HOUR)
        key = (daemon.id, topics)
        kept = self._kept.get(key)
        if kept is not None and kept[0] == hour:
            return kept[1]
        if self._deadline is not None and time.monotonic() > self._deadline:
            return kept[1] if kept is not None and kept[0] == hour - 1 else None
        made = self._make(daemon, (hour - 1) * HOUR, topics)
        self._kept[key] = (hour, made)
        return made

    def keep_only(self, daemons: Iterable[str]) -> None:
        """Forget the daemons that are gone."""
        present = set(daemons)
        for key in [key for key in self._kept if key[0] not in present]:
            del self._kept[key]

    def _make(self, daemon: Daemon, end: int, topics: bool) -> Baseline | None:
        span_and_backlog = self._span(daemon, end)
        if span_and_backlog is None:
            return None
        start, backlog = span_and_backlog
        window = Window(start, end, HOUR)
        columns = {"backlog": backlog}
        wanted = [(metric, "AVERAGE") for metric in AVERAGES]
        for metric, cf in wanted:
            self._add(columns, daemon, metric, cf, window)
        # Ages tell how long messages take only where no service time does.
        if not self._add(columns, daemon, "service_max", "MAX", window):
            self._add(columns, daemon, "oldest", "MAX", window)
        past, interval = self._fine(daemon, end)
        fine = list(Baseline().add(past).hours) if past is not None else []
        known = coarse_hours.refined(coarse_hours.hours(columns, interval, end), fine)
        if topics and daemon.by_topic:
            known = coarse_hours.with_topics(known, self._by_topic(daemon, start, end))
        calm = calm_usual(past) if past is not None and days_of(known) < DAYS else None
        if len(known) < MIN_HOURS and calm is None:
            return None
        lately = coped_with(newest_part(past, RECENT_SECONDS)) if past is not None else None
        return Baseline(PackedHours(known), self._hour_of_week, calm, lately)

    def _add(
        self, columns: dict[str, Series], daemon: Daemon, metric: str, cf: str, window: Window
    ) -> bool:
        """Add a metric to the columns where it is kept by the hour; return whether it is."""
        series = read(self._store, daemon, metric, cf, window)
        if series is None or series.step > HOUR:
            return False
        columns[metric] = series
        return True

    def _span(self, daemon: Daemon, end: int) -> tuple[int, Series] | None:
        """Return the start of the longest span that is kept by the hour, and its backlog."""
        for span in SPANS:
            series = read(self._store, daemon, "backlog", "MAX", Window(end - span, end, HOUR))
            if series is None:
                return None
            if series.points and series.step <= HOUR:
                return end - span, series
        return None

    def _by_topic(self, daemon: Daemon, start: int, end: int) -> ByTopic:
        fine: dict[str, dict[str, Series]] = {}
        for metric, by in daemon.by_topic.items():
            window = Window(start, end, HOUR)
            every = {
                topic: fetched(self._store, ref, "AVERAGE", window) for topic, ref in by.items()
            }
            fine[metric] = {topic: series for topic, series in every.items() if series.step <= HOUR}
        return fine

    def _fine(self, daemon: Daemon, end: int) -> tuple[History | None, int]:
        """Return the last day in the finest steps, and the samples' interval."""
        window = Window(end - DAY, end, 1)
        columns = {metric: read(self._store, daemon, metric, "AVERAGE", window) for metric in FINE}
        past = history(columns, daemon.consumer)
        newest = read(self._store, daemon, "backlog", "AVERAGE", Window(end - 1, end, 1))
        interval = newest.step if newest is not None else 10
        if past is None or past.step * 10 > HOUR:
            return None, interval
        return past, interval
