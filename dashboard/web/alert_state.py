"""What pages and API say of alerts: the evaluator's file, in the words of the rows.

Raises and clears nothing: that is the evaluator's.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import abort, current_app, g, request

from collectd_fedmsg.alerts import actions, rules_file
from collectd_fedmsg.alerts.evaluator import acked
from collectd_fedmsg.alerts.health import is_late
from collectd_fedmsg.alerts.notice_text import one_line, path, peak
from collectd_fedmsg.alerts.records import SEVERITIES, Alert, Subject
from collectd_fedmsg.alerts.rules import RuleSet, Silence
from collectd_fedmsg.alerts.state_db import AlertDatabase
from collectd_fedmsg.errors import ConfigError, StoreError

from ..judge.plain_words import cause_severity, plain
from ..store.base import Daemon

#: Seconds of past alerts on the page.
PAST = 7 * 86400
#: The order of cards by their colour: that of the groups of rows.
MARKS = ("3", "2", "none", "1", "0")


@contextmanager
def database() -> Iterator[AlertDatabase]:
    """Open the evaluator's file while a ``with`` block lasts; 404 where none is configured.

    Raises:
        StoreError: the file cannot be read.
    """
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
    with database() as book:
        at, every = book.evaluated()
        state, orders = book.load()[0], book.actions()
        past, trouble = book.past(now - PAST, now), book.good_rules()[1]
        waiting = book.undelivered()
        troubles, refused = book.troubles(), book.given_up(now - PAST)
    shown = [_shown(acked(alert, orders), now, orders.silences) for alert in state.alerts]
    shown.sort(key=lambda row: (-SEVERITIES.index(row["severity"]), row["since"], row["id"]))
    return {
        "evaluated": at,
        "late": is_late(at, every, now),
        "rules_trouble": trouble,
        "active": [row for row in shown if not row["ack"]],
        "acknowledged": [row for row in shown if row["ack"]],
        "past": [_shown(alert, now, ()) for alert in past],
        "silences": [_silence(each) for each in orders.silences if each.end > now],
        "undelivered": [notice for notice in waiting if notice["attempts"]],
        "given_up": refused,
        "troubles": troubles,
    }


def cards(shown: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a daemon's alerts as one card, the worst first: what explains them is said once.

    ``others`` are the further alerts, ``causes`` what they name besides the card's own cause.
    """
    by_subject: dict[str, list[dict[str, Any]]] = {}
    for row in sorted(shown, key=_place):
        by_subject.setdefault(row["subject_id"], []).append(row)
    return [_card(rows) for rows in by_subject.values()]


def _place(row: dict[str, Any]) -> tuple[int, int, float]:
    severity = -SEVERITIES.index(row["severity"])
    return MARKS.index(row["cause_severity"]), severity, row["since"]


def _card(rows: list[dict[str, Any]]) -> dict[str, Any]:
    first, others = rows[0], rows[1:]
    causes = dict.fromkeys(row["cause"] for row in others if row["cause"] != first["cause"])
    if first["cause"] == "daemon_silent":
        # Of who is silent nothing else is known: that is no second cause.
        causes.pop("UNKNOWN", None)
    actions = dict.fromkeys(row["action"] for row in rows if row["action"])
    return {
        **first,
        "others": others,
        "causes": list(causes),
        "since": min(row["since"] for row in rows),
        "why": list(dict.fromkeys(sentence for row in rows for sentence in row["why"])),
        "actions": list(actions),
    }


def open_alerts(now: float) -> dict[str, Any] | None:
    """Return what the page of daemons says of alerts at ``now``: ``count`` of cards that nobody
    has acknowledged, ``daemons`` by id. None where there is no evaluator or its file is away."""
    if current_app.extensions["alerts"] is None:
        return None
    try:
        with database() as book:
            state, orders = book.load()[0], book.actions()
    except StoreError:
        return None
    shown = [_shown(acked(alert, orders), now, orders.silences) for alert in state.alerts]
    daemons: dict[str, dict[str, Any]] = {}
    for row in sorted(shown, key=_place):
        known = daemons.setdefault(row["subject_id"], {"ids": [], "by": [], "silenced_until": None})
        if row["ack"]:
            known["by"] = sorted({*known["by"], row["ack"]["by"]})
        else:
            known["ids"].append(row["id"])
        if row["silenced_until"]:
            known["silenced_until"] = max(row["silenced_until"], known["silenced_until"] or 0)
    return {"count": len(cards(row for row in shown if not row["ack"])), "daemons": daemons}


