"""A daemon's last hour played as a fluid queue, part by part, exactly or with chance in it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from collectd_fedmsg.diagnosis import Baseline, History
from collectd_fedmsg.diagnosis.hours import Hour

END = 1_000_080_000.0


@dataclass(frozen=True)
class Part:
    """So many points: messages/s that arrive, seconds a message takes, workers that hang."""

    points: int
    received: float
    service: float
    hung: int = 0


def play(
    parts: Sequence[Part], *, step: float = 10.0, workers: int = 1, seed: int | None = None
) -> dict[str, list[float | None]]:
    """Return the columns of a History; with a ``seed`` counts scatter as Poisson's do."""
    draw = random.Random(seed)
    columns: dict[str, list[float | None]] = {
        name: []
        for name in (
            "received",
            "processed",
            "backlog",
            "busy",
            "in_progress",
            "oldest",
            "workers",
            "failed",
        )
    }
    backlog, waited = 0.0, 0.0
    for part in parts:
        free = workers - part.hung
        for _ in range(part.points):
            arriving, possible = part.received * step, free * step / part.service if free else 0.0
            if seed is not None:
                arriving = max(0.0, round(draw.gauss(arriving, arriving**0.5)))
                possible = max(0.0, draw.gauss(possible, possible**0.5))
            ended = min(possible, backlog + arriving)
            backlog = max(0.0, backlog + arriving - ended)
            used = free * step if backlog > 1e-9 else min(free * step, ended * part.service)
            waited = min(waited + step, backlog / part.received) if ended else waited + step
            columns["received"].append(arriving / step)
            columns["processed"].append(ended / step)
            columns["backlog"].append(backlog)
            columns["busy"].append((used + part.hung * step) / step)
            columns["in_progress"].append(min(backlog, workers))
            columns["oldest"].append(waited if backlog else None)
            columns["workers"].append(float(workers))
            columns["failed"].append(0.0)
    return columns


def history(
    columns: dict[str, list[float | None]],
    stop: int | None = None,
    *,
    step: float = 10.0,
    window: float = 3540.0,
) -> History:
    """Return what a reader sees when point ``stop - 1`` is the newest: the last hour."""
    size = len(columns["received"]) if stop is None else stop
    first = max(0, size - max(60, int(window / step)))
    return History(
        step=step,
        end=END,
        alive=True,
        **{name: column[first:size] for name, column in columns.items()},
    )


def past(hours: int = 336, *, services: Sequence[float] = (), **usual: object) -> Baseline:
    """Return hours that are all alike, but for their mean times when ``services`` are given."""
    rows = []
    for i in range(hours):
        each = {"service": services[i % len(services)]} if services else {}
        rows.append(Hour(start=END - (hours + 1 - i) * 3600, **{**usual, **each}))
    return Baseline(tuple(rows))
