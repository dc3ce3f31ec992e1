"""The JSON API under ``/api/v1/``: daemons and series, with ETags and clear errors."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Blueprint, Response, current_app, request

from collectd_fedmsg.errors import BadQuery

from . import query
from .fleet import Fleet
from .reading import answer
from .store.rrd import RRDStore

api = Blueprint("api", __name__, url_prefix="/api/v1")
#: Daemons in one answer of series.
MOST_DAEMONS = 1000
#: Series times points of one answer.
MOST_VALUES = 4_000_000


def store() -> RRDStore:
    """Return the app's store."""
    found: RRDStore = current_app.extensions["store"]
    return found


def fleet() -> Fleet:
    """Return the app's fleet."""
    found: Fleet = current_app.extensions["fleet"]
    return found


def send(body: Mapping[str, Any]) -> Response:
    """Return JSON with an ETag of its bytes, or 304 when the reader has them."""
    octets = orjson.dumps(body)
    response = Response(octets, mimetype="application/json")
    response.set_etag(hashlib.blake2b(octets, digest_size=12).hexdigest(), weak=True)
    return response.make_conditional(request)  # type: ignore[return-value]


@api.get("/daemons")
def daemons() -> Response:
    """Every daemon, worst first; ``limit`` and ``offset`` page through them."""
    whole = fleet().answer(time.time())
    limit = query.number(request.args, "limit", 10_000, 1, 10_000)
    offset = query.number(request.args, "offset", 0, 0, 1_000_000)
    return send({**whole, "daemons": whole["daemons"][offset: offset + limit]})


@api.get("/series")
def series() -> Response:
    """Rates and gauges of chosen daemons on one grid."""
    known = store().daemons()
    window = query.window(request.args, time.time())
    metrics = query.metrics(request.args.get("metrics"))
    ids = query.chosen(request.args.getlist("daemon"), known, MOST_DAEMONS)
    points = (window.end - window.start) // window.step if window.step else query.POINTS * 2
    if len(ids) * len(metrics) * points > MOST_VALUES:
        raise BadQuery("too many values: ask for fewer daemons or a coarser step")
    return send(answer(store(), [known[name] for name in ids], metrics, window))


@api.get("/state")
def state() -> Response:
    """The fleet line alone: cheap to poll."""
    return send(fleet().answer(time.time())["fleet"])
