"""Simulate a FIFO queue of N workers into the samples that a daemon's agent would send.

Message by message; above MAX_MESSAGES in slices of counts (a fluid with noise), where no single
message can be told. Totals only grow; received = processed + backlog in every sample.
"""

from __future__ import annotations

import heapq
import random
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, inf, sqrt

from .traffic import PIECE, Traffic

#: Messages of one run that are simulated one by one.
MAX_MESSAGES = 250_000
#: Slices of a sample's step in the fluid simulation.
SLICES = 5
PERCENTILES = {"service_p50": 0.5, "service_p95": 0.95, "service_p99": 0.99}
TOTALS = ("received", "processed", "failed", "rejected", "busy")
#: Totals by topic are named by metric, this mark and topic.
TOPIC_TOTALS, BY_TOPIC = ("received", "topic_processed", "topic_busy"), "|"
LEVELS = ("backlog", "in_progress", "oldest", "workers", *PERCENTILES, "service_max")


@dataclass(frozen=True)
class Samples:
    """One column a metric, one entry a sample; totals in their unit, ``busy`` in µs."""

    times: list[float]
    totals: dict[str, list[float]]
    levels: dict[str, list[float | None]]


def simulate(
    traffic: Traffic, start: float, end: float, step: float, seed: int, *, most: int = MAX_MESSAGES
) -> Samples:
    """Return the samples at ``start``, ``start + step`` … ``end`` of a queue empty at ``start``.

    From more than ``most`` messages on in slices.
    """
    rng = random.Random(seed)
    pieces = traffic.pieces(start, end, rng)
    bounds = [time for time, _ in pieces[1:]] + [end]
    messages = sum(rate * (stop - time) for (time, rate), stop in zip(pieces, bounds))
    if messages > most:
        return _Fluid(traffic, start, end, step, rng).run(pieces)
    arrivals = array("d")
    for (time, rate), stop in zip(pieces, bounds):
        arrived = time + (rng.expovariate(rate) if rate > 0 else inf)
        while arrived < stop:
            arrivals.append(arrived)
            arrived += rng.expovariate(rate)
    batches = [at for at, size in traffic.at_once(start, end) for _ in range(size)]
    if batches:
        arrivals = array("d", sorted([*arrivals, *batches]))
    return _Messages(traffic, start, end, step, rng).run(arrivals)


