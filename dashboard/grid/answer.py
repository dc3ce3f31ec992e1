"""Ask the store for a daemon's metrics and bring them onto one grid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from collectd_fedmsg.metrics import BY_NAME, Kind

from ..config import Tied
from ..draw.panels import HISTORY, POLL
from ..store.base import Daemon, Ref, Store
from ..store.series import POINTS, Points, Series, Window, clip, on_grid, overlay, scale
from .absences import TOTAL, gaps, restarts, unbridged
from .derived import DERIVED, derive
from .fetched import TOPIC_TIME, Columns, fetched, received_by_topic, time_by_topic
from .newest import with_newest

#: Steps are kept at their finest for about this long, s.
DAY = 86400


@dataclass(frozen=True)
class Grid:
    """The steps that all series of one answer share."""

    start: int
    end: int
    step: int


def consolidations(metric: str) -> tuple[tuple[str, str], ...]:
    """Return (key in the answer, CF) of a metric: a gauge's MAX hides no spike, MIN its band."""
    if BY_NAME[metric].kind is Kind.DERIVE:
        return ((metric, "AVERAGE"),)
    return ((metric, "MAX"), (f"{metric}_min", "MIN"))


def read(store: Store, daemon: Daemon, metric: str, cf: str, window: Window) -> Series | None:
    """Return a metric's stored series, old files included; None when there is no file.

    Raises:
        StoreError: the store as a whole cannot answer.
    """

    def part(ref: Ref) -> Series:
        return fetched(store, ref, cf, window)

    ref = daemon.files.get(metric)
    old = daemon.files.get(HISTORY.get(metric, ""))
    if ref is None and old is None:
        return None
    newer = part(ref) if ref else None
    if old is None:
        return newer
    older = scale(part(old), 1 / POLL)
    return older if newer is None else overlay(newer, older)


def _up_to_now(store: Store, daemon: Daemon, metric: str, cf: str, window: Window) -> Series | None:
    return with_newest(
        read(store, daemon, metric, cf, window),
        cf,
        window.end,
        lambda start: read(store, daemon, metric, cf, Window(start, window.end, 1)),
    )


