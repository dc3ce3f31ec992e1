"""The one record that travels: what a consumer's counts were at one moment.

Refuses to be inconsistent: a sample whose numbers do not balance is never built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_COUNTS = ("received", "processed", "waiting", "in_progress", "failed", "rejected", "busy")


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
