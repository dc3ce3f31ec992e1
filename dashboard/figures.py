"""What each panel shows, as plotly figures; pure. The page fills the same frames with points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .reading import Grid
from .series import Points

#: Okabe and Ito's palette: told apart by the colour blind, 3:1 or better on both grounds.
BLUE, ORANGE, PINK, GREEN = "#0072b2", "#d55e00", "#b8558f", "#008f68"


@dataclass(frozen=True)
class Panel:
    """One panel: the metric drawn, its title, its unit, its colour."""

    metric: str
    title: str
    unit: str
    colour: str
    #: Gauges are drawn as MAX with the band down to MIN.
    band: bool = False


PANELS = (
    Panel("received", "Received", "messages/s", BLUE),
    Panel("processed", "Processed", "messages/s", GREEN),
    Panel("backlog", "Backlog", "messages", ORANGE, band=True),
)
EXTRA = (
    Panel("failed", "Failed", "messages/s", PINK),
    Panel("rejected", "Rejected", "messages/s", PINK),
    Panel("busy", "Workers busy", "workers", BLUE),
    Panel("oldest", "Oldest message", "s", ORANGE, band=True),
    Panel("delay", "Delay on the bus", "s", GREEN, band=True),
    Panel("service_p50", "Service time, median", "s", BLUE, band=True),
    Panel("service_p95", "Service time, 95th percentile", "s", BLUE, band=True),
    Panel("service_p99", "Service time, 99th percentile", "s", BLUE, band=True),
)
BY_METRIC = {panel.metric: panel for panel in PANELS + EXTRA}


def description() -> list[dict[str, Any]]:
    """Return the panels for the page's script."""
    return [{"metric": p.metric, "title": p.title, "unit": p.unit, "colour": p.colour,
             "band": p.band} for p in PANELS + EXTRA]


def gaps(points: Points) -> list[tuple[int, int]]:
    """Return [first, past) index ranges of unknown steps, the two still arriving left out."""
    found: list[tuple[int, int]] = []
    first: int | None = None
    for index, value in enumerate(points):
        if value is None and first is None:
            first = index
        elif value is not None and first is not None:
            found.append((first, index))
            first = None
    if first is not None and len(points) - first > 2:
        found.append((first, len(points)))
    return found


def figure(panel: Panel, grid: Grid, points: Points,
           lowest: Points | None = None) -> dict[str, Any]:
    """Return a plotly figure: times in ms since the epoch at step ends, values in the unit.

    Args:
        panel: what is drawn.
        grid: the points' steps.
        points: rates, or a gauge's MAX.
        lowest: a gauge's MIN; the band.
    """
    times = [(grid.start + (i + 1) * grid.step) * 1000 for i in range(len(points))]
    line: dict[str, Any] = {
        "type": "scatter", "mode": "lines", "name": panel.title, "x": times, "y": points,
        "connectgaps": False, "line": {"color": panel.colour, "width": 1.5, "shape": "hv"},
        "hovertemplate": f"%{{y:.6~g}} {panel.unit}<extra></extra>",
    }
    traces = [line]
    if lowest is not None:
        traces.insert(0, {"type": "scatter", "mode": "lines", "name": "least", "x": times,
                          "y": lowest, "connectgaps": False, "hoverinfo": "skip",
                          "line": {"color": panel.colour, "width": 0, "shape": "hv"}})
        line["fill"] = "tonexty"
    shapes = [{"type": "rect", "xref": "x", "yref": "paper", "y0": 0, "y1": 1, "line": {"width": 0},
               "x0": (grid.start + a * grid.step) * 1000, "x1": (grid.start + b * grid.step) * 1000,
               "fillcolor": "rgba(128,128,128,.18)", "layer": "below"} for a, b in gaps(points)]
    layout = {"xaxis": {"type": "date", "range": [grid.start * 1000, grid.end * 1000]},
              "yaxis": {"rangemode": "tozero", "title": {"text": panel.unit}},
              "shapes": shapes, "showlegend": False, "hovermode": "x"}
    return {"data": traces, "layout": layout}
