"""Cases of a load that rose: more arrivals, slower handling, both, and what comes after."""

from __future__ import annotations

from collections.abc import Iterator

from . import decidable as theory
from .cases import FINE, SPOILT, WINDOW, Case, Cases, after
from .decidable import Load
from .settings import DEAR, MEAN, RATIO, topics


class Growing(Cases):
    """Cases whose load is ``m`` times the usual."""

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


def _variation(dear: float, ratio: float) -> float:
    """Return the coefficient of variation of two exponentials, one ``ratio`` times as dear."""
    mean = 1 - dear + dear * ratio
    return (2 * (1 - dear + dear * ratio ** 2) / mean ** 2 - 1) ** 0.5
