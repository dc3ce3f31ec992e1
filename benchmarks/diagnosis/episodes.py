"""Episodes by family: a daemon drawn at random and what befalls it; judges none.

Families are what operators meet: single incidents, sequences, changes of regime, bursts, heavy
tails, the calendar, young daemons, troubles of hours. Every episode comes from (family, seed).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import exp, log

from .queue import Samples
from .traffic import Part, ServiceLaw, Traffic, day_and_night
from .truth import NATS, Label, chance_level

HOUR, DAY, WEEK = 3600, 86400, 604800
#: Monday 2023-11-13 00:00 UTC.
MONDAY = 1_699_833_600
#: Seconds of undisturbed run before the first incident; the longest part.
LEAD, MAX_PART = 1200.0, 3.0 * HOUR
#: Longest service time, s: longer jobs are handed on by real consumers.
MAX_SERVICE = 60.0
#: Seconds of past that a baseline has.
KNOWN = 15.0 * DAY
EXPONENTIAL = ServiceLaw()


@dataclass(frozen=True)
class Episode:
    """One run to be judged. Times in epoch seconds."""

    family: str
    seed: int
    traffic: Traffic
    start: float
    end: float
    step: int
    #: Seconds of undisturbed past in the store.
    known: float = KNOWN
    #: Offset of the samples against the archive's grid, s.
    phase: float = 0.0
    #: Metrics that the daemon reports; empty: all.
    only: tuple[str, ...] = ()
    #: Steps of metrics whose files are finer.
    steps: dict[str, int] = field(default_factory=dict)
    #: Samples that are lost, as shares of the run: (from, count).
    lost: tuple[tuple[float, int], ...] = ()
    #: When the daemon is restarted; what waits is lost. Epoch seconds.
    restarts: tuple[float, ...] = ()
    #: Whose clock its calendar follows.
    zone: str = "UTC"
    #: Adds series to the samples; changes what is right of them.
    extend: Callable[[Samples], Samples] | None = None
    relabel: Callable[[Samples, Sequence[Label]], list[Label]] | None = None


class Draw:
    """One seed's daemon, and its parts one after the other."""

    def __init__(self, family: str, seed: int) -> None:
        self.family, self.seed = family, seed
        self.rng = random.Random(f"{family}/{seed}")
        rng = self.rng
        bounds = rng.choice(
            (
                (1 / 3600, 1 / 60),
                (1 / 60, 1.0),
                (0.2, 5.0),
                (1.0, 30.0),
                (30.0, 300.0),
                (300.0, 5000.0),
            )
        )
        self.workers = rng.choice((1, 1, 2, 4, 8, 16, 32))
        self.rate = exp(rng.uniform(log(bounds[0]), log(bounds[1])))
        self.load = rng.uniform(0.15, 0.7)
        self.step = rng.choice((5, 10, 10, 10, 60)) if self.rate > 0.05 else 60
        self.law, self.burst = EXPONENTIAL, (1.0, 0.0, 0.0)
        self.start = MONDAY + rng.randrange(14) * DAY + rng.randrange(8 * HOUR, 20 * HOUR, 60)
        self.calendar: Callable[[float], float] | None = None
        #: How far hourly means of the service time lie off, 1 σ of the logarithm.
        self.wander = 0.0
        self.parts: list[Part] = [Part(0.0)]
        self.time = self.start + LEAD
        self.waiting = 0.0

    @property
    def service(self) -> float:
        """Mean service time, s."""
        return min(MAX_SERVICE, self.load * self.workers / self.rate)

    @property
    def capacity(self) -> float:
        """Messages/s that the workers can usually end."""
        return self.workers / self.service

    def busy_enough(self) -> Draw:
        """Choose a rate at which an overload shows within hours."""
        rng = self.rng
        self.rate = max(self.rate, exp(rng.uniform(log(0.02), log(1.0))))
        if self.rate * MAX_SERVICE < self.load * self.workers:
            self.workers = max(1, int(self.rate * MAX_SERVICE / self.load))
        self.step = rng.choice((5, 10, 10, 10, 60))
        return self

    def several_workers(self, least: int = 4) -> Draw:
        """Choose several workers."""
        self.workers = max(least, self.workers)
        if self.rate * MAX_SERVICE < self.load * self.workers:
            self.rate = self.load * self.workers / (MAX_SERVICE * self.rng.uniform(0.05, 0.9))
        return self

    def _stays(self, growth: float, nats: float) -> float:
        """Return how long a part lasts, s: mostly past what it takes to be known."""
        traffic = Traffic(self.rate, self.service, self.workers, law=self.law, burst=self.burst)
        level = chance_level(traffic) * 2 + 5
        visible_after = level / growth if growth > 0 else 0.0
        proven = NATS / nats if nats > 0 else 0.0
        seconds = (
            self.rng.uniform(1.3, 4) * max(visible_after, proven)
            + self.rng.uniform(4, 12) * self.step
        )
        return min(MAX_PART, max(seconds, 120.0))

    def add(self, seconds: float, **causes: object) -> Draw:
        """Let causes act for ``seconds``, then nothing."""
        part = Part(self.time, **causes)  # type: ignore[arg-type]
        self.parts.append(part)
        capacity = max(0, self.workers - part.hung - part.gone) / (self.service * part.service)
        self.waiting = max(0.0, self.waiting + (self.rate * part.rate - capacity) * seconds)
        self.time += seconds
        return self

    def then(self, seconds: float | None = None) -> Draw:
        """Let nothing act: until it has drained and a while longer, or for ``seconds``."""
        if seconds is None:
            drain = self.waiting / max(1e-9, self.capacity - self.rate)
            seconds = min(MAX_PART, drain * 1.15 + self.rng.uniform(8, 40) * self.step + 120)
        return self.add(seconds)

    def surge(self, times: float | None = None) -> Draw:
        """Let more arrive than can be handled."""
        times = times or self.rng.uniform(1.4, 5) / self.load_now
        more = self.rate * times
        return self.add(
            self._stays(more - self.capacity, self.rate * (times * log(times) - times + 1)),
            rate=times,
        )

    def slow(self, times: float | None = None, **more: object) -> Draw:
        """Let each message take longer than can be handled."""
        times = times or self.rng.uniform(1.4, 6) / self.load_now
        capacity = self.capacity / times
        return self.add(
            self._stays(self.rate - capacity, capacity * self.law.information(times)),
            service=times,
            **more,
        )

    def surge_and_slow(self) -> Draw:
        """Let more arrive and each message take longer, each alone too much."""
        more, slower = (self.rng.uniform(1.3, 3) / self.load_now for _ in range(2))
        capacity = self.capacity / slower
        return self.add(
            self._stays(
                self.rate * more - capacity,
                min(
                    self.rate * (more * log(more) - more + 1),
                    capacity * self.law.information(slower),
                ),
            ),
            rate=more,
            service=slower,
        )

    @property
    def load_now(self) -> float:
        """Utilisation with the service time's bound."""
        return self.rate / self.capacity

    def build(self, **more: object) -> Episode:
        """Return the episode, its last part followed by a while of nothing."""
        traffic = Traffic(
            self.rate,
            self.service,
            self.workers,
            tuple(self.parts),
            self.law,
            self.calendar,
            self.burst,
            wander=self.wander,
        )
        episode = Episode(self.family, self.seed, traffic, self.start, self.time, self.step)
        return replace(episode, **more)  # type: ignore[arg-type]


