"""Of what ``/api/v1`` is described: builders, simple types and the parameters of queries."""

from __future__ import annotations

from typing import Any

from collectd_fedmsg.metrics import METRICS

from ..grid.derived import DERIVED
from . import query

JSON = dict[str, Any]


def parameter(name: str, schema: JSON, text: str, **more: Any) -> JSON:
    """Return a parameter of the query."""
    return {"name": name, "in": "query", "schema": schema, "description": text, **more}


def whole_number(least: int, most: int, usual: int) -> JSON:
    """Return a whole number within its bounds."""
    return {"type": "integer", "minimum": least, "maximum": most, "default": usual}


def answer_of(text: str, schema: JSON, kind: str = "application/json") -> JSON:
    """Return an answer with a body."""
    return {"description": text, "content": {kind: {"schema": schema}}}


def object_of(**properties: JSON) -> JSON:
    """Return an object of which every property is required."""
    return {"type": "object", "properties": properties, "required": sorted(properties)}


TEXT: JSON = {"type": "string"}
NUMBER: JSON = {"type": ["number", "null"]}
POINTS: JSON = {"type": "array", "items": NUMBER}
MOMENT: JSON = {"type": "string", "pattern": r"^(now|-[0-9]{1,9}[smhdwy]?|[0-9]{1,11})$"}
COLUMNS: JSON = {"type": "object", "additionalProperties": POINTS}
WINDOW = (
    parameter("span", {"type": "string", "enum": list(query.SPANS)}, "A span that ends now."),
    parameter("start", MOMENT, "`now`, `-900`, `-2h` or seconds since the epoch."),
    parameter("end", MOMENT, "As start; at most a day ahead."),
    parameter("step", whole_number(0, query.MAX_SPAN, 0), "Seconds; 0: what suits the span."),
)
METRIC_LIST = parameter(
    "metrics",
    {
        "type": "array",
        "minItems": 1,
        "items": {"type": "string", "enum": [*(m.name for m in METRICS), *DERIVED]},
    },
    "Totals come as rates per second (`busy` in µs/s), gauges as the steps' MAX and, as "
    "`<metric>_min`, MIN; `utilisation` is a share, `service_time` in seconds.",
    style="form",
    explode=False,
)
SWITCH: JSON = {"type": "integer", "enum": [0, 1]}
SWITCHES = (
    parameter(
        "topics", SWITCH, "1: also, by topic, messages received per second and workers kept busy."
    ),
    parameter("tied", SWITCH, "1: also the series that the configuration ties to the daemon."),
    parameter("restarts", SWITCH, "1: also the times of restarts."),
    parameter(
        "usual",
        SWITCH,
        "1: also what is usual, as [start of an hour, least, most], for"
        " `received` and `service_time`; too many hours of daemons: none.",
    ),
)
DAEMON = parameter(
    "daemon",
    {"type": "array", "items": TEXT, "minItems": 1},
    "Ids.",
    required=True,
    style="form",
    explode=True,
)
ONE_DAEMON = parameter("daemon", TEXT, "An id.", required=True)
