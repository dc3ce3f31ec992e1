"""What drives a queue: arrivals, service times and workers as functions of time; simulates none."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, cos, exp, inf, log, pi, sqrt

#: Shape of the Pareto service times: a finite variance, so that a mean says something.
PARETO_SHAPE = 2.2
#: Bimodal times: share of the long ones, and both as multiples of the mean.
LONG_SHARE, LONG_TIME = 0.1, 8.2
SHORT_TIME = (1 - LONG_SHARE * LONG_TIME) / (1 - LONG_SHARE)
#: Seconds for which calendar and cycle are constant.
PIECE = 300
#: Erlang times: exponential parts of one message, so that times scatter by a quarter.
ERLANG_PARTS = 16


@dataclass(frozen=True)
class ServiceLaw:
    """The distribution of one message's service time, of mean 1."""

    name: str = "exponential"
    #: Lognormal only: standard deviation of the logarithm.
    sigma: float = 0.0

    def draw(self, rng: random.Random) -> float:
        """Return one service time as a multiple of the mean."""
        if self.name == "lognormal":
            return exp(rng.gauss(0.0, self.sigma) - self.sigma**2 / 2)
        if self.name == "pareto":
            return rng.paretovariate(PARETO_SHAPE) * (PARETO_SHAPE - 1) / PARETO_SHAPE
        if self.name == "bimodal":
            return LONG_TIME if rng.random() < LONG_SHARE else SHORT_TIME
        if self.name == "erlang":
            return rng.gammavariate(ERLANG_PARTS, 1 / ERLANG_PARTS)
        return -log(1.0 - rng.random())

    @property
    def variation(self) -> float:
        """Return the coefficient of variation."""
        if self.name == "lognormal":
            return sqrt(exp(self.sigma**2) - 1)
        if self.name == "pareto":
            return sqrt(1 / (PARETO_SHAPE * (PARETO_SHAPE - 2)))
        if self.name == "bimodal":
            return sqrt(LONG_SHARE * LONG_TIME**2 + (1 - LONG_SHARE) * SHORT_TIME**2 - 1)
        if self.name == "erlang":
            return float(ERLANG_PARTS**-0.5)
        return 1.0

    def quantile(self, share: float) -> float:
        """Return the multiple of the mean that ``share`` of the messages do not exceed."""
        if self.name == "lognormal":
            return exp(self.sigma * _normal_quantile(share) - self.sigma**2 / 2)
        if self.name == "pareto":
            least = (PARETO_SHAPE - 1) / PARETO_SHAPE
            return float(least * (1 - share) ** (-1 / PARETO_SHAPE))
        if self.name == "bimodal":
            return LONG_TIME if share > 1 - LONG_SHARE else SHORT_TIME
        if self.name == "erlang":
            # Wilson and Hilferty 1931, of a gamma law.
            ninth = 1 / (9 * ERLANG_PARTS)
            return float((1 - ninth + _normal_quantile(share) * sqrt(ninth)) ** 3)
        return -log(1 - share)

    def information(self, ratio: float) -> float:
        """Return nats per message by which a mean ``ratio`` times as long is distinguished."""
        if self.name == "lognormal":
            return log(ratio) ** 2 / (2 * self.sigma**2)
        if self.name == "pareto":
            # A Pareto law of another scale: only longer ones can be distinguished by likelihood.
            return abs(log(ratio)) * PARETO_SHAPE / 2
        parts = ERLANG_PARTS if self.name == "erlang" else 1
        return parts * (log(1 / ratio) + ratio - 1)


def _normal_quantile(share: float) -> float:
    # Abramowitz and Stegun 26.2.23, absolute error below 4.5e-4.
    tail = min(share, 1 - share)
    t = sqrt(-2 * log(tail))
    value = t - (2.515517 + 0.802853 * t + 0.010328 * t * t) / (
        1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t**3
    )
    return value if share > 0.5 else -value


@dataclass(frozen=True)
class Part:
    """A stretch of constant causes, from ``start`` (s) to the next part."""

    start: float
    #: Multiples of the daemon's arrival rate and service time.
    rate: float = 1.0
    service: float = 1.0
    #: Workers that hold a message until the part ends, and threads that are gone.
    hung: int = 0
    gone: int = 0
    #: Share of the messages that fail.
    failing: float = 0.0
    #: Share of the messages that arrive, by topic; None: the usual ones.
    mix: Mapping[str, float] | None = None
    #: Topics of which each message takes ``service`` times as long; empty: all.
    slow_topics: tuple[str, ...] = ()
    #: Whether this is the daemon's usual state from here on (a regime), not an incident.
    usual: bool = False

    @property
    def disturbed(self) -> bool:
        """Whether anything acts here that is not usual."""
        if self.mix is not None and not self.usual:
            return True
        return not self.usual and (self.rate, self.service, self.hung, self.gone, self.failing) != (
            1.0,
            1.0,
            0,
            0,
            0.0,
        )


