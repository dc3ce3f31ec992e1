"""The page and API of alerts: what ``collectd-fedmsg alerts run`` wrote, and actions on it.

Evaluates nothing. Without a file of the evaluator there is no page; actions want the token.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, g, render_template, request

from collectd_fedmsg.alerts import actions
from collectd_fedmsg.alerts.evaluator import acked
from collectd_fedmsg.alerts.health import is_late
from collectd_fedmsg.alerts.notice_text import one_line, path, peak
from collectd_fedmsg.alerts.records import SEVERITIES, Alert
from collectd_fedmsg.alerts.rules import Match, Silence
from collectd_fedmsg.alerts.state_db import AlertDatabase
from collectd_fedmsg.errors import BadQuery, StoreError

from .. import json_bytes as as_json
from ..judge.plain_words import cause_severity, plain
from . import login, query

alerts = Blueprint("alerts", __name__)
#: Seconds of past alerts on the page.
PAST = 7 * 86400
PARTS = ("host", "service", "consumer", "rule")


def install(app: Flask, file: Path | None) -> None:
    """Add the page and the API; they answer 404 where no evaluator's file is configured."""
    app.extensions["alerts"] = file
    app.register_blueprint(alerts)
    if file is not None:
        pages = app.extensions["navigation"]
        pages.insert(len(pages) - 1, ("/alerts", "Alerts"))


@contextmanager
def _book() -> Iterator[AlertDatabase]:
    file: Path | None = current_app.extensions["alerts"]
    if file is None:
        abort(404, "No alerts here: alerts_file is not set.")
    book = AlertDatabase(file, create=False)
    try:
        yield book
    finally:
        book.close()


def whole(now: float) -> dict[str, Any]:
    """Return the body of ``/api/v1/alerts`` at ``now``; times in epoch seconds.

    Raises:
        StoreError: the evaluator's file cannot be read.
    """
    with _book() as book:
        at, every = book.evaluated()
        state, given = book.load()[0], book.actions()
        past, trouble = book.past(now - PAST, now), book.good_rules()[1]
        waiting = book.undelivered()
        troubles, refused = book.troubles(), book.given_up(now - PAST)
    shown = [_shown(acked(one, given), now, given.silences) for one in state.alerts]
    shown.sort(key=lambda one: (-SEVERITIES.index(one["severity"]), one["since"], one["id"]))
    return {
        "evaluated": at,
        "late": is_late(at, every, now),
        "rules_trouble": trouble,
        "active": [one for one in shown if not one["ack"]],
        "acknowledged": [one for one in shown if one["ack"]],
        "past": [_shown(one, now, ()) for one in past],
        "silences": [_silence(one) for one in given.silences if one.end > now],
        "undelivered": [one for one in waiting if one["attempts"]],
        "given_up": refused,
        "troubles": troubles,
    }


