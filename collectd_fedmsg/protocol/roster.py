"""Who works in a daemon: its consumers and producers, and when each producer last ran; pure.

An edition of the protocol before this one tells neither: that is None, never an empty list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .frames import number, refuse, text

#: Of each kind; and characters of a name: so a reply's head stays below ``MAX_HEAD`` bytes.
MOST = 64
LONGEST = 64
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
    """Names of the consumers that are counted, and the producers; None: not told."""

    consumers: tuple[str, ...] | None = None
    producers: tuple[Producer, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain types for the head of a reply; what is not known is left out."""
        told: dict[str, Any] = {}
        if self.consumers is not None:
            told["consumers"] = [name[:LONGEST] for name in self.consumers[:MOST]]
        if self.producers is not None:
            told["producers"] = [
                [one.name[:LONGEST], one.interval, one.last_run, one.initialized, one.exceptions]
                for one in self.producers[:MOST]
            ]
        return told


def decode(frame: bytes, raw: Mapping[str, Any]) -> Roster:
    """Return the roster in a reply's head.

    Raises:
        DecodeError: it is there, and of another shape.
    """
    names, producers = raw.get("consumers"), raw.get("producers")
    return Roster(
        None if names is None else tuple(
            text(frame, "consumers", name) for name in _listed(frame, "consumers", names)),
        None if producers is None else tuple(
            _producer(frame, one) for one in _listed(frame, "producers", producers)),
    )  # fmt: skip


def _listed(frame: bytes, name: str, value: Any) -> Iterable[Any]:
    if not isinstance(value, list) or len(value) > MOST:
        refuse(frame, name, value)
    return value


def _producer(frame: bytes, row: Any) -> Producer:
    # More places than these are of a later edition.
    if not isinstance(row, list) or len(row) < 5 or type(row[3]) is not bool:
        refuse(frame, "producers", row)
    times = [None if one is None else number(frame, "producers", one) for one in row[1:3]]
    exceptions = number(frame, "producers", row[4], int)
    return Producer(text(frame, "producers", row[0]), times[0], times[1], row[3], exceptions)
