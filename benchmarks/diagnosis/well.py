"""Cases of daemons that are well, however busy, uneven or quiet."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from .cases import FINE, SPOILT, WINDOW, Case, Cases
from .settings import Setting
from .simulator import constant


class Well(Cases):
    """Cases of which nothing, or at most a creep, is to be said."""

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
