"""The labelled scenarios of one daemon; labels come from the parameters, never from the series."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf, log

from . import decidable as theory
from .decidable import Load
from .settings import DEAR, MEAN, RATIO, Setting, topics
from .simulator import Function, World, constant

#: What a diagnosis is given: the last hour.
WINDOW = 3600.0
MAGNITUDES = (1.2, 2.0, 8.0, 20.0)
#: How the telemetry of plain faults is spoilt; the first is not at all.
SPOILT = ("", "missing", "three", "no baseline", "ahead", "behind, known")
FINE = frozenset({"OK", "IDLE"})
#: Minutes after its start at which a fault is looked at: from what pages to most of the hour.
AGES = (6 * 60.0, 50 * 60.0)
#: An outage of minutes, as an update or a crash loop's back-off takes.
AWAY = 120.0


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


class Scenarios:
    """All cases of one daemon; ``seed`` draws when each fault begins."""

    def __init__(self, setting: Setting, seed: int) -> None:
        self.s, self.rng = setting, random.Random(seed)
        self.before = setting.past()

    def __iter__(self) -> Iterator[Case]:
        for m in MAGNITUDES:
            yield from self._growth(m)
            yield from self._aftermath(m)
        yield from self._fine()
        yield from self._work()
        yield from self._telemetry()
        yield from self._life()

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

    def _growth(self, m: float) -> Iterator[Case]:
        s, before = self.s, self.before
        start = self._start()
        surge, slow = Load(s.rate * m, s.service, s.workers), Load(s.rate, s.service * m, s.workers)
        both = Load(s.rate * m, s.service * m, s.workers)
        grows, differs = theory.backlog_grows, theory.arrivals_differ
        rate, service = after(s.rate, s.rate * m, start), after(s.service, s.service * m, start)
        slower = theory.service_differs
        yield self._pushed(
            "surge", m, "SURGE", after_it=surge, share=1.0, start=start, spoil=SPOILT,
            when=max(grows(before, surge), differs(before, surge)),
            world=s.world(rate=rate, edges=[start]))
        yield self._pushed(
            "slow", m, "SLOW", after_it=slow, share=0.0, start=start, spoil=SPOILT[:4],
            when=max(grows(before, slow), slower(before, slow)),
            world=s.world(service=service, edges=[start]))
        yield self._pushed(
            "both", m, "BOTH", after_it=both, share=theory.fluid_split(before, both), start=start,
            when=max(grows(before, both), differs(before, both), slower(before, both)),
            world=s.world(rate=rate, service=service, edges=[start]))
        yield from self._chains(m)
        yield from self._parts(m)

    def _chains(self, m: float) -> Iterator[Case]:
        """Yield what one change does to the other, later."""
        s, before = self.s, self.before
        start, lag = self._start(), self.rng.uniform(300, 900)
        surge = Load(s.rate * m, s.service, s.workers)
        world = s.world(rate=after(s.rate, s.rate * m, start), edges=[start],
                        service=after(s.service, s.service * min(m, 4), start + lag))
        # Told apart only when the surge alone was seen: beyond 1 in 10^6 within the lag.
        seen = theory.beyond(surge.rate - s.rate, surge.rate, 0, theory.RARE + theory.NEARLY_ALL)
        if m > 1.2 and surge.rho > 1.1 and seen < lag:
            yield self._case("slow caused by the surge", world, "SURGE", theory.backlog_grows(
                before, surge), magnitude=m, start=start, early=FINE | {"SURGE", "UNKNOWN"})
        slow = Load(s.rate, s.service * m, s.workers)
        patience = 20 * s.service
        if m > 1.2 and slow.rho > 1.1 and slow.able > 0:
            when = max((theory.backlog_grows(before, slow),
                                  theory.service_differs(before, slow)))
            yield self._case("retries caused by the slowness", s.world(
                service=after(s.service, s.service * m, start), edges=[start],
                patience=patience * m, retried=True), "SLOW", when, magnitude=m, start=start,
                early=FINE | {"SLOW", "STALLED", "UNKNOWN"})

    def _parts(self, m: float) -> Iterator[Case]:
        """Yield one slow topic and a dearer mix; both keep the arrivals."""
        s, start = self.s, self._start()
        part = DEAR * RATIO / MEAN
        before = Load(s.rate, s.service, s.workers, _variation(DEAR, RATIO))
        one = Load(s.rate, s.service * (1 + part * (m - 1)), s.workers,
                   _variation(DEAR, RATIO * m))
        when = max(theory.backlog_grows(before, one), theory.service_differs(before, one))
        yield self._pushed("one topic slow", m, "SLOW", after_it=one, when=when, world=s.world(
            topics=topics(slower=m, start=start), edges=[start]), start=start, past="topics",
            share=0.0)
        dear = min(0.95, DEAR * m)
        mixed = Load(s.rate, s.service * (1 - dear + dear * RATIO) / MEAN, s.workers,
                     _variation(dear, RATIO))
        when = max(theory.backlog_grows(before, mixed), theory.service_differs(before, mixed))
        yield self._pushed("dearer mix", m, "MIX", after_it=mixed, when=when, world=s.world(
            topics=topics(dear=dear, start=start), edges=[start]), start=start, past="topics",
            early=FINE | {"MIX", "WORKERS_LOST", "CREEP", "SLOW", "STALLED", "UNKNOWN"})

    def _aftermath(self, m: float) -> Iterator[Case]:
        """Yield what comes after a surge: the drain, the plateau, help by more workers."""
        s, before = self.s, self.before
        surge = Load(s.rate * m, s.service, s.workers)
        start = WINDOW - 2700.0
        stop = start + 900.0
        if surge.rho < 1.1:
            return
        left = 900 * (surge.rate - surge.able) - theory.NEARLY_ALL * (
            900 * (surge.rate + surge.able)) ** 0.5
        calm = theory.shrinks(before)
        # Looked at while three quarters of the backlog are still there, or after 30 minutes.
        watch = min(1800.0, 0.25 * left / (before.able - before.rate))
        still = left - watch * (before.able - before.rate)
        if still > 2 * theory.chance_level(before):
            yield self._case("recovering", s.world(
                rate=after(s.rate, surge.rate, start, stop), edges=[start, stop]), "RECOVERING",
                calm, magnitude=m, seconds=stop + watch, start=stop,
                early=FINE | {"RECOVERING", "SURGE", "SATURATED", "UNKNOWN"},
                pace=before.able - before.rate)
        walk = 4 * (2 * before.able * WINDOW) ** 0.5
        if left - walk > theory.chance_level(before):
            yield self._plateau(m, surge, start, stop)
        many = round(s.workers * m * 1.5 + 1)
        helped = Load(surge.rate, s.service, many)
        end = stop + max(120.0, 4 * s.step, min(900.0, theory.shrinks(helped) * 1.5))
        if left - (end - stop) * (helped.able - helped.rate) > 2 * theory.chance_level(before):
            yield self._case("more workers added", s.world(
                rate=after(s.rate, surge.rate, start), workers=after(s.workers, many, stop),
                edges=[start]), "RECOVERING", theory.shrinks(helped), magnitude=m, seconds=end,
                start=stop, early=FINE | {"RECOVERING", "SURGE", "SATURATED", "UNKNOWN"},
                pace=helped.able - helped.rate)

    def _plateau(self, m: float, surge: Load, start: float, stop: float) -> Case:
        """Return a surge whose backlog then stays for an hour: as much arrives as can be done."""
        s, flat = self.s, self.before.able
        return self._case("plateau", s.world(
            rate=lambda t: s.rate if t < start else surge.rate if t < stop else flat,
            edges=[start, stop]), frozenset({"SURGE", "SATURATED"}),
            theory.backlog_grows(self.before, surge), magnitude=m, start=start,
            seconds=stop + WINDOW,
            early=FINE | {"SURGE", "SATURATED", "RECOVERING", "UNKNOWN"})

    def _fine(self) -> Iterator[Case]:
        """Yield what is well."""
        s = self.s
        yield self._case("steady", s.world(), FINE, 0.0,
                         spoil=SPOILT)
        yield self._case("heavy tail", s.world(heavy=True), FINE, 0.0, past="heavy")
        start = 1800.0
        # A blip as large as the workers clear within a minute or two.
        extra = int(0.5 * 60 * (s.past().able - s.rate))
        if extra > 0:
            yield self._case("blip", s.world(batches=[(start, extra)]), FINE, 0.0)
        if s.load < 0.4:
            yield self._case("busy but fine", s.world(rate=constant(s.rate * 0.8 / s.load)), FINE,
                             0.0, past="busy")
        noisy = Setting(s.rate * 0.9 / s.load, s.workers, 0.9, s.step)
        yield self._case("ρ = 0.9", noisy.world(), FINE | {"CREEP"}, 0.0, past="full")
        quiet = 0.2 / 3600
        yield self._case("very quiet", s.world(rate=constant(quiet)), FINE, 0.0, past="quiet")
        size = max(1, int(150 * s.rate))
        for swing in (1.0, self.rng.choice((1.6, 2.5))):
            yield from self._sawtooth(size, swing)

    def _sawtooth(self, size: int, swing: float) -> Iterator[Case]:
        """Yield batches every five minutes: as usual, or so large that the floor rises."""
        s = self.s
        start, seconds = (0.0, WINDOW) if swing == 1 else (1800.0, WINDOW + 1200)
        half = s.world(rate=constant(s.rate / 2), batches=[
            (300.0 * i, int(size * (swing if 300 * i >= start else 1)))
            for i in range(1, int(seconds / 300) + 1)])
        load = s.load / 2 + (size / 300) * s.service / s.workers * swing
        if swing == 1:
            yield self._case("batch sawtooth", half, FINE, 0.0, past="batches")
            return
        floor = (load - 1) * s.past().able
        level = 3 * size  # three usual batches waiting is no chance when one always clears
        when = inf if floor <= 0 else level / floor + 600
        if load > 1.0 or load < 0.9:
            yield self._case("sawtooth, rising floor", half, "SURGE" if load > 1 else FINE, when
                             if load > 1 else 0.0, magnitude=swing, start=start, seconds=seconds,
                             early=FINE | {"SURGE", "CREEP", "UNKNOWN", "RECOVERING"},
                             past="batches")

    def _work(self) -> Iterator[Case]:
        """Yield workers that hang or go, and work that fails."""
        s, before, start = self.s, self.before, self._start()
        at = {"start": start}
        stall = theory.nothing_ends(before)
        early = FINE | {"STALLED", "WORKERS_LOST", "SLOW", "UNKNOWN"}
        yield self._case("stalled", s.world(hung=after(0, s.workers, start)), "STALLED", stall,
                         early=early, spoil=("", "missing", "three"), **at)
        if s.workers > 1:
            half = s.workers // 2
            yield self._case("some hang", s.world(hung=after(0, half, start)), "WORKERS_LOST",
                             theory.one_hangs(before, half), early=early, **at)
            yield self._case("workers gone", s.world(workers=after(s.workers, 1, start)),
                             "WORKERS_LOST", 0.0, early=early, **at)
        yield self._case("failing fast", s.world(
            fails=after(0, 0.9, start), service=after(s.service, s.service / 5, start)), "ERRORS",
            theory.failures(s.rate, 0.9), early=FINE | {"ERRORS"}, **at)
        again = 0.6
        more = Load(s.rate / (1 - again), s.service, s.workers)
        yield self._case("retries", s.world(fails=after(0, again, start), retried=True), "RETRIES",
            max((theory.failures(s.rate, again), theory.beyond(
                more.rate - s.rate, more.rate, 0, theory.RARE + theory.NEARLY_ALL))),
            early=FINE | {"ERRORS", "RETRIES", "SURGE", "CREEP", "UNKNOWN"}, **at)
        quiet = s.world(rate=after(s.rate, 0.0, start), edges=[start])
        yield self._case("starved", quiet, "STARVED", theory.silence(before),
                         early=FINE | {"STARVED"}, **at)
        hang = start - theory.first_held(before)
        yield self._case("hung without arrivals", s.world(
            rate=after(s.rate, 0.0, start), hung=after(0, s.workers, hang), edges=[start]),
            frozenset({"STALLED"}), stall, early=early | {"STARVED"}, **at)

    def _telemetry(self) -> Iterator[Case]:
        """Yield numbers that do not arrive, are copies, or cannot be seen."""
        s = self.s
        start = WINDOW - 1200.0
        yield self._case("silent", s.world(), "TELEMETRY_LOST", 0.0, spoil=("silent",))
        yield self._case("down", s.world(), "DOWN", 0.0, spoil=("down",))
        yield self._case("clock behind, not known", s.world(), frozenset(
            {"TELEMETRY_LOST", "UNKNOWN"}), 0.0, spoil=("behind",))
        surge = Load(s.rate * 10, s.service, s.workers)
        if surge.rho > 1.1 and theory.backlog_grows(self.before, surge) < 600:
            yield self._case("frozen", s.world(rate=after(s.rate, s.rate * 10, start),
                             edges=[start]), "TELEMETRY_LOST", 0.0, spoil=("frozen",))
        yield self._case("blocking mode", s.world(), "UNKNOWN", 0.0, spoil=("blocking",))
        slow = Load(s.rate, s.service * 8, 1)
        if slow.rho > 1.1:
            yield self._case("blocking mode, slow", s.world(
                workers=constant(1), service=after(s.service, s.service * 8, start)), "SLOW",
                300 + 100 / slow.able, spoil=("blind",), start=start, early=frozenset(
                    {"UNKNOWN", "SLOW", "STALLED"}))
        if surge.rho > 1.5:
            yield self._case("no baseline, trouble all along", s.world(rate=constant(surge.rate)),
                             frozenset({"UNKNOWN", "SATURATED"}), theory.backlog_grows(
                                 self.before, surge), spoil=("no baseline",),
                             early=FINE | {"UNKNOWN", "SATURATED"})

    def _life(self) -> Iterator[Case]:
        """Yield restarts, with what was lost and what comes again."""
        s = self.s
        start = WINDOW - 400.0
        yield self._case("restart with loss", s.world(restart=(start - AWAY, AWAY)), "RESTART",
                         0.0, spoil=("restart",), start=start)
        missed = s.rate * 1800
        room = s.past().able - s.rate
        # The catch-up is seen when it lasts longer than three samples and is no chance.
        if missed > 3 * theory.chance_level(self.before) + room * 9 * s.step:
            end = WINDOW - 400 + 8 * s.step
            yield self._case("replay", s.world(restart=(end - 8 * s.step - 1800, 1800.0),
                             replay=True), frozenset({"REPLAY", "RECOVERING"}), 3 * s.step,
                             seconds=end, spoil=("restart",), start=end - 8 * s.step,
                             early=FINE | {"REPLAY", "RECOVERING", "UNKNOWN"})
        begin, m = self._start(), 8.0
        flood = Load(s.rate * m, s.service, s.workers)
        if flood.rho > 1.1:
            yield self._case("relay lets go", s.world(
                rate=after(s.rate, flood.rate, begin), delay=after(0.1, 1500.0, begin),
                edges=[begin]), "REPLAY", max((
                    theory.backlog_grows(self.before, flood),
                    theory.arrivals_differ(self.before, flood))), start=begin,
                early=FINE | {"REPLAY", "CREEP", "UNKNOWN"})


#: Where a wait of nine service times begins to double with each small step (ρ/(1 - ρ)).
NEAR = 0.85


def _variation(dear: float, ratio: float) -> float:
    """Return the coefficient of variation of two exponentials, one ``ratio`` times as dear."""
    mean = 1 - dear + dear * ratio
    return (2 * (1 - dear + dear * ratio ** 2) / mean ** 2 - 1) ** 0.5


def _fits(before: Load, now: Load) -> bool:
    """Return whether the raised load stays below what the undisturbed never shows.

    ρ^n of the raised load, at the undisturbed one's limit of 1 in 10^6, over an hour of it.
    """
    if now.rho >= 1:
        return False
    tail = (1 + now.variation ** 2) / 2
    room = theory.chance_level(before) - before.workers
    return room * -log(now.rho) / tail > log(1e3)

