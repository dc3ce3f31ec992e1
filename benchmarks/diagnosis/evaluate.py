"""Judge one episode at every sample through the stored path, and count what was said."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from collectd_fedmsg_dashboard.judge.baselines import Baselines
from collectd_fedmsg_dashboard.judge.judge import Judge
from collectd_fedmsg_dashboard.web.query import Window

from collectd_fedmsg.diagnosis import History

from .episodes import Episode
from .memory_store import MemoryStore, archived
from .past import Past, undisturbed
from .queue import Samples, simulate
from .rivals import RIVALS
from .truth import VAGUE, WELL, Label, Truth

KINDS = ("right", "unknown", "missed", "stale", "wrong")
HOUR = 3600
#: Samples judged before the first turn: more would hide the incidents among calm ones.
CALM = 120


@dataclass
class Result:
    """What one episode gave; everything that the report needs."""

    group: str
    family: str
    seed: int
    #: By judge ("" is ours): decidable samples by kind.
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    #: Ours, decidable: "right label|said" → samples.
    pairs: dict[str, int] = field(default_factory=dict)
    #: Not decidable samples in which a cause was named that never acted, and all of those.
    early_wrong: int = 0
    undecided: int = 0
    #: Parts with decidable samples: samples to the right verdict, None when never.
    delays: list[int | None] = field(default_factory=list)
    #: Changes of the first verdict within parts while the right one did not change, and the hours
    #: of those.
    changes: int = 0
    hours: float = 0.0
    #: Errors of the time to drain (share of the truth), and whether its bounds held it.
    drain_errors: list[float] = field(default_factory=list)
    drain_held: list[bool] = field(default_factory=list)
    seconds: float = 0.0
    #: First wrong moments, for people: (seconds since the start, right, said, sentence).
    examples: list[tuple[float, str, str, str]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain types for JSON."""
        return asdict(self)


