"""What each panel shows: the one table that page, pictures and help read; pure.

The points are drawn by ``static/panels.js`` from this table; no figure is made twice.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

#: Okabe and Ito's palette: told apart by the colour blind, 3:1 or better on both grounds.
BLUE, ORANGE, PINK, GREEN = "#0072b2", "#d55e00", "#b8558f", "#008f68"

#: The same hues on a dark ground, 4.5:1 or better there.
DARK = {BLUE: "#56b4e9", ORANGE: "#f28e3c", PINK: "#e08bbd", GREEN: "#2fc79a"}
#: Of topics, the busiest first; the last is of all others.
TOPIC_COLOURS = (BLUE, ORANGE, GREEN, PINK, "#56b4e9", "#e69f00", "#7a6fd0", "#8a8a8a")

#: How plotly writes values (d3-format): whole digits for counts, no rounding to powers of ten.
COUNT, SECONDS, SHARE = ",.3~f", ",.4~r", ".3~p"


@dataclass(frozen=True)
class Panel:
    """One panel: the metric drawn, its title, its unit, its colour, how values are written."""

    metric: str
    title: str
    unit: str
    colour: str
    #: Gauges are drawn as MAX with the band down to MIN.
    band: bool = False
    format: str = COUNT
    #: Other metrics in the same panel, drawn thinner.
    also: tuple[str, ...] = ()


PANELS = (
    Panel("received", "Received", "messages/s", BLUE),
    Panel("processed", "Processed", "messages/s", GREEN),
    Panel("backlog", "Backlog", "messages", ORANGE, band=True),
)
#: Can be switched on beside the three.
COLUMNS = (
    Panel("failed", "Failures", "messages/s", PINK),
    Panel("service_time", "Service time", "s", BLUE, format=SECONDS, also=("service_p95",)),
    Panel("utilisation", "Utilisation", "of worker time", GREEN, format=SHARE),
    Panel("delay", "Delay on the bus", "s", PINK, band=True, format=SECONDS),
)
#: On a daemon's own page only.
OWN = (
    Panel("service_p50", "Service time, percentiles", "s", BLUE, format=SECONDS,
          also=("service_p95", "service_p99", "service_max")),
    Panel("oldest", "Oldest message", "s", ORANGE, band=True, format=SECONDS),
    Panel("rejected", "Rejected", "messages/s", PINK),
    Panel("in_progress", "In progress", "messages", GREEN, band=True),
    Panel("workers", "Workers", "threads", BLUE, band=True),
)
TOPICS = Panel("topics", "Received per topic", "messages/s", BLUE)
EXTRA = COLUMNS + OWN
BY_METRIC = {panel.metric: panel for panel in (*PANELS, *EXTRA, TOPICS)}


#: Fedora's files of 2014, messages per poll, by the metric that each is history of.
HISTORY = {"received": "in", "processed": "out"}
#: Seconds between two polls: moksha's MonitoringProducer, whatever step the file has.
POLL = 5


def description() -> dict[str, Any]:
    """Return the panels and their colours for the page's script."""
    return {"panels": [asdict(panel) for panel in (*PANELS, *EXTRA, TOPICS)],
            "dark": DARK, "topics": TOPIC_COLOURS}
