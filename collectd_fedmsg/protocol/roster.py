"""The consumers and producers of a daemon, and when each producer last ran.

A daemon of the protocol's first edition says neither: that is None, never an empty list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import DecodeError
from .frames import MAX_TOTAL, Dropped, clean, number, refuse, text

#: Of each kind; and characters of a name: so a reply's head stays below ``MAX_HEAD`` bytes.
MAX_LISTED = 64
MAX_LENGTH = 64
MAX_HEAD = 128 * 1024


@dataclass(frozen=True)
class Producer:
    """One producer; ``interval`` in seconds, None when it does not poll.

    ``last_run``: wall time (s) at which its latest poll began, None before the first.
    ``exceptions``: polls in a row that raised, the latest ones.
    """

    name: str
    interval: float | None = None
    last_run: float | None = None
    initialized: bool = True
    exceptions: int = 0


@dataclass(frozen=True)
class Roster:
    """Names of the consumers that are counted, and the producers; None: not known."""

    consumers: tuple[str, ...] | None = None
    producers: tuple[Producer, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain types for the head of a reply; what is not known is left out."""
        fields: dict[str, Any] = {}
        if self.consumers is not None:
            fields["consumers"] = [clean(name, MAX_LENGTH) for name in self.consumers[:MAX_LISTED]]
        if self.producers is not None:
            fields["producers"] = [
                [
                    clean(producer.name, MAX_LENGTH),
                    _bounded(producer.interval),
                    _bounded(producer.last_run),
                    producer.initialized,
                    max(0, min(producer.exceptions, MAX_TOTAL)),
                ]
                for producer in self.producers[:MAX_LISTED]
            ]
        return fields


def decode(frame: bytes, raw: Mapping[str, Any], dropped: Dropped) -> Roster:
    """Return the roster in a reply's head; what of it is of another shape is dropped."""
    return Roster(
        _each(frame, raw, "consumers", lambda name: text(frame, "consumers", name), dropped),
        _each(frame, raw, "producers", lambda row: _producer(frame, row, dropped), dropped),
    )


def _each(
    frame: bytes, raw: Mapping[str, Any], key: str, read: Callable[[Any], Any], dropped: Dropped
) -> tuple[Any, ...] | None:
    """Return what is listed under a key, None when nothing is or it is no list."""
    listed = raw.get(key)
    if listed is None:
        return None
    kept = []
    try:
        if not isinstance(listed, list) or len(listed) > MAX_LISTED:
            refuse(frame, key, listed)
    except DecodeError as error:
        dropped.note(error)
        return None
    for item in listed:
        try:
            kept.append(read(item))
        except DecodeError as error:
            dropped.note(error)
    return tuple(kept)


def _producer(frame: bytes, row: Any, dropped: Dropped) -> Producer:
    # More places than these are of a later edition.
    if not isinstance(row, list) or len(row) < 5 or type(row[3]) is not bool:
        refuse(frame, "producers", row)
    name = text(frame, "producers", row[0])
    exceptions = number(frame, "producers", row[4], int)
    times: list[float | None] = []
    for value in row[1:3]:
        try:
            times.append(None if value is None else number(frame, "producers", value))
        except DecodeError as error:
            dropped.note(error)
            times.append(None)
    return Producer(name, times[0], times[1], row[3], exceptions)


def _bounded(seconds: float | None) -> float | None:
    """Return seconds that a reader takes, None for others."""
    return seconds if seconds is not None and 0 <= seconds <= MAX_TOTAL else None
