"""Cases of workers, telemetry and runs that fail, at the usual load."""

from __future__ import annotations

from collections.abc import Iterator

from . import decidable as theory
from .cases import FINE, WINDOW, Case, Cases, after
from .decidable import Load
from .simulator import constant

#: An outage of minutes, as an update or a crash loop's back-off takes.
AWAY = 120.0


class Faulty(Cases):
    """Cases of one daemon with something broken."""

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
