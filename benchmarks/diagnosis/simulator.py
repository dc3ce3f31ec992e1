"""A seeded discrete-event queue: Poisson arrivals, FIFO, some workers; knows no verdict."""

from __future__ import annotations

import heapq
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Callable

from collectd_fedmsg.diagnosis import History


def constant(value: float) -> Callable[[float], float]:
    """Return a function of time (s) that is always ``value``."""
    return lambda _t: value


@dataclass
class World:
    """What drives the queue; every function takes seconds since the start."""

    rate: Callable[[float], float]  #: messages/s
    service: Callable[[float], float]  #: mean seconds per message
    workers: Callable[[float], int]
    fails: Callable[[float], float] = field(default=constant(0.0))  #: share
    hung: Callable[[float], int] = field(default=constant(0))  #: workers that hold for ever
    retried: bool = False
    heavy: bool = False  #: 5 % of the messages take 30 times as long


NAMES = ("received", "processed", "failed", "busy", "backlog", "in_progress", "oldest",
         "workers")


def _sample(out: dict[str, list[float]], index: int, now: float, step: float, *,
            live: list[tuple[float, float]], waiting: deque[float]) -> None:
    """Write the gauges at ``now``; ``live`` are (began, arrived) of the messages in hand."""
    out["backlog"][index] = len(waiting) + len(live)
    out["in_progress"][index] = len(live)
    ages = [a for _, a in live] + ([waiting[0]] if waiting else [])
    out["oldest"][index] = now - min(ages) if ages else 0.0
    out["busy"][index] += sum(min(step, now - b) for b, _ in live)


def run(world: World, seconds: float, step: float, seed: int) -> dict[str, list[float]]:
    """Return the columns of a History, one point per step."""
    rng = random.Random(seed)
    points = int(seconds / step)
    out: dict[str, list[float]] = {n: [0.0] * points for n in NAMES}
    waiting: deque[float] = deque()
    running: list[tuple[float, int, float, float]] = []  # ends, number, began, arrived
    held: list[tuple[float, float]] = []
    now, number, index = 0.0, 0, 0
    rate = max(world.rate(0.0), 1e-9)
    arrival = rng.expovariate(rate)
    sampled = step
    infinite = float("inf")
    while index < points:
        ends = running[0][0] if running else infinite
        now = min(arrival, ends, sampled)
        if now == sampled:
            live = [(b, a) for _, _, b, a in running] + held
            _sample(out, index, now, step, live=live, waiting=waiting)
            out["workers"][index] = world.workers(now)
            index += 1
            sampled += step
        elif now == arrival:
            waiting.append(now)
            out["received"][index] += 1
            rate = max(world.rate(now), 1e-9)
            # A new rate acts from the next arrival on: late by one old gap, at most.
            gap = rng.expovariate(rate)
            arrival = now + gap
        else:
            _, _, began, _ = heapq.heappop(running)
            out["processed"][index] += 1
            out["busy"][index] += now - max(began, sampled - step)
            if rng.random() < world.fails(now):
                out["failed"][index] += 1
                if world.retried:
                    waiting.append(now)
                    out["received"][index] += 1
        while waiting and len(running) + len(held) < world.workers(now):
            arrived = waiting.popleft()
            number += 1
            if len(held) < world.hung(now):
                held.append((now, arrived))
                continue
            mean = world.service(now)
            if world.heavy:
                mean *= 30 / 2.45 if rng.random() < 0.05 else 1 / 2.45
            heapq.heappush(running, (now + rng.expovariate(1 / mean), number, now, arrived))
    for name in ("received", "processed", "failed", "busy"):
        out[name] = [x / step for x in out[name]]
    return out


def history(columns: dict[str, list[float]], step: float, end: float, **more: object) -> History:
    """Return the columns as a History that ends at ``end``; ``more`` overrides fields."""
    return History(**{"step": step, "end": end, "alive": True, **columns, **more})  # type: ignore[arg-type]
