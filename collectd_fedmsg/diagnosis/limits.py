"""How much backlog is no chance; looks at no series."""

from __future__ import annotations

from math import log

from .stats import SURE
from .usual import Usual


def backlog_limit(usual: Usual | None, workers: float | None) -> tuple[float, float]:
    """Return (more than this is no chance, usual level), in messages.

    A busy queue's backlog has an exponential tail (Kingman 1962; M/M/N: ρ^n), so the
    level of 1 in 10^6 lies ln(10^6)/ln(100) = 3 times as high as that of 1 in 100, which
    the baseline measured. Where it was always empty, ρ^n itself gives the level. A message
    in each worker's hands is no queue.
    """
    threads = (usual.workers if usual and usual.workers else None) or workers or 1.0
    load = 0.5  # nothing known: between idle and full
    measured = 0.0
    if usual is not None:
        measured = usual.backlog
        if usual.service is not None:
            load = usual.received * usual.service / threads
    # Within 0.95 the measured tail takes over: ρ^n grows without bound towards 1.
    chance = SURE / -log(min(max(load, 0.01), 0.95))
    return max(3 * measured, threads + (chance if measured < chance else 0)), max(measured, threads)
