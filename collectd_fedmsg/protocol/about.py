"""What a daemon says of its code and of its slowest messages, in the head of a reply.

Ids and topics of messages, names and versions of distributions; never a message's content. A daemon
with an earlier version of the protocol sends none of it: None, which means "not known".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import DecodeError
from .frames import Dropped, clean, dump, each, number, row_of, text

#: Consumers with a version; slowest messages of one consumer and of all.
MAX_RELEASES, MAX_SLOWEST, MAX_ALL_SLOWEST = 64, 20, 200
#: Characters of a name, of a version and of a message's id.
MAX_NAME, MAX_VERSION, MAX_ID = 64, 64, 100
#: Characters of a topic in the list of slowest messages.
MAX_TOPIC = 100
#: Bytes of all releases and of all slow messages: what a reply's head has room for.
MAX_RELEASES_BYTES, MAX_SLOWEST_BYTES = 6 * 1024, 20 * 1024


class Release(NamedTuple):
    """The distribution that a consumer comes from, and its version."""

    consumer: str
    distribution: str
    version: str


class SlowMessage(NamedTuple):
    """One message whose handling took long.

    ``id``: the message's own, empty without one; ``seconds``: of handling; ``end``: wall time (s).
    """

    consumer: str
    topic: str
    id: str
    seconds: float
    end: float


@dataclass(frozen=True)
class About:
    """Python's version, the consumers' releases, the slowest messages of the last hour."""

    python: str | None = None
    releases: tuple[Release, ...] | None = None
    slowest: tuple[SlowMessage, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain types for the head of a reply; what is not known is left out."""
        fields: dict[str, Any] = {}
        if self.python is not None:
            fields["python"] = clean(self.python, MAX_VERSION)
        if self.releases is not None:
            rows = [
                [clean(row.consumer, MAX_NAME), clean(row.distribution, MAX_NAME),
                 clean(row.version, MAX_VERSION)]
                for row in self.releases[:MAX_RELEASES]
            ]  # fmt: skip
            fields["releases"] = _within(MAX_RELEASES_BYTES, rows)
        if self.slowest is not None:
            slow: list[list[Any]] = [
                [clean(row.consumer, MAX_NAME), clean(row.topic, MAX_TOPIC),
                 clean(row.id, MAX_ID) if row.id else "", round(row.seconds, 3), round(row.end, 3)]
                for row in self.slowest[:MAX_ALL_SLOWEST]
            ]  # fmt: skip
            fields["slowest"] = _within(MAX_SLOWEST_BYTES, slow)
        return fields


def _within(most: int, rows: list[Any]) -> list[Any]:
    """Return the first rows, as many as fit into a number of bytes."""
    kept: list[Any] = []
    for row in rows:
        most -= len(dump(row)) + 1
        if most < 0:
            break
        kept.append(row)
    return kept


def decode(frame: bytes, raw: Mapping[str, Any], dropped: Dropped) -> About:
    """Return what a reply's head says; what of it is of another shape is dropped."""

    def release(value: object) -> Release:
        names = row_of(frame, "releases", value, 3)[:3]
        return Release(*(text(frame, "releases", name) for name in names))

    def slow(value: object) -> SlowMessage:
        consumer, topic, id_, seconds, end, *_ = row_of(frame, "slowest", value, 5)
        return SlowMessage(
            text(frame, "slowest", consumer),
            text(frame, "slowest", topic),
            id_ if id_ == "" else text(frame, "slowest", id_),
            number(frame, "slowest", seconds),
            number(frame, "slowest", end),
        )

    python = raw.get("python")
    try:
        python = None if python is None else text(frame, "python", python)
    except DecodeError as error:
        dropped.note(error)
        python = None
    return About(
        python,
        each(frame, "releases", raw.get("releases"), MAX_RELEASES, release, dropped),
        each(frame, "slowest", raw.get("slowest"), MAX_ALL_SLOWEST, slow, dropped),
    )
