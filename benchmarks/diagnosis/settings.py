"""Ordinary daemons drawn at random, and their undisturbed past; knows no verdict."""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import exp, log

from collectd_fedmsg.diagnosis import Baseline
from collectd_fedmsg.diagnosis.hours import Hour

from .decidable import Load
from .simulator import HEAVY, HEAVY_SHARE, LIGHT, Topic, World, constant, history, run

END = 1_000_080_000.0  # a whole hour
HOUR, WEEK = 3600, 604800
#: Simulated hours of the past, repeated over a week with their own scatter.
PAST = 6
#: Variance over mean² of the heavy mix of exponentials: 2·E[cost²] - 1.
HEAVY_VARIATION = (2 * (LIGHT ** 2 * (1 - HEAVY_SHARE) + (HEAVY * LIGHT) ** 2 * HEAVY_SHARE)
                   - 1) ** 0.5


@dataclass(frozen=True)
class Setting:
    """A daemon: messages/s, workers, load (0 to 1), seconds per point."""

    rate: float
    workers: int
    load: float
    step: float

    @property
    def service(self) -> float:
        """Mean seconds per message."""
        return self.load * self.workers / self.rate

    def past(self, *, heavy: bool = False) -> Load:
        """Return the undisturbed parameters."""
        return Load(self.rate, self.service, self.workers, HEAVY_VARIATION if heavy else 1.0)

    def world(self, **more: object) -> World:
        """Return the undisturbed world, ``more`` of it replaced."""
        return World(**{"rate": constant(self.rate), "service": constant(self.service),  # type: ignore[arg-type]
                        "workers": constant(self.workers), **more})


def drawn(seed: int) -> Setting:
    """Return the daemon of a seed.

    Rates from one message in 20 s to 10/s (what Fedora's bus and its consumers see in minutes
    to mass rebuilds), one to 16 workers, nearly idle to 0.85, collectd intervals as used.
    At most 30 s per message: longer jobs are handed on by real consumers.
    """
    rng = random.Random(seed)
    while True:
        found = Setting(
            rate=exp(rng.uniform(log(0.05), log(10))), workers=rng.choice((1, 1, 2, 4, 8, 16)),
            load=rng.uniform(0.1, 0.85), step=rng.choice((5.0, 10.0, 10.0, 15.0, 30.0, 60.0)))
        if found.service <= 30:
            return found


#: Two topics, the second rare and 12 times as dear as the first (a build against a git commit).
CHEAP, DEAR, RATIO = 0.95, 0.05, 12.0
MEAN = CHEAP + DEAR * RATIO


def topics(dear: float = DEAR, slower: float = 1.0, start: float = 0.0) -> tuple[Topic, ...]:
    """Return the two topics, from ``start`` (s) on with ``dear`` share and the dear ``slower``."""
    def step(before: float, then: float):  # type: ignore[no-untyped-def]
        return lambda t: then if t >= start else before
    return (Topic("git.receive", step(CHEAP, 1 - dear), constant(1 / MEAN)),
            Topic("buildsys.build", step(DEAR, dear), step(RATIO / MEAN, RATIO * slower / MEAN)))


def baseline(world: World, step: float, seed: int) -> Baseline:
    """Return a week that repeats some simulated hours of the undisturbed daemon."""
    columns, by_topic = run(world, (PAST + 1) * HOUR, step, seed)
    found = Baseline().add(history(columns, step, END - 7 * 86400, **by_topic)).hours
    return Baseline(tuple(Hour(**{**found[i % len(found)].__dict__, "start": END - (i + 2) * HOUR})
                          for i in reversed(range(WEEK // HOUR))))
