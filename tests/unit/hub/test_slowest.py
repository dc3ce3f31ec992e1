"""The slowest messages of a consumer: real counts, real threads, and none of their content."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from collectd_fedmsg.hub.counts import Counts
from collectd_fedmsg.hub.slowest import BUCKET_SECONDS, BUCKETS, id_of, note
from collectd_fedmsg.protocol.about import MAX_ID, MAX_SLOWEST

SECOND = 1_000_000_000


class Worked:
    """A consumer whose messages say how long they take; its clocks are the test's."""

    def __init__(self) -> None:
        self.now, self.wall = 0, time.time()
        self.counts = Counts("C", threading.Lock(), [], 1,
                             clock=lambda: self.now, wall=lambda: self.wall)  # fmt: skip
        self._work = self.counts.count_work(self._pass)

    def _pass(self, message: dict[str, Any]) -> None:
        self.now += int(message["body"]["msg"]["seconds"] * SECOND)

    def handle(self, name: object, seconds: float, topic: str = "t") -> None:
        body = {"msg_id": name, "msg": {"seconds": seconds, "secret": "users' data"}}
        self._work({"topic": topic, "body": body})

    def slowest(self) -> list[tuple[str, str, float]]:
        self.counts.sample(self.wall)
        return [(row.topic, row.id, row.seconds) for row in self.counts.slowest.report(self.wall)]


def test_the_slowest_are_listed() -> None:
    """Twenty, the slowest first, of however many; quick ones never."""
    worked = Worked()
    for number in range(100):
        worked.handle(f"m{number}", 1 + (number * 37 % 100))
        if number % 30 == 0:
            worked.slowest()
    worked.handle("quick", 0.009)
    rows = worked.slowest()
    assert [seconds for _, _, seconds in rows] == [float(n) for n in range(100, 80, -1)]
    assert len(rows) == MAX_SLOWEST
    assert "users' data" not in str(rows)
    # What is quicker than those listed is not even noted.
    own = worked.counts._by_thread.for_this_thread(direct=True)
    worked.handle("m", 80.5)
    assert own.slow == []


def test_they_are_of_the_last_hour() -> None:
    """Those that ended earlier leave, and what was slow meanwhile is still known."""
    worked = Worked()
    noted = time.time()
    for number in range(MAX_SLOWEST):
        worked.handle(f"old{number}", 100)
    assert len(worked.slowest()) == MAX_SLOWEST
    worked.wall = noted + BUCKET_SECONDS * (BUCKETS + 2)
    assert worked.slowest() == []
    assert worked.counts.slowest._buckets.keys() == {int(worked.wall // BUCKET_SECONDS)}


def test_every_thread_counts_and_none_is_lost() -> None:
    """Each of twenty threads has one slow message and ends; all are listed, each once."""
    worked = Worked()
    for number in range(MAX_SLOWEST):
        thread = threading.Thread(target=worked.handle, args=(f"m{number}", 1.0))
        thread.start()
        thread.join()
    rows = worked.slowest()
    assert sorted(name for _, name, _ in rows) == sorted(f"m{n}" for n in range(MAX_SLOWEST))
    assert worked.slowest() == rows


def test_an_entry_that_comes_while_they_are_collected() -> None:
    """A thread that had its list in hand when the sampler took it loses nothing."""
    worked = Worked()
    own = worked.counts._by_thread.for_this_thread(direct=True)
    entries = own.slow
    worked.slowest()
    entries.append((2 * SECOND, time.time(), "t", "late"))
    assert worked.slowest() == [("t", "late", 2.0)]


@pytest.mark.parametrize(("message", "name"), [
    ({"body": {"msg_id": "2026-a"}}, "2026-a"),
    ({"msg_id": "2026-b"}, "2026-b"),
    ({"body": '{"msg_id": "in a text"}'}, ""),
    ({"body": {"msg_id": 7}}, ""),
    ({"body": {"msg_id": "two\nlines"}}, ""),
    ({"body": {"msg_id": "\ud800"}}, ""),
    ({"body": {"msg_id": "x" * 5000}}, "x" * MAX_ID),
    (None, ""), (StopIteration, ""), ([], ""),
], ids=repr)  # fmt: skip
def test_ids_of_any_message(message: object, name: str) -> None:
    """A text that can be shown, or nothing; no message makes it raise."""
    assert id_of(message) == name


def test_a_thread_keeps_few() -> None:
    """However many slow messages there are between two samples."""
    own = Worked().counts._by_thread.for_this_thread(direct=True)
    for number in range(1000):
        note(own, number * SECOND, "t", {"msg_id": str(number)})
    assert sorted(entry[3] for entry in own.slow) == sorted(str(n) for n in range(980, 1000))
