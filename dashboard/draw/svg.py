"""One panel as SVG, before any script runs. ``static/drawing.js`` writes the same markup.

Nothing that was stored as text gets into the markup: numbers and our own words only. The box of
the lines is stretched to the panel's size, so that the server need not know it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from collectd_fedmsg.humanize import short

from ..store.series import Points
from .axis import ticks
from .columns import Columns, Merged, columns_of, merge
from .panels import ALSO_COLOURS, BACKLOG_FLOOR, Panel
from .paths import (
    HEIGHT,
    MIN_EXCESS,
    MIN_MISSING,
    WIDTH,
    Axes,
    area_path,
    gap_path,
    line_path,
    rounded,
    runs,
)
from .scale import Scale, present, scale, value_ticks
from .topics import Layer, layers, whole

#: Cut peaks with words in a panel, and how far apart (share of its width) words must be.
MAX_CUTS, MIN_APART = 3, 0.2
#: A value this share outside the usual range is drawn thicker.
TOLERANCE = 0.25
HOUR = 3600
#: The class of a mark's line by its kind; any other is a restart.
MARKS = {
    "note": "note",
    "deploy": "note",
    "version": "note",
    "alert-critical": "critical",
    "alert-warning": "warning",
    "alert-info": "info",
    "alert-over": "over",
}
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
class Drawing:
    """A panel's markup, whether peaks are cut, its highest and newest value and usual range."""

    markup: str
    cut: bool
    highest: float | None
    newest: float | None
    usual: Sequence[float] | None
    #: Of a stack: what its colours mean.
    layers: Sequence[Layer] = ()


@dataclass(frozen=True)
class _Made:
    """What the parts of one panel are drawn from."""

    panel: Panel
    grid: Grid
    columns: Columns
    scale: Scale
    merged: Merged
    value: Points
    least: Points
    under: Points | None
    low: Points
    high: Points
    points: Points
    also: list[Points] = field(default_factory=list)

    @cached_property
    def axes(self) -> Axes:
        return Axes(self.grid.from_, self.grid.to, self.scale.top, self.columns.times)


def draw(
    panel: Panel, grid: Grid, daemon: Mapping[str, Any], marks: Sequence[Mapping[str, Any]] = ()
) -> Drawing:
    """Return a panel of one daemon of an answer of ``/api/v1/series``.

    Args:
        panel, grid: what, and when.
        daemon: its ``series`` and ``usual``.
        marks: restarts, notes and alerts: ``time`` (epoch seconds) and ``kind``.
    """
    stack = layers(daemon.get(panel.stack, {})) if panel.stack else []
    if stack:
        daemon = {**daemon, "series": {**daemon["series"], panel.metric: whole(stack)}}
    made = _prepare(panel, grid, daemon)
    shapes = [*_shapes(made)[:2], *_stacked(made, stack)] if stack else _shapes(made)
    area = "".join([*shapes, *_mark_lines(marks, grid)])
    known = [value for value in made.points if value is not None]
    usual: Usual = daemon.get("usual", {}).get(panel.usual) or []
    return Drawing(
        f'<svg class="area" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none"'
        f' aria-hidden="true">{area}</svg><svg class="labels" aria-hidden="true">'
        f"{_labels(made)}</svg>",
        made.scale.cut,
        max(known, default=None),
        known[-1] if known else None,
        usual[-1] if usual else None,
        stack,
    )


def _prepare(panel: Panel, grid: Grid, daemon: Mapping[str, Any]) -> _Made:
    series: Mapping[str, Points] = daemon["series"]
    columns = columns_of(grid.start, grid.end, grid.step, grid.from_, grid.to, slim=grid.slim)

    def points(name: str) -> Points:
        return series.get(name, [])

    line = points(panel.metric)
    also = [row for row in map(points, panel.also) if any(v is not None for v in row)]
    shared = [points(name) for name in panel.shares] or [line, *also]
    low, high = usual_columns(daemon.get("usual", {}).get(panel.usual) or [], columns.times)
    made = scale(
        [columns.within(row) for row in shared],
        max([panel.floor, *[value or 0.0 for value in high]]),
        present(columns.within(points("backlog"))) > BACKLOG_FLOOR,
    )
    merged, least = merge(line, columns), points(f"{panel.metric}_min")
    under = points(panel.under)
    return _Made(
        panel,
        grid,
        columns,
        made,
        merged,
        # A gauge's line is the highest of each step, so that no spike is averaged away.
        merged.most if panel.band else merged.mean,
        merge(least, columns).least if panel.band and least else merged.least,
        merge(under, columns).mean if under else None,
        low,
        high,
        columns.within(line),
        [merge(row, columns).mean for row in also],
    )


def _stacked(made: _Made, stack: Sequence[Layer]) -> list[str]:
    """Return layers on top of each other, the first on the ground."""
    ground: list[float] = [0.0] * len(made.value)
    drawn = []
    for layer in stack:
        mean = merge(layer.points, made.columns).mean
        above = [low if value is None else low + value for low, value in zip(ground, mean)]
        edge = [None if value is None else high for high, value in zip(above, mean)]
        drawn.append(_path(f"layer {layer.colour}", area_path(edge, list(ground), made.axes)))
        ground = above
    return drawn


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


def _path(name: str, data: str) -> str:
    return f'<path class="{name}" d="{data}"/>' if data else ""