def single(kind: str) -> Callable[[int], Episode]:
    """Return the maker of one incident of a kind, followed by its drain."""

    def make(seed: int) -> Episode:
        d = Draw(f"single: {kind}", seed)
        phase = _phase(d)
        if kind in ("surge", "slow", "both"):
            d.busy_enough()
            {"surge": d.surge, "slow": d.slow, "both": d.surge_and_slow}[kind]()
        elif kind == "hang":
            d.add(_hang_seconds(d), hung=d.workers)
        elif kind == "workers lost":
            d.several_workers()
            cause = "hung" if d.rng.random() < 0.7 else "gone"
            d.add(_hang_seconds(d), **{cause: d.rng.randint(1, d.workers - 1)})
        elif kind == "failures":
            share = d.rng.choice((0.2, 0.5, 1.0))
            d.add(min(MAX_PART, max(600.0, 60 / d.rate / share)), failing=share)
        else:
            d.busy_enough()
            d.add(max(900.0, 25 / d.rate), rate=0.0)
        return d.then().build(phase=phase)

    return make


def _hang_seconds(d: Draw) -> float:
    rare = d.law.quantile(1 - 1e-6) * d.service
    return min(2 * MAX_PART, 2 * rare + 10 / d.rate + d.rng.uniform(10, 60) * d.step)


