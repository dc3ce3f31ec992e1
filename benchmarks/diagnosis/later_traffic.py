"""More episodes that the rules were not tuned to: each kind was written before it was judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from .episodes import DAY, HOUR, MONDAY, WEEK, Draw, Episode
from .traffic import ServiceLaw


def _with(episode: Episode, **changes: Any) -> Episode:
    """Return the episode with other traffic."""
    return replace(episode, traffic=replace(episode.traffic, **changes))


def _either(d: Draw) -> Draw:
    return d.slow() if d.rng.random() < 0.5 else d.surge()


def cron_each_minute(seed: int) -> Episode:
    """A cron job sends some messages at each full minute; an incident comes."""
    d = Draw("cron each minute", seed).busy_enough()
    d.load = d.rng.uniform(0.15, 0.35)
    size = max(2, round(d.rate * 60 * d.rng.uniform(0.3, 1)))
    return _with(_either(d).then().build(), cron=(60.0, size))


def cache_eviction(seed: int) -> Episode:
    """Each message takes up to twice as long while a cache fills, every two hours."""
    d = Draw("cache that is emptied", seed).busy_enough()
    d.load = d.rng.uniform(0.1, 0.3)
    offset = d.rng.randrange(0, 2 * HOUR, 300)

    def filling(time: float) -> float:
        return 1 + max(0.0, 1 - ((time + offset) % (2 * HOUR)) / (40 * 60))

    return _with(_either(d).then().build(), cycle=filling)


def one_of_many(seed: int) -> Episode:
    """One of 64 workers hangs for good; later the database becomes slow."""
    d = Draw("one of 64 hangs", seed).busy_enough()
    d.workers, d.load = 64, d.rng.uniform(0.2, 0.7)
    d.rate = max(d.rate, d.load * d.workers / 20)
    rare = d.law.quantile(1 - 1e-6) * d.service
    d.add(3 * rare + 30 * d.step, hung=1)
    return d.then(900).slow().then().build()


def spring_batch(seed: int) -> Episode:
    """A batch at 3 each night in New York, around its change to summer time; then an incident."""
    d = Draw("batch in spring", seed).busy_enough()
    d.rate, d.load = d.rng.uniform(0.05, 5), d.rng.uniform(0.15, 0.3)
    # Sunday 2024-03-10 07:00 UTC: Eastern Daylight Time begins.
    change = 1_710_054_000
    times = d.rng.uniform(1.3, 2.5) / d.load

    def batch(time: float) -> float:
        local = (time - (5 if time < change else 4) * HOUR) % DAY
        return times if 3 * HOUR <= local < 3 * HOUR + 1800 else 1.0

    d.calendar = batch
    days = d.rng.choice((-1, 1, 2, 3, 6))
    d.start = change // DAY * DAY + days * DAY + (7 if days > 0 else 8) * HOUR - 1200
    d.time = d.start + 1200 + 2.5 * HOUR
    return _either(d).then().build(zone="America/New_York")


def redeliveries(seed: int) -> Episode:
    """Slow messages are delivered again after a timeout: more and more arrive while it lasts."""
    d = Draw("redeliveries of slow messages", seed).busy_enough()
    d.load = d.rng.uniform(0.2, 0.5)
    slower = d.rng.uniform(1.4, 3) / d.load_now
    capacity = d.capacity / slower
    seconds = d._stays(d.rate - capacity, capacity * d.law.information(slower))
    for more in (1.0, 1.5, 2.0):
        d.add(seconds, service=slower, rate=more)
    return d.then().build()


def to_and_fro(seed: int) -> Episode:
    """The daemon before it works in turns: nothing for ten minutes, twice as much for ten."""
    d = Draw("arrivals in turns", seed).busy_enough()
    d.load = d.rng.uniform(0.25, 0.4)
    d.calendar = lambda time: 1.9 if time % 1200 < 600 else 0.1
    return _either(d).then().build()


def maintenance(seed: int) -> Episode:
    """The bus stands still each Sunday from 2 to 4, then sends what it has kept."""
    d = Draw("weekly maintenance", seed).busy_enough()
    d.rate, d.load = d.rng.uniform(0.05, 20), d.rng.uniform(0.15, 0.3)

    def sunday(time: float) -> float:
        into = (time - MONDAY) % WEEK - 6 * DAY
        if 2 * HOUR <= into < 4 * HOUR:
            return 0.0
        return 2.0 if 4 * HOUR <= into < 6 * HOUR else 1.0

    d.calendar = sunday
    d.start = MONDAY + 3 * WEEK - DAY + 2 * HOUR - 1200
    d.time = d.start + 1200 + 6 * HOUR
    return _either(d).then().build(known=20.0 * DAY)


def surges_and_slow(seed: int) -> Episode:
    """A second surge on top of the first, then slowness as well; the surges end first."""
    d = Draw("two surges and slowness", seed).busy_enough()
    first = d.rng.uniform(1.4, 2.5) / d.load_now
    second, slower = first * d.rng.uniform(1.5, 3), d.rng.uniform(1.4, 3) / d.load_now
    for more, longer in ((first, 1.0), (second, 1.0), (second, slower), (1.0, slower)):
        growth = d.rate * more - d.capacity / longer
        d.add(d._stays(growth, growth / 3), rate=more, service=longer)
    return d.then().build()


def flash_crowds(seed: int) -> Episode:
    """Three short floods of twenty and more times the usual, each drained before the next."""
    d = Draw("flash crowds", seed).busy_enough()
    d.load = d.rng.uniform(0.15, 0.5)
    for _ in range(3):
        d.add(d.rng.uniform(4, 10) * d.step, rate=d.rng.uniform(20, 60)).then()
    return d.build()


def rising_arrivals(seed: int) -> Episode:
    """More and more arrive over an hour, and it stays so."""
    d = Draw("arrivals rise for an hour", seed).busy_enough()
    d.load = d.rng.uniform(0.2, 0.5)
    last = d.rng.uniform(1.5, 3) / d.load_now
    for step in range(1, 11):
        d.add(360, rate=1 + (last - 1) * step / 10)
    return d.add(900, rate=last).then().build()


def regular_times(seed: int) -> Episode:
    """Every message takes nearly the same time; an overload of a tenth to a half."""
    d = Draw("regular times", seed).busy_enough()
    d.law, d.load = ServiceLaw("erlang"), d.rng.uniform(0.4, 0.8)
    times = d.rng.uniform(1.1, 1.5) / d.load_now
    d.slow(times) if d.rng.random() < 0.5 else d.surge(times)
    return d.then().build()


def contention(seed: int) -> Episode:
    """A surge in which each message also takes a little longer, as all share a database."""
    d = Draw("surge with contention", seed).busy_enough()
    d.load = d.rng.uniform(0.2, 0.5)
    more, slower = d.rng.uniform(2, 5) / d.load_now, d.rng.uniform(1.15, 1.6)
    growth = d.rate * more - d.capacity / slower
    d.add(d._stays(growth, growth / 3), rate=more, service=slower)
    return d.then().build()


def most_hang(seed: int) -> Episode:
    """More than half of many workers hang while so little arrives that the rest can follow."""
    d = _many_workers(Draw("most of many hang", seed), 0.2)
    rare = d.law.quantile(1 - 1e-6) * d.service
    d.add(3 * rare + 30 / d.rate + 30 * d.step, hung=int(d.workers * d.rng.uniform(0.5, 0.8)))
    return d.then().build()


def all_slower_below_capacity(seed: int) -> Episode:
    """All take many times as long, and so little arrives that many workers can follow."""
    d = _many_workers(Draw("all slower, below capacity", seed), 0.1)
    d.add(d.rng.uniform(1200, 2400), service=d.rng.uniform(3, 0.7 / d.load_now))
    return d.then(900).build()


def _many_workers(d: Draw, most: float) -> Draw:
    """Give a daemon 8 to 64 workers and little to do: a load of ``most`` at most."""
    d = d.busy_enough()
    d.workers, d.load = d.rng.choice((8, 16, 32, 64)), d.rng.uniform(0.03, most)
    d.rate = min(d.rate, 20.0)
    d.rate = max(d.rate, d.load * d.workers / 20)
    return d


def _rare(d: Draw) -> float:
    """Return the seconds that one message in a million takes at least."""
    return d.law.quantile(1 - 1e-6) * d.service


def dying_workers(seed: int) -> Episode:
    """One worker thread after the other ends, each ten minutes."""
    d = Draw("workers end one by one", seed).busy_enough().several_workers()
    for gone in range(1, min(4, d.workers)):
        d.add(600, gone=gone)
    return d.then().build()


def one_of_two(seed: int) -> Episode:
    """One of two workers hangs; the other can follow, or it cannot."""
    d = Draw("one of two hangs", seed).busy_enough()
    d.workers, d.load = 2, d.rng.uniform(0.15, 0.8)
    d.rate = max(d.rate, d.load * d.workers / 20)
    d.add(3 * _rare(d) + 30 / d.rate + 30 * d.step, hung=1)
    return d.then().build()


def fading_arrivals(seed: int) -> Episode:
    """The producer sends less and less over half an hour, then nothing, then as ever."""
    d = Draw("arrivals fade out", seed).busy_enough()
    d.rate = max(d.rate, 0.2)
    for left in (0.8, 0.6, 0.4, 0.2):
        d.add(450, rate=left)
    d.add(max(900.0, 400 / d.rate), rate=0.0)
    return d.then(900).build()


def hang_in_part(seed: int) -> Episode:
    """All workers hang; a restart of the handling frees all but some, which hang on."""
    d = Draw("a hang, then some hang on", seed).busy_enough().several_workers()
    d.load = min(d.load, 0.3)
    d.add(2 * _rare(d) + 10 / d.rate + 20 * d.step, hung=d.workers)
    d.add(3 * _rare(d) + 30 / d.rate + 30 * d.step, hung=d.rng.randint(1, d.workers // 2))
    return d.then().build()


def hourly_report(seed: int) -> Episode:
    """One message in some thousands is a report of minutes, on one worker; then an incident."""
    d = Draw("a report each hour", seed).busy_enough()
    d.rate, d.workers, d.load = d.rng.uniform(0.5, 4), 1, d.rng.uniform(0.1, 0.3)
    share = 1 / (3600 * d.rate)
    cost = d.rng.uniform(60, 180) / d.service
    mean = 1 - share + share * cost
    topics = {"topic.a": (1 - share, 1 / mean), "topic.report": (share, cost / mean)}
    return _with(_either(d).then().build(), topics=topics)


def short_locks(seed: int) -> Episode:
    """For half an hour a lock holds all workers for half a minute, every few minutes."""
    d = Draw("short locks again and again", seed).busy_enough()
    d.load = d.rng.uniform(0.15, 0.4)
    for _ in range(6):
        d.add(d.rng.uniform(20, 60), hung=d.workers)
        d.add(d.rng.uniform(180, 300))
    return d.then().build()


LATER: Sequence[Callable[[int], Episode]] = (
    cron_each_minute,
    cache_eviction,
    one_of_many,
    spring_batch,
    redeliveries,
    to_and_fro,
    maintenance,
    surges_and_slow,
    flash_crowds,
    rising_arrivals,
    regular_times,
    contention,
    most_hang,
    all_slower_below_capacity,
    dying_workers,
    one_of_two,
    fading_arrivals,
    hang_in_part,
    hourly_report,
    short_locks,
)
