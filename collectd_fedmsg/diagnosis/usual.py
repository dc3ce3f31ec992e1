"""What is usual at one moment, and how much backlog is no chance; judges nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from .stats import SURE, WHICH


@dataclass(frozen=True)
class Coped:
    """What was coped with lately: messages/s for so many seconds, worker-seconds a message."""

    received: float
    seconds: float
    #: None where it is not known.
    service: float | None


@dataclass(frozen=True)
class Usual:
    """What is usual at one moment; units as in ``Hour``. ``received_spread`` in messages/s."""

    received: float
    received_spread: float
    backlog: float
    service: float | None
    service_spread: float
    #: Coefficient of variation of the time per message.
    scatter: float
    failed: float | None
    workers: float | None
    delay: float | None
    dispersion: float
    topics: Mapping[str, float]
    costs: Mapping[str, float]
    hours: int
    #: Seconds observed: the usual rates are themselves known from that many messages only.
    seconds: float
    #: Greatest usual completion rate at any hour, messages/s.
    capacity: float
    #: Messages that bursts leave waiting on one day in fourteen, at any hour.
    peak: float = 0.0
    #: How far an hour's mean time per message lies off the usual beyond chance; a share, 1 σ.
    wander: float = 0.0
    #: Whether the number of workers follows the load (autoscaled).
    workers_vary: bool = False

    @property
    def load(self) -> float | None:
        """Usual utilisation, 0 to 1; None without working time."""
        if self.service is None:
            return None
        return self.received * self.service / (self.workers or 1.0)

    @property
    def variation(self) -> float:
        """Coefficient of variation of the time per message; at least an exponential's 1."""
        if not self.service:
            return 1.0
        variation = self.scatter
        total = sum(self.topics.get(t, 0.0) for t in self.costs)
        if total:
            parts = [(self.topics.get(t, 0.0) / total, cost) for t, cost in self.costs.items()]
            mean = sum(share * cost for share, cost in parts)
            square = sum(share * cost * cost for share, cost in parts)
            # A mixture of exponentials: E[S²] = 2·Σ share·cost².
            variation = max(
                variation, math.sqrt(max(0.0, 2 * square / mean**2 - 1)) if mean else 0.0
            )
        return max(1.0, variation)

    @property
    def backlog_factor(self) -> float:
        """How many times longer mixed messages make the backlog's tail: (1 + c²)/2 (Kingman 1962).

        Clumped arrivals are left out: a batch that comes on time is in the measured backlog,
        and the variance of its counts per step would count it as chance once more.
        """
        return (1 + self.variation**2) / 2

    @property
    def longest_topic_time(self) -> float | None:
        """Mean seconds of the kind of message that takes longest; None without working time.

        Of the slowest topic, or where none are known what the variation tells: of the mean
        message in progress, (1 + c²)/2 of the mean message (inspection paradox, halved for
        what is left of it).
        """
        if self.service is None:
            return None
        return max(self.service * self.backlog_factor, *self.costs.values(), 0.0)

    def scattering(self, single: float | None) -> Usual:
        """Return it with the hours' scatter split into that of messages and that of hours.

        Args:
            single: the scatter of single messages as minutes show it, None where they do not.
        """
        if single is None or self.scatter <= (most := 2 * max(single, 0.5)):
            return self
        # Messages of two neighbouring hours, as if all were in one.
        both = max(1.0, self.received * self.seconds / max(1, self.hours) / 2)
        rest = (
            math.sqrt((self.scatter**2 - max(1.0, most) ** 2) / both)
            if (self.scatter > max(1.0, most))
            else 0.0
        )
        return replace(self, scatter=most, wander=max(self.wander, rest))


def backlog_limit(
    usual: Usual | None, workers: float | None, wanders: float = 0.0
) -> tuple[float, float]:
    """Return (more than this is no chance, usual level), in messages.

    A busy queue's backlog has an exponential tail (Kingman 1962; M/M/N: ρ^n), so the
    level of 1 in 10^6 lies ln(10^6)/ln(100) = 3 times as high as that of 1 in 100, which
    the baseline measured. Where it was always empty, ρ^n itself gives the level, lengthened
    by how mixed the messages are. A message in each worker's hands is no queue. Twice what
    bursts reach on one day in fourteen is less than once in ten years where their tail is
    exponential. ``wanders``: see ``trend.wandering``.
    """
    threads = (usual.workers if usual and usual.workers else None) or workers or 1.0
    load = 0.5  # nothing known: between idle and full
    measured = peak = 0.0
    if usual is not None:
        measured, peak = usual.backlog, usual.peak
        if usual.service is not None:
            # One hour in forty arrives 2 σ more than usual: its backlog is no incident yet.
            load = (1 + WHICH * wanders) * usual.received * usual.service / threads
    # Within 0.95 the measured tail takes over: ρ^n grows without bound towards 1.
    chance = (usual.backlog_factor if usual else 1.0) * SURE / -math.log(min(max(load, 0.01), 0.95))
    return (
        max(3 * measured, 2 * peak, threads + (chance if measured < chance else 0)),
        max(measured, threads),
    )