def open_count() -> int | None:
    """Return how many cards of alerts nobody has acknowledged; None when that is not known."""
    if "open_alerts" not in g:
        g.open_alerts = open_alerts(time.time())
    state: dict[str, Any] | None = g.open_alerts
    return state["count"] if state is not None else None


@lru_cache(maxsize=4)
def _rules(text: str) -> RuleSet | None:
    try:
        return rules_file.parse(text, "rules")
    except ConfigError:
        return None


def limits(daemons: Sequence[Daemon]) -> dict[str, dict[str, float]]:
    """Return from which backlog (messages) on an alert is raised, by daemon's id and metric;
    nothing where every rule is raised from the first message on."""
    if current_app.extensions["alerts"] is None:
        return {}
    try:
        with database() as book:
            rules = _rules(book.good_rules()[0])
    except StoreError:
        return {}
    if rules is None:
        return {}
    lowest: dict[str, dict[str, float]] = {}
    for daemon in daemons:
        subject = Subject(daemon.host, daemon.service, daemon.consumer)
        of_backlog = (
            rules.rule_for(rule, subject) for rule in rules.rules if rule.kind == "backlog"
        )
        above = [rule.above for rule in of_backlog if rule is not None and rule.above > 0]
        if above:
            lowest[daemon.id] = {"backlog": min(above)}
    return lowest


#: How a sentence of the evaluator begins that names a verdict.
_VERDICT = re.compile(r"^([A-Z_]+)(?=: )")


def _in_words(sentence: str) -> str:
    """Return a sentence with the verdict that it begins with in the words of the rows."""
    return _VERDICT.sub(lambda name: plain(name[1]), sentence)


def _what(alert: Alert) -> str:
    """Return an alert in one line, its verdict in the words of the rows."""
    line = one_line(alert)
    if alert.kind != "verdict":
        return line
    return line.replace(f"the diagnosis is {alert.cause}", plain(alert.cause).lower())


def _shown(alert: Alert, now: float, silences: Iterable[Silence]) -> dict[str, Any]:
    covering = [each for each in silences if each.covers(alert.subject, alert.rule, now)]
    return {
        **alert.to_json(),
        "what": _what(alert),
        "why": [_in_words(sentence) for sentence in alert.why],
        "subject_id": alert.subject.id,
        "page": request.script_root + path(alert, now),
        "peak_words": peak(alert),
        "cause_severity": cause_severity(alert.cause),
        "silenced_until": max((each.end for each in covering), default=None),
    }


def _silence(silence: Silence) -> dict[str, Any]:
    shown = ("id", "start", "end", "by", "comment")
    return {name: getattr(silence, name) for name in shown} | {"of": actions.words(silence.match)}


def marks(start: int, end: int, daemon: str | None) -> list[dict[str, Any]]:
    """Return begins and ends of alerts in [start, end] as marks; none when the file is away."""
    if current_app.extensions["alerts"] is None:
        return []
    try:
        with database() as book:
            alerts = [*book.load()[0].alerts, *book.past(start, end)]
    except StoreError:
        return []  # the notes in the same answer shall be shown all the same
    return [
        mark for alert in alerts for mark in _marks(alert, daemon) if start <= mark["time"] <= end
    ]


def _marks(alert: Alert, daemon: str | None) -> Iterator[dict[str, Any]]:
    """Yield an alert's begin and end, when it is of a daemon or one is not named."""
    name = alert.subject.id
    if daemon is not None and daemon != name and not daemon.startswith(f"{name}/"):
        return
    yield {
        "id": alert.id,
        "daemon": name,
        "time": int(alert.since),
        "kind": f"alert-{alert.severity}",
        "text": f"{alert.rule}: {_what(replace(alert, cleared=None))}",
    }
    if alert.cleared is not None:
        yield {
            "id": f"{alert.id}-over",
            "daemon": name,
            "time": int(alert.cleared),
            "kind": "alert-over",
            "text": f"{alert.rule}: over",
        }
