"""A service time that creeps up for days: is it said before the workers are full, and when?"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from datetime import timezone
from math import exp, log
from typing import Any

from collectd_fedmsg_dashboard.judge.baselines import Baselines
from collectd_fedmsg_dashboard.judge.judge import Judge

from .episodes import MONDAY
from .memory_store import DAY, HOUR, MemoryStore
from .queue import simulate
from .report import at, within
from .traffic import Traffic, day_and_night

#: Days that are as they should be; then so much of the service time is added each hour.
KNOWN, PACES, STEP = 15, (0.01, 0.003), 60
#: Hours before the workers are full from which a date is no longer asked for.
LAST = 6


@dataclass
class Creep:
    """One run. Hours; errors are shares of the time that was left."""

    seed: int
    kind: str
    #: Hours before the workers were full at which it was first said; None: never.
    lead: float | None = None
    #: (hours left, date's error) at each hour with a date; positive: said too late.
    errors: list[tuple[float, float]] = field(default_factory=list)
    #: Hours in which it was said without a date.
    undated: int = 0
    #: Hours before the creep began in which it was said.
    early: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain types for JSON."""
        return asdict(self)


def creeping(seed: int) -> Creep:
    """Return the hourly verdicts on one daemon whose service time creeps."""
    rng = random.Random(f"creep/{seed}")
    rate, workers = exp(rng.uniform(log(0.05), log(0.25))), rng.choice((1, 2, 4))
    calendar = day_and_night if seed % 2 else None
    load = rng.uniform(0.25, 0.45) if calendar is None else rng.uniform(0.15, 0.25)
    begin = MONDAY + KNOWN * DAY
    traffic = Traffic(
        rate,
        load * workers / rate,
        workers,
        calendar=calendar,
        creep=(begin, PACES[seed // 2 % len(PACES)]),
        wander=rng.choice((0.0, 0.08)),
    )
    full = next(
        t
        for t in range(begin, begin + 120 * DAY, HOUR)
        if traffic.rate * traffic.calendar_factor(t)
        >= traffic.workers / (traffic.service * (1 + traffic.creep[1] * (t - begin) / HOUR))
    )
    samples = simulate(traffic, MONDAY, full + HOUR, STEP, seed, most=10**9)
    store = MemoryStore()
    store.put_samples(samples, STEP)
    judge = Judge(store, Baselines(store, zone=timezone.utc))
    creep = Creep(seed, "day and night" if calendar else "steady")
    for now in range(begin - 2 * DAY, full - LAST * HOUR, HOUR):
        diagnosis = judge.look_now(store.daemon, now).judged.diagnosis
        if "CREEP" not in {verdict.name for verdict in diagnosis.verdicts}:
            continue
        if now < begin:
            creep.early += 1
            continue
        hours_left = (full - now) / HOUR
        creep.lead = creep.lead if creep.lead is not None else hours_left
        saturation_time = diagnosis.saturation_time
        if saturation_time is None:
            creep.undated += 1
        else:
            creep.errors.append(
                (hours_left, ((saturation_time - now) / HOUR - hours_left) / hours_left)
            )
    return creep


def table(rows: list[dict[str, Any]]) -> str:
    """Return leads and errors of the dates by kind."""
    lines = [
        f"{'creep':16} {'runs':>4} {'never':>5} {'lead p50 h':>10} {'dates':>6} "
        f"{'error p50':>9} {'p90':>6} {'≤ 50 %':>7} {'too late p50':>12} {'early h':>7}"
    ]
    for kind in ("steady", "day and night", ""):
        of = [row for row in rows if not kind or row["kind"] == kind]
        leads = [row["lead"] for row in of if row["lead"] is not None]
        errors = [error for row in of for _, error in row["errors"]]
        sizes = [abs(error) for error in errors]
        lines.append(
            f"{kind or 'ALL':16} {len(of):4} {len(of) - len(leads):5} {at(leads, 0.5):10.0f} "
            f"{len(errors):6} {100 * at(sizes, 0.5):8.0f}% {100 * at(sizes, 0.9):5.0f}% "
            f"{100 * within(sizes, 0.5):6.0f}% {100 * at(errors, 0.5):11.0f}% "
            f"{sum(row['early'] for row in of):7}"
        )
    return "\n".join(lines)
