"""What one panel is drawn from: its series in columns, their scale, what is usual.

``static/drawing.js`` prepares the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..store.series import Points
from .columns import Columns, Merged, columns_of, merge
from .panels import BACKLOG_FLOOR, Panel
from .paths import Axes
from .scale import Scale, present, scale

HOUR = 3600
#: Start of an hour (epoch seconds), least and most that is usual.
Usual = Sequence[Sequence[float]]


@dataclass(frozen=True)
class Grid:
    """The steps that all series of an answer share, and the range drawn; epoch seconds."""

    start: int
    end: int
    step: int
    from_: float
    to: float
    #: Of a row of one line: fewer columns.
    slim: bool = False


@dataclass(frozen=True)
class Prepared:
    """The series of one panel, column by column, and its scale."""

    panel: Panel
    grid: Grid
    columns: Columns
    scale: Scale
    merged: Merged
    #: What the line shows, the lower edge of its band, the thin line behind it.
    value: Points
    least: Points
    under: Points | None
    #: The bounds of what is usual.
    low: Points
    high: Points
    #: From here on an alert is raised; 0: from the first message, None: never.
    limit: float | None
    #: The steps of the range, not merged.
    points: Points
    also: Sequence[Points] = ()

    @cached_property
    def axes(self) -> Axes:
        """The panel's axes; each series' heights are computed once."""
        return Axes(self.grid.from_, self.grid.to, self.scale.top, self.columns.times)


def prepare(panel: Panel, grid: Grid, daemon: Mapping[str, Any]) -> Prepared:
    """Return what a panel is drawn from.

    Args:
        panel, grid: what, and when.
        daemon: its ``series``, ``usual`` and ``limits`` as ``/api/v1/series`` answers.
    """
    series: Mapping[str, Points] = daemon["series"]
    columns = columns_of(grid.start, grid.end, grid.step, grid.from_, grid.to, slim=grid.slim)

    def points(name: str) -> Points:
        return series.get(name, [])

    line = points(panel.metric)
    also = [more for more in map(points, panel.also) if any(v is not None for v in more)]
    shared = [points(name) for name in panel.shares] or [line, *also]
    low, high = usual_columns(daemon.get("usual", {}).get(panel.usual) or [], columns.times)
    limit = daemon.get("limits", {}).get(panel.metric)
    axis = scale(
        [columns.within(each) for each in shared],
        max([panel.floor, limit or 0.0, *[value or 0.0 for value in high]]),
        present(columns.within(points("backlog"))) > BACKLOG_FLOOR,
        panel.floor,
    )
    merged, least = merge(line, columns), points(f"{panel.metric}_min")
    under = points(panel.under)
    return Prepared(
        panel,
        grid,
        columns,
        axis,
        merged,
        # A gauge's line is the highest of each step, so that no spike is averaged away.
        merged.most if panel.band else merged.mean,
        merge(least, columns).least if panel.band and least else merged.least,
        merge(under, columns).mean if under else None,
        low,
        high,
        limit,
        columns.within(line),
        [merge(each, columns).mean for each in also],
    )


def usual_columns(usual: Usual, times: Sequence[float]) -> tuple[Points, Points]:
    """Return the lower and upper bound of what is usual in each column; None: not known."""
    low: Points = []
    high: Points = []
    hours = iter(usual)
    hour, later = next(hours, None), next(hours, None)
    for begin, past in zip(times, times[1:]):
        middle = (begin + past) / 2
        while later is not None and later[0] <= middle:
            hour, later = later, next(hours, None)
        inside = hour is not None and hour[0] <= middle < hour[0] + HOUR
        low.append(hour[1] if hour is not None and inside else None)
        high.append(hour[2] if hour is not None and inside else None)
    return low, high
