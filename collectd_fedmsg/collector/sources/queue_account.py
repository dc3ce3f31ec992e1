"""One queue of a broker: received, processed, backlog and the other metrics from its figures.

Refuses to fill in: a figure that the broker does not give is unknown, and ``why`` says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .base import CONSUMER, PartialSample, whole
from .residual import Residual

#: Totals of ``message_stats`` that make up processed; nack and reject are not counted.
ENDED = ("ack", "deliver_no_ack", "get_no_ack")
UNCOUNTED = (
    "received is unknown: messages arrive that the broker does not count as published"
    " (the target of dead letters, or a publisher that was gone at once)"
)
NO_TOTALS = (
    "received and processed are unknown: the broker counts nothing of this queue"
    " (AMQP 1.0, or nothing was published yet)"
)


@dataclass(frozen=True)
class Figures:
    """What the broker says of a queue at one moment; None is what it does not say."""

    published: int | None
    processed: int | None
    redelivered: int | None
    waiting: int | None
    consumers: int | None

    @classmethod
    def of(cls, row: Mapping[str, Any], counts_all: bool) -> Figures:
        """Return the figures in a row of ``/api/queues``.

        Args:
            counts_all: no totals mean 0, for this broker counts whatever is published.

        Raises:
            ValueError, TypeError: a figure is no count.
        """
        totals = row.get("message_stats")
        if not totals and counts_all and "messages" in row:
            totals = {"publish": 0}

        def total(*names: str) -> int | None:
            return sum(whole(totals.get(name, 0)) for name in names) if totals else None

        def gauge(name: str) -> int | None:
            return whole(row[name]) if name in row else None

        return cls(
            total("publish"),
            total(*ENDED),
            total("redeliver"),
            gauge("messages"),
            gauge("consumers"),
        )


class QueueAccount:
    """One queue, round by round."""

    def __init__(self) -> None:
        #: Why a number is unknown, empty when none is.
        self.why = ""
        self._residual = Residual()
        #: When the broker last said that it had counted nothing yet, and what waited then.
        self._nothing_at: float | None = None
        self._uncounted_waiting: int | None = None

    def samples(self, figures: Figures, now: float) -> list[PartialSample]:
        """Return what to store of this round (``now``, seconds), oldest first.

        Totals that appear were 0 in the round before: that is stored first, so the messages in
        between have a rate.
        """
        residual, samples = self._residual, []
        published, processed = figures.published, figures.processed
        if published is None or processed is None:
            self._take_uncounted(now, figures.waiting)
        else:
            if self._nothing_at is not None:
                samples.append(
                    PartialSample(
                        CONSUMER, self._nothing_at, received=0, processed=0, redelivered=0
                    )
                )
                self._nothing_at = self._uncounted_waiting = None
            if figures.waiting is not None:
                residual.add(now, published, processed, figures.waiting)
            self.why = UNCOUNTED if residual.uncounted else ""
        known = published is not None and not residual.uncounted
        if (published, figures.waiting, figures.consumers) != (None, None, None):
            samples.append(
                PartialSample(
                    CONSUMER,
                    now,
                    received=published if known else None,
                    processed=processed,
                    backlog=figures.waiting,
                    workers=figures.consumers,
                    redelivered=figures.redelivered,
                    vanished=residual.vanished if known else None,
                )
            )
        return samples

    def _take_uncounted(self, now: float, waiting: int | None) -> None:
        """Take in that the broker has no totals: they begin at 0, with what waits there now.

        While that changes, messages pass that are in no total.
        """
        if waiting is None or waiting != self._uncounted_waiting:
            self._residual.restart()
        if waiting is not None:
            self._residual.add(now, 0, 0, waiting)
        self._uncounted_waiting = waiting
        self._nothing_at = None if waiting is None else now
        self.why = NO_TOTALS if waiting else ""
