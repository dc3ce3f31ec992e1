"""A service time that creeps up for days: is it said before saturation, and which date?"""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import exp, log

from collectd_fedmsg.diagnosis import Baseline, History, Verdict, diagnose

from .quiet import BEGIN, daily
from .settings import HOUR, Setting
from .simulator import constant, run

#: Two weeks as they should be, s; then the creep of so much an hour.
KNOWN = 14 * 86400
PACES = (0.01, 0.003)
STEP = 60.0
#: Hours after saturation at which the cause is asked.
LATER = 3


@dataclass(frozen=True)
class Creeping:
    """One run. Hours; ``lead`` None when never said before saturation."""

    pace: float
    lead: float | None
    #: Error of the date over the time left, asked half way from first said to saturation.
    date_error: float | None
    #: First verdict three hours after saturation.
    later: str


def creeping(seed: int) -> Creeping:
    """Return what was said of one daemon whose time per message creeps."""
    rng = random.Random(seed)
    pace = PACES[seed % len(PACES)]
    s = Setting(exp(rng.uniform(log(0.05), log(0.3))), rng.choice((1, 2, 4)),
                rng.uniform(0.25, 0.45), STEP)
    rate = daily(s.rate) if seed % 4 < 2 else constant(s.rate)
    begin = KNOWN

    def service(t: float) -> float:
        return s.service * (1 + pace * max(0.0, t - begin) / HOUR)

    doom = next(t for t in range(begin, begin + 100 * 86400, 600)
                if rate(t) * service(t) >= s.workers)
    columns, _ = run(s.world(rate=rate, service=service), doom + (LATER + 1) * HOUR, STEP, seed)
    per_hour = int(HOUR / STEP)

    def part(stop: int) -> History:
        return History(STEP, BEGIN + stop * STEP, alive=True,
                       **{n: c[max(0, stop - per_hour): stop] for n, c in columns.items()})  # type: ignore[arg-type]

    usual = Baseline()
    said: dict[int, float | None] = {}
    for hour in range(1, (doom + LATER * HOUR) // HOUR + 1):
        seen = part(hour * per_hour)
        if hour * HOUR > begin:
            found = diagnose(seen, seen.end, usual)
            if found.verdict is Verdict.CREEP and hour * HOUR < doom:
                said[hour] = found.saturation_time - BEGIN if found.saturation_time else None
        usual = usual.add(seen)
    lead = (doom / HOUR - min(said)) if said else None
    dated = {hour: date for hour, date in said.items() if date is not None}
    error = None
    if dated:
        middle = (min(dated) + doom / HOUR) / 2
        asked = min(dated, key=lambda hour: abs(hour - middle))
        error = abs(dated[asked] - doom) / max(HOUR, doom - asked * HOUR)
    return Creeping(pace, lead, error, found.verdict.name)
