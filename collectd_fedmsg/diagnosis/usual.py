"""The usual rates of a set of hours; chooses no hours and judges nothing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from .history import History
from .hours import DAY, Hour
from .stats import SURE, WHICH, known, median, quantile, spread

#: Hours of which the scatter is asked: a week holds every kind of hour.
LATELY = 168
#: Messages of one mean: fewer, and the message at either end that is half in it counts.
MIN_MESSAGES = 20
#: Means that must agree on how single messages scatter: the median of fewer is off by half.
MEANS = 12
#: Messages/s from which a sample's percentiles are of a hundred messages or more at the default
#: interval: the 99th of fewer is their longest.
MANY = 10.0
#: One day in so many holds an incident that nobody wants to call usual.
INCIDENTS = 14
#: Seconds: a longer pause is usual only where single messages take that long.
LONGEST_PAUSE = 300.0
#: A share of failures beyond this is never usual: most of the work is lost.
FAILING = 0.5


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
    #: Longest usual time with work waiting and nothing ended, s.
    longest_pause: float
    delay: float | None
    #: Longest usual time that one message is the oldest, s; 0 where it is not known.
    held: float
    dispersion: float
    topics: Mapping[str, float]
    costs: Mapping[str, float]
    hours: int
    #: Watched for that long, s: what is usual is itself known from so many messages only.
    seconds: float
    #: Greatest usual completion rate at any hour, messages/s.
    capacity: float
    #: Messages that bursts leave waiting on one day in fourteen, at any hour.
    peak: float = 0.0
    #: How far an hour's mean time per message lies off the usual beyond chance; a share, 1 σ.
    wander: float = 0.0

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
        found = self.scatter
        total = sum(self.topics.get(t, 0.0) for t in self.costs)
        if total:
            parts = [(self.topics.get(t, 0.0) / total, cost) for t, cost in self.costs.items()]
            mean = sum(share * cost for share, cost in parts)
            square = sum(share * cost * cost for share, cost in parts)
            # A mixture of exponentials: E[S²] = 2·Σ share·cost².
            found = max(found, math.sqrt(max(0.0, 2 * square / mean**2 - 1)) if mean else 0.0)
        return max(1.0, found)

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


def by_hours(past: Sequence[Hour]) -> float:
    """Return the coefficient of variation of one message's time, 0 when it cannot be told.

    A mean of n messages scatters by σ/√n. Neighbours are compared, so that neither day and
    night nor a creep counts; and all of them, for the few hours that are like now tell a
    scatter to a factor of two only. What wanders from hour to hour counts: see ``scattering``.
    """
    means = [(h.service, h.processed * h.seconds) for h in past if h.service and h.processed]
    off = [
        abs(a - b) / (a * m + b * n) * (m + n) / math.sqrt(1 / m + 1 / n)
        for (a, m), (b, n) in zip(means, means[1:])
    ]
    if not off:
        return 0.0
    # A normal deviation's mean is √(2/π) of σ. The mean of many halves the median's error; an
    # incident's ends are cut to 4 medians, which 1 in 140 reaches by chance.
    most = 4 * median(off)
    return math.sqrt(math.pi / 2) * sum(min(x, most) for x in off) / len(off)


def by_points(history: History, places: Sequence[int]) -> float | None:
    """Return the same from the points at ``places``, None when too few tell it.

    Minutes in which messages take longer and longer are no scatter: each mean is compared with
    the middle of its neighbours', and the median forgives the few where a climb begins and ends.
    """
    means = _means(history, places)
    if len(means) < MEANS:
        return None
    off = [
        abs(b - (a + c) / 2)
        / (a * m + b * n + c * o)
        * (m + n + o)
        / math.sqrt(1 / n + (1 / m + 1 / o) / 4)
        for (a, m), (b, n), (c, o) in zip(means, means[1:], means[2:])
        if a * m + b * n + c * o > 0
    ]
    # Half of a normal deviation's values are within 0.6745 σ.
    return 1.4826 * median(off) if off else None


def _means(history: History, places: Sequence[int]) -> list[tuple[float, float]]:
    """Return (mean seconds, messages) of neighbouring points, ``MIN_MESSAGES`` together."""
    means = []
    busy = done = 0.0
    for place in places:
        worked = history.busy[place] if history.busy else None
        ended = history.processed[place]
        if worked is None or ended is None:
            continue
        busy, done = busy + worked * history.step, done + ended * history.step
        if done >= MIN_MESSAGES:
            means.append((busy / done, done))
            busy = done = 0.0
    return means


def by_percentiles(middle: float | None, rare: float | None) -> float | None:
    """Return the same from the 50th and 99th percentile of the times (s), as if lognormal."""
    if not middle or not rare or rare <= middle:
        return None
    return math.sqrt(math.expm1((math.log(rare / middle) / 2.326) ** 2))


def _middle(values: Iterable[float | None]) -> float | None:
    numbers = [v for v in values if v is not None]
    return median(numbers) if numbers else None


def by_days(levels: Iterable[tuple[float, float]], days: int) -> float:
    """Return the level reached on more than one day in ``INCIDENTS``.

    Args:
        levels: (level, start of hour) of those that are not 0.
        days: known.
    """
    # The best of few days is its only incident as likely as not.
    place = 0 if days <= 1 else max(1, days // INCIDENTS)
    reached: set[float] = set()
    known = list(levels)
    # So many of the highest are of more than ``place`` days.
    most = 24 * (place + 1) + 1
    if len(known) > most:
        least = sorted([level for level, _ in known])[-most]
        known = [(level, start) for level, start in known if level >= least]
    for level, start in sorted(known, reverse=True):
        reached.add(start // DAY)
        if len(reached) > place:
            return level
    return 0.0


def days_of(past: Sequence[Hour]) -> int:
    """Return how many days the hours are of."""
    return len({h.start // DAY for h in past})


def usual_of(chosen: Sequence[Hour], past: Sequence[Hour]) -> Usual:
    """Return what is usual by ``chosen``; what is seldom, by all of the ``past``."""
    rates = [h.received for h in chosen]
    services = [h.service for h in chosen if h.service is not None]
    names = {t for h in chosen for t in h.topics}
    service, scatter = _middle(services), by_hours(past[-LATELY:])
    longest = (service or 0.0) * SURE * (1 + max(1.0, scatter) ** 2) / 2
    pause = max(LONGEST_PAUSE, longest)
    failed = _middle(h.failed for h in chosen)
    days = days_of(past)
    made = Usual(
        received=median(rates),
        received_spread=spread(rates),
        # Every hour counts for the tail: a nightly batch is usual at its own hour, and
        # the chosen hours hold it; 75 % forgives one bad hour of four.
        backlog=quantile((h.backlog for h in chosen), 0.5),
        service=service,
        service_spread=spread(services) if services else 0.0,
        scatter=scatter,
        failed=None if failed is None else min(failed, FAILING),
        workers=_middle(h.workers for h in chosen),
        # Nothing is learnt from a hang: what pauses longer is none of the usual.
        longest_pause=min(
            pause,
            max(
                median(h.gap for h in chosen),
                by_days(((h.gap, h.start) for h in past if h.gap), days),
            ),
        ),
        delay=_middle(h.delay for h in chosen),
        held=by_days(((h.held, h.start) for h in past if h.held), days),
        dispersion=max(1.0, median(h.dispersion for h in chosen)),
        topics={t: median(h.topics.get(t, 0.0) for h in chosen) for t in names},
        costs={
            t: median(known([h.costs.get(t) for h in chosen]))
            for t in {t for h in chosen for t in h.costs}
        },
        hours=len(chosen),
        seconds=sum(h.seconds for h in chosen),
        # Where the time per message is known, the workers' own capacity follows from it.
        capacity=quantile([h.processed for h in past], 0.75) if service is None else max(rates),
    )
    if made.received < MANY:
        return made
    return made.scattering(
        by_percentiles(_middle(h.p50 for h in chosen), _middle(h.p99 for h in chosen))
    )
