"""The page and API of alerts: what ``collectd-fedmsg alerts run`` wrote, and actions on it.

Evaluates nothing. Without a file of the evaluator there is no page; actions want the token.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, render_template, request

from collectd_fedmsg.alerts import actions
from collectd_fedmsg.alerts.rules import Match
from collectd_fedmsg.errors import BadQuery

from .. import json_bytes as as_json
from . import login, query
from .alert_state import cards, database, whole

alerts = Blueprint("alerts", __name__)
PARTS = ("host", "service", "consumer", "rule")


def install(app: Flask, file: Path | None) -> None:
    """Add the page and the API; they answer 404 where no evaluator's file is configured."""
    app.extensions["alerts"] = file
    app.register_blueprint(alerts)
    if file is not None:
        pages = app.extensions["navigation"]
        pages.insert(len(pages) - 1, ("/alerts", "Alerts"))


@alerts.get("/alerts")
def page() -> str:
    """Active, acknowledged and past alerts, and silences."""
    settings, state = current_app.extensions["settings"], whole(time.time())
    state |= {name: cards(state[name]) for name in ("active", "acknowledged")}
    return render_template(
        "alerts.html",
        writable=bool(settings.token),
        now=time.time(),
        login=login.logged_in(settings),
        **state,
    )


@alerts.get("/api/v1/alerts")
def listed() -> Response:
    """The same as JSON."""
    return _json(whole(time.time()))


@alerts.post("/api/v1/alerts/<name>/ack")
def acknowledge(name: str) -> Response:
    """Note who knows of an open alert: the one logged in, else who is named."""
    order = _ordered(("by", "comment"))
    with database() as book:
        actions.acknowledge(book, name, _by(order), order.get("comment", ""), time.time())
    return _json({"id": name}, 201)


@alerts.delete("/api/v1/alerts/<name>/ack")
def unacknowledge(name: str) -> Response:
    """Take it back."""
    login.may_write(current_app.extensions["settings"])
    with database() as book:
        book.acknowledge(name, None)
    return Response(status=204)


@alerts.post("/api/v1/silences")
def silence() -> Response:
    """Tell nobody of what matches, for a while."""
    order = _ordered((*PARTS, "seconds", "by", "comment"))
    parts = {part: (actions.line(part, order[part], 1),) for part in PARTS if order.get(part)}
    seconds = order.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise BadQuery("seconds: a number is wanted")
    made = actions.silence(
        Match(**parts),
        seconds,
        _by(order),
        order.get("comment", ""),
        time.time(),
        secrets.token_hex(4),
    )
    with database() as book:
        book.silence(made)
    return _json({"id": made.id}, 201)


@alerts.delete("/api/v1/silences/<name>")
def unsilence(name: str) -> Response:
    """End a silence now."""
    login.may_write(current_app.extensions["settings"])
    now = time.time()
    with database() as book:
        silences = (each for each in book.silences() if each.id == name and each.end > now)
        running = next(silences, None)
        if running is None:
            abort(404, "No such silence.")
        book.silence(replace(running, end=now))
    return Response(status=204)


def _by(order: Mapping[str, Any]) -> Any:
    """Return who orders: nobody writes another's name where a login is known."""
    return login.logged_in(current_app.extensions["settings"]) or order.get("by", "")


def _ordered(keys: tuple[str, ...]) -> Mapping[str, Any]:
    login.may_write(current_app.extensions["settings"])
    order = query.body(request.get_data())
    if not isinstance(order, dict) or set(order) - set(keys):
        raise BadQuery(f"an object with some of {', '.join(keys)} is wanted")
    return order


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(as_json.dumps(body), status=status, mimetype="application/json")
