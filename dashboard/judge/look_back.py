"""The series that a verdict rests on: how far back they are read, and up to which moment."""

from __future__ import annotations

import math

from ..grid.answer import read
from ..grid.fetched import fetched
from ..store.base import Daemon, Store
from ..store.series import Series, Window, clip
from .stored_history import NEEDED, OPTIONAL, ByTopic, consolidation
from .unknown import Columns

#: Seconds looked back at: an hour, as much as a daemon's own ring holds and collectd keeps at
#: the finest step, less a minute: a sample stored while we ask would push the first one out, and
#: rrdtool answers with a coarser step where the finest does not hold all that is asked for.
LOOK_BACK = 3540
#: Points looked back at where old archives have coarser steps: twelve blocks of five.
POINTS = 60
METRICS = NEEDED + OPTIONAL
Topics = ByTopic


def span(store: Store, daemon: Daemon, now: float) -> Window:
    """Return what to look at: an hour, or more where only coarse steps are kept of it."""
    end = math.floor(now)
    window = Window(end - LOOK_BACK, end, 1)
    backlog = read(store, daemon, "backlog", "MAX", window)
    if backlog is None or backlog.step * POINTS <= LOOK_BACK:
        return window
    return Window(end - POINTS * backlog.step, end, 1)


def columns(store: Store, daemon: Daemon, window: Window) -> Columns:
    """Return the series of a span that a verdict rests on, at their finest."""
    return {
        metric: read(store, daemon, metric, consolidation(metric), window) for metric in METRICS
    }


def topics(store: Store, daemon: Daemon, window: Window) -> Topics:
    """Return what is known by topic."""
    store.prepare([ref for by in daemon.by_topic.values() for ref in by.values()])
    return {
        metric: {topic: fetched(store, ref, "AVERAGE", window) for topic, ref in by.items()}
        for metric, by in daemon.by_topic.items()
    }


def upto(series: Series | None, now: float) -> Series | None:
    """Return the last steps that ended by ``now``: as many as a verdict looks back at."""
    if series is None:
        return None
    end = int(now // series.step) * series.step
    return clip(series, end - max(LOOK_BACK, POINTS * series.step), end)
