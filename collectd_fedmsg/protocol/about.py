"""What a daemon says of its code and of its slowest messages, in the head of a reply.

Ids and topics of messages, names and versions of distributions; never a message's content. A
daemon of an earlier edition says none of it: that is None, which is not "nothing".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..errors import DecodeError
from .frames import Dropped, clean, dump, number, refuse, text

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

    def release(row: list[Any]) -> Release:
        return Release(*(text(frame, "releases", value) for value in row[:3]))

    def slow(row: list[Any]) -> SlowMessage:
        return SlowMessage(
            text(frame, "slowest", row[0]),
            text(frame, "slowest", row[1]),
            row[2] if row[2] == "" else text(frame, "slowest", row[2]),
            number(frame, "slowest", row[3]),
            number(frame, "slowest", row[4]),
        )

    python = raw.get("python")
    try:
        python = None if python is None else text(frame, "python", python)
    except DecodeError as error:
        dropped.note(error)
        python = None
    return About(
        python,
        _rows(frame, raw, "releases", (3, MAX_RELEASES), release, dropped),
        _rows(frame, raw, "slowest", (5, MAX_ALL_SLOWEST), slow, dropped),
    )


def _rows(  # noqa: PLR0917 - how rows of one kind are read
    frame: bytes, raw: Mapping[str, Any], name: str, bounds: tuple[int, int],
    read: Callable[[list[Any]], Any], dropped: Dropped,
) -> tuple[Any, ...] | None:  # fmt: skip
    listed = raw.get(name)
    if listed is None:
        return None
    places, most = bounds
    rows = []
    try:
        if not isinstance(listed, list) or len(listed) > most:
            refuse(frame, name, listed)
    except DecodeError as error:
        dropped.note(error)
        return None
    for row in listed:
        try:
            # More places than these are of a later edition.
            if not isinstance(row, list) or len(row) < places:
                refuse(frame, name, row)
            rows.append(read(row))
        except DecodeError as error:
            dropped.note(error)
    return tuple(rows)
