"""A seeded discrete-event queue: Poisson arrivals, FIFO, some workers; knows no verdict."""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import log
from typing import Callable, Optional

from collectd_fedmsg.diagnosis import History

Function = Callable[[float], float]
Columns = dict[str, list[Optional[float]]]
NEVER = float("inf")
#: The heavy mix: one message in 20 takes 30 times as long; the rest so that the mean stays.
HEAVY_SHARE, HEAVY = 0.05, 30.0
LIGHT = 1 / (1 - HEAVY_SHARE + HEAVY_SHARE * HEAVY)
NAMES = ("received", "processed", "failed", "busy", "backlog", "in_progress", "oldest", "delay",
         "workers")


def constant(value: float) -> Function:
    """Return a function of time (s) that is always ``value``."""
    return lambda _t: value


NONE, PROMPT = constant(0.0), constant(0.1)


@dataclass(frozen=True)
class Topic:
    """Part of the messages; ``cost`` multiplies the mean service time."""

    name: str
    share: Function
    cost: Function


@dataclass(frozen=True)
class World:
    """What drives the queue; every function takes seconds since the start."""

    rate: Function  #: messages/s
    service: Function  #: mean seconds per message
    workers: Function
    fails: Function = NONE  #: share
    hung: Function = NONE  #: workers that hold for ever
    retried: bool = False
    #: Messages older than this (s) when they end have failed, and come again when retried.
    patience: float = NEVER
    heavy: bool = False
    topics: Sequence[Topic] = ()
    delay: Function = PROMPT  #: age of a message on arrival, s
    #: (time, messages) that arrive at once.
    batches: Sequence[tuple[float, int]] = ()
    #: Times at which a function jumps: the arrivals are drawn anew there.
    edges: Sequence[float] = ()
    #: (time, seconds away): what waits is lost at that time, nothing arrives while away.
    restart: tuple[float, float] | None = None
    #: Whether all that was lost or missed comes at once at the return.
    replay: bool = False


@dataclass
class _State:
    """The queue between two events."""

    waiting: deque[tuple[float, int]] = field(default_factory=deque)
    #: (ends, number, began, arrived, topic)
    running: list[tuple[float, int, float, float, int]] = field(default_factory=list)
    held: list[tuple[float, float, int]] = field(default_factory=list)
    lost: int = 0


def run(world: World, seconds: float, step: float, seed: int) -> tuple[Columns, dict[str, Columns]]:
    """Return the columns of a History and those by topic; one point per step.

    While the daemon is away (``restart``) its points are None.
    """
    return _Run(world, int(seconds / step), step, seed).result()


