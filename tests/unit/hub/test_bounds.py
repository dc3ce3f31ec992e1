"""What the daemon's side says is bounded, whatever consumers, producers and messages are like."""

from __future__ import annotations

import logging
import queue
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from collectd_fedmsg.hub.counts import Counts
from collectd_fedmsg.hub.hub_roster import names_of, roster_of
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.roster import Producer, Roster
from collectd_fedmsg.protocol.sample import OTHER, Sample, encode_row
from collectd_fedmsg.reader.collect import latest
from examples.processes import wait_for


def received(*messages: object) -> Sample:
    """Return the sample of a consumer that got these messages, each a grain after the last."""
    incoming: queue.Queue[Any] = queue.Queue()
    now = [0]

    def clock() -> int:
        now[0] += 2_000_000
        return now[0]

    counts = Counts("C", incoming.mutex, incoming.queue, 1, clock=clock)
    incoming._put = counts.count_put(incoming._put)  # type: ignore[method-assign]
    for message in messages:
        incoming.put(message)
    return counts.sample(1.0)


@pytest.mark.parametrize("stamp", [
    -62135596800, 0, time.time() * 1e3, -1e308, -1e400, float("nan"), 1e400, 10**400,
    "1700000000", None, True, [], datetime(2020, 1, 1), time.time() + 1e6,
], ids=lambda stamp: type(stamp).__name__)  # fmt: skip
def test_absurd_timestamps_have_no_delay(stamp: object) -> None:
    """They are counted as messages; the delay is that of the ones that can be."""
    good = {"topic": "t", "body": {"timestamp": time.time() - 5}}
    sample = received(good, {"topic": "t", "body": {"timestamp": stamp}})
    assert sample.received == 2
    assert sample.delay == pytest.approx(5.0, abs=0.5)
    assert wire.decode_reply(reply(sample)).dropped.count == 0


def reply(sample: Sample, roster: Roster | None = None) -> bytes:
    origin = wire.Origin("hub", "h", 1, "run", 1.0, 1)
    return wire.encode_reply(origin, 1.0, 1.0, (0, 0, False, [encode_row(0, sample)]), roster)


@pytest.mark.parametrize("topic", ["\ud83d", "a.\udfff.b", "x" * 201, "", 7, None, b"t"], ids=repr)
def test_odd_topics_are_others(topic: object) -> None:
    """Half a character, too long, empty or no text: under "other", and every reader takes it."""
    sample = received({"topic": topic}, {"topic": "t"})
    assert dict(sample.topics) == {"t": 1, OTHER: 1}
    assert wire.decode_reply(reply(sample)).dropped.count == 0


ODD = {
    "_last_ran": [datetime.now(), Decimal(5), "never", float("inf"), -1, True, 10**400],
    "frequency": ["10", float("inf"), timedelta(-1), object()],
    "_exception_count": [-1, [], 2.5, True, 2**70],
    "_initialized": ["yes", None],
}


@pytest.mark.parametrize(("name", "value"), [
    (name, value) for name, values in ODD.items() for value in values],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__)  # fmt: skip
def test_producers_of_another_make(name: str, value: object) -> None:
    """What is no number of moksha's kind is not reported; the producer is, and so is the rest."""
    usual = {"frequency": timedelta(seconds=10), "_last_ran": 5.0, "_initialized": True}
    poller = type("Poller", (), {**usual, name: value})()
    hub = SimpleNamespace(consumers=[], producers=[poller])
    read = wire.decode_reply(reply(Sample("C", 1.0, 9, 7, 2, 0), roster_of(hub)))
    assert read.dropped.count == 0
    assert read.roster.producers is not None
    [producer] = read.roster.producers
    expected = Producer("Poller", 10.0, 5.0, True, 0)
    changed = {"_last_ran": "last_run", "frequency": "interval", "_exception_count": "exceptions",
               "_initialized": "initialized"}[name]  # fmt: skip
    for field in ("interval", "last_run", "initialized", "exceptions"):
        if field != changed:
            assert getattr(producer, field) == getattr(expected, field)


def test_consumers_of_one_class_name_get_their_modules_names() -> None:
    """Whatever their order: each class of a shared name goes by its module's name too."""
    first = type("Same", (), {"__module__": "a.consumers"})()
    second = type("Same", (), {"__module__": "b.consumers"})()
    unlike = type("Other", (), {})()
    assert names_of([first, unlike, second]) == ["a.consumers.Same", "Other", "b.consumers.Same"]
    assert names_of([second, first]) == ["b.consumers.Same", "a.consumers.Same"]
    assert names_of([unlike, type(unlike)()]) == ["Other", "Other.2"]


def raising(error: BaseException) -> Callable[..., Any]:
    def fail(*_: object) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("error", [
    ValueError("x"), MemoryError(), SystemExit(3), RecursionError(), OSError(24, "files")],
    ids=lambda error: type(error).__name__)  # fmt: skip
def test_no_exception_ends_it(
    error: BaseException, short_folder: Path, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    """Raised by the counting, the roster or the serving itself: one line each, and it continues."""
    caplog.set_level(logging.ERROR, "collectd_fedmsg")
    monkeypatch.setattr("collectd_fedmsg.hub.responder.REVIVE_SECONDS", 0.01)
    failing = [True]

    def take(at: float) -> list[Sample]:
        if failing[0]:
            raise error
        return [Sample("C", at, 9, 7, 2, 0)]

    responder = Responder(Settings("hub", short_folder, interval=1), take,
                          raising(ValueError("roster")))  # fmt: skip
    with monkeypatch.context() as broken:
        broken.setattr("collectd_fedmsg.hub.server.Server.turn", raising(error))
        responder.start()
        wait_for("it fails", lambda: len(caplog.records) >= 1)
    failing[0] = False
    try:
        wait_for(
            "it is heard", lambda: bool(latest([f"{short_folder}/*.sock"], 30.0, time.time()).fresh)
        )
    finally:
        responder.stop()
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == len(set(lines)) <= 3
