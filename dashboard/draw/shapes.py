"""The lines and areas of one panel as SVG paths. ``static/shapes.js`` writes the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..store.series import Points
from .columns import merge
from .panels import ALSO_COLOURS, is_percent
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
from .prepared import Grid, Prepared
from .scale import value_ticks
from .topics import Layer

#: A value this share outside the usual range is drawn thicker.
TOLERANCE = 0.25
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


def _path(name: str, data: str) -> str:
    return f'<path class="{name}" d="{data}"/>' if data else ""


def _across(share: float) -> str:
    """Return a line over the whole width, at a share of the height."""
    return f"M0 {rounded(HEIGHT * (1 - share))}H{WIDTH}"


def shapes(prepared: Prepared) -> list[str]:
    """Return the lines and areas, from the ground up."""
    return [*ground(prepared), *_areas(prepared), *_lines(prepared)]


def ground(prepared: Prepared) -> list[str]:
    """Return what every panel has behind its lines: time without samples, the values' lines."""
    grid = prepared.grid
    begin = grid.start + prepared.columns.bounds[0] * grid.step
    empty = [
        (begin + first * grid.step, begin + past * grid.step)
        for first, past in gaps(prepared.points)
    ]
    ticks = value_ticks(prepared.scale.top, is_percent(prepared.panel))
    return [
        _path("gap", gap_path(empty, prepared.axes)),
        _path("grid", "".join(_across(share) for share, _ in ticks)),
        _path("limit", _across(prepared.limit / prepared.scale.top) if prepared.limit else ""),
    ]


def _areas(prepared: Prepared) -> list[str]:
    panel, axes, value = prepared.panel, prepared.axes, prepared.value
    colour, high, under = panel.colour, prepared.high, prepared.under
    zero: Points = [0.0] * len(value)
    filled = under is None and not any(bound is not None for bound in high)
    spread = prepared.least != prepared.merged.most
    return [
        _path("usual", area_path(high, prepared.low, axes)),
        _path(f"fill {colour}", area_path(value, zero, axes) if filled else ""),
        _path(
            f"spread {colour}",
            area_path(prepared.merged.most, prepared.least, axes) if spread else "",
        ),
        _path("missing", area_path(under, value, axes, MIN_MISSING) if under else ""),
        _path(f"excess {colour}", "" if panel.under else area_path(value, high, axes, MIN_EXCESS)),
    ]


def _lines(prepared: Prepared) -> list[str]:
    axes, colour, under = prepared.axes, prepared.panel.colour, prepared.under
    return [
        _path("under", line_path(under, axes) if under else ""),
        _path(f"line {colour}", line_path(prepared.value, axes)),
        _path(f"out {colour}", line_path(_outside(prepared), axes)),
        *(
            _path(f"also {hue}", line_path(more, axes))
            for hue, more in zip(ALSO_COLOURS, prepared.also)
        ),
    ]


def _outside(prepared: Prepared) -> Points:
    """Return the values that are well outside the usual range, and None elsewhere."""
    return [
        value
        if value is not None
        and high is not None
        and low is not None
        and (value > high * (1 + TOLERANCE) or value < low * (1 - TOLERANCE))
        else None
        for value, low, high in zip(prepared.value, prepared.low, prepared.high)
    ]


def gaps(points: Points) -> list[tuple[int, int]]:
    """Return the runs of unknown steps; at the end only when there are more than two."""
    unknown = runs(len(points), lambda i: points[i] is None)
    return [(first, past) for first, past in unknown if past < len(points) or past - first > 2]


def stacked(prepared: Prepared, stack: Sequence[Layer]) -> list[str]:
    """Return layers on top of each other, the first on the ground."""
    level: list[float] = [0.0] * len(prepared.value)
    drawn = []
    for layer in stack:
        mean = merge(layer.points, prepared.columns).mean
        above = [low if value is None else low + value for low, value in zip(level, mean)]
        edge = [None if value is None else high for high, value in zip(above, mean)]
        drawn.append(_path(f"layer {layer.colour}", area_path(edge, list(level), prepared.axes)))
        level = above
    return drawn


def mark_lines(marks: Sequence[Mapping[str, Any]], grid: Grid) -> list[str]:
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
