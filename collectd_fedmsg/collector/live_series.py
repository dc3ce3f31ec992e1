"""Judge consumers inside collectd, from the values that collectd dispatches.

Keeps a quarter of an hour of each consumer and nothing of others. What was usual before a
trouble is kept while it lasts: in a quarter of an hour the trouble itself would become the
usual. Refuses names without bound.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Optional

from ..alerts.conditions import SPEECHLESS
from ..alerts.records import Subject
from ..diagnosis import Diagnosis, History, Restart
from ..diagnosis.baseline import Baseline
from ..diagnosis.build_history import from_series
from ..diagnosis.history import COLUMNS, PERSIST
from ..diagnosis.hours import HOUR, hour_of
from ..diagnosis.judgement import Judged, Judgement, judge, judgement
from ..metrics import BY_NAME, PLUGIN, Identity, Kind, parse_instance
from ..names import unescape

NEEDED = ("received", "processed", "backlog")
#: What is judged inside collectd: a history's columns but the percentiles of the service time.
METRICS = tuple(name for name in COLUMNS if not name.startswith("service_"))
#: Steps kept: a quarter of an hour at 10 s.
STEPS = 90
#: Consumers beyond these are not followed, nor hosts: names may come from anyone.
MAX_CONSUMERS = 5000
#: Steps before a trouble was seen that may be part of it already: five minutes at 10 s.
ONSET_STEPS = 30
#: Seconds after which a trouble that lasts is what is usual.
MAX_TROUBLE = 86400.0
#: Heartbeats of one host that are compared, and how many early ones mean two senders.
BEATS, EARLY_BEATS = 9, 4
#: Our collectd plugin's own name, and the value that it reports at every read.
SELF = "collectd_fedmsg"
Points = list[Optional[float]]


@dataclass
class _Series:
    """One consumer: by step's number, then by metric."""

    step: float
    samples: dict[int, dict[str, float]] = field(default_factory=dict)


@dataclass
class _Trouble:
    """What was usual before a trouble that lasts since then (epoch seconds)."""

    since: float
    before: Baseline


class Live:
    """The newest values of a fleet."""

    def __init__(self) -> None:
        self._series: dict[Subject, _Series] = {}
        self._troubles: dict[Subject, _Trouble] = {}
        #: Times of our plugin's last reports, by host, and the seconds between two.
        self._reports: dict[str, tuple[deque[float], float]] = {}
        self._identities: dict[tuple[str, str], Identity | None] = {}
        #: When our plugin last spoke for itself, by host, epoch seconds.
        self.beats: dict[str, float] = {}

    def take(
        self,
        host: str,
        plugin: tuple[str, str],
        kind: tuple[str, str],
        *,
        at: float,
        interval: float,
        value: float,
    ) -> None:
        """Remember one value; values that are not ours are ignored.

        Args:
            host: collectd's.
            plugin, kind: (plugin, plugin instance) and (type, type instance).
            at, interval: epoch seconds, seconds.
            value: a total as it stands, or a gauge.
        """
        if plugin[0] == SELF:
            if host in self.beats or len(self.beats) < MAX_CONSUMERS:
                self.beats[host] = max(at, self.beats.get(host, 0.0))
                if kind[1] == "daemons_seen":
                    self._reports.setdefault(host, (deque(maxlen=BEATS), interval))[0].append(at)
            return
        if plugin[0] != PLUGIN or interval <= 0:
            return
        if kind not in self._identities:
            if len(self._identities) > 100 * MAX_CONSUMERS:
                self._identities.clear()
            self._identities[kind] = parse_instance(*kind)
        identity = self._identities[kind]
        if identity is None or identity.topic is not None or identity.metric not in METRICS:
            return
        subject = Subject(host, unescape(plugin[1]), identity.consumer)
        series = self._series.get(subject)
        if series is None or series.step != interval:
            if series is None and len(self._series) >= MAX_CONSUMERS:
                return
            series = self._series[subject] = _Series(interval)
        number = round(at / interval)
        series.samples.setdefault(number, {})[identity.metric] = value
        if len(series.samples) > STEPS + 1:
            del series.samples[min(series.samples)]

    def judgement(self, now: float) -> Judgement:
        """Return what is said of every consumer at ``now`` (epoch seconds), without a baseline."""
        daemons = []
        for subject, series in self._series.items():
            past = _history(series, subject.consumer)
            daemons.append(
                Judged(
                    subject.id,
                    subject.host,
                    subject.service,
                    subject.consumer,
                    self._judge(subject, past, now),
                    past,
                    _last(series),
                )
            )
        return judgement(now, daemons)

    def doubled(self) -> list[str]:
        """Return the hosts as which two collectds send: their totals alternate in one series."""
        return [
            host
            for host, (times, interval) in self._reports.items()
            if sum(
                abs(later - earlier) < interval / 2
                for earlier, later in zip(times, list(times)[1:])
            )
            >= EARLY_BEATS
        ]

    def _judge(self, subject: Subject, past: History | None, now: float) -> Diagnosis:
        """Judge; during a trouble by what was usual before it."""
        trouble = self._troubles.get(subject)
        if trouble is not None and not 0 <= now - trouble.since <= MAX_TROUBLE:
            del self._troubles[subject]
            trouble = None
        diagnosis = judge(past, now, trouble.before if trouble else None)
        verdict = diagnosis.findings[0].verdict
        if verdict in SPEECHLESS:
            return diagnosis
        if verdict.severity < 2:
            self._troubles.pop(subject, None)
        elif trouble is None and past is not None:
            before = _before(past)
            if before is not None:
                self._troubles[subject] = _Trouble(now, before)
        return diagnosis


