"""The one record that travels: what a consumer's counts were at one moment.

Refuses to be inconsistent: a sample whose numbers do not balance is never built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .frames import MAX_TOTAL, dump, number, refuse, text

_COUNTS = ("received", "processed", "waiting", "in_progress", "failed", "rejected", "busy")


#: The topic under which all are counted that are not counted by name.
OTHER = "other"


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
LONGEST = 3.2e9
FIELDS = ("seq", "time", "consumer", *TOTALS, *GAUGES, "observable", "topics")
#: Numbers in the order of ``topics``' names, which would be most of a row's bytes.
LATER = ("topic_processed", "topic_busy")


def encode_row(seq: int, sample: Sample) -> bytes:
    """Return one sample as a JSON array: ``FIELDS``, then ``LATER``."""
    return dump(
        [
            seq,
            sample.time,
            sample.consumer,
            *(getattr(sample, name) for name in TOTALS),
            *(_rounded(getattr(sample, name)) for name in GAUGES),
            sample.observable,
            dict(sample.topics),
            *(_aligned(sample.topics, getattr(sample, name)) for name in LATER),
        ]
    )


def decode_row(frame: bytes, fields: Sequence[str], row: object) -> tuple[int, Sample]:
    """Return number and sample in a row; ``fields`` names its places.

    Raises:
        DecodeError: a value of another type or out of range.  ValueError: it does not balance.
    """
    if not isinstance(row, list) or len(row) != len(fields):
        refuse(frame, "row", row)
    values: Mapping[str, Any] = dict(zip(fields, row))
    topics = values["topics"]
    if not isinstance(topics, dict) or len(topics) > MAX_TOPICS:
        refuse(frame, "topics", topics)
    if not isinstance(values["observable"], bool):
        refuse(frame, "observable", values["observable"])
    read: dict[str, Any] = {
        name: number(frame, name, values[name], int, high=MAX_TOTAL) for name in TOTALS
    }
    read.update({
        name: None if values[name] is None else number(frame, name, values[name], high=LONGEST)
        for name in GAUGES
    })  # fmt: skip
    read.update({name: _named(frame, name, topics, values.get(name)) for name in LATER})
    seq = number(frame, "seq", values["seq"], int, high=MAX_TOTAL)
    return seq, Sample(
        consumer=text(frame, "consumer", values["consumer"]),
        time=number(frame, "time", values["time"]),
        observable=values["observable"],
        topics={
            text(frame, "topic", topic): number(frame, "topic", total, int, high=MAX_TOTAL)
            for topic, total in topics.items()
        },
        **read,
    )


def _aligned(topics: Mapping[str, int], totals: Mapping[str, int]) -> list[int | None] | None:
    return [totals.get(name) for name in topics] if totals else None


def _named(
    frame: bytes, name: str, topics: Mapping[str, int], totals: object
) -> dict[str, int]:
    if totals is None:
        return {}
    if not isinstance(totals, list) or len(totals) != len(topics):
        refuse(frame, name, totals)
    return {
        topic: number(frame, name, total, int, high=MAX_TOTAL)
        for topic, total in zip(topics, totals)
        if total is not None
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)
