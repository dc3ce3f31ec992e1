"""The description of ``/api/v1``, OpenAPI 3.1; made from the tables that the code reads."""

from __future__ import annotations

from typing import Any

from collectd_fedmsg import __version__
from collectd_fedmsg.diagnosis.fleet.incident import Scope
from collectd_fedmsg.metrics import METRICS
from collectd_fedmsg.protocol.about import MAX_SLOWEST
from collectd_fedmsg.protocol.changes import MAX_TEXT

from ..grid.derived import DERIVED
from ..judge.plain_words import GROUPS
from . import query
from .notes import KINDS

JSON = dict[str, Any]


def _parameter(name: str, schema: JSON, text: str, **more: Any) -> JSON:
    return {"name": name, "in": "query", "schema": schema, "description": text, **more}


def _whole(least: int, most: int, usual: int) -> JSON:
    return {"type": "integer", "minimum": least, "maximum": most, "default": usual}


def _answer(text: str, schema: JSON, kind: str = "application/json") -> JSON:
    return {"description": text, "content": {kind: {"schema": schema}}}


def _object(**properties: JSON) -> JSON:
    return {"type": "object", "properties": properties, "required": sorted(properties)}


ERROR = _object(error=_object(status={"type": "integer"}, message={"type": "string"}))
TEXT: JSON = {"type": "string"}
NUMBER: JSON = {"type": ["number", "null"]}
POINTS: JSON = {"type": "array", "items": NUMBER}
MOMENT: JSON = {"type": "string", "pattern": r"^(now|-[0-9]{1,9}[smhdwy]?|[0-9]{1,11})$"}
COLUMNS: JSON = {"type": "object", "additionalProperties": POINTS}
WINDOW = (
    _parameter("span", {"type": "string", "enum": list(query.SPANS)}, "A span that ends now."),
    _parameter("start", MOMENT, "`now`, `-900`, `-2h` or seconds since the epoch."),
    _parameter("end", MOMENT, "As start; at most a day ahead."),
    _parameter("step", _whole(0, query.MAX_SPAN, 0), "Seconds; 0: what suits the span."),
)
METRIC_LIST = _parameter(
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
    _parameter(
        "topics", SWITCH, "1: also, by topic, messages received per second and workers kept busy."
    ),
    _parameter("tied", SWITCH, "1: also the series that the configuration ties to the daemon."),
    _parameter("restarts", SWITCH, "1: also the times of restarts."),
    _parameter(
        "usual",
        SWITCH,
        "1: also what is usual, as [start of an hour, least, most], for"
        " `received` and `service_time`; too many hours of daemons: none.",
    ),
)
DAEMON = _parameter(
    "daemon",
    {"type": "array", "items": TEXT, "minItems": 1},
    "Ids.",
    required=True,
    style="form",
    explode=True,
)
ONE_DAEMON = _parameter("daemon", TEXT, "An id.", required=True)
REFUSED: JSON = {
    "400": _answer("A parameter is unknown or out of bounds.", ERROR),
    "404": _answer("No such thing.", ERROR),
    "503": _answer("The store cannot answer now.", ERROR),
}
UNCHANGED: JSON = {"304": {"description": "As before (If-None-Match)."}}
ROW: JSON = {
    "type": "object",
    "required": ["id", "host", "service", "consumer", "state", "text"],
    "properties": {
        "id": TEXT,
        "host": TEXT,
        "service": TEXT,
        "consumer": TEXT,
        "state": TEXT,
        "severity": {"type": "integer"},
        "text": TEXT,
        "backlog": NUMBER,
        "oldest": NUMBER,
        "arrival_rate": NUMBER,
        "completion_rate": NUMBER,
        "drain_seconds": NUMBER,
        "pace": TEXT,
        "gone": TEXT,
        "group": {"type": "string", "enum": list(GROUPS)},
        "last_sample": NUMBER,
        "silent": {"type": "boolean"},
        "retired": {"type": "boolean"},
        "verdicts": {"type": "array", "items": TEXT},
        "evidence": {"type": "array", "items": TEXT},
        "missing": {"type": "array", "items": TEXT},
        "problems": {"type": "array", "items": TEXT},
        "certainty": {"type": "number"},
        "since": NUMBER,
        "saturation_time": NUMBER,
        "incident": {"type": ["string", "null"]},
        "sibling_note": {"type": ["string", "null"]},
    },
}
#: Daemons that ail together: the bus, a host, a topic or a declared dependency.
INCIDENT = _object(
    id=TEXT,
    scope={"type": "string", "enum": [scope.name for scope in Scope]},
    name=TEXT,
    cause=TEXT,
    members={"type": "array", "items": TEXT},
    severity={"type": "integer"},
    sentence=TEXT,
    action=TEXT,
    since=NUMBER,
    waiting=NUMBER,
    certainty={"type": "number"},
)
SERIES = _object(
    start={"type": "integer"},
    end={"type": "integer"},
    step={"type": "integer"},
    daemons={
        "type": "array",
        "items": {
            "type": "object",
            "required": ["id", "series"],
            "properties": {
                "id": TEXT,
                "series": COLUMNS,
                "topics": COLUMNS,
                "topic_busy": COLUMNS,
                "problems": {"type": "array", "items": TEXT},
                "tied": COLUMNS,
                "restarts": POINTS,
                "usual": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": POINTS},
                },
                "limits": {
                    "type": "object",
                    "additionalProperties": {"type": "number"},
                    "description": "With `usual`: values from which on an alert is raised.",
                },
            },
        },
    },
)
COSTS = _object(
    start={"type": "integer"},
    end={"type": "integer"},
    daemon=TEXT,
    topics={
        "type": "array",
        "items": _object(
            topic=TEXT,
            messages=NUMBER,
            seconds={"type": "number"},
            share=NUMBER,
            per_message=NUMBER,
        ),
    },
    slowest={
        "type": ["array", "null"],
        "maxItems": MAX_SLOWEST,
        "items": _object(
            id=TEXT,
            topic=TEXT,
            seconds={"type": "number"},
            end={"type": "number"},
            link={"type": ["string", "null"]},
        ),
    },
)
VERDICTS = _object(
    start={"type": "integer"},
    end={"type": "integer"},
    every={"type": "integer"},
    complete={"type": "boolean"},
    daemons={
        "type": "array",
        "items": _object(id=TEXT, verdicts={"type": "array", "items": {"type": "array"}}),
    },
)
MARK = _object(id=TEXT, time={"type": "integer"}, text=TEXT, daemon=TEXT, kind=TEXT, by=TEXT)
NEW_MARK: JSON = {
    "type": "object",
    "required": ["text"],
    "additionalProperties": False,
    "properties": {
        "text": {"type": "string", "minLength": 1, "maxLength": MAX_TEXT},
        "time": {"type": "integer", "minimum": 1},
        "daemon": {"type": "string", "maxLength": 400},
        "kind": {"type": "string", "enum": list(KINDS)},
    },
}
ALERT: JSON = {
    "type": "object",
    "required": ["id", "rule", "severity", "since", "what", "why", "action", "page"],
    "properties": {
        "id": TEXT,
        "rule": TEXT,
        "kind": TEXT,
        "severity": TEXT,
        "cause": TEXT,
        "since": {"type": "number"},
        "cleared": NUMBER,
        "value": {"type": "number"},
        "peak": {"type": "number"},
        "affected": {"type": "number"},
        "what": TEXT,
        "why": {"type": "array", "items": TEXT},
        "action": TEXT,
        "page": TEXT,
    },
}
ALERTS: JSON = {"type": "array", "items": ALERT}
WHO: JSON = {
    "by": {"type": "string", "minLength": 1, "maxLength": 200},
    "comment": {"type": "string", "maxLength": 200},
}
ACK: JSON = {"type": "object", "required": ["by"], "additionalProperties": False, "properties": WHO}
PATTERN: JSON = {"type": "string", "minLength": 1, "maxLength": 200}
NEW_SILENCE: JSON = {
    "type": "object",
    "required": ["seconds", "by"],
    "additionalProperties": False,
    "properties": {
        **WHO,
        "seconds": {"type": "number", "minimum": 60, "maximum": 2592000},
        "host": PATTERN,
        "service": PATTERN,
        "consumer": PATTERN,
        "rule": PATTERN,
    },
}
TOKEN: JSON = {"security": [{"token": []}]}
FORBIDDEN: JSON = {
    "401": _answer("The token is missing or wrong.", ERROR),
    "429": _answer("Too many wrong tokens: this guess was not looked at.", ERROR),
    "403": _answer("No token is set: nobody may write.", ERROR),
}