def stored(episode: Episode) -> tuple[MemoryStore, Samples, Past]:
    """Return the episode's store, its samples as they were and its past."""
    past = undisturbed(episode)
    samples = _simulated(episode)
    if episode.extend:
        samples = episode.extend(samples)
    store = MemoryStore()
    remaining = _without(samples, episode)
    store.put_samples(remaining, episode.step, past.columns, episode.only)
    for metric, step in episode.steps.items():
        times = [t + part * step for t in remaining.times for part in range(episode.step // step)]
        values = [v for v in remaining.levels[metric] for _ in range(episode.step // step)]
        times = [t - episode.step + step for t in times]
        store.put(metric, archived(times, list(values), step, total=False))
    return store, samples, past


def _simulated(episode: Episode) -> Samples:
    """Return the samples of an episode; after a restart totals and queue begin at 0."""
    begin, step = episode.start + episode.phase, episode.step
    edges = [begin, *(begin + (at - begin) // step * step for at in episode.restarts), episode.end]
    runs = [
        simulate(episode.traffic, start, stop, step, episode.seed + 1 + place)
        for place, (start, stop) in enumerate(zip(edges, edges[1:]))
    ]
    first = runs[0]
    for earlier, later in zip(runs, runs[1:]):
        # The last sample of a run and the first of the next are of one moment.
        size = len(first.times) - (earlier.times[-1] >= later.times[0])
        first = Samples(
            first.times[:size] + later.times,
            {name: values[:size] + later.totals[name] for name, values in first.totals.items()},
            {name: values[:size] + later.levels[name] for name, values in first.levels.items()},
        )
    return first


def _first(episode: Episode) -> int:
    """Return the first sample judged: the third, or CALM before the first turn."""
    parts = episode.traffic.parts
    turn = int((parts[1].start - episode.start) / episode.step) if len(parts) > 1 else 0
    return max(3, turn - CALM)


def _without(samples: Samples, episode: Episode) -> Samples:
    lost = {
        int(share * len(samples.times)) + k for share, count in episode.lost for k in range(count)
    }
    keep = [k for k in range(len(samples.times)) if k not in lost]

    def cut(columns: dict[str, Any]) -> dict[str, Any]:
        return {name: [values[k] for k in keep] for name, values in columns.items()}

    return Samples([samples.times[k] for k in keep], cut(samples.totals), cut(samples.levels))


def evaluate(group: str, episode: Episode, every: int = 1) -> Result:
    """Judge an episode at every sample (or each ``every`` samples)."""
    store, samples, past = stored(episode)
    known = float("inf") if episode.known else episode.traffic.parts[1].start - episode.start
    labels = Truth(episode.traffic, samples, past.peak, known, episode.restarts).labels()
    if episode.relabel:
        labels = episode.relabel(samples, labels)
    judge = Judge(store, Baselines(store, zone=ZoneInfo(episode.zone)))
    daemon = store.daemon
    window = Window(int(episode.start) - HOUR, int(samples.times[-1]), 1)
    columns, topics = judge.columns(daemon, window), judge.topics(daemon, window)
    tally = _Tally(Result(group, episode.family, episode.seed), episode)
    began = time.process_time()
    for k in range(_first(episode), len(labels), every):
        # The stored step that this sample completes ends at or before it.
        now = samples.times[k]
        look = judge.look(daemon, columns, lambda: topics, now)
        tally.add(k, now, labels[k], look.judged.diagnosis, look.judged.history)
    tally.result.seconds = time.process_time() - began
    return tally.finish()


class _Tally:
    def __init__(self, result: Result, episode: Episode) -> None:
        self.result, self.episode = result, episode
        self.counts = {name: Counter[str]() for name in ("", *RIVALS)}
        self.pairs: Counter[str] = Counter()
        self.acted: set[str] = set(WELL)
        self.part, self.first, self.found_right = -1, -1, False
        self.before = ""
        self.was_right = False

    def add(
        self, k: int, now: float, label: Label, diagnosis: Any, history: History | None
    ) -> None:
        """Count one sample."""
        result, verdict = self.result, diagnosis.verdict.name
        if label.part != self.part:
            self._close()
            self.part, self.first, self.found_right, self.before = label.part, -1, False, ""
        if not label.decidable:
            result.undecided += 1
            acceptable = label.right | self.acted | VAGUE | WELL | {"RECOVERING"}
            result.early_wrong += verdict not in acceptable
        else:
            if self.first < 0:
                self.first = k
            kind = self.kind(label, verdict)
            self.counts[""][kind] += 1
            right = verdict if verdict in label.right else sorted(label.right)[0]
            self.pairs[
                f"{'OK' if right in WELL else right}|{'OK' if verdict in WELL else verdict}"
            ] += 1
            if kind == "right" and not self.found_right:
                self.found_right = True
                result.delays.append(k - self.first)
            if self.before and verdict != self.before:
                # Where the right answer changed within a part (it has drained), so must ours.
                result.changes += not (self.was_right and kind == "right") or (
                    self.before in label.right
                )
            self.was_right = kind == "right"
            self.before = verdict
            result.hours += self.episode.step / HOUR
            if (
                kind == "wrong"
                and len(result.examples) < 5
                and not (result.examples and result.examples[-1][2] == verdict)
            ):
                result.examples.append(
                    (
                        now - self.episode.start,
                        "/".join(sorted(label.right)),
                        verdict,
                        "; ".join(diagnosis.evidence[:2]),
                    )
                )
            self._drain(label, diagnosis)
            for name, rival in RIVALS.items():
                if history is not None:
                    self.counts[name][self.kind(label, rival(history))] += 1
        self.acted |= label.right

    def kind(self, label: Label, verdict: str) -> str:
        """Return how an answer counts."""
        if verdict in label.right:
            return "right"
        if verdict in VAGUE:
            return "unknown"
        if verdict in WELL:
            return "missed"
        return "stale" if verdict in self.acted and verdict != "RECOVERING" else "wrong"

    def _drain(self, label: Label, diagnosis: Any) -> None:
        if label.drain is None or label.drain < 3 * self.episode.step or diagnosis.drain is None:
            return
        drain = diagnosis.drain
        if drain.claimed:
            self.result.drain_errors.append(abs(drain.seconds / label.drain - 1))
        latest = drain.latest if drain.latest is not None else float("inf")
        # A step more or less: the moment at which it is gone is only seen in a sample.
        step = self.episode.step
        self.result.drain_held.append(drain.earliest - step <= label.drain <= latest + step)

    def _close(self) -> None:
        if self.first >= 0 and not self.found_right:
            self.result.delays.append(None)

    def finish(self) -> Result:
        """Return the result."""
        self._close()
        self.result.counts = {name: dict(kinds) for name, kinds in self.counts.items()}
        self.result.pairs = dict(self.pairs)
        return self.result
