"""False alarms of daemons that are well for months; every sample is judged, as in use."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, exp, log, pi

from collectd_fedmsg.diagnosis import Baseline, History, diagnose

from .settings import HOUR, Setting, topics
from .simulator import Function, World, constant, run

DAY, WEEK = 86400, 604800
#: Past that is known when the judging begins, s.
KNOWN = 2 * WEEK
KINDS = ("steady", "diurnal", "noisy", "batches", "heavy", "full", "topics", "very quiet")
#: A load that wanders is kept below this: above it is no false alarm.
MOST = 0.9
#: The wandering of a noisy load: about a third up or down, forgotten after half an hour.
NOISE, FORGET, TICK = 0.3, 1800.0, 600.0
POINTS = 3600.0
BEGIN = 999_993_600.0 - 999_993_600.0 % WEEK  # midnight of a Thursday, UTC


@dataclass(frozen=True)
class Watch:
    """What was watched, in days, and each separate alarm by kind and verdict."""

    days: float
    alarms: Counter[str]


def watch(job: tuple[str, int, float, float]) -> Watch:
    """Return the alarms of one well daemon; job: (kind, seed, days, seconds per point)."""
    kind, seed, days, step = job
    rng = random.Random(seed)
    world = _world(kind, rng, KNOWN + days * DAY)
    columns, by_topic = run(world, KNOWN + days * DAY, step, seed)
    per_hour, points = int(HOUR / step), len(columns["received"])

    def part(start: int, stop: int) -> History:
        def cut(column: Sequence[float | None]) -> Sequence[float | None]:
            return column[start:stop]
        by = {k: {n: cut(c) for n, c in topic.items()} for k, topic in by_topic.items()}
        return History(step, BEGIN + stop * step, alive=True,
                       **{n: cut(c) for n, c in columns.items()}, **by)  # type: ignore[arg-type]

    first = int(KNOWN / step)
    usual = Baseline().add(part(0, first))
    found: Counter[str] = Counter()
    was = False
    for stop in range(first + 1, points + 1):
        seen = part(stop - per_hour, stop)
        verdict = diagnose(seen, seen.end, usual)
        bad = verdict.severity > 0
        if bad and not was:
            found[f"{kind}: {verdict.verdict.name}: {verdict.evidence[0]}"] += 1
        was = bad
        if stop % per_hour == 0:
            usual = usual.add(seen)
    return Watch(days, found)


def _world(kind: str, rng: random.Random, seconds: float) -> World:
    rate = exp(rng.uniform(log(0.02), log(0.2)))
    s = Setting(rate, rng.choice((1, 2, 4)), rng.uniform(0.1, 0.4), 60)
    every = rng.choice((600.0, 3600.0, DAY))
    size = max(2, int(s.rate * min(every, 3600.0) / 2))
    more: dict[str, dict[str, object]] = {
        "diurnal": {"rate": daily(s.rate)},
        "noisy": {"rate": _noisy(s, rng, seconds)},
        "batches": {"rate": constant(s.rate / 2), "batches": [
            (every * i, size) for i in range(1, int(seconds / every))]},
        "heavy": {"heavy": True},
        "full": {"rate": constant(s.rate * 0.9 / s.load)},
        "topics": {"topics": topics(), "rate": daily(s.rate)},
        "very quiet": {"rate": constant(rng.uniform(0.1, 20) / HOUR)}}
    return s.world(**more.get(kind, {}))


def daily(rate: float) -> Function:
    """Return a rate of day and night (a fifth to 1.8 of the mean), half at weekends."""
    def at(t: float) -> float:
        weekend = int((BEGIN + t) % WEEK // DAY) in (2, 3)
        return rate * (1 - 0.8 * cos(2 * pi * t / DAY)) * (0.5 if weekend else 1.0)
    return at


def _noisy(s: Setting, rng: random.Random, seconds: float) -> Function:
    """Return the daily rate times a lognormal that wanders, its load kept below ``MOST``."""
    keep = exp(-TICK / FORGET)
    level, factors = 0.0, []
    for _ in range(int(seconds / TICK) + 2):
        level = keep * level + (1 - keep * keep) ** 0.5 * rng.gauss(0, NOISE)
        factors.append(exp(level))
    usual, most = daily(s.rate), MOST * s.workers / s.service
    return lambda t: min(most, usual(t) * factors[int(t / TICK)])