def _get(name: str, text: str, answer: JSON, *parameters: JSON) -> JSON:
    return {
        "get": {
            "operationId": name,
            "summary": text,
            "parameters": list(parameters),
            "responses": {"200": answer, **UNCHANGED, **REFUSED},
        }
    }


def _order(name: str, text: str, schema: JSON | None, *, of: bool) -> JSON:
    """Return an order: with a body it makes something, without it ends it."""
    answer = _answer("Done.", _object(id=TEXT)) if schema else {"description": "Done."}
    operation = {
        "operationId": name,
        "summary": text,
        **TOKEN,
        "responses": {"201" if schema else "204": answer, **FORBIDDEN, **REFUSED},
    }
    if schema:
        content = {"application/json": {"schema": schema}}
        operation["requestBody"] = {"required": True, "content": content}
    if of:
        operation["parameters"] = [{"name": "id", "in": "path", "required": True, "schema": TEXT}]
    return operation


def _alerts() -> JSON:
    whole = _object(
        active=ALERTS,
        acknowledged=ALERTS,
        past=ALERTS,
        silences={"type": "array"},
        undelivered={"type": "array"},
        given_up={"type": "array"},
        troubles={"type": "array"},
        evaluated={"type": "number"},
        late={"type": "boolean"},
        rules_trouble=TEXT,
    )
    listed = {
        "operationId": "alerts",
        "summary": "Active, acknowledged and past alerts.",
        "responses": {"200": _answer("The alerts.", whole), **REFUSED},
    }
    return {
        "/alerts": {"get": listed},
        "/alerts/{id}/ack": {
            "post": _order("acknowledge", "Somebody knows: no more reminders.", ACK, of=True),
            "delete": _order("unacknowledge", "Take it back.", None, of=True),
        },
        "/silences": {
            "post": _order(
                "silence", "Tell nobody of what matches, for a while.", NEW_SILENCE, of=False
            )
        },
        "/silences/{id}": {"delete": _order("unsilence", "End a silence now.", None, of=True)},
    }


