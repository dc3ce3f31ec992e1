"""The records of what acts now and what it is compared with; computes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from .split import Split
from .verdict import Verdict


@dataclass(frozen=True)
class Reference:
    """Arrivals and times with which the daemon kept up."""

    #: Messages/s.
    arrivals: float
    #: Worker-seconds per message; None where they are not known.
    service: float | None
    #: Messages/s that the workers can end.
    capacity: float
    #: How long that was watched, s.
    seconds: float


@dataclass(frozen=True)
class Cause:
    """What acts now: SURGE, SLOW or BOTH, by how much, compared with what, and since when."""

    verdict: Verdict
    #: Growth of the part that acts, in messages.
    split: Split
    #: Arrivals and service time as multiples of the reference; ``service`` None: as before.
    arrivals: float
    service: float | None
    reference: Reference
    #: Index of the point since which it acts.
    start: int