def answer(
    store: Store,
    daemons: Iterable[Daemon],
    metrics: Sequence[str],
    window: Window,
    *,
    topics: bool = False,
    tied: Sequence[Tied] = (),
    marks: bool = False,
    enough: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Return the body of ``/api/v1/series``: rates in units/s, gauges MAX and ``_min``.

    Args:
        store, daemons, metrics, window: where, whose, what and when.
        topics: also what was received by topic, and the worker time (busy workers) by topic.
        tied: other series, drawn under the daemons that they are tied to.
        marks: also the times of restarts, epoch seconds.
        enough: asked before each daemon but the first; once it is true, the rest is left out.

    Raises:
        StoreError: the store cannot answer.
    """
    chosen = list(daemons)
    plain = [metric for metric in metrics if metric not in DERIVED]
    # What a derived quantity needs is averaged: the mean of ratios of maxima means nothing.
    needs = sorted(
        {need for metric in metrics if metric in DERIVED for need in DERIVED[metric].needs}
    )
    wanted = [(key, metric, cf) for metric in plain for key, cf in consolidations(metric)]
    gauges = [key for key, metric, _ in wanted if BY_NAME[metric].kind is Kind.GAUGE]
    if gauges and TOTAL not in plain:
        needs = sorted({*needs, TOTAL})
    total = TOTAL if TOTAL in plain else f"{TOTAL} AVERAGE"
    wanted += [(f"{need} AVERAGE", need, "AVERAGE") for need in needs]
    store.prepare(refs(chosen, plain + needs, topics))
    columns: list[tuple[Daemon, Columns, Columns, Columns, Columns]] = []
    for daemon in chosen:
        if columns and enough():
            break
        own: Columns = {
            key: (_up_to_now(store, daemon, metric, cf, window), cf) for key, metric, cf in wanted
        }
        columns.append(
            (
                daemon,
                own,
                received_by_topic(store, daemon, window) if topics else {},
                time_by_topic(store, daemon, window) if topics else {},
                _tied(store, daemon, window, tied),
            )
        )
    grid = common(
        (
            own_step(series for series, _ in own.values() if series is not None and series.points)
            for _, own, *_ in columns
        ),
        window,
    )

    def points(group: Mapping[str, tuple[Series | None, str]]) -> dict[str, Points]:
        return {key: _points(series, grid, cf) for key, (series, cf) in group.items()}

    rows = []
    for daemon, own, by_topic, topic_time, tied_series in columns:
        every = points(own)
        if gauges and own[total][0] is not None:
            away = gaps(every[total])
            every.update({key: unbridged(every[key], away) for key in gauges})
        inputs = {need: every.pop(f"{need} AVERAGE") for need in needs}
        every.update({name: derive(name, inputs) for name in metrics if name in DERIVED})
        row: dict[str, Any] = {
            "id": daemon.id,
            "series": every,
            "problems": problems(own, by_topic, topic_time, tied_series),
        }
        if topics:
            row["topics"] = points(by_topic)
            row["topic_busy"] = points(topic_time)
        if tied_series:
            row["tied"] = points(tied_series)
        if marks:
            row["restarts"] = _restarts(store, daemon, window)
        rows.append(row)
    return {"start": grid.start, "end": grid.end, "step": grid.step, "daemons": rows}


def columns_of(daemon: Daemon, metrics: Sequence[str], *, topics: bool, tied: int) -> int:
    """Return how many series of a daemon an answer reads: what bounds it."""
    own = sum(
        len(DERIVED[metric].needs) if metric in DERIVED else len(consolidations(metric))
        for metric in metrics
    )
    by_topic = len(daemon.topics) + len(daemon.by_topic.get(TOPIC_TIME, ()))
    return own + tied + (by_topic if topics else 0)


def problems(*groups: Columns) -> list[str]:
    """Return what cannot be read, or which numbers are impossible, a sentence each."""
    return list(
        dict.fromkeys(
            series.trouble
            for group in groups
            for series, _ in group.values()
            if series is not None and series.trouble
        )
    )


def refs(daemons: Iterable[Daemon], metrics: Sequence[str], topics: bool) -> list[Ref]:
    """Return all series that an answer reads, for one flush."""
    names = [*metrics, *(HISTORY[metric] for metric in metrics if metric in HISTORY)]
    references: list[Ref] = []
    for daemon in daemons:
        references += [daemon.files[name] for name in names if name in daemon.files]
        if topics:
            references += [*daemon.topics.values(), *daemon.by_topic.get(TOPIC_TIME, {}).values()]
    return references


def belongs(tied: Tied, name: str) -> bool:
    """Tell whether a tied series is of a daemon: its id, its host or host/service, or a pattern."""
    return name == tied.daemon or any(
        fnmatchcase(name, pattern) for pattern in (tied.daemon, f"{tied.daemon}/*")
    )


def _tied(store: Store, daemon: Daemon, window: Window, tied: Sequence[Tied]) -> Columns:
    """Return the tied series by title: None (all unknown) when there is no such series."""
    columns: Columns = {}
    for entry in tied:
        if belongs(entry, daemon.id):
            ref = store.other(entry.series)
            series = None if ref is None else fetched(store, ref, "MAX", window)
            columns[entry.title] = (series, "MAX")
    return columns


def _restarts(store: Store, daemon: Daemon, window: Window) -> list[int]:
    """Return a daemon's restarts; of spans longer than a day only those that stand out."""
    fine = 1 if window.end - window.start <= DAY else window.resolution
    pair = [daemon.files.get(metric) for metric in ("received", "backlog")]
    pair_series = [
        fetched(store, ref, "AVERAGE", Window(window.start, window.end, fine))
        for ref in pair
        if ref is not None
    ]
    return restarts(*pair_series) if len(pair_series) == len(pair) else []


def own_step(series: Iterable[Series]) -> int:
    """Return the step in seconds that most of a daemon's series have, the coarser of two; 0."""
    steps = Counter(item.step for item in series)
    return max(steps, key=lambda step: (steps[step], step), default=0)


def common(steps: Iterable[int], window: Window) -> Grid:
    """Return the grid of an answer: the finest daemon's step, more when points are too many.

    Coarser series hold their value in each of its steps: one slow host makes no other coarse.
    """
    step = min((step for step in steps if step), default=window.resolution)
    wished = window.step or (
        window.resolution if (window.end - window.start) // step > POINTS * 3 // 2 else 0
    )
    if wished > step:
        step *= -(-wished // step)
    return Grid(window.start // step * step, -(-window.end // step) * step, step)


def _points(series: Series | None, grid: Grid, cf: str) -> Points:
    if series is None or not series.points:
        return [None] * ((grid.end - grid.start) // grid.step)
    return clip(on_grid(series, grid.step, cf), grid.start, grid.end).points
