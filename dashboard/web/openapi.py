"""The description of ``/api/v1``, OpenAPI 3.1: its paths, each with what it takes and answers."""

from __future__ import annotations

from collectd_fedmsg import __version__

from ..judge.plain_words import GROUPS
from .openapi_parts import (
    DAEMON,
    JSON,
    METRIC_LIST,
    ONE_DAEMON,
    SWITCHES,
    TEXT,
    WINDOW,
    answer_of,
    object_of,
    parameter,
    whole_number,
)
from .openapi_schemas import (
    ACK,
    ALERTS,
    COSTS,
    FORBIDDEN,
    INCIDENT,
    MARK,
    NEW_MARK,
    NEW_SILENCE,
    REFUSED,
    ROW,
    SERIES,
    TOKEN,
    UNCHANGED,
    VERDICTS,
)


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
    done = answer_of("Done.", object_of(id=TEXT)) if schema else {"description": "Done."}
    operation = {
        "operationId": name,
        "summary": text,
        **TOKEN,
        "responses": {"201" if schema else "204": done, **FORBIDDEN, **REFUSED},
    }
    if schema:
        content = {"application/json": {"schema": schema}}
        operation["requestBody"] = {"required": True, "content": content}
    if of:
        operation["parameters"] = [{"name": "id", "in": "path", "required": True, "schema": TEXT}]
    return operation


def _alerts() -> JSON:
    whole = object_of(
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
        "responses": {"200": answer_of("The alerts.", whole), **REFUSED},
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
        parameter(
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
            answer_of(
                "The daemons.",
                object_of(
                    daemons={"type": "array", "items": ROW},
                    fleet={"type": "object"},
                    found={"type": "integer"},
                    reading={"type": "boolean"},
                    alerts={"type": ["object", "null"]},
                    problems={"type": "array", "items": TEXT},
                    incidents={"type": "array", "items": INCIDENT},
                ),
            ),
            parameter("limit", whole_number(1, 10_000, 10_000), "Daemons in the answer."),
            parameter("offset", whole_number(0, 1_000_000, 0), "Daemons left out before."),
            *filters,
        ),
        "/series": _get(
            "series",
            "Series of chosen daemons on one grid.",
            answer_of("Point i is the step that ends at start + (i + 1) * step.", SERIES),
            DAEMON,
            METRIC_LIST,
            *WINDOW,
            *SWITCHES,
        ),
        "/verdicts": _get(
            "verdicts",
            "Runs of equal verdicts of a span: start, end, verdict, severity.",
            answer_of("The runs; not all when complete is false.", VERDICTS),
            DAEMON,
            *WINDOW,
        ),
        "/costs": _get(
            "costs",
            "Worker time by topic in a span; the slowest messages of the last hour.",
            answer_of("Topics by their time; slowest is null where nobody knows.", COSTS),
            ONE_DAEMON,
            *WINDOW,
        ),
        "/series.csv": _get(
            "table",
            "One daemon's series as CSV.",
            answer_of("A row per step.", TEXT, "text/csv"),
            ONE_DAEMON,
            METRIC_LIST,
            *WINDOW,
            *SWITCHES,
        ),
        "/state": _get(
            "state",
            "The fleet in numbers.",
            answer_of("The fleet.", {"type": "object", "required": ["daemons", *GROUPS]}),
        ),
        "/marks": {
            **_get(
                "marks",
                "Marks on the time axis: notes, deployments, versions, restarts, alerts.",
                answer_of("The marks.", object_of(marks={"type": "array", "items": MARK})),
                parameter("daemon", TEXT, "Only what concerns this one."),
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
                "responses": {
                    "201": answer_of("Kept.", object_of(id=TEXT)),
                    **FORBIDDEN,
                    **REFUSED,
                },
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