def _phase(d: Draw) -> float:
    return d.rng.choice((0.0, 0.37)) * d.step


def surge_then_slow(seed: int) -> Episode:
    """A surge, its drain, and then a slow database."""
    return (
        Draw("sequence: surge, drained, slow", seed)
        .busy_enough()
        .surge()
        .then()
        .slow()
        .then()
        .build()
    )


def slow_in_drain(seed: int) -> Episode:
    """A surge ends; while it drains the database becomes slow."""
    d = Draw("sequence: slow in the drain", seed).busy_enough().surge()
    return (
        d.then(max(60.0, d.rng.uniform(0.2, 0.7) * d.waiting / (d.capacity - d.rate)))
        .slow()
        .then()
        .build()
    )


def two_surges(seed: int) -> Episode:
    """A second surge before the first has drained."""
    d = Draw("sequence: two surges", seed).busy_enough().surge()
    return (
        d.then(max(60.0, d.rng.uniform(0.3, 1.3) * d.waiting / (d.capacity - d.rate)))
        .surge()
        .then()
        .build()
    )


def lock_then_slow(seed: int) -> Episode:
    """A lock holds all workers for minutes; two minutes later each message takes longer."""
    d = Draw("sequence: lock, then slow", seed).busy_enough()
    d.add(min(MAX_PART, d.rng.uniform(60, 300) + 20 * d.service), hung=d.workers)
    return d.then(120.0).slow().then().build()


def hang_then_surge(seed: int) -> Episode:
    """A hang is ended by a restart of the handling; while it drains more arrives."""
    d = Draw("sequence: hang, then surge", seed).busy_enough()
    d.add(_hang_seconds(d), hung=d.workers)
    return (
        d.then(max(120.0, d.rng.uniform(0.3, 1.2) * d.waiting / (d.capacity - d.rate)))
        .surge()
        .then()
        .build()
    )


def failures_then_slow(seed: int) -> Episode:
    """Messages fail, then they do not, and take longer instead."""
    d = Draw("sequence: failures, then slow", seed).busy_enough()
    d.add(min(MAX_PART, max(600.0, 60 / d.rate)), failing=d.rng.choice((0.3, 1.0)))
    return d.then(d.rng.uniform(60, 900)).slow().then().build()


def surge_becomes_slow(seed: int) -> Episode:
    """Arrivals fall back in the moment in which the handling becomes slow."""
    return Draw("sequence: surge becomes slow", seed).busy_enough().surge().slow().then().build()


def mild(seed: int) -> Episode:
    """An overload of 8 to 35 %: the backlog grows, slowly."""
    d = Draw("mild overload", seed).busy_enough()
    d.load = d.rng.uniform(0.4, 0.85)
    times = d.rng.uniform(1.08, 1.35) / d.load_now
    d.surge(times) if d.rng.random() < 0.5 else d.slow(times)
    return d.then().build(phase=_phase(d))