class _Counted:
    """What happened by step: index k is the sample that ends the step; times in steps."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.processed, self.failed, self.progress = ([0.0] * (count + 1) for _ in range(3))
        #: Worker-steps: parts of steps, and by how much the whole steps change.
        self.busy, self.whole = [0.0] * (count + 1), [0.0] * (count + 2)
        self.durations: list[list[float]] = [[] for _ in range(count + 1)]

    def add(self, begin: float, end: float, fails: bool) -> None:
        """Count one message that was handled from ``begin`` to ``end``."""
        first, last = int(begin), min(self.count, int(min(end, self.count)))
        # In progress at the samples first + 1 … last.
        self.progress[first + 1] += 1
        if last < self.count:
            self.progress[last + 1] -= 1
            self.processed[last + 1] += 1
            self.failed[last + 1] += fails
            self.durations[last + 1].append(end - begin)
        if first == last:
            self.busy[first] += end - begin
            return
        self.busy[first] += first + 1 - begin
        self.whole[first + 1] += 1
        self.whole[last] -= 1
        if last < self.count:
            self.busy[last] += end - last


class _Messages:
    """One run, message by message."""

    def __init__(
        self, traffic: Traffic, start: float, end: float, step: float, rng: random.Random
    ) -> None:
        self.traffic, self.start, self.step, self.rng = traffic, start, step, rng
        self.count = int((end - start) / step) + 1
        #: By message: its topic; empty without topics.
        self.topics: list[str] = []
        self.held: dict[float, int] = {}
        self.gone: dict[float, int] = {}

    def run(self, arrivals: array[float]) -> Samples:
        begins, ends, failures = self._serve(arrivals)
        counted = _Counted(self.count)
        for begin, stop, fails in zip(begins, ends, failures):
            if begin < self.start + self.count * self.step:
                counted.add(
                    (begin - self.start) / self.step, (stop - self.start) / self.step, fails
                )
        return self._columns(arrivals, begins, ends, counted)

    def _columns(
        self, arrivals: array[float], begins: list[float], ends: list[float], counted: _Counted
    ) -> Samples:
        times = [self.start + k * self.step for k in range(self.count)]
        totals: dict[str, list[float]] = {name: [] for name in TOTALS}
        levels: dict[str, list[float | None]] = {name: [] for name in LEVELS}
        done = fails = used = whole = going = 0.0
        first = 0
        for k, time in enumerate(times):
            done += counted.processed[k]
            fails += counted.failed[k]
            going += counted.progress[k]
            if k:
                whole += counted.whole[k - 1]
                used += (counted.busy[k - 1] + whole) * self.step
            received = bisect_right(arrivals, time)
            while first < received and ends[first] <= time:
                first += 1
            for name, value in zip(TOTALS, (received, done, fails, 0.0, used * 1e6)):
                totals[name].append(value)
            ended = sorted(x * self.step for x in counted.durations[k])
            if first < received and begins[first] <= time:
                ended = sorted([*ended, time - begins[first]])
            values: dict[str, float | None] = {
                "backlog": received - done,
                "in_progress": going,
                "oldest": time - arrivals[first] if first < received else 0.0,
                "workers": float(self.traffic.workers - self.traffic.part(time).gone),
                **{
                    name: ended[min(len(ended) - 1, int(share * len(ended)))] if ended else None
                    for name, share in PERCENTILES.items()
                },
                "service_max": ended[-1] if ended else None,
            }
            for name in LEVELS:
                levels[name].append(values[name])
        return Samples(times, {**totals, **self._by_topic(arrivals, begins, ends)}, levels)

    def _topic(self, arrived: float) -> str:
        """Draw the topic of a message."""
        usual = {topic: share for topic, (share, _) in self.traffic.topics.items()}
        mix = self.traffic.part(arrived).mix or usual
        return self.rng.choices(list(mix), list(mix.values()))[0]

    def _by_topic(
        self, arrivals: array[float], begins: list[float], ends: list[float]
    ) -> dict[str, list[float]]:
        """Return the totals by topic, at each sample; a message's time is counted at its end."""
        totals = {
            f"{metric}{BY_TOPIC}{topic}": [0.0] * self.count
            for metric in TOPIC_TOTALS
            for topic in self.traffic.topics
        }
        for topic, arrived, begin, end in zip(self.topics, arrivals, begins, ends):
            counts = ((arrived, 1.0), (end, 1.0), (end, (end - begin) * 1e6))
            for metric, (time, count) in zip(TOPIC_TOTALS, counts):
                place = ceil((time - self.start) / self.step) if time < inf else self.count
                if place < self.count:
                    totals[f"{metric}{BY_TOPIC}{topic}"][place] += count
        return {name: list(accumulate(values)) for name, values in totals.items()}

    def _serve(self, arrivals: array[float]) -> tuple[list[float], list[float], list[bool]]:
        traffic, rng = self.traffic, self.rng
        parts = list(traffic.parts)
        stops = [p.start for p in parts[1:]] + [inf]
        draw, draw_failing = traffic.law.draw, rng.random
        free = [-inf] * traffic.workers
        piece_ends, wandered = -inf, 1.0
        begins: list[float] = []
        ends: list[float] = []
        failures: list[bool] = []
        at = 0
        by_topic = bool(traffic.topics)
        for arrived in arrivals:
            if by_topic:
                self.topics.append(self._topic(arrived))
            while True:
                begin = max(arrived, free[0])
                if begin == inf:
                    break
                # Workers take messages in the order of time, so parts only advance.
                while begin >= stops[at]:
                    at += 1
                part = parts[at]
                if part.gone > self.gone.get(part.start, 0):
                    self.gone[part.start] = self.gone.get(part.start, 0) + 1
                    heapq.heapreplace(free, stops[at])
                    continue
                break
            if begin == inf:
                begins.append(inf)
                ends.append(inf)
                failures.append(False)
                continue
            if part.hung > self.held.get(part.start, 0):
                self.held[part.start] = self.held.get(part.start, 0) + 1
                ended = stops[at]
            else:
                if begin >= piece_ends:
                    piece_ends, wandered = (begin // PIECE + 1) * PIECE, traffic.wandered(begin)
                longer = traffic.topic_cost(self.topics[-1], part) if by_topic else part.service
                ended = begin + draw(rng) * traffic.service * longer * wandered
            heapq.heapreplace(free, ended)
            begins.append(begin)
            ends.append(ended)
            failures.append(part.failing > 0 and draw_failing() < part.failing)
        return begins, ends, failures


class _Fluid:
    """One run in slices: counts of many messages, each slice with its own noise."""

    def __init__(
        self, traffic: Traffic, start: float, end: float, step: float, rng: random.Random
    ) -> None:
        self.traffic, self.start, self.step, self.rng = traffic, start, step, rng
        self.end = end
        self.count = int((end - start) / step) + 1

    def _noisy(self, mean: float, variance: float) -> int:
        return max(0, round(self.rng.gauss(mean, sqrt(max(0.0, variance)))))

    def _longest(self, messages: int) -> float:
        """Return the longest of some service times, as a multiple of the mean."""
        share = self.rng.random() ** (1 / max(1, messages))
        return self.traffic.law.quantile(min(share, 1 - 1e-12))

    def run(self, pieces: list[tuple[float, float]]) -> Samples:
        traffic, law = self.traffic, self.traffic.law
        totals: dict[str, list[float]] = {name: [0.0] for name in TOTALS}
        levels: dict[str, list[float | None]] = {name: [0.0] for name in LEVELS}
        levels["workers"] = [float(traffic.workers)]
        edges = [time for time, _ in pieces]
        received = done = failed = 0
        used, slice_ = 0.0, self.step / SLICES
        history: list[tuple[float, int]] = [(self.start, 0)]
        oldest_at, hung_since = 0, None
        batches = traffic.at_once(self.start, self.end)
        for k in range(1, self.count):
            done_before = done
            for part_of in range(SLICES):
                time = self.start + (k - 1) * self.step + part_of * slice_
                rate = pieces[bisect_right(edges, time) - 1][1]
                part, mean = traffic.part(time), traffic.service_time(time)
                received += self._noisy(rate * slice_, rate * slice_)
                while batches and batches[0][0] < time + slice_:
                    at, size = batches.pop(0)
                    received += size if at >= time else 0
                working = traffic.working(time)
                capacity = working * slice_ / mean
                waiting = received - done - part.hung
                in_hand = min(working, rate * mean)
                ended = (
                    max(
                        0,
                        min(
                            self._noisy(capacity, capacity * law.variation**2),
                            waiting - self._noisy(in_hand, in_hand),
                        ),
                    )
                    if working
                    else 0
                )
                done += ended
                failed += self._noisy(
                    ended * part.failing, ended * part.failing * (1 - part.failing)
                )
                failed = min(failed, done)
                hung_since = (hung_since or part.start) if part.hung else None
                scatter = self.rng.gauss(1.0, law.variation / sqrt(max(1, ended)))
                used += max(0.0, min(working * slice_, ended * mean * scatter))
                used += part.hung * slice_
                history.append((time + slice_, received))
            time = self.start + k * self.step
            while oldest_at < len(history) - 1 and history[oldest_at][1] <= done:
                oldest_at += 1
            backlog = received - done
            since = (
                hung_since
                if hung_since is not None
                else (history[oldest_at][0] - slice_ if backlog > traffic.workers else time)
            )
            for name, value in zip(TOTALS, (received, done, failed, 0.0, used * 1e6)):
                totals[name].append(value)
            part = traffic.part(time)
            mean = traffic.service_time(time - slice_)
            quantiles = {name: mean * law.quantile(share) for name, share in PERCENTILES.items()}
            values: dict[str, float | None] = {
                "backlog": float(backlog),
                "in_progress": float(min(backlog, traffic.workers)),
                "oldest": max(0.0, time - since) if backlog else 0.0,
                "workers": float(traffic.workers - part.gone),
                **quantiles,
                "service_max": max(
                    self._longest(done - done_before) * mean,
                    time - hung_since if hung_since is not None else 0.0,
                ),
            }
            for name in LEVELS:
                levels[name].append(values[name])
        times = [self.start + k * self.step for k in range(self.count)]
        return Samples(times, totals, levels)