def description(root: str = "") -> JSON:
    """Return the whole description; ``root`` is the path that stands before ``/api``."""
    filters = [
        _parameter(
            name,
            {"type": "array", "items": TEXT},
            f"Only of this {name}; repeat.",
            style="form",
            explode=True,
        )
        for name in ("host", "service", "consumer", "state")
    ]
    paths: JSON = {
        "/daemons": _get(
            "daemons",
            "Every daemon's present state, worst first.",
            _answer(
                "The daemons.",
                _object(
                    daemons={"type": "array", "items": ROW},
                    fleet={"type": "object"},
                    found={"type": "integer"},
                    reading={"type": "boolean"},
                    alerts={"type": ["object", "null"]},
                    problems={"type": "array", "items": TEXT},
                    incidents={"type": "array", "items": INCIDENT},
                ),
            ),
            _parameter("limit", _whole(1, 10_000, 10_000), "Daemons in the answer."),
            _parameter("offset", _whole(0, 1_000_000, 0), "Daemons left out before."),
            *filters,
        ),
        "/series": _get(
            "series",
            "Series of chosen daemons on one grid.",
            _answer("Point i is the step that ends at start + (i + 1) * step.", SERIES),
            DAEMON,
            METRIC_LIST,
            *WINDOW,
            *SWITCHES,
        ),
        "/verdicts": _get(
            "verdicts",
            "Runs of equal verdicts of a span: start, end, verdict, severity.",
            _answer("The runs; not all when complete is false.", VERDICTS),
            DAEMON,
            *WINDOW,
        ),
        "/costs": _get(
            "costs",
            "Worker time by topic in a span; the slowest messages of the last hour.",
            _answer("Topics by their time; slowest is null where nobody knows.", COSTS),
            ONE_DAEMON,
            *WINDOW,
        ),
        "/series.csv": _get(
            "table",
            "One daemon's series as CSV.",
            _answer("A row per step.", TEXT, "text/csv"),
            ONE_DAEMON,
            METRIC_LIST,
            *WINDOW,
            *SWITCHES,
        ),
        "/state": _get(
            "state",
            "The fleet in numbers.",
            _answer("The fleet.", {"type": "object", "required": ["daemons", *GROUPS]}),
        ),
        "/marks": {
            **_get(
                "marks",
                "Marks on the time axis: notes, deployments, versions, restarts, alerts.",
                _answer("The marks.", _object(marks={"type": "array", "items": MARK})),
                _parameter("daemon", TEXT, "Only what concerns this one."),
                *WINDOW,
            ),
            "post": {
                "operationId": "addMark",
                "summary": "Keep a note, or a deployment, which verdicts name.",
                **TOKEN,
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": NEW_MARK}},
                },
                "responses": {"201": _answer("Kept.", _object(id=TEXT)), **FORBIDDEN, **REFUSED},
            },
        },
        "/marks/{id}": {
            "delete": {
                "operationId": "removeMark",
                "summary": "Forget a note.",
                **TOKEN,
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": TEXT}],
                "responses": {"204": {"description": "Forgotten."}, **FORBIDDEN, **REFUSED},
            }
        },
    }
    paths.update(_alerts())
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "fedmsg queues",
            "version": __version__,
            "license": {"name": "LGPL-2.1-or-later", "identifier": "LGPL-2.1-or-later"},
        },
        "servers": [{"url": f"{root}/api/v1"}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-Token"}}
        },
    }
