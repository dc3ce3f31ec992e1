"""False alarms of daemons that are well: months of every kind, judged through the stored path.

A faster way than the episodes': samples each minute, judged every EVERY seconds, the baseline read
again every six hours. An alarm has severity 2 ("look today") or 3; alarms less than an hour apart
are one.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import timezone
from math import ceil, exp, log
from typing import Any

from collectd_fedmsg_dashboard.judge.baselines import Baselines
from collectd_fedmsg_dashboard.judge.judge import Judge
from collectd_fedmsg_dashboard.store.base import Daemon
from collectd_fedmsg_dashboard.web.query import Window

from collectd_fedmsg.diagnosis import Baseline

from .episodes import MONDAY
from .memory_store import DAY, HOUR, MemoryStore
from .queue import simulate
from .traffic import Part, ServiceLaw, Traffic, day_and_night

#: Days known before the judging begins, days judged in one unit, seconds between judgements.
KNOWN, DAYS, EVERY, STEP = 15, 30, 120, 60
#: Seconds for which one baseline serves.
REFRESH = 6 * HOUR
#: How far hourly means of the wandering kinds lie off, 1 σ of the logarithm, and what is kept.
WANDER, KEPT = 0.12, 0.7
YEAR_DAYS = 365.25
APART = HOUR


@dataclass
class Watch:
    """What one daemon of a kind showed: days, and each alarm's verdict with its first words."""

    kind: str
    number: int
    days: float = DAYS
    alarms: list[tuple[str, str]] = field(default_factory=list)
    #: Samples by first verdict that was not OK or IDLE.
    verdicts: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return plain types for JSON."""
        return asdict(self)


class SlowerBaselines(Baselines):
    """Read again every REFRESH seconds of the judged time only."""

    def of(self, daemon: Daemon, now: float, *, topics: bool = False) -> Baseline | None:
        """Return the baseline of the last whole REFRESH."""
        return super().of(daemon, now // REFRESH * REFRESH, topics=topics)


def _plain(rng: random.Random) -> Traffic:
    rate = exp(rng.uniform(log(0.01), log(0.15)))
    workers = rng.choice((1, 1, 2, 4, 8, 32))
    load = rng.uniform(0.1, 0.6)
    return Traffic(rate, min(60.0, load * workers / rate), workers)


def _calendar(factor: Callable[[float], float]) -> Callable[[random.Random], Traffic]:
    def make(rng: random.Random) -> Traffic:
        plain = _plain(rng)
        busiest = max(factor(t) for t in range(MONDAY, MONDAY + 7 * DAY, HOUR))
        return replace(
            plain,
            calendar=factor,
            service=min(plain.service, 0.8 * plain.workers / plain.rate / busiest),
        )

    return make


def _arrivals_wander(rng: random.Random) -> Traffic:
    level, factors = 0.0, []
    for _ in range((KNOWN + DAYS + 1) * 24):
        level = KEPT * level + (1 - KEPT**2) ** 0.5 * rng.gauss(0, WANDER)
        factors.append(exp(level))
    return replace(
        _plain(rng),
        calendar=lambda t: factors[min(len(factors) - 1, max(0, int((t - MONDAY) // HOUR)))],
    )


def _times_wander(rng: random.Random) -> Traffic:
    return replace(_plain(rng), wander=WANDER)


def _batches(rng: random.Random) -> Traffic:
    plain = _plain(rng)
    period = rng.choice((600.0, 3600.0, float(DAY)))
    size = max(2, int(plain.rate * min(period, 7200.0) / 2))
    offset = rng.uniform(0, period)
    count = int((KNOWN + DAYS) * DAY / period)
    return replace(
        plain,
        rate=plain.rate / 2,
        batches=[(MONDAY + offset + period * i, size) for i in range(count)],
    )


def _bursts(rng: random.Random) -> Traffic:
    plain = _plain(rng)
    on = rng.uniform(60, 600)
    factor = rng.uniform(2, 5)
    load = min(0.25, plain.rate * plain.service / plain.workers)
    return replace(
        plain,
        service=load * plain.workers / plain.rate,
        burst=(factor, on, on * rng.uniform(6, 12)),
    )


def _law(law: ServiceLaw) -> Callable[[random.Random], Traffic]:
    return lambda rng: replace(_plain(rng), law=law)


def _full(rng: random.Random) -> Traffic:
    plain = _plain(rng)
    return replace(plain, service=rng.uniform(0.8, 0.9) * plain.workers / plain.rate)


def _quiet(rng: random.Random) -> Traffic:
    return replace(_plain(rng), rate=rng.uniform(0.1, 20) / HOUR)


def _fast(rng: random.Random) -> Traffic:
    rate = exp(rng.uniform(log(10), log(5000)))
    workers = rng.choice((1, 4, 32))
    return Traffic(rate, rng.uniform(0.2, 0.7) * workers / rate, workers)


def _autoscaled(rng: random.Random) -> Traffic:
    # As many workers as a quarter of an hour needs, now and then one more.
    traffic = Traffic(0.1, 20.0, 8, calendar=day_and_night)
    parts = []
    for start in range(MONDAY, MONDAY + (KNOWN + DAYS + 1) * DAY, 900):
        busy = 0.1 * 20.0 * day_and_night(start + 450)
        needed = min(8, ceil(1.6 * busy) + 1 + (rng.random() < 0.3))
        parts.append(Part(float(start), gone=8 - needed, usual=True))
    return replace(traffic, parts=parts)


KINDS: dict[str, Callable[[random.Random], Traffic]] = {
    "steady": _plain,
    "day and night": _calendar(day_and_night),
    "arrivals wander": _arrivals_wander,
    "times wander": _times_wander,
    "batches": _batches,
    "bursts": _bursts,
    "lognormal 1.2": _law(ServiceLaw("lognormal", 1.2)),
    "lognormal 1.6": _law(ServiceLaw("lognormal", 1.6)),
    "Pareto": _law(ServiceLaw("pareto")),
    "load of 0.8 to 0.9": _full,
    "very quiet": _quiet,
    "fast": _fast,
    "autoscaled": _autoscaled,
}


def watch(kind: str, number: int, days: int = DAYS) -> Watch:
    """Return the alarms of one well daemon over ``days``."""
    traffic = KINDS[kind](random.Random(f"{kind}/{number}"))
    end = MONDAY + (KNOWN + days) * DAY
    samples = simulate(traffic, MONDAY, end, STEP, number, most=10**9 if kind != "fast" else 0)
    store = MemoryStore()
    store.put_samples(samples, STEP)
    judge = Judge(store, SlowerBaselines(store, zone=timezone.utc))
    report, last = Watch(kind, number, days), -APART * 2.0
    verdicts: Counter[str] = Counter()
    for day in range(KNOWN, KNOWN + days):
        start = MONDAY + day * DAY
        columns = judge.columns(store.daemon, Window(start - 2 * HOUR, start + DAY, 1))
        for now in range(start, start + DAY, EVERY):
            diagnosis = judge.look(store.daemon, columns, dict, now).judged.diagnosis  # type: ignore[arg-type]
            name = diagnosis.verdict.name
            if name not in ("OK", "IDLE"):
                verdicts[name] += 1
            if diagnosis.severity >= 2:
                if now - last > APART:
                    sentence = "; ".join(diagnosis.evidence[:2])[:160]
                    report.alarms.append((diagnosis.verdict.name, sentence))
                last = now
    report.verdicts = dict(verdicts)
    return report


def table(rows: Iterable[dict[str, Any]]) -> str:
    """Return the alarms a daemon-year by kind."""
    by: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by.setdefault(row["kind"], []).append(row)
    lines = [f"{'well kind':24} {'days':>6} {'alarms':>6} {'a year':>7}  of what"]
    days = alarms = 0.0
    for kind, watched in by.items():
        known = sum(row["days"] for row in watched)
        names = Counter(name for row in watched for name, _ in row["alarms"])
        count = sum(names.values())
        days, alarms = days + known, alarms + count
        lines.append(
            f"{kind:24} {known:6.0f} {count:6} {count / known * YEAR_DAYS:7.1f}  "
            + ", ".join(f"{name} {n}" for name, n in names.most_common())
        )
    years = days / YEAR_DAYS
    lines.append(
        f"{'ALL':24} {days:6.0f} {alarms:6.0f} {alarms / max(years, 1e-9):7.2f}  "
        f"in {years:.1f} daemon-years"
    )
    return "\n".join(lines)


def examples(rows: Iterable[dict[str, Any]], most: int = 4) -> str:
    """Return the first alarms of each daemon."""
    return "\n".join(
        f"{row['kind']} {row['number']}: {name}: {sentence}"
        for row in rows
        for name, sentence in row["alarms"][:most]
    )
