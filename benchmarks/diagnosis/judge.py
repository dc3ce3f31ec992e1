"""Simulate and judge every case of one seed; prints nothing."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from math import ceil, isfinite

from collectd_fedmsg.diagnosis import Baseline, History, diagnose

from .cases import Case
from .rivals import RIVALS
from .scenarios import Scenarios
from .settings import END, HOUR, PAST, Setting, baseline, drawn, topics
from .simulator import World, constant, run
from .spoil import WINDOW, stored

#: A case whose label could only just be known by its end is not asked: three samples are due.
DUE = 3


@dataclass(frozen=True)
class Answer:
    """What was said of one case, and what was right."""

    name: str
    magnitude: float
    spoil: str
    right: frozenset[str]
    said: str
    decided: bool
    rivals: dict[str, str] = field(default_factory=dict)
    #: Samples from the decidable moment to the first right verdict; None when never or not asked.
    delay: int | None = None
    split_error: float | None = None
    drain_error: float | None = None
    rival_drain_error: float | None = None
    cost: float = 0.0
    seed: int = 0

    @property
    def correct(self) -> bool:
        """Whether it was right."""
        return self.said in self.right


def pasts(setting: Setting, seed: int) -> dict[str, Baseline]:
    """Return the daemon's undisturbed weeks, by the kind of its work."""
    s, seconds = setting, (PAST + 1) * HOUR
    size = max(1, int(150 * s.rate))
    worlds: dict[str, tuple[World, float]] = {
        "plain": (s.world(), s.step),
        "heavy": (s.world(heavy=True), s.step),
        "busy": (s.world(rate=constant(s.rate * 0.8 / s.load)), s.step),
        "full": (Setting(s.rate * 0.9 / s.load, s.workers, 0.9, s.step).world(), s.step),
        "quiet": (s.world(rate=constant(0.2 / HOUR)), s.step),
        "topics": (s.world(topics=topics()), s.step),
        "batches": (s.world(rate=constant(s.rate / 2), batches=[
            (300.0 * i, size) for i in range(1, int(seconds / 300))]), s.step)}
    return {kind: baseline(world, step, seed + number)
            for number, (kind, (world, step)) in enumerate(worlds.items())}


def answers(seed: int) -> list[Answer]:
    """Return the answers to all scenarios for the daemon of ``seed``."""
    setting = drawn(seed)
    usual = pasts(setting, seed * 1000 + 900)
    found = []
    for place, case in enumerate(Scenarios(setting, seed + 1)):
        columns, by_topic = run(case.world, case.seconds, setting.step, seed * 1000 + place)
        back = case.seconds - case.start if "restart" in case.spoil else None
        for spoil in case.spoil:
            seen = stored(columns, by_topic, spoil, setting.step, seed=seed, returned=back)
            found.append(replace(_answer(case, seen, spoil, setting, None if spoil == "no baseline"
                                 else usual[case.past]), seed=seed))
    return found


def _answer(case: Case, seen: History, spoil: str, setting: Setting,
            past: Baseline | None) -> Answer:
    began = time.perf_counter()
    verdict = diagnose(seen, END, past)
    cost = time.perf_counter() - began
    said = verdict.verdict.name
    # A fifth of the samples lost, a quarter more time for the same evidence.
    known = case.decidable * (1.25 if spoil == "missing" else 1.0)
    decided = known + DUE * setting.step <= case.seconds - case.start
    if spoil == "no baseline" and case.start and case.start < WINDOW / 2:
        decided = False  # less before the fault than after it: the hour is no reference
    right = case.right if decided else case.right | case.early
    if spoil == "no baseline" and not decided:
        right |= {"UNKNOWN", "SATURATED"}
    if spoil == "missing" and not any(x is not None for x in seen.received[-DUE - 1:]):
        right = frozenset({"TELEMETRY_LOST"})  # the draw lost the last four in a row
    split = drain = rival = None
    if decided and case.share is not None and verdict.split and not spoil:
        share = verdict.split.surge_share
        split = abs(share - case.share) if share is not None else None
    if decided and case.pace and verdict.drain:
        true = (seen.backlog[-1] or 0.0) / case.pace
        drain = abs(verdict.drain.seconds / true - 1)
        rival = abs((seen.backlog[-1] or 0.0) * setting.service / true - 1)
    asked = decided and not spoil and not case.right & {"OK", "IDLE"}
    return Answer(case.name, case.magnitude, spoil, right, said, decided,
                  {n: r(seen, setting.rate, setting.service) for n, r in RIVALS.items()},
                  _delay(case, seen, past) if asked else None, split, drain, rival, cost)


def _delay(case: Case, seen: History, past: Baseline | None) -> int | None:
    """Return samples from decidable to the first right verdict."""
    offset = case.seconds - len(seen) * seen.step
    if not isfinite(case.decidable) or case.start < offset:
        return None  # it began before what is seen
    first = ceil((case.start - offset) / seen.step)
    due = ceil((case.start + case.decidable - offset) / seen.step)
    for i in range(max(1, first + 1), len(seen) + 1):
        part = seen.upto(i)
        if diagnose(part, part.end, past).verdict.name in case.right:
            return i - max(due, 1)
    return None