def _before(past: History) -> Baseline | None:
    """Return what was usual before a trouble that begins now; None when too little is known."""
    hour = hour_of(past, 0, len(past) - ONSET_STEPS) if len(past) >= 2 * ONSET_STEPS else None
    if hour is None:
        return None
    # Any hour but the present one: a baseline looks at those that are over.
    return Baseline((replace(hour, start=past.end - 2 * HOUR),))


def _last(series: _Series) -> float | None:
    known = [n for n, sample in series.samples.items() if "backlog" in sample]
    return max(known) * series.step if known else None


def _history(series: _Series, name: str) -> History | None:
    """Return the steps up to the newest complete sample; None without one.

    Where only the backlog is known, as of a queue whose broker counts nothing, up to the newest
    of it.
    """
    samples, step = series.samples, series.step
    last = max((n for n, sample in samples.items() if "backlog" in sample), default=None)
    if last is None:
        return None
    whole = [n for n, sample in samples.items() if all(metric in sample for metric in NEEDED)]
    if whole and last - max(whole) <= PERSIST:
        last = max(whole)
    numbers = range(max(min(samples), last - STEPS) + 1, last + 1)
    if not numbers:
        return None
    restarts = tuple(_restarts(samples, numbers, step))

    def column(metric: str) -> Points:
        if BY_NAME[metric].kind is Kind.DERIVE:
            return _rates(samples, metric, numbers, step)
        return [samples.get(n, {}).get(metric) for n in numbers]

    return from_series(
        step,
        last * step,
        {metric: column(metric) for metric in METRICS},
        name=name,
        restarts=restarts,
    )


def _rates(
    samples: Mapping[int, Mapping[str, float]], metric: str, numbers: range, step: float
) -> Points:
    """Return units per second; a total that shrank, or was not known, is unknown and not 0."""
    points: Points = []
    for n in numbers:
        now, before = samples.get(n, {}).get(metric), samples.get(n - 1, {}).get(metric)
        points.append(
            None if now is None or before is None or now < before else (now - before) / step
        )
    return points


def _restarts(
    samples: Mapping[int, Mapping[str, float]], numbers: range, step: float
) -> Iterator[Restart]:
    """Yield each time that the totals restarted, with the backlog of the sample before."""
    before: Mapping[str, float] = samples.get(numbers.start - 1, {})
    for n in numbers:
        sample = samples.get(n, {})
        if "received" not in sample:
            continue
        if sample["received"] < before.get("received", 0.0):
            # A broker keeps what is persistent: what it lost is not known.
            kept = "redelivered" in before
            yield Restart((n - 1) * step, None if kept else before.get("backlog"))
        before = sample