class _Run:
    def __init__(self, world: World, points: int, step: float, seed: int) -> None:
        self.world, self.points, self.step = world, points, step
        self.draw = random.Random(seed).random
        self.out: dict[str, list[float]] = {n: [0.0] * points for n in NAMES}
        self.seen = [[0.0] * points for _ in world.topics]
        self.used = [[0.0] * points for _ in world.topics]
        self.state = _State()
        self.number = 0
        self.jumps = [*sorted(world.edges), NEVER]
        self.batches = deque(sorted(world.batches))
        self.leaves, self.returns, self.away = NEVER, NEVER, False
        if world.restart:
            self.leaves, self.returns = world.restart[0], sum(world.restart)

    def result(self) -> tuple[Columns, dict[str, Columns]]:
        self._loop()
        for name in ("received", "processed", "failed", "busy"):
            self.out[name] = [x / self.step for x in self.out[name]]
        columns: Columns = {n: list(c) for n, c in self.out.items()}
        if self.world.restart:
            left, back = self.world.restart[0], sum(self.world.restart)
            for column in columns.values():
                for i in range(int(left / self.step), min(self.points, int(-(-back // self.step)))):
                    column[i] = None
        names = [t.name for t in self.world.topics]
        by_topic: dict[str, Columns] = {
            "topics": {n: [x / self.step for x in c] for n, c in zip(names, self.seen)},
            "topic_busy": {n: [x / self.step for x in c] for n, c in zip(names, self.used)}}
        return columns, by_topic

    def _next_arrival(self, now: float) -> float:
        """Return when the next message comes; drawn anew at each jump (no memory, so exact)."""
        while self.jumps[0] <= now:
            self.jumps.pop(0)
        while True:
            rate = self.world.rate(now)
            gap = -log(1.0 - self.draw()) / rate if rate > 0 else NEVER
            if now + gap < self.jumps[0]:
                return now + gap
            if self.jumps[0] is NEVER:
                return NEVER
            now = self.jumps.pop(0)

    def _loop(self) -> None:
        state, step, out = self.state, self.step, self.out
        received = out["received"]
        running = state.running
        index, sampled = 0, step
        arrival = self._next_arrival(0.0)
        while index < self.points:
            ends = running[0][0] if running else NEVER
            batch = self.batches[0][0] if self.batches else NEVER
            now = min(arrival, ends, sampled, batch, self.leaves, self.returns)
            if now == sampled:
                self._sample(index, now)
                index += 1
                sampled += step
            elif now == ends:
                self._end(heapq.heappop(running), index, now, sampled - step)
            elif now == arrival:
                if not self.away:
                    received[index] += 1
                    self._arrive(now, index)
                arrival = self._next_arrival(now)
            elif now == batch:
                size = self.batches.popleft()[1]
                received[index] += size
                for _ in range(size):
                    self._arrive(now, index)
            else:
                self._gone_or_back(now, index)
            self._start(now)

    def _arrive(self, now: float, index: int) -> None:
        topics, chosen = self.world.topics, 0
        if topics:
            at = self.draw() * sum(t.share(now) for t in topics) - topics[0].share(now)
            while at > 0 and chosen < len(topics) - 1:
                chosen += 1
                at -= topics[chosen].share(now)
            self.seen[chosen][index] += 1
        self.state.waiting.append((now, chosen))

    def _start(self, now: float) -> None:
        state, world = self.state, self.world
        if not state.waiting or self.away:
            return
        room = world.workers(now) - len(state.running) - len(state.held)
        while state.waiting and room > 0:
            arrived, topic = state.waiting.popleft()
            room -= 1
            self.number += 1
            if len(state.held) < world.hung(now):
                state.held.append((now, arrived, topic))
                continue
            mean = world.service(now)
            if world.topics:
                mean *= world.topics[topic].cost(now)
            if world.heavy:
                mean *= LIGHT * (HEAVY if self.draw() < HEAVY_SHARE else 1.0)
            took = -log(1.0 - self.draw()) * mean
            heapq.heappush(state.running, (now + took, self.number, now, arrived, topic))

    def _end(self, ended: tuple[float, int, float, float, int], index: int, now: float,
             since: float) -> None:
        _, _, began, arrived, topic = ended
        self.out["processed"][index] += 1
        part = now - (began if began > since else since)
        self.out["busy"][index] += part
        if self.used:
            self.used[topic][index] += part
        world = self.world
        if now - arrived > world.patience or self.draw() < world.fails(now):
            self.out["failed"][index] += 1
            if world.retried:
                self.out["received"][index] += 1
                if self.seen:
                    self.seen[topic][index] += 1
                self.state.waiting.append((now, topic))

    def _gone_or_back(self, now: float, index: int) -> None:
        state, world = self.state, self.world
        if now == self.leaves:
            state.lost = len(state.waiting) + len(state.running) + len(state.held)
            state.waiting.clear()
            state.running.clear()
            state.held.clear()
            self.leaves, self.away = NEVER, True  # nothing arrives or starts
            return
        if world.replay and world.restart:
            self.out["delay"][index] = world.restart[1] / 2
            missed = state.lost + int(world.rate(now) * world.restart[1])
            self.out["received"][index] += missed
            for _ in range(missed):
                self._arrive(now, index)
        self.returns, self.away = NEVER, False

    def _sample(self, index: int, now: float) -> None:
        """Write the gauges at ``now``, and the elapsed part of what still runs."""
        out, state, step = self.out, self.state, self.step
        live = [(b, a, t) for _, _, b, a, t in state.running] + state.held
        out["workers"][index] = self.world.workers(now)
        out["delay"][index] = self.world.delay(now)
        out["backlog"][index] = len(state.waiting) + len(live)
        out["in_progress"][index] = len(live)
        oldest = min((a for _, a, _ in live), default=NEVER)
        if state.waiting:
            oldest = min(oldest, state.waiting[0][0])
        out["oldest"][index] = now - oldest if oldest is not NEVER else 0.0
        for began, _, topic in live:
            part = min(step, now - began)
            out["busy"][index] += part
            if self.used:
                self.used[topic][index] += part


def history(columns: Columns, step: float, end: float, **more: object) -> History:
    """Return the columns as a History that ends at ``end``; ``more`` overrides fields."""
    return History(**{"step": step, "end": end, "alive": True, **columns, **more})  # type: ignore[arg-type]
