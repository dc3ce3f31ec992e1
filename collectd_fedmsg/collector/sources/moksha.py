"""Unmodified hubs, read from their ``moksha.monitoring.socket``.

The hub publishes every 5 s what it counted since the last time and forgets it, whoever
listens. We add these up into totals. Known losses: what is published while we do not listen
(collectd is down); replayed messages; ``processed`` is counted when a message is picked up,
so work that hangs looks done, and the true number in progress cannot be known.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import zmq

from .base import PartialSample, SampleOrigin, SourceRound, whole

#: A hub with 50 consumers sends 1,024 times of each: about 1 MB.
MAX_FRAME = 4 * 2**20
#: Polls that are kept while nobody reads; at 5 s each, twenty minutes.
MAX_KEPT_POLLS = 256
#: Rounds without a message until a hub counts as silent: three of its polls.
SILENT_SECONDS = 15.0
#: Consumers of one hub beyond this are not read: each is a dozen files.
MAX_CONSUMERS = 200


@dataclass
class Totals:
    """One consumer's sums since we began to listen."""

    received: int = 0
    processed: int = 0
    failed: int = 0
    backlog: int | None = None
    longest: float | None = None


@dataclass
class Hub:
    """One subscription."""

    service: str
    socket: Any
    heard: float
    totals: dict[str, Totals] = field(default_factory=dict)


class MokshaSource:
    """Subscribe to hubs' monitoring sockets; ``endpoints``: zmq address → service.

    Args:
        interval: seconds between rounds, for the stored series.
    """

    def __init__(self, endpoints: Mapping[str, str], interval: float, now: float) -> None:
        self._interval = interval
        self._context = zmq.Context(io_threads=1)
        self._hubs = {
            endpoint: Hub(service, self._subscribe(endpoint), now)
            for endpoint, service in endpoints.items()
        }

    def collect(self, timeout: float, now: float) -> SourceRound:
        """Return the totals of each hub that was heard; never waits, so ``timeout`` is unused."""
        harvested = SourceRound()
        for endpoint, hub in self._hubs.items():
            heard = self._drain(endpoint, hub, harvested)
            if heard:
                hub.heard = now
                origin = SampleOrigin(hub.service, self._interval)
                harvested.fresh.append((endpoint, origin, samples(hub.totals, now)))
            elif now - hub.heard > SILENT_SECONDS:
                harvested.silent.append(endpoint)
        return harvested

    def close(self) -> None:
        """Close the subscriptions."""
        self._context.destroy(linger=0)

    def _drain(self, endpoint: str, hub: Hub, harvested: SourceRound) -> int:
        heard = 0
        for _ in range(MAX_KEPT_POLLS):
            try:
                frame = hub.socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                break
            harvested.octets += len(frame)
            try:
                add(hub.totals, frame)
                heard += 1
            except (
                ValueError,
                TypeError,
                KeyError,
                AttributeError,
                ArithmeticError,
                RecursionError,
            ) as error:
                harvested.errors[endpoint] = f"not a report of moksha: {error!r:.100}"
        return heard

    def _subscribe(self, endpoint: str) -> Any:
        socket = self._context.socket(zmq.SUB)
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME)
        socket.setsockopt(zmq.RCVHWM, MAX_KEPT_POLLS)
        socket.subscribe(b"")
        socket.connect(endpoint)
        return socket


def add(totals: dict[str, Totals], frame: bytes) -> None:
    """Add one report's figures; all of it or nothing.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: it is not what moksha sends.
    """
    read = []
    for row in json.loads(frame)["consumers"][:MAX_CONSUMERS]:
        if not row["initialized"]:
            continue
        name, backlog, times = row["name"], row["backlog"], row["times"]
        if not isinstance(name, str) or not name:
            raise ValueError(f"{name!r:.40} is not a name")
        figures = [whole(row[key]) for key in ("headcount_in", "headcount_out", "exceptions")]
        longest = max((float(time) for time in times), default=None)
        if longest is not None and not (math.isfinite(longest) and longest >= 0):
            raise ValueError(f"{longest} is not a time")
        read.append((name, figures, None if backlog is None else whole(backlog), longest))
    for name, (received, processed, failed), backlog, longest in read:
        if name not in totals and len(totals) >= MAX_CONSUMERS:
            continue
        total = totals.setdefault(name, Totals())
        total.received += received
        total.processed += processed
        total.failed += failed
        total.backlog, total.longest = backlog, longest


def samples(totals: Mapping[str, Totals], now: float) -> list[PartialSample]:
    """Return the totals at ``now`` (s) as samples; ``service_max`` is of the last poll."""
    return [
        PartialSample(name, now, received=total.received, processed=total.processed,
                      failed=total.failed, backlog=total.backlog, service_max=total.longest)
        for name, total in totals.items()
    ]  # fmt: skip
