"""The JSON API under ``/api/v1/``: daemons and series, with ETags and clear errors."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any, cast

from flask import Blueprint, Response, abort, current_app, request

from collectd_fedmsg.names import escape

from .. import json_bytes as as_json
from ..config import Settings
from ..grid.answer import answer, columns_of
from ..judge.fleet_rows import Fleet
from ..store.base import Store
from . import csv_table as table
from . import login, openapi, query
from .alert_state import limits, open_alerts
from .marks import marks_between
from .notes import Marks, check

api = Blueprint("api", __name__, url_prefix="/api/v1")
#: Daemons in one answer of series.
MAX_DAEMONS = 1000
FILTERS = ("host", "service", "consumer", "state")


def store() -> Store:
    """Return the app's store."""
    return cast(Store, current_app.extensions["store"])


def fleet() -> Fleet:
    """Return the app's fleet."""
    return cast(Fleet, current_app.extensions["fleet"])


def settings() -> Settings:
    """Return the app's settings."""
    return cast(Settings, current_app.extensions["settings"])


def notes() -> Marks:
    """Return the app's marks."""
    return cast(Marks, current_app.extensions["marks"])


def send(body: Mapping[str, Any], status: int = 200) -> Response:
    """Return JSON with an ETag of its bytes, or 304 when the reader has them."""
    octets = as_json.dumps(body)
    response = Response(octets, status=status, mimetype="application/json")
    if status != 200:
        return response
    response.set_etag(hashlib.blake2b(octets, digest_size=12).hexdigest(), weak=True)
    return response.make_conditional(request)  # type: ignore[return-value]


@api.get("/daemons")
def daemons() -> Response:
    """Every daemon, worst first; ``limit`` and ``offset`` page through them."""
    whole = fleet().answer(time.time())
    limit = query.number(request.args, "limit", 10_000, 1, 10_000)
    offset = query.number(request.args, "offset", 0, 0, 1_000_000)
    rows = whole["daemons"]
    for name in FILTERS:
        wanted = set(request.args.getlist(name))
        if wanted:
            rows = [row for row in rows if row[name] in wanted]
    return send(
        {
            **whole,
            "found": len(rows),
            "daemons": rows[offset : offset + limit],
            "alerts": open_alerts(time.time()),
        }
    )


@api.get("/series")
def series() -> Response:
    """Rates and gauges of chosen daemons on one grid."""
    return send(_series(MAX_DAEMONS))


@api.get("/series.csv")
def series_csv() -> Response:
    """One daemon's series as a table, times in UTC."""
    body = _series(1)
    name = escape(body["daemons"][0]["id"].replace("/", "-"))
    response = Response(table.text(body), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _series(most: int) -> dict[str, Any]:
    known = store().daemons()
    window = query.window(request.args, time.time())
    metrics = query.metrics(request.args.get("metrics"))
    ids = query.chosen(request.args.getlist("daemon"), known, most)
    topics, tied, restarts, usual = (
        query.flag(request.args, name) for name in ("topics", "tied", "restarts", "usual")
    )
    daemons = [known[name] for name in ids]
    columns = sum(
        columns_of(daemon, metrics, topics=topics, tied=len(settings().tied) * tied)
        for daemon in daemons
    )
    query.bounded(columns, window)
    body = answer(
        store(),
        daemons,
        metrics,
        window,
        topics=topics,
        tied=settings().tied if tied else (),
        marks=restarts,
    )
    if usual:
        ranges = current_app.extensions["bands"].of(daemons, window, time.time())
        for row in body["daemons"]:
            row["usual"] = ranges.get(row["id"], {})
        alerted_from = limits(daemons)
        for row in body["daemons"]:
            row["limits"] = alerted_from.get(row["id"], {})
    return body


@api.get("/state")
def state() -> Response:
    """The fleet line alone: fast to poll."""
    return send(fleet().answer(time.time())["fleet"])


@api.get("/marks")
def marks() -> Response:
    """The notes, alerts and changes of a span, of one daemon or of all."""
    window, daemon = query.window(request.args, time.time()), request.args.get("daemon")
    return send({"marks": marks_between(window.start, window.end, daemon)})


@api.post("/marks")
def add_mark() -> Response:
    """Keep a note; needs the token."""
    login.may_write(settings())
    mark = check(query.body(request.get_data()), time.time(), login.logged_in(settings()))
    notes().add(mark)
    return send({"id": mark.id}, 201)


@api.delete("/marks/<name>")
def remove_mark(name: str) -> Response:
    """Delete a note; needs the token."""
    login.may_write(settings())
    if not notes().remove(name):
        abort(404, "No such mark.")
    return Response(status=204)


@api.get("/openapi.json")
def description() -> Response:
    """This API's description, OpenAPI 3.1."""
    return send(openapi.description(request.script_root))