def by_cause(shown: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return alerts with those of one subject and one cause as one, under the worst of them.

    ``others`` are the further ones: what they say, their rules and ids.
    """
    listed = list(shown)
    silent = {one["subject_id"] for one in listed if one["cause"] == "daemon_silent"}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in listed:
        # Of who is silent nothing else is known: that is no second cause.
        unknown = one["cause"] == "UNKNOWN" and one["subject_id"] in silent
        key = one["subject_id"], "daemon_silent" if unknown else one["cause"]
        first = found.setdefault(key, {**one, "others": []})
        if first["id"] != one["id"]:
            first["others"].append(one)
            first["since"] = min(first["since"], one["since"])
    return list(found.values())


def open_alerts(now: float) -> dict[str, Any] | None:
    """Return what the page of daemons says of alerts at ``now``: ``count`` of causes that nobody
    has acknowledged, ``daemons`` by id. None where there is no evaluator or its file is away."""
    if current_app.extensions["alerts"] is None:
        return None
    try:
        with _book() as book:
            state, given = book.load()[0], book.actions()
    except StoreError:
        return None
    shown = [_shown(acked(one, given), now, given.silences) for one in state.alerts]
    daemons: dict[str, dict[str, Any]] = {}
    for one in sorted(shown, key=lambda one: -SEVERITIES.index(one["severity"])):
        known = daemons.setdefault(one["subject_id"], {"ids": [], "by": [], "silenced_until": None})
        if one["ack"]:
            known["by"] = sorted({*known["by"], one["ack"]["by"]})
        else:
            known["ids"].append(one["id"])
        if one["silenced_until"]:
            known["silenced_until"] = max(one["silenced_until"], known["silenced_until"] or 0)
    return {"count": len(by_cause(one for one in shown if not one["ack"])), "daemons": daemons}


def open_count() -> int | None:
    """Return how many causes of alerts nobody has acknowledged; None when that is not known."""
    if "open_alerts" not in g:
        g.open_alerts = open_alerts(time.time())
    found: dict[str, Any] | None = g.open_alerts
    return found["count"] if found is not None else None


#: How a sentence of the evaluator begins that names a verdict.
_VERDICT = re.compile(r"^([A-Z_]+)(?=: )")


def _in_words(sentence: str) -> str:
    """Return a sentence with the verdict that it begins with in the words of the rows."""
    return _VERDICT.sub(lambda found: plain(found[1]), sentence)


def _shown(alert: Alert, now: float, silences: Any) -> dict[str, Any]:
    covering = [one for one in silences if one.covers(alert.subject, alert.rule, now)]
    what = one_line(alert)
    if alert.kind == "verdict":
        what = what.replace(f"the diagnosis is {alert.cause}", plain(alert.cause).lower())
    return {
        **alert.to_json(),
        "what": what,
        "why": [_in_words(one) for one in alert.why],
        "subject_id": alert.subject.id,
        "page": request.script_root + path(alert, now),
        "peak_words": peak(alert),
        "cause_severity": cause_severity(alert.cause),
        "silenced_until": max((one.end for one in covering), default=None),
    }


def _silence(one: Silence) -> dict[str, Any]:
    return {
        "id": one.id,
        "start": one.start,
        "end": one.end,
        "by": one.by,
        "comment": one.comment,
        "of": actions.words(one.match),
    }


def marks(start: int, end: int, daemon: str | None) -> list[dict[str, Any]]:
    """Return begins and ends of alerts in [start, end] as marks; none when the file is away."""
    if current_app.extensions["alerts"] is None:
        return []
    try:
        with _book() as book:
            found = [*book.load()[0].alerts, *book.past(start, end)]
    except StoreError:
        return []  # the notes beside them shall be shown all the same
    made = []
    for one in found:
        name = one.subject.id
        if daemon is not None and daemon != name and not daemon.startswith(f"{name}/"):
            continue
        kept = {"id": one.id, "daemon": name}
        if start <= one.since <= end:
            made.append(
                {
                    **kept,
                    "time": int(one.since),
                    "kind": f"alert-{one.severity}",
                    "text": f"{one.rule}: {one_line(replace(one, cleared=None))}",
                }
            )
        if one.cleared is not None and start <= one.cleared <= end:
            made.append(
                {
                    **kept,
                    "id": f"{one.id}-over",
                    "time": int(one.cleared),
                    "kind": "alert-over",
                    "text": f"{one.rule}: over",
                }
            )
    return made


@alerts.get("/alerts")
def page() -> str:
    """Active, acknowledged and past alerts, and silences."""
    settings, found = current_app.extensions["settings"], whole(time.time())
    found |= {name: by_cause(found[name]) for name in ("active", "acknowledged")}
    return render_template(
        "alerts.html",
        writable=bool(settings.token),
        now=time.time(),
        login=login.logged_in(settings),
        **found,
    )


@alerts.get("/api/v1/alerts")
def listed() -> Response:
    """The same as JSON."""
    return _json(whole(time.time()))


@alerts.post("/api/v1/alerts/<name>/ack")
def acknowledge(name: str) -> Response:
    """Note who knows of an open alert: the one logged in, else who is named."""
    given = _ordered(("by", "comment"))
    with _book() as book:
        actions.acknowledge(book, name, _by(given), given.get("comment", ""), time.time())
    return _json({"id": name}, 201)


@alerts.delete("/api/v1/alerts/<name>/ack")
def unacknowledge(name: str) -> Response:
    """Take it back."""
    login.may_write(current_app.extensions["settings"])
    with _book() as book:
        book.acknowledge(name, None)
    return Response(status=204)


@alerts.post("/api/v1/silences")
def silence() -> Response:
    """Tell nobody of what matches, for a while."""
    given = _ordered((*PARTS, "seconds", "by", "comment"))
    parts = {part: (actions.line(part, given[part], 1),) for part in PARTS if given.get(part)}
    seconds = given.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
        raise BadQuery("seconds: a number is wanted")
    made = actions.silence(
        Match(**parts),
        seconds,
        _by(given),
        given.get("comment", ""),
        time.time(),
        secrets.token_hex(4),
    )
    with _book() as book:
        book.silence(made)
    return _json({"id": made.id}, 201)


@alerts.delete("/api/v1/silences/<name>")
def unsilence(name: str) -> Response:
    """End a silence now."""
    login.may_write(current_app.extensions["settings"])
    now = time.time()
    with _book() as book:
        found = next((one for one in book.silences() if one.id == name and one.end > now), None)
        if found is None:
            abort(404, "No such silence.")
        book.silence(replace(found, end=now))
    return Response(status=204)


def _by(given: Mapping[str, Any]) -> Any:
    """Return who orders: nobody writes another's name where a login is known."""
    return login.logged_in(current_app.extensions["settings"]) or given.get("by", "")


def _ordered(keys: tuple[str, ...]) -> Mapping[str, Any]:
    login.may_write(current_app.extensions["settings"])
    given = query.body(request.get_data())
    if not isinstance(given, dict) or set(given) - set(keys):
        raise BadQuery(f"an object with some of {', '.join(keys)} is wanted")
    return given


def _json(body: Mapping[str, Any], status: int = 200) -> Response:
    return Response(as_json.dumps(body), status=status, mimetype="application/json")
