"""Frames, one a line, played to both ends of the wire; what comes of them is compared.

A frame is hostile and has no line end (legal JSON needs none), so a file of lines is also a
conversation: replayed, out of order, of another run. Each one begins with nothing remembered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from collectd_fedmsg.collector.series import SeriesTable
from collectd_fedmsg.collector.topic_names import MAX_TOPICS
from collectd_fedmsg.errors import DecodeError
from collectd_fedmsg.hub.ring import Ring
from collectd_fedmsg.metrics import METRICS, TOPIC_METRICS
from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.sample import OTHER, Sample
from collectd_fedmsg.reader.collect import _plausible
from collectd_fedmsg.reader.cursors import Cursors
from tests.faults import strict
from tests.faults.fuzz import HERE, NOW, ORIGIN

DAYS = 8 * 86400
#: More of one conversation would only be the same again, and slow.
MOST = 16
RING = Ring(rounds=10)
for number in range(4):
    RING.add([Sample("C", NOW - 40 + 10 * number, 10 + number, 7, 2 + number, 1)])


@dataclass
class Expected:
    """Which rows of a daemon's replies are new, by the words of the protocol alone."""

    run: str = ""
    after: int | None = None
    totals: dict[str, tuple[int, int]] = field(default_factory=dict)
    times: dict[tuple[str, str], float] = field(default_factory=dict)

    def take(self, head: dict[str, Any], numbered: strict.Rows) -> list[dict[str, Any]]:
        if head["run"] != self.run:
            self.run, self.after, self.totals = head["run"], None, {}
        rows = [row for _, row in numbered if row is not None]
        present = [row for row in rows if NOW - DAYS <= row["time"] <= NOW + head["interval"]]
        fresh = [row for row in present if self.new(head["service"], row)]
        if len(present) == len(rows):
            # What was not usable is not asked for again.
            numbers = [number for number, _ in numbered if number is not None]
            self.after = max([-1 if self.after is None else self.after, *numbers])
        return fresh

    def new(self, service: str, row: dict[str, Any]) -> bool:
        if self.after is not None and row["seq"] <= self.after:
            return False
        self.after = row["seq"]
        name, now = row["consumer"], (row["received"], row["processed"])
        before = self.totals.get(name, (0, 0))
        if now[0] < before[0] or now[1] < before[1]:
            return False
        self.totals[name] = now
        if row["time"] <= self.times.get((service, name), 0):
            return False
        self.times[service, name] = row["time"]
        return True


@dataclass
class Outcome:
    """How many frames were taken, refused, and how many values would be dispatched."""

    taken: int = 0
    refused: int = 0
    dispatched: int = 0


def play(lines: bytes) -> Outcome:
    """Play every line to both ends.

    Raises:
        AssertionError: what was taken or dispatched is not what the protocol admits.
        Exception: any other one is a crash.
    """
    outcome, expected = Outcome(), Expected()
    cursors, table = Cursors(), SeriesTable(1000, TOPIC_METRICS)
    for frame in lines.split(b"\n")[:MOST]:
        ask(frame, outcome)
        tell(frame, outcome, expected, cursors, table)
    return outcome


def ask(frame: bytes, outcome: Outcome) -> None:
    """Do what a daemon does with a request."""
    try:
        admitted: tuple[str | None, int | None] | None = strict.request(frame)
    except strict.RefusedError:
        admitted = None
    try:
        request = wire.decode_request(frame)
    except DecodeError:
        assert admitted is None, "a request was refused that is one"
        outcome.refused += 1
        return
    assert (request.run, request.after) == admitted
    outcome.taken += 1
    after = request.after if request.run == ORIGIN.run else None
    reply = wire.decode_reply(wire.encode_reply(ORIGIN, NOW, 1.0, RING.after(after)))
    numbers = [number for number in range(4) if after is None or number > after]
    assert [number for number, _ in reply.samples] == numbers


def tell(
    frame: bytes, outcome: Outcome, expected: Expected, cursors: Cursors, table: SeriesTable
) -> None:
    """Do what collectd's plugin does with a reply."""
    try:
        admitted: tuple[dict[str, Any], strict.Rows] | None = strict.reply(frame)
    except strict.RefusedError:
        admitted = None
    try:
        reply, _ = _plausible(wire.decode_reply(frame), NOW)
    except DecodeError:
        assert admitted is None, "a reply was refused that is one"
        outcome.refused += 1
        return
    assert admitted is not None, "a reply was taken that is none"
    outcome.taken += 1
    fresh = cursors.accept(HERE, reply).fresh
    rows = expected.take(*admitted)
    assert [row.consumer for row in fresh] == [row["consumer"] for row in rows]
    for sample, row in zip(fresh, rows):
        series = table.find("", reply.origin.service, sample.consumer)
        assert series is not None
        dispatched = list(series.values(sample))
        outcome.dispatched += len(dispatched)
        compare(dispatched, sample, row)


def compare(dispatched: list[tuple[str, str, float]], sample: Sample, row: dict[str, Any]) -> None:
    """Each value is the row's own, under the name of the row's consumer, and none is missing."""
    row = {**row, "backlog": row["waiting"] + row["in_progress"]}
    unseen = () if row["observable"] else ("backlog", "oldest")
    metrics = [
        metric for metric in METRICS if row[metric.name] is not None and metric.name not in unseen
    ]
    own_values = [
        (metric.collectd_type, metric.type_instance(row["consumer"]), row[metric.name])
        for metric in metrics
    ]
    assert dispatched[: len(own_values)] == own_values
    assert sample.time == row["time"]
    topics = list(row["topics"])
    by_topic: dict[str, dict[str, int]] = {"topics": row["topics"]}
    for name in strict.BY_TOPIC:
        totals = zip(topics, row.get(name) or ())
        by_topic[name] = {topic: total for topic, total in totals if total is not None}
    of_topics = [
        ("derive", metric.type_instance(row["consumer"], topic), total)
        for metric in TOPIC_METRICS for topic, total in by_topic[metric.field].items()
    ]  # fmt: skip
    of_topic_series = dispatched[len(own_values) :]
    # What has no series of its own is part of "other".
    other_instances = {metric.type_instance(row["consumer"], OTHER) for metric in TOPIC_METRICS}
    assert {value for value in of_topic_series if value[1] not in other_instances} <= set(of_topics)
    assert len(of_topic_series) == len(of_topics) or len(of_topic_series) <= 3 * (MAX_TOPICS + 1)
    assert all(name.isascii() and len(name) <= 127 and not set(name) & set("/ \0\"'<>")
               for _, name, _ in dispatched)  # fmt: skip
