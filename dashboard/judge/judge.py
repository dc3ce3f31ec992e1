"""Judge every daemon of a store at one moment, present or past. Page, commands and alerts
share it, so the same store and moment give the same words.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from collectd_fedmsg.diagnosis import History
from collectd_fedmsg.diagnosis.fleet.groups import Dependency
from collectd_fedmsg.diagnosis.judgement import Judged, Judgement, judge, judgement
from collectd_fedmsg.errors import HealthError, SeriesError

from ..store.base import Daemon, Selector, Store
from ..store.series import Window
from .baselines import Baselines
from .inside import Inside
from .look_back import METRICS, Topics, columns, span, topics, upto
from .presence import Presence, Presences
from .stored_history import history
from .unknown import TOLERANCE, Columns, Seen, known, mistake, troubles, unknown, wrong_with_newest


class Judge:
    """Judges the daemons of one store.

    Args:
        store: read, never written.
        baselines: of the same store.
        shared: what daemons are declared to share.
        inside: what daemons say of themselves; None: nobody is asked.
    """

    def __init__(
        self,
        store: Store,
        baselines: Baselines | None = None,
        shared: Sequence[Dependency] = (),
        inside: Inside | None = None,
    ) -> None:
        self._store = store
        self.baselines = baselines or Baselines(store)
        self._shared = tuple(shared)
        self._inside = inside
        self._presences = Presences(store)

    def everyone(self, now: float) -> tuple[list[Seen], Judgement]:
        """Return all daemons and the fleet's judgement at ``now`` (epoch seconds).

        Daemons that did not exist yet are left out; retired ones are marked, and judged with
        nobody.

        Raises:
            StoreError: the store cannot answer.
        """
        daemons = list(self._store.daemons().values())
        # In one go: asking rrdcached file by file takes longer than reading them.
        self._store.prepare(
            [
                daemon.files[metric]
                for daemon in daemons
                for metric in METRICS
                if metric in daemon.files
            ]
        )
        self.baselines.begin()
        self._presences.begin()
        names = {daemon.id for daemon in daemons}
        self.baselines.keep_only(names)
        self._presences.keep_only(names)
        present = [self._present(self.look_now(daemon, now), now) for daemon in daemons]
        views = self.existing(present, now)
        if self._inside is not None:
            views = [replace(view, judged=self._inside.explain(view.judged, now)) for view in views]
        return views, self.together(now, views)

    def existing(self, views: Iterable[Seen], now: float) -> list[Seen]:
        """Return those that exist at ``now``, the retired ones marked.

        Raises:
            StoreError: the store cannot answer.
        """
        existing = []
        for each in views:
            if each.judged.last is not None or each.problems:
                existing.append(each)
                continue
            presence = self._presences.of(each.daemon, now)
            if presence is not Presence.ABSENT:
                existing.append(replace(each, retired=presence is Presence.RETIRED))
        return existing

    def topics_heard(self, daemon: Daemon, now: float) -> list[str]:
        """Return the topics of which something came in the last week, sorted.

        Raises:
            StoreError: the store cannot answer.
        """
        return self._presences.topics(daemon, now)

    def problems(self) -> list[str]:
        """Return what the store could not list, a sentence each."""
        return list(self._store.problems())

    def unread(self, now: float) -> list[Seen]:
        """Return all daemons before anything is read of them: each is unknown.

        Raises:
            StoreError: the store cannot be listed.
        """
        return self.all_unknown(
            now, ("its samples are being read: not judged yet",), self._store.daemons().values()
        )

    @staticmethod
    def all_unknown(now: float, reasons: Sequence[str], daemons: Iterable[Daemon]) -> list[Seen]:
        """Return of all daemons that nothing is known, and why."""
        none: Columns = dict.fromkeys(METRICS)
        return [unknown(daemon, now, reasons, none, problem=False) for daemon in daemons]

    def _present(self, view: Seen, now: float) -> Seen:
        """Return what is judged of the present, which a clock set back, and files that keep
        nothing, have made unknown.

        Of a past moment that is asked for, later samples are no wonder.
        """
        if view.problems or now < time.time() - TOLERANCE:
            return view
        try:
            reason = wrong_with_newest(self._store, view.daemon, now, empty=not known(view.columns))
        except SeriesError as error:
            reason = str(error)
        return unknown(view.daemon, now, (reason,), view.columns) if reason else view

    def last_heard(self, daemon: Daemon) -> tuple[float, float] | None:
        """Return (epoch seconds, messages) of a daemon's newest backlog, however old it is.

        None of a store that is asked by name, which forgets what is old, and of a series that
        cannot be read.

        Raises:
            StoreError: the store cannot answer.
        """
        ref = daemon.files.get("backlog")
        if ref is None or isinstance(ref, Selector):
            return None
        try:
            return self._store.newest(ref)
        except SeriesError:
            return None

    def together(self, now: float, views: Iterable[Seen]) -> Judgement:
        """Return the fleet's judgement from its daemons', the retired ones left out."""
        judged = [each.judged for each in views if not each.retired]
        try:
            return judgement(now, judged, self._shared)
        except Exception as error:
            # Each is judged already: what they have in common is less than that.
            mistake("the fleet", error)
            return Judgement(now, tuple(judged), ())

    def look_now(self, daemon: Daemon, now: float) -> Seen:
        """Return one daemon's judgement at ``now``, without its siblings'.

        Raises:
            StoreError: the store cannot answer.
        """
        window = self.span(daemon, now)
        return self.look(
            daemon, self.columns(daemon, window), lambda: self.topics(daemon, window), now
        )

    def span(self, daemon: Daemon, now: float) -> Window:
        """Return what to look at: an hour, or more where only coarse steps are kept of it."""
        return span(self._store, daemon, now)

    def columns(self, daemon: Daemon, window: Window) -> Columns:
        """Return the series of a span that a verdict rests on, at their finest."""
        return columns(self._store, daemon, window)

    def topics(self, daemon: Daemon, window: Window) -> Topics:
        """Return what is known by topic."""
        return topics(self._store, daemon, window)

    def look(
        self, daemon: Daemon, columns: Columns, topics: Callable[[], Topics], now: float
    ) -> Seen:
        """Return the judgement of these series as they stood at ``now``.

        Args:
            daemon, columns: whose; what is later than ``now`` is not looked at.
            topics: asked only where there is somebody to blame: sixty more series.
            now: epoch seconds.
        """
        reasons = troubles(columns)
        if reasons:
            return unknown(daemon, now, reasons, columns)
        try:
            return self._judged(daemon, columns, topics, now)
        except HealthError:
            raise
        except Exception as error:
            return unknown(daemon, now, (mistake(daemon.id, error),), columns)

    def _judged(
        self, daemon: Daemon, columns: Columns, topics: Callable[[], Topics], now: float
    ) -> Seen:
        columns = {metric: upto(series, now) for metric, series in columns.items()}
        past = history(columns, daemon.consumer)
        diagnosis = judge(past, now, self.baselines.of(daemon, now) if past else None)
        if past is not None and daemon.by_topic and diagnosis.severity >= 2:
            by = {
                metric: {
                    topic: past_part
                    for topic, series in found_by.items()
                    if (past_part := upto(series, now)) is not None
                }
                for metric, found_by in topics().items()
            }
            past = history(columns, daemon.consumer, by)
            diagnosis = judge(past, now, self.baselines.of(daemon, now, topics=True))
        return Seen(
            daemon,
            columns,
            Judged(
                daemon.id,
                daemon.host,
                daemon.service,
                daemon.consumer,
                diagnosis,
                past,
                _last(columns, past),
            ),
        )


def _last(columns: Columns, past: History | None) -> float | None:
    if past is not None:
        return past.end
    backlog = columns["backlog"]
    last = backlog.last() if backlog is not None else None
    return float(last[0]) if last else None
