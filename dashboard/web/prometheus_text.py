"""Every daemon's newest samples for Prometheus, text format 0.0.4; totals stay totals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from collectd_fedmsg.errors import SeriesError
from collectd_fedmsg.metrics import METRICS, Kind

from ..judge.fleet_rows import MISSED_ROUNDS
from ..store.base import Daemon, Ref, Store

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
PREFIX = "fedmsg"
LABELS = ("host", "service", "consumer")
#: collectd's ``busy`` is in µs; Prometheus wants base units.
BASE = {
    "messages": ("messages", 1.0),
    "microseconds": ("seconds", 1e-6),
    "seconds": ("seconds", 1.0),
    "threads": ("threads", 1.0),
}


def family(name: str, unit: str, kind: Kind) -> str:
    """Return Prometheus' name of a metric, e.g. ``fedmsg_received_messages_total``."""
    return f"{PREFIX}_{name}_{BASE[unit][0]}" + ("_total" if kind is Kind.DERIVE else "")


def exposition(
    store: Store,
    daemons: Mapping[str, Daemon],
    rows: Iterable[Mapping[str, Any]],
    now: float,
    interval: int,
) -> bytes:
    """Return the text: each known, fresh value; what is stale is left out, never repeated.

    Raises:
        StoreError: the store cannot answer.
    """
    store.prepare([ref for daemon in daemons.values() for ref in daemon.files.values()])
    registry = CollectorRegistry(auto_describe=False)
    registry.register(
        _Families(
            [*_samples(store, daemons, now - MISSED_ROUNDS * interval), *_judged(daemons, rows)]
        )
    )
    return bytes(generate_latest(registry))


class _Families:
    """A collector of families made beforehand, so that errors arise in our code."""

    def __init__(self, families: list[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        """Return them."""
        return iter(self._families)


def _samples(store: Store, daemons: Mapping[str, Daemon], oldest: float) -> Iterator[Metric]:
    for metric in METRICS:
        kind = CounterMetricFamily if metric.kind is Kind.DERIVE else GaugeMetricFamily
        made = kind(family(metric.name, metric.unit, metric.kind), f"{metric.help}.", labels=LABELS)
        for daemon in daemons.values():
            last = _newest(store, daemon.files.get(metric.name))
            if last is not None and last[0] >= oldest:
                made.add_metric(_labels(daemon), last[1] * BASE[metric.unit][1])
        yield made


def _judged(daemons: Mapping[str, Daemon], rows: Iterable[Mapping[str, Any]]) -> Iterator[Metric]:
    severity = GaugeMetricFamily(
        f"{PREFIX}_severity",
        "Severity of the verdict: 0 (well) to 3 (look now).",
        labels=(*LABELS, "verdict"),
    )
    unreadable = GaugeMetricFamily(
        f"{PREFIX}_unreadable",
        "1 for each file or number that keeps a daemon from being judged.",
        labels=(*LABELS, "reason"),
    )
    for row in rows:
        daemon = daemons.get(row["id"])
        if daemon is not None:
            severity.add_metric([*_labels(daemon), row["state"]], row["severity"])
            for reason in row["problems"]:
                unreadable.add_metric([*_labels(daemon), reason], 1)
    yield from (severity, unreadable)


def _newest(store: Store, ref: Ref | None) -> tuple[int, float] | None:
    """Return a series' newest sample; None when unreadable: the daemon's row reports it."""
    try:
        return store.newest(ref) if ref is not None else None
    except SeriesError:
        return None


def _labels(daemon: Daemon) -> list[str]:
    return [getattr(daemon, name) for name in LABELS]
