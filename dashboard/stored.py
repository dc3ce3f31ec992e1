"""The stored series for the commands, found by the entry point ``collectd_fedmsg.stored``:
nothing in ``collectd_fedmsg`` imports the dashboard.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from collectd_fedmsg.diagnosis.judgement import Judgement

from .config import Settings
from .judge import last_heard as watching
from .judge.baselines import Baselines
from .judge.inside import FRESH_SECONDS, Inside
from .judge.judge import Judge
from .judge.replay import replay
from .store.base import Store
from .store.prometheus import PrometheusStore
from .store.rrd import RRDStore
from .web.notes import Marks


def open_store(settings: Settings) -> Store:
    """Return the store that the settings name.

    Raises:
        ConfigError: a token's file cannot be used.
    """
    if settings.prometheus:
        return PrometheusStore(settings.prometheus, settings.interval, settings.prometheus_token())
    # librrd would ask this one for each file and fail without it: we ask, in one go, and say so.
    inherited = os.environ.pop("RRDCACHED_ADDRESS", "")
    if not inherited.startswith(("unix:/", "/")):
        inherited = ""
    return RRDStore(settings.data_dir, settings.rrdcached or inherited)


class StoredSeries:
    """``collectd_fedmsg.commands.stored_series.Stored`` on the dashboard's store."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Open the store.

        Args:
            settings: as in the dashboard's file.

        Raises:
            ConfigError: a setting that cannot work.
        """
        known = Settings.of(settings)
        self._store = open_store(known)
        inside = Inside(
            known.sockets,
            known.evidence,
            Marks(known.marks_file).deployed,
            min(FRESH_SECONDS, known.interval),
        )
        baselines = Baselines(self._store, zone=known.zone())
        self._judge = Judge(self._store, baselines, known.shared, inside)

    def judgement(self, now: float) -> Judgement:
        """Return what is said of every daemon at ``now`` (epoch seconds).

        Raises:
            StoreError: the store cannot answer.
        """
        return self._judge.everyone(now)[1]

    def newest(self, names: Iterable[str]) -> dict[str, float]:
        """Return when these daemons' last samples came, epoch seconds, by id.

        Raises:
            StoreError: the store cannot answer.
        """
        known = self._store.daemons()
        return watching.newest(self._store, (known[name] for name in names if name in known))

    def beats(self, hosts: Iterable[str]) -> dict[str, float]:
        """Return when collectd's plugin last spoke for itself, epoch seconds, by host.

        Raises:
            StoreError: the store cannot answer.
        """
        return watching.beats(self._store, hosts)

    def replay(self, start: int, end: int, every: int) -> Iterator[Judgement]:
        """Yield what would have been said from ``start`` to ``end``, each ``every`` seconds.

        Raises:
            StoreError: the store cannot answer.
        """
        return replay(self._store, self._judge, start, end, every)
