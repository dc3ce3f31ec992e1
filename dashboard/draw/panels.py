"""What each panel shows: the one table that page, pictures and help read.

``svg.py`` and ``static/drawing.js`` draw from it, and ``static/traces.js`` for plotly.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

#: Okabe and Ito's palette, told apart by the colour blind: on a light ground (3:1 or better) and
#: on a dark one (4.5:1 or better). ``static/tokens.css`` has the same values.
PALETTE = {
    "blue": ("#0072b2", "#56b4e9"),
    "orange": ("#d55e00", "#f28e3c"),
    "pink": ("#b8558f", "#e08bbd"),
    "green": ("#008f68", "#2fc79a"),
    "sky": ("#56b4e9", "#56b4e9"),
    "amber": ("#e69f00", "#e69f00"),
    "violet": ("#7a6fd0", "#7a6fd0"),
    "grey": ("#8a8a8a", "#8a8a8a"),
}
BLUE, ORANGE, PINK, GREEN = "blue", "orange", "pink", "green"
#: Of topics, the busiest first; the last is of all others.
TOPIC_COLOURS = (BLUE, ORANGE, GREEN, PINK, "sky", "amber", "violet", "grey")

#: How plotly writes values (d3-format): whole digits for counts, no rounding to powers of ten.
COUNT, SECONDS, SHARE = ",.3~f", ",.4~r", ".3~p"
#: The least top of the backlog's axis, messages: one message for five seconds is no mountain.
BACKLOG_FLOOR = 10.0


@dataclass(frozen=True)
class Panel:
    """One panel: the metric drawn, its title, its unit, its colour, how values are written."""

    metric: str
    title: str
    unit: str
    #: A name of the palette.
    colour: str
    #: Gauges are drawn as MAX with the band down to MIN.
    band: bool = False
    format: str = COUNT
    #: Other metrics in the same panel, drawn thinner.
    also: tuple[str, ...] = ()
    #: The metric drawn as a thin line behind; what the panel's own line lacks is tinted.
    under: str = ""
    #: The metrics that have one scale with this one, itself included.
    shares: tuple[str, ...] = ()
    #: The metric whose usual range is drawn.
    usual: str = ""
    #: The axis reaches at least this value.
    floor: float = 0.0
    #: The part of a daemon's answer that has values by topic, drawn as a stack.
    stack: str = ""


_FLOW = ("received", "processed")
PANELS = (
    Panel("received", "Received", "messages/s", BLUE, shares=_FLOW, usual="received"),
    Panel(
        "processed",
        "Processed",
        "messages/s",
        GREEN,
        shares=_FLOW,
        usual="received",
        under="received",
    ),
    Panel("backlog", "Backlog", "messages", ORANGE, band=True, floor=BACKLOG_FLOOR),
)
#: Can be switched on beside the three.
COLUMNS = (
    Panel("failed", "Failures", "messages/s", PINK),
    Panel(
        "service_time",
        "Service time",
        "s",
        BLUE,
        format=SECONDS,
        also=("service_p95",),
        usual="service_time",
    ),
    Panel("utilisation", "Utilisation", "of worker time", GREEN, format=SHARE),
    Panel("delay", "Delay on the bus", "s", PINK, band=True, format=SECONDS),
)
#: On a daemon's own page only.
OWN = (
    Panel(
        "service_p50",
        "Service time, percentiles",
        "s",
        BLUE,
        format=SECONDS,
        also=("service_p95", "service_p99", "service_max"),
    ),
    Panel("oldest", "Oldest message", "s", ORANGE, band=True, format=SECONDS),
    Panel("rejected", "Rejected", "messages/s", PINK),
    Panel("in_progress", "In progress", "messages", GREEN, band=True),
    Panel("workers", "Workers", "threads", BLUE, band=True),
)
TOPICS = Panel("topics", "Received per topic", "messages/s", BLUE, stack="topics")
TOPIC_TIME = Panel("topic_busy", "Worker time per topic", "busy workers", BLUE, stack="topic_busy")
STACKS = (TOPICS, TOPIC_TIME)
EXTRA = COLUMNS + OWN
BY_METRIC = {panel.metric: panel for panel in (*PANELS, *EXTRA, *STACKS)}
#: Colours of the further lines of a panel, in turn.
ALSO_COLOURS = (ORANGE, PINK, GREEN)


#: Fedora's files of 2014, messages per poll, by the metric that each is history of.
HISTORY = {"received": "in", "processed": "out"}
#: Seconds between two polls: moksha's MonitoringProducer, whatever step the file has.
POLL = 5


def is_percent(panel: Panel) -> bool:
    """Tell whether a panel's values are shares, written in per cent."""
    return panel.format.endswith("p")


def description() -> dict[str, Any]:
    """Return the panels and their colours for the page's script."""
    return {
        "panels": [asdict(panel) for panel in (*PANELS, *EXTRA, *STACKS)],
        "palette": PALETTE,
        "topics": TOPIC_COLOURS,
        "also": ALSO_COLOURS,
    }
