"""A labelled case, and how one is made for a daemon; labels come from the parameters alone."""

from __future__ import annotations

import random
from dataclasses import dataclass
from math import inf, log

from . import decidable as theory
from .decidable import Load
from .settings import Setting
from .simulator import Function, World

#: What a diagnosis is given: the last hour.
WINDOW = 3600.0
#: How the telemetry of plain faults is spoilt; the first is not at all.
SPOILT = ("", "missing", "three", "no baseline", "ahead", "behind, known")
FINE = frozenset({"OK", "IDLE"})
#: Minutes after its start at which a fault is looked at: from what pages to most of the hour.
AGES = (6 * 60.0, 50 * 60.0)
#: Where a wait of nine service times begins to double with each small step (ρ/(1 - ρ)).
NEAR = 0.85


@dataclass(frozen=True)
class Case:
    """One world and what is right to say of it at its end."""

    name: str
    magnitude: float
    world: World
    #: First verdicts that are right once decidable.
    right: frozenset[str]
    #: Seconds after ``start`` from which the label can be known.
    decidable: float
    #: Length of the run and start of the fault, s.
    seconds: float
    start: float
    #: Right while not decidable; a wrong cause never is.
    early: frozenset[str] = FINE
    #: How the telemetry is spoilt.
    spoil: tuple[str, ...] = ("",)
    #: True share of the growth that is excess arrivals; None where it is not asked.
    share: float | None = None
    #: True messages/s by which the backlog shrinks at the end.
    pace: float | None = None
    past: str = "plain"

    @property
    def decided(self) -> bool:
        """Whether the label can be known at the end, and three samples of it were had."""
        return self.decidable < self.seconds - self.start


def after(before: float, then: float, start: float, stop: float = inf) -> Function:
    """Return a step function of time."""
    return lambda t: then if start <= t < stop else before


class Cases:
    """Makes the cases of one daemon; ``seed`` draws when each fault begins."""

    def __init__(self, setting: Setting, seed: int) -> None:
        self.s, self.rng = setting, random.Random(seed)
        self.before = setting.past()

    def _start(self) -> float:
        return WINDOW - self.rng.uniform(*AGES)

    def _case(self, name: str, world: World, right: str | frozenset[str], when: float,
              **more: object) -> Case:
        wanted = frozenset({right}) if isinstance(right, str) else right
        given = {"magnitude": 1.0, "seconds": WINDOW, "start": 0.0, **more}
        return Case(name=name, world=world, right=wanted, decidable=when, **given)  # type: ignore[arg-type]

    def _pushed(self, name: str, m: float, cause: str, *, after_it: Load, when: float,
                world: World, **more: object) -> Case:
        """Return a case of a load that rose: the cause, or still fine when it fits."""
        if _fits(self.before, after_it):
            near = {"CREEP"} if after_it.rho > NEAR else set()
            return self._case(name, world, FINE | near, 0.0,
                              **{"magnitude": m, **more, "share": None})
        early = FINE | {cause, "CREEP", "UNKNOWN"}
        if cause in ("SLOW", "BOTH"):
            early |= {"STALLED", "WORKERS_LOST"}  # before slow messages end nobody can tell
        return self._case(name, world, cause, when,
                          **{"magnitude": m, "early": early, **more})


def _fits(before: Load, now: Load) -> bool:
    """Return whether the raised load stays below what the undisturbed never shows.

    ρ^n of the raised load, at the undisturbed one's limit of 1 in 10^6, over an hour of it.
    """
    if now.rho >= 1:
        return False
    tail = (1 + now.variation ** 2) / 2
    room = theory.chance_level(before) - before.workers
    return room * -log(now.rho) / tail > log(1e3)
