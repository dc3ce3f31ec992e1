"""Turn two samples into rates; no clock, socket or thread."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import CounterReset
from .protocol.sample import Sample

MICROSECONDS = 1_000_000


@dataclass(frozen=True)
class Rates:
    """What happened between two samples of one consumer.

    ``service_time`` (seconds per message) is None when nothing ended, and
    ``utilisation`` (0 to 1, share of worker time spent handling) when there are no workers.
    ``unexplained`` is Δbacklog - (Δreceived - Δprocessed) in messages: anything but 0 means
    that the counting itself is suspect.
    """

    seconds: float
    arrival_rate: float
    completion_rate: float
    failure_rate: float
    service_time: float | None
    utilisation: float | None
    unexplained: int


def between(earlier: Sample, later: Sample) -> Rates:
    """Return the rates between two samples: λ, μ in messages/s, S in s, ρ as a share.

    Args:
        earlier, later: one consumer of one daemon run.

    Raises:
        CounterReset: a total shrank, so the daemon restarted in between.
        ValueError: ``later`` is not after ``earlier``.

    Source: λ = Δreceived/Δt, μ = Δprocessed/Δt, S = Δbusy/Δprocessed,
    ρ = Δbusy/(workers·Δt); DERIVE in rrdcreate(1).
    """
    seconds = later.time - earlier.time
    if seconds <= 0:
        raise ValueError(f"{later.consumer}: {later.time} is not after {earlier.time}")
    grown = {
        name: getattr(later, name) - getattr(earlier, name)
        for name in ("received", "processed", "failed", "busy")
    }
    for name, delta in grown.items():
        if delta < 0:
            raise CounterReset(f"{later.consumer}: {name} shrank by {-delta}")
    busy = grown["busy"] / MICROSECONDS
    return Rates(
        seconds=seconds,
        arrival_rate=grown["received"] / seconds,
        completion_rate=grown["processed"] / seconds,
        failure_rate=grown["failed"] / seconds,
        service_time=busy / grown["processed"] if grown["processed"] else None,
        utilisation=busy / (later.workers * seconds) if later.workers else None,
        unexplained=later.backlog - earlier.backlog - grown["received"] + grown["processed"],
    )
