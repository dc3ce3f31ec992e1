"""The evaluator's file: its state, notices to be sent, past alerts, people's actions.

A step's state and its notices are written in one transaction: killed at any moment, the process
finds both or neither, and makes the same notices with the same ids again. Refuses a second
evaluator on the same file.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .outbox import MAX_ERROR, Outbox, add_entries, forget_entries
from .outbox import SCHEMA as OUTBOX
from .records import Ack, Alert
from .rules import Match, Silence
from .state import Actions, State
from .state_json import of_json, to_json

SCHEMA = """
CREATE TABLE IF NOT EXISTS saved (one INTEGER PRIMARY KEY CHECK (one = 1), at REAL NOT NULL,
    every REAL NOT NULL, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rules (one INTEGER PRIMARY KEY CHECK (one = 1), text TEXT, trouble TEXT);
CREATE TABLE IF NOT EXISTS past (id TEXT PRIMARY KEY, since REAL NOT NULL, cleared REAL NOT NULL,
    alert TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS past_cleared ON past (cleared);
CREATE TABLE IF NOT EXISTS acks (id TEXT PRIMARY KEY, ack TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS silences (id TEXT PRIMARY KEY, silence TEXT NOT NULL, end REAL NOT NULL);
CREATE TABLE IF NOT EXISTS troubles (kind TEXT PRIMARY KEY, since REAL NOT NULL,
    text TEXT NOT NULL);
"""
#: Seconds that past alerts are kept, and silences after their end.
PAST_SECONDS = 400 * 86400.0
SILENCE_SECONDS = 30 * 86400.0
#: Past alerts kept, whatever their age.
MAX_PAST = 100_000


class AlertDatabase(Outbox):
    """The evaluator's file; errors as in ``SqliteFile``."""

    def __init__(self, path: Path, *, create: bool = True, read_only: bool = False) -> None:
        super().__init__(path, f"{SCHEMA}{OUTBOX}", create=create, read_only=read_only)

    def load(self) -> tuple[State, float]:
        """Return the last step's state and time (epoch seconds; 0 when there was none)."""
        with self.translated():
            row = self.base.execute("SELECT state, at FROM saved").fetchone()
            return (of_json(json.loads(row[0])), float(row[1])) if row else (State(), 0.0)

    def commit(  # noqa: PLR0917
        self,
        now: float,
        every: float,
        state: State,
        cleared: Sequence[Alert],
        entries: Sequence[tuple[str, str, Mapping[str, Any]]],
        troubles: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Write one step, whole or not at all.

        Args:
            now, every: when it was, and seconds until the next.
            state: the next step begins with it.
            cleared: alerts that are over now.
            entries: (id, output, payload): to be sent; the same id is kept unchanged.
            troubles: kind → what is wrong with evaluating itself; the others are over.
        """
        with self.transaction() as base:
            base.execute(
                "INSERT OR REPLACE INTO saved VALUES (1, ?, ?, ?)",
                (now, every, json.dumps(to_json(state))),
            )
            base.executemany(
                "INSERT OR REPLACE INTO past VALUES (?, ?, ?, ?)",
                [
                    (alert.id, alert.since, alert.cleared, json.dumps(alert.to_json()))
                    for alert in cleared
                ],
            )
            add_entries(base, entries, now)
            _keep_troubles(base, now, troubles)
            _forget(base, now)

    def troubles(self) -> list[dict[str, Any]]:
        """Return what is wrong with evaluating itself: kind, since when (epoch seconds), text."""
        with self.translated():
            rows = self.base.execute(
                "SELECT kind, since, text FROM troubles ORDER BY since, kind"
            ).fetchall()
        return [dict(zip(("kind", "since", "text"), row)) for row in rows]

    def actions(self) -> Actions:
        """Return all acknowledgements and silences."""
        with self.translated():
            acks = self.base.execute("SELECT id, ack FROM acks").fetchall()
            return Actions(
                {name: Ack(**json.loads(text)) for name, text in acks}, tuple(self.silences())
            )

    def silences(self) -> list[Silence]:
        """Return the silences, those that ended lately too, the last to end first."""
        with self.translated():
            rows = self.base.execute("SELECT silence FROM silences ORDER BY end DESC").fetchall()
            return [_silence(json.loads(text)) for (text,) in rows]

    def acknowledge(self, name: str, ack: Ack | None) -> None:
        """Keep an acknowledgement of an alert's id; None takes it back."""
        with self.transaction() as base:
            if ack is None:
                base.execute("DELETE FROM acks WHERE id = ?", (name,))
            else:
                base.execute(
                    "INSERT OR REPLACE INTO acks VALUES (?, ?, ?)",
                    (name, json.dumps(asdict(ack)), ack.at),
                )

    def silence(self, silence: Silence) -> None:
        """Keep a silence; with the same id, change its end."""
        with self.transaction() as base:
            base.execute(
                "INSERT OR REPLACE INTO silences VALUES (?, ?, ?)",
                (silence.id, json.dumps(asdict(silence)), silence.end),
            )

    def past(self, start: float, end: float, most: int = 1000) -> list[Alert]:
        """Return alerts that were open within [start, end] and are over, the newest end first."""
        with self.translated():
            rows = self.base.execute(
                "SELECT alert FROM past WHERE cleared >= ? AND since <= ?"
                " ORDER BY cleared DESC LIMIT ?",
                (start, end, most),
            ).fetchall()
            return [Alert.of_json(json.loads(text)) for (text,) in rows]

    def evaluated(self) -> tuple[float, float]:
        """Return when the last step was and how often steps are (epoch seconds, seconds)."""
        with self.translated():
            row = self.base.execute("SELECT at, every FROM saved").fetchone()
            return (float(row[0]), float(row[1])) if row else (0.0, 0.0)

    def good_rules(self) -> tuple[str, str]:
        """Return the last rules that had no mistake, and what is wrong with newer ones."""
        with self.translated():
            row = self.base.execute("SELECT text, trouble FROM rules").fetchone()
        return (row[0] or "", row[1] or "") if row else ("", "")

    def keep_rules(self, text: str, trouble: str = "") -> None:
        """Keep the rules' text and, when newer ones are refused, why."""
        with self.transaction() as base:
            base.execute("INSERT OR REPLACE INTO rules VALUES (1, ?, ?)", (text, trouble))


def _keep_troubles(base: sqlite3.Connection, now: float, troubles: Mapping[str, str]) -> None:
    """Replace what is wrong; what was wrong already keeps its beginning."""
    began = dict(base.execute("SELECT kind, since FROM troubles").fetchall())
    base.execute("DELETE FROM troubles")
    base.executemany(
        "INSERT INTO troubles VALUES (?, ?, ?)",
        [
            (kind, min(now, began.get(kind, now)), text[:MAX_ERROR])
            for kind, text in troubles.items()
        ],
    )


def _forget(base: sqlite3.Connection, now: float) -> None:
    """Delete old and surplus rows, and bring times that are in the future back to now."""
    forget_entries(base, now)
    base.execute("DELETE FROM past WHERE cleared < ?", (now - PAST_SECONDS,))
    base.execute(
        "DELETE FROM past WHERE cleared <= (SELECT cleared FROM past"
        " ORDER BY cleared DESC LIMIT 1 OFFSET ?)",
        (MAX_PAST,),
    )
    base.execute("DELETE FROM acks WHERE at < ?", (now - PAST_SECONDS,))
    base.execute("DELETE FROM silences WHERE end < ?", (now - SILENCE_SECONDS,))


def _silence(raw: dict[str, Any]) -> Silence:
    match = {part: tuple(patterns) for part, patterns in raw["match"].items()}
    return Silence(**{**raw, "match": Match(**match)})
