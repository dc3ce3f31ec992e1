"""The undisturbed past of a daemon as its store holds it: simulated hours, drawn for each hour."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from collectd_fedmsg_dashboard.store.series import Points, Series, consolidate

from .episodes import Episode
from .memory_store import DAY, HOUR, archived
from .queue import Samples, simulate
from .traffic import Part, Traffic
from .truth import usual_peak

#: Simulated messages of a pool of hours, and its bounds in hours.
MESSAGES, MIN_POOL, MAX_POOL = 150_000, 4, 24
#: Steps are kept for this long.
FINE = DAY + 3 * HOUR
#: The last hour of a run is a sample short of whole; it is left out.
WARM = 2


@dataclass(frozen=True)
class Block:
    """One hour by metric: its steps, its mean and its greatest step."""

    fine: dict[str, Points]
    average: dict[str, float | None]
    highest: dict[str, float | None]


#: Factors of the calendar around an hour: what tells one kind of hour from another.
Profile = tuple[float, ...]


@dataclass(frozen=True)
class Past:
    """By metric: the steps of the last day, and hours by AVERAGE and MAX."""

    columns: dict[str, tuple[Series, Mapping[str, Series]]]
    #: Greatest backlog of the undisturbed queue.
    peak: float


def undisturbed(episode: Episode) -> Past:
    """Return the past of an episode; only the peak when none is known."""
    plain = replace(episode.traffic, parts=(Part(0.0),), batches=())
    rng, step = random.Random(episode.seed), episode.step
    stop, hours = int(episode.start // HOUR) * HOUR, int(episode.known // HOUR)
    simulated = _Simulated(plain, step, episode.phase)
    pools: dict[Profile, list[Block]] = {}
    if plain.calendar is None:
        size = int(min(MAX_POOL, max(MIN_POOL, MESSAGES / (plain.rate * HOUR))))
        pools[()] = list(simulated.hours(stop - (size + WARM) * HOUR, size, episode.seed).values())
    else:
        for number, day in enumerate(_days(plain, stop, hours)):
            blocks = simulated.hours(day - WARM * HOUR, 24, episode.seed + number)
            for hour, block in blocks.items():
                pools.setdefault(_profile(plain, hour), []).append(block)
    peak = simulated.peak
    if not hours:
        return Past({}, peak)
    chosen = [
        rng.choice(pools[_profile(plain, stop - back * HOUR)]) for back in range(hours, 0, -1)
    ]
    start = stop - hours * HOUR
    fine_hours = min(hours, FINE // HOUR)
    columns: dict[str, tuple[Series, Mapping[str, Series]]] = {}
    for metric in chosen[0].average:
        by = {
            "AVERAGE": Series(start, HOUR, [block.average[metric] for block in chosen]),
            "MAX": Series(start, HOUR, [block.highest[metric] for block in chosen]),
        }
        points = [x for block in chosen[-fine_hours:] for x in block.fine[metric]]
        columns[metric] = Series(stop - fine_hours * HOUR, step, points), by
    return Past(columns, peak)


def _profile(traffic: Traffic, hour: float) -> Profile:
    """Return the calendar's factors over this hour and the one before it; empty without one."""
    return (
        tuple(round(traffic.calendar(hour + minutes * 60), 6) for minutes in range(-60, 60, 10))
        if traffic.calendar
        else ()
    )


def _days(traffic: Traffic, stop: int, hours: int) -> list[int]:
    """Return starts of days that show each kind of hour of the past, most kinds twice."""
    days, occurrences = [], dict[Profile, int]()
    for back in range(0, max(1, -(-hours // 24)) + 1):
        day = stop // DAY * DAY - back * DAY
        kinds = {_profile(traffic, day + hour * HOUR) for hour in range(24)}
        if any(occurrences.get(kind, 0) < 2 for kind in kinds):
            days.append(day)
            for kind in kinds:
                occurrences[kind] = occurrences.get(kind, 0) + 1
    return days


class _Simulated:
    """Whole hours of an undisturbed daemon as they are stored."""

    def __init__(self, traffic: Traffic, step: int, phase: float) -> None:
        self.traffic, self.step, self.phase = traffic, step, phase
        self.peak = 0.0

    def hours(self, start: int, count: int, seed: int) -> dict[int, Block]:
        """Return ``count`` hours by their start, the first WARM hours after ``start`` left out."""
        step, end = self.step, start + (count + WARM) * HOUR
        samples = simulate(self.traffic, start + self.phase - step, end + 2 * step, step, seed)
        self.peak = max(self.peak, usual_peak([samples]))
        columns = {m: _series(samples, m, step) for m in (*samples.totals, *samples.levels)}
        blocks = {}
        for hour in range(start + WARM * HOUR, end, HOUR):
            fine = {
                m: s.points[(hour - s.start) // step :][: HOUR // step] for m, s in columns.items()
            }
            blocks[hour] = Block(
                fine,
                *(
                    {
                        m: consolidate(Series(hour, step, points), HOUR, cf).points[0]
                        for m, points in fine.items()
                    }
                    for cf in ("AVERAGE", "MAX")
                ),
            )
        return blocks


def _series(samples: Samples, metric: str, step: int) -> Series:
    total = metric in samples.totals
    values = samples.totals[metric] if total else samples.levels[metric]
    return archived(samples.times, list(values), step, total=total)
