"""EDGE sqlite: the evaluator's state, what is to be sent, past alerts, what people ordered.

A step's state and its notices are written in one transaction: killed at any moment, the process
finds both or neither, and makes the same notices with the same ids again. Refuses a second
evaluator on the same file.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import StoreError
from ..files import lock_file
from .evaluator import Orders, State
from .records import Ack, Alert
from .rules import Match, Silence
from .state_json import of_json, to_json

SCHEMA = """
CREATE TABLE IF NOT EXISTS saved (one INTEGER PRIMARY KEY CHECK (one = 1), at REAL NOT NULL,
    every REAL NOT NULL, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS rules (one INTEGER PRIMARY KEY CHECK (one = 1), text TEXT, trouble TEXT);
CREATE TABLE IF NOT EXISTS outbox (serial INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL,
    output TEXT NOT NULL, payload TEXT NOT NULL, created REAL NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL, error TEXT NOT NULL DEFAULT '',
    done REAL, UNIQUE (id, output));
CREATE INDEX IF NOT EXISTS undone ON outbox (output, serial) WHERE done IS NULL;
CREATE TABLE IF NOT EXISTS past (id TEXT PRIMARY KEY, since REAL NOT NULL, cleared REAL NOT NULL,
    alert TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS past_cleared ON past (cleared);
CREATE TABLE IF NOT EXISTS acks (id TEXT PRIMARY KEY, ack TEXT NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS silences (id TEXT PRIMARY KEY, silence TEXT NOT NULL, end REAL NOT NULL);
"""
#: Seconds that past alerts, and sent notices, are kept.
PAST = 400 * 86400.0
SENT = 30 * 86400.0
#: Seconds to wait for another process's write.
PATIENCE = 30.0


@dataclass(frozen=True)
class Parcel:
    """One notice for one output. Times in epoch seconds."""

    serial: int
    id: str
    output: str
    payload: dict[str, Any]
    created: float
    attempts: int
    due: float


class Book:
    """One file; each thread opens its own.

    Raises:
        StoreError: from every method: the file cannot be used now.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        with self._told():
            if not create and not path.exists():
                raise StoreError(f"{path}: is not there; does `collectd-fedmsg alerts run` run?")
            self._base = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None,
                                         check_same_thread=False)
            # FULL: what was committed is on the disk, also after a power cut.
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def load(self) -> tuple[State, float]:
        """Return the last step's state and time (epoch seconds; 0 when there was none).

        Raises:
            ValueError: what is there is no state.
        """
        with self._told():
            row = self._base.execute("SELECT state, at FROM saved").fetchone()
        return (of_json(json.loads(row[0])), float(row[1])) if row else (State(), 0.0)

    def commit(self, now: float, every: float, state: State, cleared: Sequence[Alert],
               parcels: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
        """Write one step, whole or not at all.

        Args:
            now, every: when it was, and seconds until the next.
            state: what to go on from.
            cleared: alerts that are over now.
            parcels: (id, output, payload): what is to be sent; one that is there stays as it is.
        """
        with self._turn() as base:
            base.execute("INSERT OR REPLACE INTO saved VALUES (1, ?, ?, ?)",
                         (now, every, json.dumps(to_json(state))))
            base.executemany("INSERT OR REPLACE INTO past VALUES (?, ?, ?, ?)", [
                (one.id, one.since, one.cleared, json.dumps(one.to_json())) for one in cleared])
            base.executemany(
                "INSERT OR IGNORE INTO outbox (id, output, payload, created, due)"
                " VALUES (?, ?, ?, ?, ?)",
                [(name, output, json.dumps(body), now, now) for name, output, body in parcels])
            base.execute("DELETE FROM past WHERE cleared < ?", (now - PAST,))
            base.execute("DELETE FROM outbox WHERE done < ?", (now - SENT,))
            base.execute("DELETE FROM acks WHERE at < ?", (now - PAST,))
            base.execute("DELETE FROM silences WHERE end < ?", (now - SENT,))

    def next_parcel(self, output: str) -> Parcel | None:
        """Return an output's oldest unsent one: in order, so that no end precedes its start."""
        with self._told():
            row = self._base.execute(
                "SELECT serial, id, output, payload, created, attempts, due FROM outbox"
                " WHERE output = ? AND done IS NULL ORDER BY serial LIMIT 1", (output,)).fetchone()
        if not row:
            return None
        serial, name, to, payload, created, attempts, due = row
        return Parcel(serial, name, to, json.loads(payload), created, attempts, due)

    def sent(self, serial: int, now: float, error: str = "") -> None:
        """Note that a parcel was delivered, or with an error that it was given up."""
        with self._turn() as base:
            base.execute("UPDATE outbox SET done = ?, error = ? WHERE serial = ?",
                         (now, error, serial))

    def failed(self, serial: int, due: float, error: str) -> None:
        """Note that a parcel was not delivered, why, and when to try again (epoch seconds)."""
        with self._turn() as base:
            base.execute("UPDATE outbox SET attempts = attempts + 1, due = ?, error = ?"
                         " WHERE serial = ?", (due, error[:500], serial))

    def undelivered(self) -> list[dict[str, Any]]:
        """Return, by output, how many wait, since when, and the last error."""
        with self._told():
            rows = self._base.execute(
                "SELECT output, count(*), min(created), max(attempts), max(error) FROM outbox"
                " WHERE done IS NULL GROUP BY output ORDER BY output").fetchall()
        return [dict(zip(("output", "waiting", "since", "attempts", "error"), row))
                for row in rows]

    def drop_output(self, output: str, now: float) -> None:
        """Give up what waits for an output that the rules do not name any more."""
        with self._turn() as base:
            base.execute("UPDATE outbox SET done = ?, error = 'no such output any more'"
                         " WHERE output = ? AND done IS NULL", (now, output))

    def orders(self) -> Orders:
        """Return all acknowledgements and silences."""
        with self._told():
            acks = self._base.execute("SELECT id, ack FROM acks").fetchall()
        return Orders({name: Ack(**json.loads(text)) for name, text in acks},
                      tuple(self.silences()))

    def silences(self) -> list[Silence]:
        """Return the silences, those that ended lately too, the last to end first."""
        with self._told():
            rows = self._base.execute("SELECT silence FROM silences ORDER BY end DESC").fetchall()
        return [_silence(json.loads(text)) for (text,) in rows]

    def acknowledge(self, name: str, ack: Ack | None) -> None:
        """Keep an acknowledgement of an alert's id; None takes it back."""
        with self._turn() as base:
            if ack is None:
                base.execute("DELETE FROM acks WHERE id = ?", (name,))
            else:
                base.execute("INSERT OR REPLACE INTO acks VALUES (?, ?, ?)",
                             (name, json.dumps(asdict(ack)), ack.at))

    def silence(self, silence: Silence) -> None:
        """Keep a silence, or with the same id another end of it."""
        with self._turn() as base:
            base.execute("INSERT OR REPLACE INTO silences VALUES (?, ?, ?)",
                         (silence.id, json.dumps(asdict(silence)), silence.end))

    def past(self, start: float, end: float, most: int = 1000) -> list[Alert]:
        """Return alerts that were open within [start, end] and are over, the newest end first."""
        with self._told():
            rows = self._base.execute(
                "SELECT alert FROM past WHERE cleared >= ? AND since <= ?"
                " ORDER BY cleared DESC LIMIT ?", (start, end, most)).fetchall()
        return [Alert.of_json(json.loads(text)) for (text,) in rows]

    def evaluated(self) -> tuple[float, float]:
        """Return when the last step was and how often steps are (epoch seconds, seconds)."""
        with self._told():
            row = self._base.execute("SELECT at, every FROM saved").fetchone()
        return (float(row[0]), float(row[1])) if row else (0.0, 0.0)

    def good_rules(self) -> tuple[str, str]:
        """Return the last rules that had no mistake, and what is wrong with newer ones."""
        with self._told():
            row = self._base.execute("SELECT text, trouble FROM rules").fetchone()
        return (row[0] or "", row[1] or "") if row else ("", "")

    def keep_rules(self, text: str, trouble: str = "") -> None:
        """Keep the rules' text and, when newer ones are refused, why."""
        with self._turn() as base:
            base.execute("INSERT OR REPLACE INTO rules VALUES (1, ?, ?)", (text, trouble))

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error

    @contextmanager
    def _turn(self) -> Iterator[sqlite3.Connection]:
        with self._told():
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
            except BaseException:
                self._base.execute("ROLLBACK")
                raise
            self._base.execute("COMMIT")


def _silence(raw: dict[str, Any]) -> Silence:
    match = {part: tuple(patterns) for part, patterns in raw["match"].items()}
    return Silence(**{**raw, "match": Match(**match)})


def only_one(path: Path) -> int:
    """Return the descriptor of a lock that ends with this process.

    Raises:
        StoreError: another evaluator uses this file; two would tell everything twice.
    """
    lock = path.with_name(f"{path.name}.lock")
    try:
        return lock_file(lock)
    except BlockingIOError as error:
        raise StoreError(f"{path}: another evaluator uses it") from error
    except OSError as error:
        raise StoreError(f"{lock}: {error.strerror}") from error
