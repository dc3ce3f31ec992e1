"""The bodies of ``/api/v1``: what is sent and what is answered."""

from __future__ import annotations

from collectd_fedmsg.diagnosis.fleet.incident import Scope
from collectd_fedmsg.protocol.about import MAX_SLOWEST
from collectd_fedmsg.protocol.changes import MAX_TEXT

from ..judge.plain_words import GROUPS
from .notes import KINDS
from .openapi_parts import COLUMNS, JSON, NUMBER, POINTS, TEXT, answer_of, object_of

ERROR = object_of(error=object_of(status={"type": "integer"}, message={"type": "string"}))
REFUSED: JSON = {
    "400": answer_of("A parameter is unknown or out of bounds.", ERROR),
    "404": answer_of("No such thing.", ERROR),
    "503": answer_of("The store cannot answer now.", ERROR),
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
INCIDENT = object_of(
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
SERIES = object_of(
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
COSTS = object_of(
    start={"type": "integer"},
    end={"type": "integer"},
    daemon=TEXT,
    topics={
        "type": "array",
        "items": object_of(
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
        "items": object_of(
            id=TEXT,
            topic=TEXT,
            seconds={"type": "number"},
            end={"type": "number"},
            link={"type": ["string", "null"]},
        ),
    },
)
VERDICTS = object_of(
    start={"type": "integer"},
    end={"type": "integer"},
    every={"type": "integer"},
    complete={"type": "boolean"},
    daemons={
        "type": "array",
        "items": object_of(id=TEXT, verdicts={"type": "array", "items": {"type": "array"}}),
    },
)
MARK = object_of(id=TEXT, time={"type": "integer"}, text=TEXT, daemon=TEXT, kind=TEXT, by=TEXT)
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
    "401": answer_of("The token is missing or wrong.", ERROR),
    "429": answer_of("Too many wrong tokens: this guess was not looked at.", ERROR),
    "403": answer_of("No token is set: nobody may write.", ERROR),
}