@dataclass(frozen=True)
class Traffic:
    """One daemon and what befalls it. Rates in messages/s, times in s."""

    rate: float
    service: float
    workers: int
    parts: Sequence[Part] = (Part(0.0),)
    law: ServiceLaw = ServiceLaw()
    #: Multiple of the rate by time of the calendar: seconds → factor; None: constant.
    calendar: Callable[[float], float] | None = None
    #: Bursty arrivals (two-state MMPP): factor while on, mean seconds on and off; 1: Poisson.
    burst: tuple[float, float, float] = (1.0, 0.0, 0.0)
    #: (time, messages) that arrive at once.
    batches: Sequence[tuple[float, int]] = ()
    #: (period s, messages): a cron job that sends some at each multiple of its period.
    cron: tuple[float, int] = (0.0, 0)
    #: Usual multiple of the service time by time: seconds → factor; None: constant.
    cycle: Callable[[float], float] | None = None
    #: How far hourly means of the service time lie off, 1 σ of the logarithm.
    wander: float = 0.0
    #: (from when, share of the first service time that is added each hour).
    creep: tuple[float, float] = (0.0, 0.0)
    #: By topic: usual share of the messages, and multiple of the service time; none: no topics.
    topics: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def part(self, time: float) -> Part:
        """Return the part that acts at ``time``."""
        return self.parts[max(0, bisect_right([p.start for p in self.parts], time) - 1)]

    def calendar_factor(self, time: float) -> float:
        """Return the calendar's multiple of the rate."""
        return self.calendar(time) if self.calendar else 1.0

    def steady_rate(self, time: float) -> float:
        """Return the mean arrival rate at ``time``, bursts averaged, batches and cron left out."""
        return self.rate * self.calendar_factor(time) * self.part(time).rate

    def arrival_rate(self, time: float) -> float:
        """Return the same with the cron job's messages."""
        period, size = self.cron
        return self.steady_rate(time) + (size / period if period else 0.0)

    def at_once(self, start: float, end: float) -> list[tuple[float, int]]:
        """Return (time, messages) of the batches and cron jobs in [start, end), by time."""
        period, size = self.cron
        jobs: list[tuple[float, int]] = []
        if period:
            jobs = [(k * period, size) for k in range(ceil(start / period), ceil(end / period))]
        return sorted([*jobs, *(batch for batch in self.batches if start <= batch[0] < end)])

    def service_time(self, time: float) -> float:
        """Return the mean service time at ``time``."""
        return self.service * self.longer(self.part(time)) * self.wandered(time)

    def longer(self, part: Part) -> float:
        """Return the multiple of the mean service time in a part, its mix of topics included."""
        if not self.topics:
            return part.service
        mix = part.mix or {topic: share for topic, (share, _) in self.topics.items()}
        return sum(mix[topic] * self.topic_cost(topic, part) for topic in mix)

    def topic_cost(self, topic: str, part: Part) -> float:
        """Return the multiple of the service time that a message of this topic takes."""
        slow = not part.slow_topics or topic in part.slow_topics
        return self.topics[topic][1] * (part.service if slow else 1.0)

    def wandered(self, time: float) -> float:
        """Return the usual factor of the service time then; the same time has the same."""
        begin, pace = self.creep
        hour = time // 3600
        grown = 1.0 + pace * max(0.0, hour - begin / 3600) if pace else 1.0
        if self.cycle:
            grown *= self.cycle(time // PIECE * PIECE)
        if not self.wander:
            return grown
        return grown * exp(random.Random(int(hour)).gauss(0.0, self.wander))

    def working(self, time: float) -> int:
        """Return the workers that can end messages."""
        part = self.part(time)
        return max(0, self.workers - part.hung - part.gone)

    def capacity(self, time: float) -> float:
        """Return messages/s that the workers can end."""
        return self.working(time) / self.service_time(time)

    @property
    def variation(self) -> float:
        """Return the coefficient of variation of one message's time, its topic not known."""
        if not self.topics:
            return self.law.variation
        square = sum(share * cost * cost for share, cost in self.topics.values())
        return sqrt(square * (1 + self.law.variation**2) - 1)

    @property
    def dispersion(self) -> float:
        """Return variance over mean of counts over long times (MMPP: Fischer 1993)."""
        factor, on, off = self.burst
        if factor == 1.0:
            return 1.0
        low = self.off_factor
        return 1 + 2 * self.rate * (factor - low) ** 2 * (on * off) ** 2 / (on + off) ** 3

    @property
    def off_factor(self) -> float:
        """Return the factor between bursts, so that the mean stays 1."""
        factor, on, off = self.burst
        return max(0.0, ((on + off) - factor * on) / off) if off else 1.0

    def pieces(self, start: float, end: float, rng: random.Random) -> list[tuple[float, float]]:
        """Return (from, messages/s) for [start, end): pieces of constant arrival rate."""
        edges = {start, *(p.start for p in self.parts if start < p.start < end)}
        if self.calendar:
            edges.update(float(t) for t in range(int(start // PIECE + 1) * PIECE, int(end), PIECE))
        factor, on, off = self.burst
        switches: list[tuple[float, float]] = [(-inf, 1.0)]
        if factor != 1.0:
            time, active = start, rng.random() < on / (on + off)
            switches = []
            while time < end:
                switches.append((time, factor if active else self.off_factor))
                edges.add(time)
                time += rng.expovariate(1 / (on if active else off))
                active = not active
        times = [time for time, _ in switches]
        return [
            (edge, self.steady_rate(edge) * switches[bisect_right(times, edge) - 1][1])
            for edge in sorted(edges)
        ]


def day_and_night(time: float) -> float:
    """Return a factor between a fifth and 1.8 over the day, half at week-ends (UTC)."""
    weekend = int(time % 604800 // 86400) in (2, 3)
    return (1 - 0.8 * cos(2 * pi * time / 86400)) * (0.5 if weekend else 1.0)
