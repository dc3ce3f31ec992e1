"""One panel as SVG, before any script runs. ``static/drawing.js`` writes the same markup.

Nothing that was stored as text gets into the markup: numbers and our own words only. The box of
the lines is stretched to the panel's size, so that the server need not know it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .labels import labels
from .labels import spoken as words_of
from .panels import Panel
from .paths import HEIGHT, WIDTH
from .prepared import Grid, Usual, prepare
from .shapes import ground, mark_lines, shapes, stacked
from .topics import Layer, layers, whole


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


def draw(
    panel: Panel, grid: Grid, daemon: Mapping[str, Any], marks: Sequence[Mapping[str, Any]] = ()
) -> Drawing:
    """Return a panel of one daemon of an answer of ``/api/v1/series``.

    Args:
        panel, grid: what, and when.
        daemon: its ``series``, ``usual`` and ``limits``.
        marks: restarts, notes and alerts: ``time`` (epoch seconds) and ``kind``.
    """
    stack = layers(daemon.get(panel.stack, {})) if panel.stack else []
    if stack:
        daemon = {**daemon, "series": {**daemon["series"], panel.metric: whole(stack)}}
    prepared = prepare(panel, grid, daemon)
    inside = [*ground(prepared), *stacked(prepared, stack)] if stack else shapes(prepared)
    area = "".join([*inside, *mark_lines(marks, grid)])
    known = [value for value in prepared.points if value is not None]
    usual: Usual = daemon.get("usual", {}).get(panel.usual) or []
    return Drawing(
        f'<svg class="area" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none"'
        f' aria-hidden="true">{area}</svg><svg class="labels" aria-hidden="true">'
        f"{labels(prepared)}</svg>",
        prepared.scale.cut,
        max(known, default=None),
        known[-1] if known else None,
        usual[-1] if usual else None,
        stack,
    )


def spoken(panel: Panel, consumer: str, drawing: Drawing) -> str:
    """Return a panel in words: what it says to who cannot see it."""
    return words_of(panel, consumer, drawing.newest, drawing.highest, drawing.usual)