def anything(seed: int) -> Episode:
    """Any daemon, any arrivals, any telemetry, and two to five incidents of any kind."""
    d = Draw("anything", seed).busy_enough()
    rng = d.rng
    d.load = rng.uniform(0.1, 0.8)
    d.law = rng.choice(
        (
            EXPONENTIAL,
            EXPONENTIAL,
            ServiceLaw("pareto"),
            ServiceLaw("lognormal", rng.uniform(0.3, 1.5)),
        )
    )
    if rng.random() < 0.25:
        on = rng.uniform(5, 60)
        d.load, d.burst = min(d.load, 0.35), (rng.uniform(1.5, 4), on, on * rng.uniform(6, 12))
    elif rng.random() < 0.25:
        d.load, d.rate, d.calendar = min(d.load, 0.4), min(d.rate, 20.0), day_and_night
    d.wander = rng.choice((0.0, 0.0, rng.uniform(0.03, 0.2)))
    _incidents(d, rng.randint(2, 5))
    only = ("received", "processed", "backlog") if rng.random() < 0.1 else ()
    lost = tuple(
        (rng.random() * 0.95, rng.choice((1, 1, 2, 5))) for _ in range(rng.choice((0, 0, 3, 8)))
    )
    return d.then().build(
        phase=_phase(d),
        only=only,
        lost=lost,
        known=rng.choice((KNOWN, KNOWN, KNOWN, 5 * HOUR, 0.0)),
    )


def anything_else(seed: int) -> Episode:
    """The same with other draws: the widest family has twice the episodes."""
    return anything(seed + 500_000)


def random_sequence(seed: int) -> Episode:
    """Three to five incidents of any kind, some of them before the one before has drained."""
    d = Draw("sequence: random", seed).busy_enough()
    if d.rng.random() < 0.3:
        d.law = ServiceLaw("lognormal", d.rng.uniform(0.8, 1.3))
    _incidents(d, d.rng.randint(3, 5))
    return d.then().build()


def _incidents(d: Draw, count: int) -> None:
    for _ in range(count):
        kind = d.rng.random()
        if kind < 0.75:
            d.surge() if d.rng.random() < 0.5 else d.slow()
        elif kind < 0.9:
            d.add(_hang_seconds(d), hung=d.workers)
        else:
            d.add(min(MAX_PART, max(600.0, 60 / d.rate)), failing=d.rng.choice((0.3, 1.0)))
        drain = max(60.0, d.waiting / (d.capacity - d.rate))
        d.then(min(MAX_PART, d.rng.choice((0.3, 0.7, 1.2, 1.5)) * drain + 6 * d.step))


def surge_and_slow_overlap(seed: int) -> Episode:
    """Each message takes longer during a surge; the surge ends first."""
    d = Draw("sequence: overlapping", seed).busy_enough().surge()
    more, slower = d.parts[-1].rate, d.rng.uniform(1.4, 4) / d.load_now
    capacity = d.capacity / slower
    d.add(
        d._stays(more * d.rate - capacity, capacity * d.law.information(slower)),
        rate=more,
        service=slower,
    )
    return (
        d.add(d._stays(d.rate - capacity, d.rate * (more - 1 - log(more))), service=slower)
        .then()
        .build()
    )


def wandering(seed: int) -> Episode:
    """The mean time per message wanders from hour to hour by 10 to 20 %, and an incident comes."""
    d = Draw("times wander", seed).busy_enough()
    d.wander = d.rng.uniform(0.08, 0.2)
    return _incident(d).then().build()


def burst_at_start(seed: int) -> Episode:
    """A daemon begins with all that came while it was away; later each message takes longer."""
    d = Draw("young: burst at the start", seed).busy_enough()
    d.load, d.time = d.rng.uniform(0.1, 0.3), d.start + d.rng.randint(2, 12) * d.step
    d.add(d.rng.uniform(2, 20) * d.step, rate=d.rng.uniform(5, 50) / d.load_now)
    if d.rng.random() < 0.7:
        d.then().slow()
    return d.then().build(known=0.0)


