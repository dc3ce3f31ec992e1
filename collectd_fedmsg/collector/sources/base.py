"""What other kinds of daemon report: the same metrics, without the exact balance of a sample."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

#: Who takes from a queue has no name at its broker: one row a queue.
CONSUMER = "Consumer"


@dataclass(frozen=True)
class SampleOrigin:
    """Whose samples these are; ``interval`` in seconds."""

    service: str
    interval: float


@dataclass(frozen=True)
class PartialSample:
    """One consumer's numbers; None is what its daemon does not tell. Units as in Sample.

    The totals need not balance with the backlog: moksha counts pick-up and loses polls.
    """

    consumer: str
    time: float
    received: int | None = None
    processed: int | None = None
    backlog: int | None = None
    failed: int | None = None
    rejected: int | None = None
    in_progress: int | None = None
    busy: int | None = None
    oldest: float | None = None
    delay: float | None = None
    workers: int | None = None
    service_p50: float | None = None
    service_p95: float | None = None
    service_p99: float | None = None
    service_max: float | None = None
    redelivered: int | None = None
    vanished: int | None = None
    consuming: int | None = None
    observable: bool = True
    topics: Mapping[str, int] = field(default_factory=dict)
    topic_processed: Mapping[str, int] = field(default_factory=dict)
    topic_busy: Mapping[str, int] = field(default_factory=dict)


@dataclass
class SourceRound:
    """What one round of a source brought.

    ``errors`` by endpoint: it cannot be read.  ``notes`` by subject: a number that cannot be
    known there, and why.
    """

    fresh: list[tuple[str, SampleOrigin, list[PartialSample]]] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    octets: int = 0


class Source(Protocol):
    """A kind of daemon that is not asked with our protocol."""

    def collect(self, timeout: float, now: float) -> SourceRound:
        """Return what is new, within ``timeout`` seconds; ``now`` is the wall time (s)."""

    def close(self) -> None:
        """Close every connection."""


def whole(value: object) -> int:
    """Return a count that a peer sent.

    Raises:
        ValueError: it is none, or beyond what a DERIVE holds.
    """
    if type(value) is not int or not 0 <= value < 2**62:
        raise ValueError(f"{value!r:.40} is not a count")
    return value
