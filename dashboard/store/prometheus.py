"""The store behind Prometheus' HTTP API, as collectd's write_prometheus names things.

Works with whatever speaks PromQL (Prometheus, VictoriaMetrics, Thanos, Mimir). Reads only;
values of requests never become PromQL: selectors are made from labels the server listed.
Source: metric names from write_prometheus.c: ``collectd_<plugin>_<type>[_<ds>][_total]``, with
the labels ``<plugin>`` (plugin instance), ``type`` (type instance) and ``instance`` (host).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping

from collectd_fedmsg.errors import SeriesError, StoreError
from collectd_fedmsg.metrics import METRICS, PLUGIN, Kind, parse_instance
from collectd_fedmsg.names import unescape

from .base import Daemon, Ref, Selector
from .promql import Labels, Server, selector
from .series import MAX_NUMBER, Points, Series, checked, impossible_number

#: Families that hold our series, and collectd's type of each.
FAMILIES = {
    f"collectd_{PLUGIN}_derive_total": "derive",
    f"collectd_{PLUGIN}_queue_length": "queue_length",
    f"collectd_{PLUGIN}_duration_seconds": "duration",
    f"collectd_{PLUGIN}_count": "count",
    f"collectd_{PLUGIN}_gauge": "gauge",
}
LISTING_AGE = 15.0
#: Seconds back in which a daemon must have had a sample to be listed.
SEEN_WITHIN = 7 * 86400
#: Spans of at most this many seconds are asked for all daemons of a family at once.
MAX_SHARED_SPAN = 3600
#: Answers for all daemons that are kept, and the seconds that they are.
MAX_KEPT, KEPT_AGE = 64, 2.0
#: From this many intervals in a step on, the server's own rate() is exact enough.
COARSE = 6
#: Steps at the end of a span in which samples may not have come yet.
LATE_STEPS = 4
OVER_TIME = {"MAX": "max_over_time", "MIN": "min_over_time", "AVERAGE": "avg_over_time"}
MAX_CONSUMERS = 5000
_Key = tuple[str, str, str, int, int, int]


class PrometheusStore:
    """Read-only view of one server.

    Args:
        address: of the server, e.g. ``http://127.0.0.1:9090``.
        interval: seconds between two samples, which Prometheus does not store.
        token: what it asks for, shown as a bearer; empty: nothing.
    """

    def __init__(self, address: str, interval: int, token: str = "") -> None:
        self._server = Server(address, token)
        self._interval = interval
        self._lock = threading.Lock()
        self._listed = -LISTING_AGE
        self._daemons: dict[str, Daemon] = {}
        self._kept: dict[_Key, tuple[float, dict[Labels, Series]]] = {}

    def daemons(self) -> Mapping[str, Daemon]:
        """Return every daemon by id, sorted.

        Raises:
            StoreError: the server cannot answer.
        """
        now = time.monotonic()
        if now - self._listed >= LISTING_AGE:
            self._daemons, self._listed = self._list(), now
        return self._daemons

    def problems(self) -> list[str]:
        """Return an empty list: the server lists everything or fails."""
        return []

    def prepare(self, refs: Iterable[Ref]) -> None:
        """Do nothing: the server's newest values are always readable."""

    def fetch(self, ref: Ref, cf: str, start: int, end: int, resolution: int) -> Series:
        """Return one series of [start, end): a total as its rate per second.

        Raises:
            StoreError: the server cannot answer.
        """
        chosen = _selector(ref)
        step = max(self._interval, resolution // self._interval * self._interval)
        first, last = start // step * step, -(-end // step) * step
        ending = _ending(chosen)
        if end - start > MAX_SHARED_SPAN or ending is None:
            answers = self._ask(selector(chosen), chosen.total, cf, range(first, last, step))
            return next(iter(answers.values()), _unknown(first, last, step))
        key = (chosen.name, ending, cf, first, last, step)
        with self._lock:
            made, series = self._kept.get(key, (-KEPT_AGE, {}))
            if time.monotonic() - made >= KEPT_AGE:
                text = selector(Selector(chosen.name), f'type=~".+_{ending}"')
                series = self._ask(text, chosen.total, cf, range(first, last, step))
                while len(self._kept) >= MAX_KEPT:
                    del self._kept[next(iter(self._kept))]
                self._kept[key] = (time.monotonic(), series)
        return series.get(frozenset(chosen.labels), _unknown(first, last, step))

    def newest(self, ref: Ref) -> tuple[int, float] | None:
        """Return (epoch seconds, value) of the newest sample of the last five minutes.

        Raises:
            StoreError: the server cannot answer.
        """
        text = selector(_selector(ref))
        stamps = self._server.query(f"timestamp({text})")
        values = self._server.query(text)
        if not stamps or not values:
            return None
        moment, value = int(next(iter(stamps.values()))), next(iter(values.values()))
        if not abs(value) <= MAX_NUMBER * 1e6:  # a total, not a rate
            raise SeriesError(impossible_number(text, value, moment))
        return moment, value

    def heartbeat(self, ref: Ref) -> int | None:
        """Return None: a server has no heartbeat."""

    def other(self, identity: str) -> Ref | None:
        """Return the selector of ``host/plugin[-instance]/type[-instance]#source``.

        The listing is not asked: a series that is not there is drawn as unknown.
        """
        name, _, source = identity.partition("#")
        parts = name.split("/")
        if len(parts) != 3:
            return None
        plugin, _, plugin_instance = parts[1].partition("-")
        kind, _, type_instance = parts[2].partition("-")
        labels = [("instance", parts[0])]
        if plugin_instance:
            labels.append((plugin, plugin_instance))
        if type_instance:
            labels.append(("type" if plugin_instance else plugin, type_instance))
        base = "_".join(["collectd", *([plugin] if plugin != kind else []), kind])
        ending = f"_{source}" if source else "(_[a-z]+)?"
        return Selector(f"{base}{ending}(_total)?", tuple(labels), pattern=True)

    def _list(self) -> dict[str, Daemon]:
        daemons: dict[str, Daemon] = {}
        totals = {m.name for m in METRICS if m.kind is Kind.DERIVE}
        names = "|".join(FAMILIES)
        for series in self._server.series(f'{{__name__=~"{names}"}}', SEEN_WITHIN):
            labels = dict(series)
            name = labels.pop("__name__", "")
            identity = parse_instance(FAMILIES.get(name, ""), labels.get("type", ""))
            host = labels.get("exported_instance") or labels.get("instance")
            if identity is None or not host or PLUGIN not in labels:
                continue
            daemon = Daemon(unescape(host), unescape(labels[PLUGIN]), identity.consumer)
            if daemon.id not in daemons and len(daemons) >= MAX_CONSUMERS:
                continue
            daemon = daemons.setdefault(daemon.id, daemon)
            total = identity.topic is not None or identity.metric in totals
            ref = Selector(name, tuple(sorted(labels.items())), total)
            daemon.put(identity, ref)
        return dict(sorted(daemons.items()))

    def _ask(self, text: str, total: bool, cf: str, steps: range) -> dict[Labels, Series]:
        """Return every matching series on the steps that begin at each of ``steps``."""
        first, last, step = steps.start, steps.stop, steps.step
        # A range has both its ends (left-open since Prometheus 3): a millisecond less keeps the
        # sample before out. What no sample has reached stays unknown: nothing is repeated.
        coarse, begin = step >= COARSE * self._interval, first + step
        if not total:
            query = f"{OVER_TIME[cf]}({text}[{step * 1000 - 1}ms])"
        elif coarse:
            query = f"rate({text}[{step}s])"
        else:
            # The totals themselves: their differences sum up exactly.
            query, begin = f"last_over_time({text}[{self._interval * 1000 - 1}ms])", first
        ended = self._ended(text, steps) if coarse else None
        answers = {}
        for labels, samples in self._server.range(query, begin, last, step).items():
            points: Points = [samples.get(t) for t in range(begin, last + 1, step)]
            if begin == first:
                points = _differences(points, step)
            elif not total:
                points = _bridged(points)
            if ended is not None:
                known = max(0, (ended.get(labels, last - LATE_STEPS * step) - first) // step)
                points[known:] = [None] * (len(points) - known)
            answers[labels] = checked(Series(first, step, points), dict(labels).get("type", text))
        return answers

    def _ended(self, text: str, steps: range) -> dict[Labels, int] | None:
        """Return by labels the end of the newest coarse step that its samples have filled; None:
        all of them are past. A step has ended when a sample came in the interval before its end.
        """
        last, step = steps.stop, steps.step
        if last < time.time() - LATE_STEPS * step:
            return None
        begin = max(steps.start + step, last - (LATE_STEPS - 1) * step)
        query = f"count_over_time({text}[{self._interval * 1000 - 1}ms])"
        counts = self._server.range(query, begin, last, step)
        return {
            labels: max(at for at, count in samples.items() if count)
            for labels, samples in counts.items()
        }


def _differences(totals: Points, step: int) -> Points:
    """Return rates per second; unknown where a total is, or where it shrank (a restart).

    Over one missed scrape the difference is spread, as RRD does within its heartbeat.
    """
    rates: Points = [None] * (len(totals) - 1)
    for index in range(1, len(totals)):
        back = 1 if totals[index - 1] is not None else min(2, index)
        before, total = totals[index - back], totals[index]
        if before is not None and total is not None and total >= before:
            rates[index - back : index] = [(total - before) / (back * step)] * back
    return rates


def _bridged(points: Points) -> Points:
    """Return a gauge in which the value before stands for one missed scrape, none at the end."""
    filled = list(points)
    for index in range(1, len(points) - 1):
        if points[index] is None and points[index + 1] is not None:
            filled[index] = points[index - 1]
    return filled


def _unknown(first: int, last: int, step: int) -> Series:
    return Series(first, step, [None] * ((last - first) // step))


def _ending(chosen: Selector) -> str | None:
    """Return the metric that a selector's type instance ends with; None for topics and others."""
    instance = dict(chosen.labels).get("type", "")
    identity = None if chosen.pattern else parse_instance(FAMILIES.get(chosen.name, ""), instance)
    return identity.metric if identity is not None and identity.topic is None else None


def _selector(ref: Ref) -> Selector:
    if isinstance(ref, Selector):
        return ref
    raise StoreError(f"not a series of this store: {ref}")