def regime(kind: str) -> Callable[[int], Episode]:
    """Return the maker of a lasting change of what is usual, and later an incident."""

    def make(seed: int) -> Episode:
        d = Draw(f"regime: {kind}", seed).busy_enough()
        d.load = d.rng.uniform(0.15, 0.33)
        if kind == "Monday":
            d.calendar = lambda t: 0.5 if int(t % WEEK // DAY) in (2, 3) else 1.0
            d.start = MONDAY + d.rng.choice((0, WEEK)) + d.rng.randrange(6 * HOUR, 12 * HOUR, 60)
            d.time = d.start + LEAD
            d.slow() if d.rng.random() < 0.6 else d.surge()
            return d.then().build(known=d.start % DAY + 2 * DAY)
        if kind == "twice the arrivals":
            d.add(d.rng.uniform(0.5, 3) * HOUR, rate=2.0, usual=True)
            base: dict[str, float] = {"rate": 2.0}
        else:
            d.add(d.rng.uniform(0.5, 3) * HOUR, service=1.3, usual=True)
            base = {"service": 1.3}
        if d.rng.random() < 0.5:
            times = d.rng.uniform(1.5, 4) / (d.load_now * 2)
            causes = {**base, "service": base.get("service", 1.0) * max(times, 1.5)}
        else:
            times = d.rng.uniform(1.5, 4) / (d.load_now * 2)
            causes = {**base, "rate": base.get("rate", 1.0) * max(times, 1.5)}
        capacity = d.capacity / causes.get("service", 1.0)
        more = causes.get("rate", 1.0) * d.rate
        d.add(d._stays(more - capacity, capacity / 4 if more > capacity else 0.0), **causes)
        d.waiting = max(0.0, d.waiting)
        return d.add(
            min(
                MAX_PART,
                1.3
                * d.waiting
                / max(1e-9, d.capacity / base.get("service", 1.0) - d.rate * base.get("rate", 1.0))
                + 900,
            ),
            **base,
            usual=True,
        ).build()

    return make


def bursty(seed: int) -> Episode:
    """Arrivals in bursts (MMPP), and an incident."""
    d = Draw("bursty arrivals", seed).busy_enough()
    d.load = d.rng.uniform(0.15, 0.4)
    on = d.rng.uniform(10, 120)
    d.burst = (d.rng.uniform(2, 5), on, on * d.rng.uniform(6, 12))
    return _incident(d).then().build()


def heavy(kind: str) -> Callable[[int], Episode]:
    """Return the maker of a consumer with heavy-tailed service times, and an incident."""

    def make(seed: int) -> Episode:
        d = Draw(f"heavy tail: {kind}", seed).busy_enough()
        d.law = (
            ServiceLaw("pareto")
            if kind == "Pareto"
            else ServiceLaw("lognormal", d.rng.uniform(1.2, 1.6))
        )
        return _incident(d).then().build()

    return make


def _incident(d: Draw) -> Draw:
    kind = d.rng.random()
    if kind < 0.4:
        return d.slow()
    return d.surge() if kind < 0.8 else d.add(_hang_seconds(d), hung=d.workers)


def local_batch(seed: int) -> Episode:
    """A nightly batch by local time, in the days after the clocks have changed."""
    d = Draw("batch by local time", seed).busy_enough()
    d.rate = d.rng.uniform(0.05, 5)
    d.load = d.rng.uniform(0.15, 0.3)
    # Sunday 2023-10-29 01:00 UTC: Central European Time begins.
    change = 1_698_541_200
    days = d.rng.choice((-2, -1, 0, 1, 2, 4))
    begin = d.rng.choice((1, 2, 3)) * HOUR
    times = d.rng.uniform(1.5, 3) / d.load_now

    def batch(time: float) -> float:
        local = time + (2 if time < change else 1) * HOUR
        return times if begin <= local % DAY < begin + 1200 else 1.0

    d.calendar = batch
    night = change // DAY * DAY + days * DAY + begin - (HOUR if days > 0 else 2 * HOUR)
    d.start = night - LEAD
    d.parts, d.time = [Part(0.0)], d.start + LEAD + 1.5 * HOUR
    return d.build(zone="Europe/Berlin")


def young(kind: str) -> Callable[[int], Episode]:
    """Return the maker of a daemon that began minutes or hours ago, and an incident."""

    def make(seed: int) -> Episode:
        d = Draw(f"young: {kind}", seed).busy_enough()
        lead = {
            "fresh": d.rng.randint(3, 20) * d.step,
            "minutes": d.rng.uniform(10, 50) * 60.0,
            "hours": d.rng.uniform(1.5, 6) * HOUR,
        }[kind]
        d.time = d.start + lead
        d.load = d.rng.uniform(0.15, 0.5)
        if kind == "fresh":
            times = d.rng.uniform(10, 40)
            d.surge(times) if d.rng.random() < 0.5 else d.slow(times)
        elif d.rng.random() < 0.35:
            d.surge().then().slow()
        else:
            _incident(d)
        return d.then().build(known=0.0)

    return make


def of_hours(kind: str) -> Callable[[int], Episode]:
    """Return the maker of a trouble that lasts for hours."""

    def make(seed: int) -> Episode:
        d = Draw(f"for hours: {kind}", seed)
        hours = d.rng.uniform(3, 8) * HOUR
        d.step = 60
        if kind == "hang":
            return d.add(hours, hung=d.workers).then(1800).build()
        return d.add(hours, failing=1.0).then(1800).build(known=d.rng.choice((0.0, KNOWN)))

    return make


def three_series(seed: int) -> Episode:
    """A broker's queue: received, processed and backlog only."""
    return (
        _incident(Draw("three series only", seed).busy_enough())
        .then()
        .build(only=("received", "processed", "backlog"))
    )


def mixed_steps(seed: int) -> Episode:
    """The backlog's file has steps of 5 s (since 2014), all others of 10 s; samples get lost."""
    d = Draw("mixed steps, lost samples", seed).busy_enough()
    d.step = 10
    episode = _incident(d).then().build(steps={"backlog": 5})
    return replace(episode, lost=((d.rng.uniform(0.1, 0.8), 2),))


def fits(seed: int) -> Episode:
    """A surge, or slowness, that stays below capacity: nothing is behind."""
    d = Draw("raised, but it fits", seed).busy_enough()
    d.load = d.rng.uniform(0.05, 0.15)
    times = d.rng.uniform(2, 0.75 / d.load)
    d.add(d.rng.uniform(0.5, 1.5) * HOUR, **{d.rng.choice(("rate", "service")): times})
    return d.then(1800).build()


def day_night(seed: int) -> Episode:
    """Arrivals of day and night, and an incident."""
    d = Draw("day and night", seed).busy_enough()
    d.rate, d.load = min(d.rate, 20.0), d.rng.uniform(0.15, 0.4)
    d.calendar = day_and_night
    d.slow(3.5 / d.load) if d.rng.random() < 0.5 else d.surge(3.5 / d.load)
    return d.then().build()


KINDS = ("surge", "slow", "both", "hang", "workers lost", "failures", "starved")
FAMILIES: dict[str, Sequence[Callable[[int], Episode]]] = {
    "single incidents": [single(kind) for kind in KINDS],
    "sequences": [
        surge_then_slow,
        slow_in_drain,
        two_surges,
        lock_then_slow,
        hang_then_surge,
        failures_then_slow,
        surge_becomes_slow,
        surge_and_slow_overlap,
        random_sequence,
    ],
    "changes of regime": [
        regime("Monday"),
        regime("twice the arrivals"),
        regime("1.3 times slower"),
    ],
    "bursty arrivals": [bursty],
    "heavy tails, times wander": [heavy("lognormal"), heavy("Pareto"), wandering],
    "calendar": [local_batch, day_night],
    "young daemons": [young("fresh"), young("minutes"), young("hours"), burst_at_start],
    "troubles of hours": [of_hours("hang"), of_hours("failures")],
    "fewer series, mixed steps": [three_series, mixed_steps],
    "raised, but it fits": [fits],
    "mild overload": [mild],
    "anything": [anything, anything_else],
}
