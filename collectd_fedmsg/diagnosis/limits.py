"""How much backlog is no chance; looks at no series."""

from __future__ import annotations

from math import isfinite, log, sqrt

from .baseline import Baseline
from .hours import HOUR
from .stats import SURE, WHICH
from .trend import wander
from .usual import Usual


def backlog_limit(usual: Usual | None, workers: float | None,
                  wanders: float = 0.0) -> tuple[float, float]:
    """Return (more than this is no chance, usual level), in messages.

    A busy queue's backlog has an exponential tail (Kingman 1962; M/M/N: ρ^n), so the
    level of 1 in 10^6 lies ln(10^6)/ln(100) = 3 times as high as that of 1 in 100, which
    the baseline measured. Where it was always empty, ρ^n itself gives the level, lengthened
    by how mixed the messages are. A message in each worker's hands is no queue. ``wanders``:
    see ``wandering``.
    """
    threads = (usual.workers if usual and usual.workers else None) or workers or 1.0
    load = 0.5  # nothing known: between idle and full
    measured = 0.0
    if usual is not None:
        measured = usual.backlog
        if usual.service is not None:
            # One hour in forty arrives 2 σ more than usual: its backlog is no incident yet.
            load = (1 + WHICH * wanders) * usual.received * usual.service / threads
    # Within 0.95 the measured tail takes over: ρ^n grows without bound towards 1.
    chance = (usual.tail if usual else 1.0) * SURE / -log(min(max(load, 0.01), 0.95))
    return max(3 * measured, threads + (chance if measured < chance else 0)), max(measured, threads)


def wandering(baseline: Baseline, usual: Usual, now: float) -> float:
    """Return how far an hour's arrivals wander beyond what counting explains; a share, 1 σ.

    0 where that is not known from three days: what is not known excuses nothing.
    """
    found = wander(baseline, now)
    if not isfinite(found) or not usual.received:
        return 0.0
    counted = usual.dispersion / (usual.received * HOUR)
    return sqrt(max(0.0, found * found - counted))
