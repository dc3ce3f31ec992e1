"""The consumers and producers of a daemon, and when each producer last ran.

A daemon with the first version of the protocol sends neither: None, never an empty list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import DecodeError
from .frames import MAX_TOTAL, Dropped, clean, each, number, refuse, row_of, text

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

    def consumer(name: object) -> str:
        return text(frame, "consumers", name)

    def producer(value: object) -> Producer:
        return _producer(frame, value, dropped)

    return Roster(
        each(frame, "consumers", raw.get("consumers"), MAX_LISTED, consumer, dropped),
        each(frame, "producers", raw.get("producers"), MAX_LISTED, producer, dropped),
    )


def _producer(frame: bytes, value: object, dropped: Dropped) -> Producer:
    name, interval, last_run, initialized, exceptions, *_ = row_of(frame, "producers", value, 5)
    if type(initialized) is not bool:
        refuse(frame, "producers", value)
    name = text(frame, "producers", name)
    exceptions = number(frame, "producers", exceptions, int)
    times: list[float | None] = []
    for seconds in (interval, last_run):
        try:
            times.append(None if seconds is None else number(frame, "producers", seconds))
        except DecodeError as error:
            dropped.note(error)
            times.append(None)
    return Producer(name, times[0], times[1], initialized, exceptions)


def _bounded(seconds: float | None) -> float | None:
    """Return seconds that a reader takes, None for others."""
    return seconds if seconds is not None and 0 <= seconds <= MAX_TOTAL else None
