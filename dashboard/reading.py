"""Ask the store for a daemon's metrics and bring them onto one grid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collectd_fedmsg.metrics import BY_NAME, Kind

from .query import POINTS, Window
from .series import Points, Series, clip, on_grid, overlay, scale, wire
from .store.rrd import Daemon, RRDStore

#: Fedora's files of 2014, messages per poll, and the metric that each is history of.
HISTORY = {"received": "in", "processed": "out"}


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


def read(store: RRDStore, daemon: Daemon, metric: str, cf: str, window: Window) -> Series | None:
    """Return a metric's stored series, old files included; None when there is no file.

    Raises:
        StoreError: the store cannot answer.
    """
    def one(path: Path) -> Series:
        return store.fetch(path, cf, window.start, window.end, window.resolution)

    path = daemon.files.get(metric)
    old = daemon.files.get(HISTORY.get(metric, ""))
    if path is None and old is None:
        return None
    newer = one(path) if path else None
    if old is None:
        return newer
    # The 2014 script stored messages per poll: the poll is the file's own finest step.
    poll = store.fetch(old, "AVERAGE", window.end - 1, window.end, 1).step
    older = scale(one(old), 1 / poll)
    return older if newer is None else overlay(newer, older)


def answer(store: RRDStore, daemons: Iterable[Daemon], metrics: Iterable[str],
           window: Window) -> dict[str, Any]:
    """Return the body of ``/api/v1/series``: rates in units/s, gauges MAX and ``_min``.

    Raises:
        StoreError: the store cannot answer.
    """
    wanted = [(key, metric, cf) for metric in metrics for key, cf in consolidations(metric)]
    columns: list[tuple[str, dict[str, tuple[Series | None, str]]]] = []
    for daemon in daemons:
        columns.append((daemon.id, {
            key: (read(store, daemon, metric, cf, window), cf) for key, metric, cf in wanted}))
    found = [series for _, named in columns for series, _ in named.values() if series is not None]
    grid = common(found, window)
    exact = all(series.step == grid.step for series in found)
    return {
        "start": grid.start, "end": grid.end, "step": grid.step,
        "daemons": [
            {"id": name, "series": {
                key: _points(series, grid, cf, exact) for key, (series, cf) in named.items()}}
            for name, named in columns
        ],
    }


def common(found: list[Series], window: Window) -> Grid:
    """Return the grid of an answer: the coarsest stored step, more when points are too many."""
    step = max((series.step for series in found), default=window.resolution)
    wished = window.step or (
        window.resolution if (window.end - window.start) // step > POINTS * 3 // 2 else 0)
    if wished > step:
        step *= -(-wished // step)
    return Grid(window.start // step * step, -(-window.end // step) * step, step)


def _points(series: Series | None, grid: Grid, cf: str, exact: bool) -> Points:
    if series is None:
        return [None] * ((grid.end - grid.start) // grid.step)
    return wire(clip(on_grid(series, grid.step, cf), grid.start, grid.end), exact)
