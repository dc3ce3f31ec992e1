"""Episodes that the rules were not tuned to: written first and judged afterwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from .episodes import DAY, FAMILIES, HOUR, MONDAY, Draw, Episode
from .later_traffic import LATER
from .topic_traffic import TOPICS
from .traffic import ServiceLaw, day_and_night


def bimodal(seed: int) -> Episode:
    """One message in ten takes forty times as long as the others; an incident comes."""
    d = Draw("bimodal times", seed).busy_enough()
    d.law = ServiceLaw("bimodal")
    d.slow() if d.rng.random() < 0.5 else d.surge()
    return d.then().build()


def day_and_bursts(seed: int) -> Episode:
    """Day and night, bursts on top, and an incident."""
    d = Draw("day, night and bursts", seed).busy_enough()
    d.rate, d.load, d.calendar = min(d.rate, 20.0), d.rng.uniform(0.1, 0.2), day_and_night
    on = d.rng.uniform(20, 120)
    d.burst = (d.rng.uniform(2, 4), on, on * d.rng.uniform(6, 12))
    d.slow(3.5 / d.load) if d.rng.random() < 0.5 else d.surge(3.5 / d.load)
    return d.then().build()


def office_hours(seed: int) -> Episode:
    """Messages come from 8 to 18 by local time only, around the end of summer time."""
    d = Draw("office hours", seed).busy_enough()
    d.rate, d.load = d.rng.uniform(0.05, 5), d.rng.uniform(0.15, 0.4)
    change = 1_698_541_200  # Sunday 2023-10-29 01:00 UTC

    def office(time: float) -> float:
        local = (time + (2 if time < change else 1) * HOUR) % DAY
        return 1.0 if 8 * HOUR <= local < 18 * HOUR else 0.01

    d.calendar = office
    morning = change // DAY * DAY + d.rng.choice((-2, -1, 1, 2, 3)) * DAY
    d.start = morning + d.rng.randrange(9 * HOUR, 13 * HOUR, 60)
    d.time = d.start + 1200
    d.slow() if d.rng.random() < 0.5 else d.surge()
    return d.then().build(zone="Europe/Berlin")


def gradual(seed: int) -> Episode:
    """Each message takes longer and longer over an hour, until the workers cannot follow."""
    d = Draw("gradual slowdown", seed).busy_enough()
    d.load = d.rng.uniform(0.2, 0.5)
    last = d.rng.uniform(1.5, 3) / d.load_now
    for step in range(1, 11):
        d.add(360, service=1 + (last - 1) * step / 10)
    return d.then().build()


def hourly(seed: int) -> Episode:
    """A message an hour, samples a minute apart; then hundreds come."""
    d = Draw("a message an hour", seed)
    d.rate, d.workers, d.load, d.step = 1 / HOUR, 1, 0.9, 60
    d.surge(d.rng.uniform(1.5, 4) / d.load_now)
    return d.then().build()


def surge_in_slow(seed: int) -> Episode:
    """Each message takes longer, and in the middle of it more arrive."""
    d = Draw("surge during slowness", seed).busy_enough().slow()
    slower = d.parts[-1].service
    more = d.rng.uniform(2, 4) / d.load_now
    d.add(
        d._stays(more * d.rate - d.capacity / slower, d.rate * (more - 1) / 4),
        rate=more,
        service=slower,
    )
    return d.then().build()


def loss_and_surge(seed: int) -> Episode:
    """Some workers hang for good; later more arrives than the rest can handle."""
    d = Draw("lost workers, then a surge", seed).busy_enough().several_workers()
    hung = d.rng.randint(1, d.workers // 2)
    rare = d.law.quantile(1 - 1e-6) * d.service
    d.add(2 * rare + 10 / d.rate + 20 * d.step, hung=hung)
    return d.then().surge().then().build()


def throttled(seed: int) -> Episode:
    """The producer is throttled for hours, then sends all that it has kept."""
    d = Draw("throttled producer", seed).busy_enough()
    d.add(d.rng.uniform(0.5, 1.5) * HOUR, rate=0.3)
    return d.surge().then().build()


def lognormal_mild(seed: int) -> Episode:
    """Moderate tails that wander from hour to hour, and a small overload."""
    d = Draw("moderate tails", seed).busy_enough()
    d.law, d.wander = ServiceLaw("lognormal", d.rng.uniform(0.4, 0.9)), 0.08
    d.load = d.rng.uniform(0.4, 0.7)
    times = d.rng.uniform(1.15, 1.6) / d.load_now
    d.slow(times) if d.rng.random() < 0.5 else d.surge(times)
    return d.then().build()


def weekend_start(seed: int) -> Episode:
    """A daemon of three days; a batch without precedent; then slowness."""
    d = Draw("three days old, first batch", seed).busy_enough()
    d.load = d.rng.uniform(0.15, 0.4)
    d.start = MONDAY + d.rng.randrange(8 * HOUR, 20 * HOUR, 60)
    d.time = d.start + 1200
    d.surge().then().slow()
    return d.then().build(known=3.2 * DAY)


def restarted(seed: int) -> Episode:
    """A deploy restarts the daemon in the middle of a slowness, which continues."""
    d = Draw("restart in an incident", seed).busy_enough().slow()
    slow, at = d.parts[-1], d.time
    d.parts.append(replace(slow, start=at))
    d.add(d._stays(d.rate - d.capacity / slow.service, 1.0), service=slow.service)
    return d.then().build(restarts=(at,))


def retries(seed: int) -> Episode:
    """Messages fail and come back, so that more arrive; then they do not."""
    d = Draw("retries", seed).busy_enough()
    d.load = d.rng.uniform(0.3, 0.6)
    share = d.rng.uniform(0.4, 0.7)
    d.add(max(900.0, 120 / d.rate), failing=share, rate=1 / (1 - share))
    return d.then().build()


OTHER: Sequence[Callable[[int], Episode]] = (
    bimodal,
    day_and_bursts,
    office_hours,
    gradual,
    hourly,
    surge_in_slow,
    loss_and_surge,
    throttled,
    lognormal_mild,
    weekend_start,
    restarted,
    retries,
)
ALL_FAMILIES = {**FAMILIES, "other traffic": OTHER, "later traffic": LATER, "topics": TOPICS}
