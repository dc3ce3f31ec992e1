"""The one record that travels: what a consumer's counts were at one moment.

Refuses to be inconsistent: a sample whose numbers do not balance is never built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import DecodeError
from . import evidence
from .evidence import Failure, InHand, StackTime
from .frames import MAX_TOTAL, Dropped, clean, dump, number, refuse, text

_COUNTS = ("received", "processed", "waiting", "in_progress", "failed", "rejected", "busy")


#: The topic under which all are counted that are not counted by name.
OTHER = "other"
#: Between a consumer's name and what tells its replicas apart: their numbers are one row's.
REPLICA_MARK = "#"


@dataclass(frozen=True)
class Sample:
    """Totals and gauges of one consumer of one daemon run.

    Totals (``received``, ``processed``, ``failed``, ``rejected``, ``busy``,
    every ``topic…``) only grow while the daemon lives; no reader resets them.

    Raises:
        ValueError: a number is negative, or ``received = processed + waiting +
            in_progress`` does not hold.
    """

    #: Name of the consumer's class.
    consumer: str
    #: Wall clock, seconds since the epoch; a multiple of the sampling interval.
    time: float
    #: Messages put on the daemon's local queue since it started.
    received: int
    #: Messages whose handling ended, well or with an exception.
    processed: int
    #: Messages waiting on the queue.
    waiting: int
    #: Messages picked up and not ended.
    in_progress: int
    #: The part of ``processed`` that ended with an exception.
    failed: int = 0
    #: Messages refused before the queue; never in ``received``.
    rejected: int = 0
    #: Microseconds that workers spent handling, the elapsed part of running work included.
    busy: int = 0
    #: Worker threads.
    workers: int = 1
    #: Seconds that the oldest message of the backlog has been there; None when it is empty.
    oldest: float | None = None
    #: Mean over the interval of (receive time - message timestamp) in seconds, each
    #: clamped at 0; None when nothing with a timestamp arrived.
    delay: float | None = None
    #: Service time in seconds over the interval, running messages with their elapsed
    #: time included; None when nothing ran.
    service_p50: float | None = None
    service_p95: float | None = None
    service_p99: float | None = None
    service_max: float | None = None
    #: False in blocking mode: the true backlog is in a socket buffer that nobody can see.
    observable: bool = True
    #: Messages received per topic, totals: the 20 that weigh most, the rest under "other".
    topics: Mapping[str, int] = field(default_factory=dict)
    #: Of the same topics, totals: messages that ended, and microseconds spent handling them
    #: (running ones with their elapsed part). Empty when the daemon does not tell.
    topic_processed: Mapping[str, int] = field(default_factory=dict)
    topic_busy: Mapping[str, int] = field(default_factory=dict)
    #: Where worker time was spent, totals; the messages in hand for longest; what failed. Empty
    #: when the daemon does not say.
    stacks: Sequence[StackTime] = ()
    in_hand: Sequence[InHand] = ()
    failures: Sequence[Failure] = ()

    def __post_init__(self) -> None:
        for name in _COUNTS:
            if getattr(self, name) < 0:
                raise ValueError(f"{self.consumer}: {name} = {getattr(self, name)} is negative")
        if self.received != self.processed + self.waiting + self.in_progress:
            raise ValueError(
                f"{self.consumer}: received {self.received} != processed {self.processed}"
                f" + waiting {self.waiting} + in_progress {self.in_progress}"
            )

    @property
    def backlog(self) -> int:
        """Messages received and not yet ended: waiting + in progress."""
        return self.waiting + self.in_progress


MAX_TOPICS = 64
TOTALS = (
    *("received", "processed", "waiting", "in_progress"),
    *("failed", "rejected", "busy", "workers"),
)
GAUGES = ("oldest", "delay", "service_p50", "service_p95", "service_p99", "service_max")
#: Seconds that an age or a service time can be: a hundred years.
MAX_SECONDS = 3.2e9
FIELDS = ("seq", "time", "consumer", *TOTALS, *GAUGES, "observable", "topics")
#: Numbers in the order of ``topics``' names, which would be most of a row's bytes.
LATER = ("topic_processed", "topic_busy")
#: Arrays of rows: see ``evidence``.
EVIDENCE = ("stacks", "in_hand", "failures")


def encode_row(seq: int, sample: Sample) -> bytes:
    """Return one sample as a JSON array: ``FIELDS``, ``LATER``, ``EVIDENCE``.

    Only what a reader takes: no NaN, no half characters, no absurd ages.
    """
    topics = {clean(topic): total for topic, total in sample.topics.items()}
    return dump(
        [
            seq,
            sample.time,
            clean(sample.consumer),
            *(getattr(sample, name) for name in TOTALS),
            *(_rounded(getattr(sample, name)) for name in GAUGES),
            sample.observable,
            topics,
            *(_aligned(sample.topics, getattr(sample, name)) for name in LATER),
            evidence.encode_stacks(sample.stacks),
            evidence.encode_in_hand(sample.in_hand),
            evidence.encode_failures(sample.failures),
        ]
    )


def decode_row(
    frame: bytes, fields: Sequence[str], row: object, dropped: Dropped
) -> tuple[int | None, Sample | None]:
    """Return number and sample in a row, None for what is not legible; ``fields`` names places.

    A gauge or topics that cannot be are dropped alone. A row without its name, its time or one of
    its totals, or whose totals do not balance, is no sample.
    """
    seq = None
    try:
        if not isinstance(row, list) or len(row) != len(fields):
            refuse(frame, "row", row)
        values: Mapping[str, Any] = dict(zip(fields, row))
        seq = number(frame, "seq", values["seq"], int, high=MAX_TOTAL)
        read: dict[str, Any] = {
            name: number(frame, name, values[name], int, high=MAX_TOTAL) for name in TOTALS
        }
        if not isinstance(values["observable"], bool):
            refuse(frame, "observable", values["observable"])
        read["consumer"] = text(frame, "consumer", values["consumer"])
        read["time"] = number(frame, "time", values["time"])
        read["observable"] = values["observable"]
        read.update(_gauges(frame, values, dropped))
        read.update(_by_topic(frame, values, dropped))
        read["stacks"] = evidence.decode_stacks(frame, values.get("stacks"), dropped)
        read["in_hand"] = evidence.decode_in_hand(frame, values.get("in_hand"), dropped)
        read["failures"] = evidence.decode_failures(frame, values.get("failures"), dropped)
        return seq, Sample(**read)
    except (DecodeError, ValueError) as error:
        dropped.note(error)
        return seq, None


def _gauges(frame: bytes, values: Mapping[str, Any], dropped: Dropped) -> dict[str, float | None]:
    gauges: dict[str, float | None] = {}
    for name in GAUGES:
        gauges[name] = None
        try:
            if values[name] is not None:
                gauges[name] = number(frame, name, values[name], high=MAX_SECONDS)
        except DecodeError as error:
            dropped.note(error)
    return gauges


def _by_topic(
    frame: bytes, values: Mapping[str, Any], dropped: Dropped
) -> dict[str, dict[str, int]]:
    """Return ``topics`` and ``LATER``; a topic that cannot be is left out of all of them."""
    raw = values["topics"]
    try:
        if not isinstance(raw, dict) or len(raw) > MAX_TOPICS:
            refuse(frame, "topics", raw)
    except DecodeError as error:
        dropped.note(error)
        return {}
    topics: dict[str, int] = {}
    for topic, total in raw.items():
        try:
            topics[text(frame, "topic", topic)] = number(frame, "topic", total, int, high=MAX_TOTAL)
        except DecodeError as error:
            dropped.note(error)
    by_topic = {"topics": topics}
    for name in LATER:
        totals = values.get(name)
        if totals is None:
            continue
        try:
            if not isinstance(totals, list) or len(totals) != len(raw):
                refuse(frame, name, totals)
            by_topic[name] = {
                topic: number(frame, name, total, int, high=MAX_TOTAL)
                for topic, total in zip(raw, totals)
                if total is not None and topic in topics
            }
        except DecodeError as error:
            dropped.note(error)
    return by_topic


def _aligned(topics: Mapping[str, int], totals: Mapping[str, int]) -> list[int | None] | None:
    return [totals.get(name) for name in topics] if totals else None


def _rounded(seconds: float | None) -> float | None:
    """Return seconds as they travel, None for what no reader takes (NaN among it)."""
    if seconds is None or not 0 <= seconds <= MAX_SECONDS:
        return None
    return round(seconds, 6)
