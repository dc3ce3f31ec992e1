"""Episodes of a broker's queue: received, processed and backlog, no busy and no service time.

Half of them have nothing else. The others have what RabbitMQ also counts: workers (consumers),
redelivered and vanished; there consumers go, a message comes again for ever, messages expire.
Run with ``--three-series``; the table of families with every series is not changed by it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace

from . import episodes as full
from .episodes import Draw, Episode
from .queue import Samples
from .truth import NATS, SAMPLES, WELL, Label

THREE = ("received", "processed", "backlog")
QUEUE = (*THREE, "workers", "redelivered", "vanished")
Maker = Callable[[int], Episode]
#: Added to the seeds: none of these draws is one of another family.
HELD_OUT = 2_000_000


def three_of(make: Maker) -> Maker:
    """Return the maker of the same episodes with three series."""

    def cut(seed: int) -> Episode:
        return replace(make(seed + HELD_OUT), only=THREE)

    return cut


def consumers_go(seed: int) -> Episode:
    """All consumers of the queue go; later they return."""
    draw = Draw("queue: consumers go", seed + HELD_OUT).busy_enough()
    draw.add(draw.rng.uniform(5, 60) * draw.step + 20 / draw.rate, gone=draw.workers)
    episode = draw.then().build(only=QUEUE, extend=_with_queue_totals)
    return replace(episode, relabel=_gone_labels)


def poison(seed: int) -> Episode:
    """One message is returned to the queue whenever it comes, the others are handled."""
    draw = Draw("queue: poison", seed + HELD_OUT).busy_enough()
    begin, seconds = draw.time, draw.rng.uniform(10, 60) * draw.step
    redelivery_rate = max(draw.rate * draw.rng.uniform(1.5, 50), 2 * NATS / SAMPLES / draw.step)
    draw.then(seconds).then(1800)

    def extend(samples: Samples) -> Samples:
        spans = [min(max(0.0, time - begin), seconds) for time in samples.times]
        samples = _with_queue_totals(samples)
        totals = {
            **samples.totals,
            "redelivered": [float(int(span * redelivery_rate)) for span in spans],
        }
        return replace(samples, totals=totals)

    def relabel(samples: Samples, labels: Sequence[Label]) -> list[Label]:
        relabelled = []
        for k, (time, label) in enumerate(zip(samples.times, labels)):
            since = k - bisect_right(samples.times, begin)
            inside = begin < time <= begin + seconds
            # Its traces are in the last samples for a while.
            after = not inside and begin < time <= begin + seconds + SAMPLES * draw.step
            right = frozenset({"POISON"}) if inside else label.right
            decidable = label.decidable and not after and (not inside or since >= SAMPLES)
            part = label.part + (time > begin) + (time > begin + seconds)
            relabelled.append(replace(label, right=right, decidable=decidable, part=part))
        return relabelled

    return draw.build(only=QUEUE, extend=extend, relabel=relabel)


def expires(seed: int) -> Episode:
    """All consumers go, and what waits expires: the backlog stays small."""
    draw = Draw("queue: messages expire", seed + HELD_OUT).busy_enough()
    begin, lives = draw.time, draw.rng.uniform(3, 20) * draw.step + 5 / draw.rate
    draw.add(draw.rng.uniform(20, 80) * draw.step + 2 * lives, gone=draw.workers)

    def extend(samples: Samples) -> Samples:
        samples = _with_queue_totals(samples)
        received, times = samples.totals["received"], samples.times
        processed = samples.totals["processed"]
        expired_totals = []
        for k, time in enumerate(times):
            at = bisect_right(times, time - lives) - 1
            expired = received[at] - processed[k] if at >= 0 and time > begin else 0.0
            expired_totals.append(max(0.0, expired, expired_totals[-1] if expired_totals else 0.0))
        backlog = [
            (waiting or 0.0) - lost
            for waiting, lost in zip(samples.levels["backlog"], expired_totals)
        ]
        return replace(
            samples,
            totals={**samples.totals, "vanished": expired_totals},
            levels={**samples.levels, "backlog": list(backlog)},
        )

    return draw.build(only=QUEUE, extend=extend, relabel=_gone_labels)


def _with_queue_totals(samples: Samples) -> Samples:
    """Return the samples with totals of a queue in which nothing is repeated or lost."""
    none = [0.0] * len(samples.times)
    return replace(samples, totals={**samples.totals, "redelivered": none, "vanished": none})


def _gone_labels(samples: Samples, labels: Sequence[Label]) -> list[Label]:
    """Return NO_CONSUMER for what waits without a worker; it shows in the sample itself."""
    relabelled = []
    for k, label in enumerate(labels):
        if samples.levels["workers"][k]:
            relabelled.append(label)
        elif samples.levels["backlog"][k]:
            # The stored step is a mean: a sample later all of it is without a worker.
            sure = k > 1 and not samples.levels["workers"][k - 2]
            relabelled.append(replace(label, right=frozenset({"NO_CONSUMER"}), decidable=sure))
        else:
            right = WELL | {"NO_CONSUMER"}
            relabelled.append(replace(label, right=right, decidable=False))
    return relabelled


FAMILIES: dict[str, Sequence[Maker]] = {
    "single incidents": [
        three_of(full.single(kind)) for kind in ("surge", "slow", "both", "hang", "starved")
    ],
    "sequences": [
        three_of(make)
        for make in (
            full.surge_then_slow,
            full.slow_in_drain,
            full.two_surges,
            full.lock_then_slow,
            full.hang_then_surge,
            full.surge_becomes_slow,
            full.surge_and_slow_overlap,
        )
    ],
    "arrivals and times of all kinds": [
        three_of(make)
        for make in (
            full.bursty,
            full.heavy("lognormal"),
            full.heavy("Pareto"),
            full.wandering,
            full.day_night,
            full.mild,
            full.fits,
        )
    ],
    "young queues": [three_of(full.young(kind)) for kind in ("fresh", "minutes", "hours")],
    "what only a broker sees": [consumers_go, poison, expires],
}
