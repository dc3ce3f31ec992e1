"""Notices waiting for delivery, kept in the evaluator's file until an output accepts them.

Refuses to lose one, to send the end of an alert before its start, and to keep texts for ever.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .sqlite_file import SqliteFile

SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (serial INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL,
    output TEXT NOT NULL, payload TEXT NOT NULL, created REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL, error TEXT NOT NULL DEFAULT '',
    done REAL, line TEXT NOT NULL DEFAULT '', UNIQUE (id, output));
CREATE INDEX IF NOT EXISTS waiting ON outbox (output, line, serial) WHERE done IS NULL;
CREATE INDEX IF NOT EXISTS done ON outbox (done) WHERE done IS NOT NULL;
"""
#: Seconds that the ids of sent notices are kept; their text goes at once.
SENT_SECONDS = 30 * 86400.0
#: Sent notices kept, whatever their age.
MAX_SENT = 20_000
#: Characters of an error that are kept.
MAX_ERROR = 500
#: Seconds that a time may be ahead of the clock; a later one was written by a wrong clock.
MAX_AHEAD = 3700.0


@dataclass(frozen=True)
class OutboxEntry:
    """One notice for one output. Times in epoch seconds."""

    serial: int
    id: str
    output: str
    payload: dict[str, Any]
    created: float
    attempts: int
    due: float


class Outbox(SqliteFile):
    """The outbox's part of the evaluator's file; errors as in ``SqliteFile``."""

    def next_entry(self, output: str) -> OutboxEntry | None:
        """Return what an output has to send next: new ones first, then those due the soonest.

        Within a group they are in order, so that no end precedes its start.
        """
        with self.translated():
            row = self.base.execute(
                "SELECT serial, id, output, payload, created, attempts, due FROM outbox AS mine"
                " WHERE output = ? AND done IS NULL AND NOT EXISTS (SELECT 1 FROM outbox AS other"
                " WHERE other.output = mine.output AND other.line = mine.line"
                " AND other.done IS NULL AND other.serial < mine.serial)"
                " ORDER BY attempts > 0, due, serial LIMIT 1",
                (output,),
            ).fetchone()
            if not row:
                return None
            serial, name, to, payload, created, attempts, due = row
            return OutboxEntry(serial, name, to, json.loads(payload), created, attempts, due)

    def sent(self, serial: int, now: float, error: str = "") -> None:
        """Note that an entry was delivered, or with an error that it was given up.

        Its text is deleted; its id remains as the record that it was sent.
        """
        with self.transaction() as base:
            base.execute(
                "UPDATE outbox SET done = ?, error = ?, payload = '{}' WHERE serial = ?",
                (now, error[:MAX_ERROR], serial),
            )

    def failed(
        self, serial: int, due: float, error: str, payload: Mapping[str, Any] | None = None
    ) -> None:
        """Note that an entry was not delivered, why, and when to try again (epoch seconds).

        ``payload``: what to send then instead, e.g. to fewer recipients.
        """
        with self.transaction() as base:
            base.execute(
                "UPDATE outbox SET attempts = attempts + 1, due = ?, error = ?,"
                " payload = coalesce(?, payload) WHERE serial = ?",
                (due, error[:MAX_ERROR], json.dumps(payload) if payload else None, serial),
            )

    def given_up(self, since: float) -> list[dict[str, Any]]:
        """Return the notices given up since then (epoch seconds), the newest first, 100 at most."""
        with self.translated():
            rows = self.base.execute(
                "SELECT output, id, done, error FROM outbox WHERE done >= ? AND error <> ''"
                " ORDER BY done DESC LIMIT 100",
                (since,),
            ).fetchall()
        return [dict(zip(("output", "id", "at", "error"), row)) for row in rows]

    def undelivered(self) -> list[dict[str, Any]]:
        """Return, by output, how many wait, since when, and the last error."""
        with self.translated():
            rows = self.base.execute(
                "SELECT output, count(*), min(created), max(attempts), max(error) FROM outbox"
                " WHERE done IS NULL GROUP BY output ORDER BY output"
            ).fetchall()
        return [dict(zip(("output", "waiting", "since", "attempts", "error"), row)) for row in rows]

    def drop_output(self, output: str, now: float) -> None:
        """Give up notices for an output that is no longer in the rules."""
        with self.transaction() as base:
            base.execute(
                "UPDATE outbox SET done = ?, error = 'no such output any more'"
                " WHERE output = ? AND done IS NULL",
                (now, output),
            )


def add_entries(
    base: sqlite3.Connection, entries: Iterable[tuple[str, str, Mapping[str, Any]]], now: float
) -> None:
    """Add (id, output, payload) at ``now`` (epoch seconds); the same id is kept unchanged."""
    base.executemany(
        "INSERT OR IGNORE INTO outbox (id, output, payload, created, due, line)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        [
            (name, output, json.dumps(body), now, now, str(body.get("group", name)))
            for name, output, body in entries
        ],
    )


def forget_entries(base: sqlite3.Connection, now: float) -> None:
    """Delete old and surplus entries, and bring times that are in the future back to now."""
    base.execute(
        "UPDATE outbox SET due = min(due, ?), created = min(created, ?)"
        " WHERE done IS NULL AND due > ?",
        (now, now, now + MAX_AHEAD),
    )
    base.execute("DELETE FROM outbox WHERE done < ?", (now - SENT_SECONDS,))
    base.execute(
        "DELETE FROM outbox WHERE done <= (SELECT done FROM outbox"
        " WHERE done IS NOT NULL ORDER BY done DESC LIMIT 1 OFFSET ?)",
        (MAX_SENT,),
    )
