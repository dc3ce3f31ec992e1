"""One sample as a row of a reply and back; pure.

``FIELDS`` are those of the protocol's first edition, without which a row is refused. ``LATER``
came after it: a daemon that does not send them is one of before, and they stay empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .protocol.frames import MAX_TOTAL, dump, number, refuse, text
from .protocol.sample import Sample

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
