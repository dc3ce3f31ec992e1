"""All marks of a span: notes, alerts, and the changes that daemons report by themselves."""

from __future__ import annotations

from typing import Any

from flask import current_app

from collectd_fedmsg.names import escape

from ..judge.inside import Inside
from .alert_state import marks as alert_marks
from .notes import Marks

#: Marks of changes in one answer, the newest: a daemon that restarts for ever has many.
MAX_CHANGES = 500


def marks_between(start: int, end: int, daemon: str | None = None) -> list[dict[str, Any]]:
    """Return the marks of [start, end] (epoch seconds), of one daemon when given, by time.

    Raises:
        StoreError: the file of notes cannot be read.
    """
    notes: Marks = current_app.extensions["marks"]
    marks = [
        *notes.between(start, end, daemon),
        *alert_marks(start, end, daemon),
        *changes(current_app.extensions["inside"], start, end, daemon),
    ]
    return sorted(marks, key=_time)


def _time(mark: dict[str, Any]) -> int:
    return int(mark["time"])


def changes(inside: Inside, start: int, end: int, daemon: str | None) -> list[dict[str, Any]]:
    """Return changed versions and restarts as marks; they are of a host's service."""
    marks = [
        {
            "id": f"change-{change.time:.0f}-{number}",
            "time": int(change.time),
            "text": change.text,
            "daemon": f"{escape(host)}/{escape(service)}",
            "kind": change.kind,
            "by": "",
        }
        for number, (host, service, change) in enumerate(inside.changes(start, end))
    ]
    meant = [mark for mark in marks if daemon is None or daemon.startswith(f"{mark['daemon']}/")]
    return sorted(meant, key=_time)[-MAX_CHANGES:]
