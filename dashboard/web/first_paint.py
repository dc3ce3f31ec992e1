"""The panels of the first rows as SVG, for the page's first answer.

Drawn are rates over the whole span, as the page shows them by default. What a page's address
asks for beyond that (a zoom, other sums, more columns) is left to its script.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import current_app, request

from collectd_fedmsg.errors import StoreError

from ..draw import svg
from ..draw.labels import worded
from ..draw.panels import Panel
from ..draw.prepared import Grid
from ..draw.span import begin_of
from ..grid.answer import answer
from ..store.series import Window
from .alert_state import limits
from .api import store
from .marks import marks_between

#: Rows in view on a large screen; ``draw=all`` asks for more where no script draws the others.
FIRST_ROWS, MAX_ROWS = 16, 200
#: Seconds after which no further row of a page is read, and drawn: the script draws the others.
READING_SECONDS, DRAWING_SECONDS = 2.0, 4.0
#: Held while all rows of a page are drawn: another such page meanwhile gets the first ones only.
_DRAWS_ALL = threading.Lock()
#: Restarts are drawn on spans up to this, s: on longer ones they are too many to read.
SHORT_SPAN = 3600
#: Parts of an address that the page's script alone draws.
BY_SCRIPT = ("from", "mode", "compact", "columns")


@dataclass(frozen=True)
class Figure:
    """One drawn panel of a row and its words."""

    panel: Panel
    markup: str
    spoken: str
    highest: str
    cut: bool
    layers: Sequence[Any] = ()


@dataclass(frozen=True)
class DrawnRow:
    """The figures of a row, and the range of its axis: from, to, its begin when it is young."""

    range: str
    figures: Sequence[Figure]
    #: Seconds that are known so far; None when the span is shown whole.
    so_far: int | None


def is_slim(row: Mapping[str, Any]) -> bool:
    """Return whether a row is one line: nothing of it needs attention."""
    return row["group"] in ("well", "silent", "retired") and "large" not in request.args


def drawn_rows(
    rows: Sequence[Mapping[str, Any]],
    panels: Sequence[Panel],
    window: Window,
    now: float,
    *,
    single: bool = False,
) -> dict[str, DrawnRow]:
    """Return the first rows drawn, by daemon's id; none when the store cannot answer.

    Args:
        rows: of ``/api/v1/daemons``, in the order of the page.
        panels, window: of each row.
        now: epoch seconds.
        single: of a daemon's own page.
    """
    if any(name in request.args for name in BY_SCRIPT):
        return {}
    if request.args.get("draw") == "all" and _DRAWS_ALL.acquire(blocking=False):
        try:
            return _drawn(rows, MAX_ROWS, panels, window, now, single=single)
        finally:
            _DRAWS_ALL.release()
    return _drawn(rows, FIRST_ROWS, panels, window, now, single=single)


def _drawn(
    rows: Sequence[Mapping[str, Any]],
    most: int,
    panels: Sequence[Panel],
    window: Window,
    now: float,
    *,
    single: bool,
) -> dict[str, DrawnRow]:
    began = time.monotonic()
    known = store().daemons()
    chosen = [row for row in rows if row["id"] in known][:most]
    daemons = [known[row["id"]] for row in chosen]
    metrics = dict.fromkeys(
        name for panel in panels if not panel.stack for name in (panel.metric, *panel.also)
    )
    try:
        body = answer(
            store(),
            daemons,
            tuple(metrics),
            window,
            topics=any(panel.stack for panel in panels),
            marks=window.end - window.start <= SHORT_SPAN,
            enough=lambda: time.monotonic() - began > READING_SECONDS,
        )
        read = daemons[: len(body["daemons"])]
        usual = current_app.extensions["bands"].of(read, window, now)
        alerted_from = limits(read)
        marks = marks_between(window.start, window.end)
    except StoreError:
        # The rows have no panels then; the script reports the error with its first request.
        return {}
    begin = begin_of(body)
    grid = Grid(body["start"], body["end"], body["step"], begin or body["start"], body["end"])
    drawn: dict[str, DrawnRow] = {}
    for row, series in zip(chosen, body["daemons"]):
        if time.monotonic() - began > DRAWING_SECONDS:
            break
        drawn[row["id"]] = DrawnRow(
            f"{grid.from_:.0f} {grid.to} {begin or 0}",
            _figures(
                row,
                {
                    **series,
                    "usual": usual.get(row["id"], {}),
                    "limits": alerted_from.get(row["id"], {}),
                },
                panels,
                replace(grid, slim=not single and is_slim(row)),
                marks,
            ),
            None if begin is None else grid.end - begin,
        )
    return drawn


def _figures(
    row: Mapping[str, Any],
    daemon: Mapping[str, Any],
    panels: Sequence[Panel],
    grid: Grid,
    marks: Sequence[Mapping[str, Any]],
) -> list[Figure]:
    name = row["id"]
    own: list[Mapping[str, Any]] = [
        {"time": time, "kind": ""} for time in daemon.get("restarts", ())
    ]
    own += [
        mark
        for mark in marks
        if not mark["daemon"] or name == mark["daemon"] or name.startswith(f"{mark['daemon']}/")
    ]
    figures = []
    for panel in panels:
        made = svg.draw(panel, grid, daemon, own)
        known = made.highest is not None and not panel.stack
        figures.append(
            Figure(
                panel,
                made.markup,
                svg.spoken(panel, row["consumer"], made),
                f"max {worded(made.highest, panel)}" if known else "",
                made.cut,
                made.layers,
            )
        )
    return figures
