"""The labelled scenarios; a label comes from the parameters alone, never from the series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Callable

from .simulator import World, constant

#: The fault begins half way through an hour.
SECONDS, START = 3600.0, 1800.0
#: Loads this near to full are not decidable within half an hour: both answers count.
NEAR = (0.93, 1.1)


@dataclass(frozen=True)
class Setting:
    """An ordinary daemon: messages/s, workers, load (0 to 1), seconds per point."""

    rate: float
    workers: int
    load: float
    step: float

    @property
    def service(self) -> float:
        """Mean seconds per message."""
        return self.load * self.workers / self.rate


@dataclass(frozen=True)
class Scenario:
    """One world, the verdicts that are right at its end, and how the series are spoilt."""

    name: str
    magnitude: float
    world: World
    right: frozenset[str]
    spoil: str = ""
    #: True share of the growth that is excess arrivals; None where it is not asked.
    share: float | None = None
    start: float = field(default=START)


def after(before: float, then: float, start: float = START,
          stop: float = 1e9) -> Callable[[float], float]:
    """Return a step function of time."""
    return lambda t: then if start <= t < stop else before


def _load_label(load: float, cause: str) -> frozenset[str]:
    if load < NEAR[0]:
        return frozenset({"OK"})
    return frozenset({"OK", cause, "SATURATED"}) if load < NEAR[1] else frozenset({cause})


def scenarios(s: Setting, magnitudes: tuple[float, ...]) -> Iterator[Scenario]:
    """Yield every scenario for one setting."""
    rate, service, workers = constant(s.rate), constant(s.service), constant(s.workers)
    ok = frozenset({"OK"})

    def plain(**k: object) -> World:
        return World(**{"rate": rate, "service": service, "workers": workers, **k})  # type: ignore[arg-type]

    for m in magnitudes:
        fast, long = after(s.rate, s.rate * m), after(s.service, s.service * m)
        surge = _load_label(s.load * m, "SURGE")
        yield Scenario("surge", m, plain(rate=fast), surge, share=1.0)
        yield Scenario("slow", m, plain(service=long), _load_label(s.load * m, "SLOW"), share=0.0)
        both = s.load * m * m
        yield Scenario("both", m, plain(rate=fast, service=long), _load_label(both, "BOTH"))
        yield Scenario("surge, 20 % missing", m, plain(rate=fast), surge, "missing", 1.0)
        yield Scenario("surge, three series", m, plain(rate=fast), surge, "three", 1.0)
        yield Scenario("slow, three series", m, plain(service=long),
                       _load_label(s.load * m, "SLOW"), "three", 0.0)
        over = s.load * m
        if over > NEAR[1]:
            yield Scenario("recovering", m, plain(rate=after(s.rate, s.rate * m, 1800, 3000)),
                           frozenset({"RECOVERING"}) if 1200 * (over - 1) > 600 * (1 - s.load) * 1.3
                           else frozenset({"RECOVERING", "OK"}))
    yield Scenario("steady", 1, plain(), ok)
    yield Scenario("blip", 1, plain(rate=after(s.rate, s.rate * 5, 1800, 1800 + 10)), ok)
    yield Scenario("heavy tail", 1, plain(heavy=True), ok)
    yield Scenario("stalled", 1, plain(hung=after(0, s.workers)), frozenset({"STALLED"}))
    if s.workers > 1:
        yield Scenario("some hang", 1, plain(hung=after(0, s.workers // 2)),
                       frozenset({"WORKERS_LOST"}))
        yield Scenario("workers gone", 1, plain(workers=after(s.workers, 1)),
                       frozenset({"WORKERS_LOST"}))
    yield Scenario("failing fast", 1, plain(fails=after(0, 0.9),
                   service=after(s.service, s.service / 5)), frozenset({"ERRORS"}))
    yield Scenario("retries", 1, plain(fails=after(0, 0.6), retried=True), frozenset({"RETRIES"}))
    yield Scenario("starved", 1, plain(rate=after(s.rate, 1e-9)), frozenset({"STARVED"}))
    yield Scenario("down", 1, plain(), frozenset({"DOWN"}), "down")
    yield Scenario("silent", 1, plain(), frozenset({"TELEMETRY_LOST"}), "silent")
    yield Scenario("frozen", 1, plain(rate=fast_now(s)), frozenset({"TELEMETRY_LOST"}), "frozen")
    yield Scenario("blocking", 1, plain(), frozenset({"UNKNOWN"}), "blocking")
    yield Scenario("restart", 1, plain(), frozenset({"RESTART"}), "restart")


def fast_now(s: Setting) -> Callable[[float], float]:
    """Return a surge of 10×, so that a frozen agent freezes with work waiting."""
    return after(s.rate, s.rate * 10)
