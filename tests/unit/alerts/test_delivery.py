"""Delivery: one notice holds up no other, nothing ends a worker, nothing is sent again for ever."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any, Callable

import pytest

from collectd_fedmsg.alerts.delivery import OutboxWorker, deliver, seconds_left
from collectd_fedmsg.alerts.outbox import OutboxEntry
from collectd_fedmsg.alerts.outputs import NotTaken, Refused
from collectd_fedmsg.alerts.state import State
from collectd_fedmsg.alerts.state_db import AlertDatabase
from examples.processes import wait_for

NOW = 1.8e9
SETTINGS = {"type": "webhook", "timeout": 1, "give_up_after": 3600}


class Taker:
    """An output that keeps what it takes; ``refusal(payload)`` may return what to raise."""

    def __init__(self, refusal: Callable[[Any], BaseException | None] = lambda _: None) -> None:
        self.accepted: list[str] = []
        self._refusal = refusal

    def send(self, payload: Any) -> None:
        error = self._refusal(payload)
        if error is not None:
            raise error
        self.accepted.append(payload["id"])


def database(path: Path, *bodies: tuple[str, str], now: float = NOW) -> AlertDatabase:
    """Return a database with one entry for each (id, group)."""
    store = AlertDatabase(path / "a.db")
    store.commit(
        now, 10, State(), [], [(name, "it", {"id": name, "group": group}) for name, group in bodies]
    )
    return store


def outbox_worker(path: Path, output: Any) -> OutboxWorker:
    return OutboxWorker("it", SETTINGS, path / "a.db", lambda: None, output=output)


def of(name: str, error: BaseException) -> Callable[[Any], BaseException | None]:
    return lambda payload: error if payload["id"] == name else None


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(Refused("HTTP 400: too long"), id="refused-for-good"),
        pytest.param(NotTaken("HTTP 500: sorry"), id="not-now"),
        pytest.param(ZeroDivisionError("division by zero"), id="of-an-unexpected-class"),
        pytest.param(UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), id="decoding"),
    ],
)
def test_one_notice_holds_up_no_other(tmp_path: Path, error: BaseException):
    store, output = (
        database(tmp_path, ("00aa", "g"), ("00bb", "h"), ("00cc", "i")),
        Taker(of("00aa", error)),
    )
    worker = outbox_worker(tmp_path, output)
    for _ in range(3):
        worker.turn(NOW + 1)
    assert output.accepted == ["00bb", "00cc"]
    (entry,) = (
        store.given_up(NOW)
        if isinstance(error, Refused)
        else [{"error": row["error"]} for row in store.undelivered()]
    )
    assert str(error)[:8] in entry["error"]


def test_an_end_waits_for_its_start(tmp_path: Path):
    store = database(tmp_path, ("00aa", "g"), ("00ab", "g"), ("00bb", "h"))
    refusing = [True]
    output = Taker(lambda body: NotTaken("busy") if refusing[0] and body["id"] == "00aa" else None)
    worker = outbox_worker(tmp_path, output)
    for _ in range(4):
        worker.turn(NOW + 1)
    assert output.accepted == ["00bb"]
    refusing.clear()
    refusing.append(False)
    for _ in range(3):
        worker.turn(NOW + 10)
    assert output.accepted == ["00bb", "00aa", "00ab"]
    assert store.undelivered() == []


def test_what_was_taken_and_cannot_be_noted_is_sent_once(tmp_path: Path):
    """Another process keeps the file locked, as a full disk does: writes fail."""
    store, output = database(tmp_path, ("00aa", "g")), Taker()
    worker = outbox_worker(tmp_path, output)
    # This turn opens the file; nothing is due yet in 1970, but what is new goes at once.
    worker.turn(0.0)
    assert output.accepted == ["00aa"]
    store.commit(NOW, 10, State(), [], [("00bb", "it", {"id": "00bb"})])
    assert worker._database is not None
    worker._database.base.execute("PRAGMA busy_timeout = 50")
    writer = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert worker.turn(NOW) > 0
    for _ in range(3):
        with pytest.raises(Exception, match="locked"):
            worker.turn(NOW)
    writer.execute("COMMIT")
    worker.turn(NOW)
    assert output.accepted == ["00aa", "00bb"]
    assert store.undelivered() == []


def test_a_failure_that_cannot_be_noted_is_tried_again(tmp_path: Path):
    store, refusing = database(tmp_path, ("00aa", "g")), [True]
    output = Taker(lambda _: NotTaken("busy") if refusing[0] else None)
    worker = outbox_worker(tmp_path, output)
    worker._database = AlertDatabase(tmp_path / "a.db")
    worker._database.base.execute("PRAGMA busy_timeout = 50")
    writer = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert worker.turn(NOW) == 1.0
    writer.execute("COMMIT")
    refusing[0] = False
    worker.turn(NOW)
    assert output.accepted == ["00aa"]
    assert store.undelivered() == []


def test_a_worker_survives_any_exception(tmp_path: Path):
    """Its file is no database, then it is; its thread lives and carries."""
    (tmp_path / "a.db").write_bytes(b"not a database" * 100)
    output = Taker()
    worker = outbox_worker(tmp_path, output)
    before = threading.active_count()
    worker.start()
    wait_for("it complains", lambda: bool(worker._complaints._said))
    assert worker.is_alive()
    (tmp_path / "a.db").unlink()
    database(tmp_path, ("00aa", "g")).close()

    def is_accepted() -> bool:
        worker.wake()
        return bool(output.accepted)

    wait_for("it is taken", is_accepted)
    worker.stop()
    worker.join(60)
    assert output.accepted == ["00aa"]
    assert threading.active_count() <= before


@pytest.mark.parametrize(
    ("attempts", "due", "expected"),
    [
        pytest.param(0, NOW + 1e8, 0.0, id="new-from-a-clock-a-year-ahead"),
        pytest.param(1, NOW + 1e8, 0.0, id="tried-by-a-clock-a-year-ahead"),
        pytest.param(1, NOW + 300, 300.0, id="pausing"),
        pytest.param(1, NOW - 5, 0.0, id="due"),
    ],
)
def test_waiting_is_bounded_whatever_the_clock_was(attempts: int, due: float, expected: float):
    entry = OutboxEntry(1, "00aa", "it", {}, NOW, attempts, due)
    assert seconds_left(entry, NOW) == expected


def test_times_of_a_clock_that_was_ahead_are_brought_back(tmp_path: Path):
    store = database(tmp_path, ("00aa", "g"), now=NOW + 1e8)
    store.failed(1, NOW + 1e8 + 200, "busy")
    store.commit(NOW, 10, State(), [], [])
    entry = store.next_entry("it")
    assert entry is not None
    assert (entry.created, entry.due) == (NOW, NOW)


def test_some_recipients_left_are_kept_for_the_next_attempt(tmp_path: Path):
    store = database(tmp_path, ("00aa", "g"))
    output = Taker(
        lambda body: None if "recipients" in body else NotTaken("452 full", recipients=["c@d"])
    )
    entry = store.next_entry("it")
    assert entry is not None
    assert not deliver(store, output, entry, NOW, 3600)
    retry = store.next_entry("it")
    assert retry is not None
    assert retry.payload["recipients"] == ["c@d"]


def test_sent_texts_are_not_kept_and_sent_ids_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("collectd_fedmsg.alerts.outbox.MAX_SENT", 5)
    store = database(tmp_path, *((f"{n:04x}", "g") for n in range(20)))
    worker = outbox_worker(tmp_path, Taker())
    worker.carry(NOW)
    assert {row[0] for row in store.base.execute("SELECT payload FROM outbox")} == {"{}"}
    for n in range(20):
        store.base.execute("UPDATE outbox SET done = ? WHERE serial = ?", (NOW + n, n + 1))
    store.commit(NOW + 30, 10, State(), [], [])
    assert store.base.execute("SELECT count(*) FROM outbox").fetchone() == (5,)