def _shapes(made: _Made) -> list[str]:
    """Return the lines and areas, from the ground up."""
    panel, axes = made.panel, made.axes
    value, colour = made.value, panel.colour
    zero: Points = [0.0] * len(value)
    begin = made.grid.start + made.columns.bounds[0] * made.grid.step
    empty = [
        (begin + first * made.grid.step, begin + past * made.grid.step)
        for first, past in gaps(made.points)
    ]
    lines = "".join(
        f"M0 {rounded(HEIGHT * (1 - share))}H{WIDTH}"
        for share, _ in value_ticks(made.scale.top, is_percent(panel))
    )
    filled = not any(high is not None for high in made.high) and made.under is None
    spread = made.least != made.merged.most
    return [
        _path("gap", gap_path(empty, axes)),
        _path("grid", lines),
        _path("usual", area_path(made.high, made.low, axes)),
        _path(f"fill {colour}", area_path(value, zero, axes) if filled else ""),
        _path(f"spread {colour}", area_path(made.merged.most, made.least, axes) if spread else ""),
        _path("missing", area_path(made.under, value, axes, MIN_MISSING) if made.under else ""),
        _path(
            f"excess {colour}", "" if panel.under else area_path(value, made.high, axes, MIN_EXCESS)
        ),
        _path("under", line_path(made.under, axes) if made.under else ""),
        _path(f"line {colour}", line_path(value, axes)),
        _path(f"out {colour}", line_path(_outside(made), axes)),
        *(
            _path(f"also {hue}", line_path(more, axes))
            for hue, more in zip(ALSO_COLOURS, made.also)
        ),
    ]


def _outside(made: _Made) -> Points:
    """Return the values that are well outside the usual range, and None elsewhere."""
    return [
        value
        if value is not None
        and high is not None
        and low is not None
        and (value > high * (1 + TOLERANCE) or value < low * (1 - TOLERANCE))
        else None
        for value, low, high in zip(made.value, made.low, made.high)
    ]


def gaps(points: Points) -> list[tuple[int, int]]:
    """Return the runs of unknown steps; at the end only when there are more than two."""
    unknown = runs(len(points), lambda i: points[i] is None)
    return [(first, past) for first, past in unknown if past < len(points) or past - first > 2]


def _mark_lines(marks: Sequence[Mapping[str, Any]], grid: Grid) -> list[str]:
    """Return one path for each kind of mark: a daemon may restart a hundred times in a span."""
    axes = Axes(grid.from_, grid.to, 1.0)
    places: dict[str, dict[int, None]] = {}
    for mark in marks:
        if grid.from_ <= mark["time"] <= grid.to:
            kind = MARKS.get(mark.get("kind", ""), "restart")
            places.setdefault(kind, {})[axes.x(mark["time"])] = None
    return [
        _path(f"mark {kind}", "".join(f"M{x} 0V{HEIGHT}" for x in xs))
        for kind, xs in places.items()
    ]


def is_percent(panel: Panel) -> bool:
    """Tell whether a panel's values are shares, written in per cent."""
    return panel.format.endswith("p")


def worded(value: float | None, panel: Panel) -> str:
    """Return a value as the panel's caption says it."""
    if value is None:
        return short(value)
    return f"{short(100 * value)} %" if is_percent(panel) else short(value)


def percent(share: float) -> str:
    """Return a share of the width or height, in per cent with one digit."""
    permille = rounded(1000 * share)
    return f"{permille // 10}.{permille % 10}%"


def _labels(made: _Made) -> str:
    values = [
        f'<text class="y" x="0" y="{percent(1 - share)}">{text}</text>'
        for share, text in value_ticks(made.scale.top, is_percent(made.panel))
    ]
    empty = (
        '<text class="none" x="50%" y="50%">no samples in this span</text>'
        if all(value is None for value in made.points)
        else ""
    )
    start, end = made.grid.from_, made.grid.to
    times = [
        f'<text class="x" x="{percent((at - start) / (end - start))}" y="100%">{text}</text>'
        for at, text in ticks(start, end)
        if text
    ]
    return "".join([*values, empty, *_cuts(made), *times])


def _cuts(made: _Made) -> list[str]:
    """Say where a peak is cut: the highest first, and words only where they have room."""
    most, times, top = made.merged.most, made.columns.times, made.scale.top
    if not made.scale.cut:
        return []
    peaks = []
    for first, past in runs(len(most), lambda i: (most[i] or 0.0) > top):
        best = max(range(first, past), key=lambda i: most[i] or 0.0)
        middle = (times[best] + times[best + 1]) / 2
        peaks.append(
            ((middle - made.grid.from_) / (made.grid.to - made.grid.from_), most[best] or 0.0)
        )
    drawn: list[tuple[float, float]] = []
    for at, value in sorted(peaks, key=lambda peak: -peak[1]):
        if len(drawn) < MAX_CUTS and all(abs(other - at) >= MIN_APART for other, _ in drawn):
            drawn.append((at, value))
    return [
        f'<text class="cut{" left" if at > 0.7 else ""}" x="{percent(at)}" y="0">'
        f"▲ {worded(value, made.panel)}</text>"
        for at, value in drawn
    ]


def spoken(panel: Panel, consumer: str, drawing: Drawing) -> str:
    """Return a panel in words: what it says to who cannot see it."""
    if drawing.newest is None:
        return f"{panel.title} of {consumer}: nothing known in this span"
    text = (
        f"{panel.title} of {consumer}, {panel.unit}: last {worded(drawing.newest, panel)},"
        f" highest {worded(drawing.highest, panel)}"
    )
    if drawing.usual is None:
        return text
    low, high = (worded(value, panel) for value in drawing.usual[1:3])
    return f"{text}, usual {low} to {high}"
