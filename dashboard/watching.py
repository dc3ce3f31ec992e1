"""Read the store for the evaluator of alerts: the same series and diagnosis as the rows show."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from collectd_fedmsg.alerts.observation import Observation
from collectd_fedmsg.alerts.records import Subject
from collectd_fedmsg.diagnosis import History, Restart
from collectd_fedmsg.names import escape

from .fleet import LOOK_BACK, columns_of
from .marks import restarts
from .series import Series
from .store.base import Daemon, Store
from .verdicts import NEEDED, OPTIONAL, history, verdict

#: After a longer absence the evaluator judges no more than this, s: finer steps are gone anyway.
LONGEST = 6 * 3600
#: What our collectd plugin says of itself: it comes whether or not the daemons answer.
HEARTBEAT = "collectd_fedmsg/count-daemons_seen"


def observe(store: Store, now: float, since: float = 0.0) -> list[Observation]:
    """Return every consumer and every host as of ``now``; both in epoch seconds.

    Args:
        store: where collectd's series are.
        now: the moment.
        since: what came later was not judged yet; 0: nothing was.

    Raises:
        StoreError: the store cannot answer.
    """
    daemons = list(store.daemons().values())
    # In one go: asking rrdcached file by file takes longer than reading them.
    store.prepare([daemon.files[metric] for daemon in daemons
                   for metric in NEEDED + OPTIONAL if metric in daemon.files])
    back = LOOK_BACK if not since else min(LONGEST, max(LOOK_BACK, int(now - since) + LOOK_BACK))
    found = [_consumer(store, daemon, now, back) for daemon in daemons]
    return [*found, *_hosts(store, daemons, found)]


def _consumer(store: Store, daemon: Daemon, now: float, back: int) -> Observation:
    subject = Subject(daemon.host, daemon.service, daemon.consumer)
    columns = columns_of(store, daemon, now, back)
    past = history(columns, daemon.consumer)
    if past is None:
        ref = daemon.files.get("backlog")
        newest = store.newest(ref) if ref is not None else None
        return Observation(subject, None, None, newest[0] if newest else None)
    _, found = verdict(columns, daemon.consumer, now)
    received, backlog = columns["received"], columns["backlog"]
    if received is not None and backlog is not None:
        past = replace(past, restarts=(*past.restarts, *lost(received, backlog)))
    return Observation(subject, past, found, _newest(past))


def _newest(past: History) -> float | None:
    for i in range(len(past) - 1, -1, -1):
        if past.backlog[i] is not None:
            return past.time(i)
    return None


def lost(received: Series, backlog: Series) -> list[Restart]:
    """Return the restarts of a daemon with what waited before each: its memory is gone."""
    found = []
    for at in restarts(received, backlog):
        # The step before the restart in which the old run was still counted.
        i = (at - received.start) // received.step - 1
        while i >= 0 and received.points[i] is None:
            i -= 1
        found.append(Restart(at, backlog.points[i] if i >= 0 else None))
    return found


def _hosts(store: Store, daemons: Iterable[Daemon],
           found: Iterable[Observation]) -> list[Observation]:
    newest: dict[str, float] = {}
    for one in found:
        newest[one.subject.host] = max(one.last or -math.inf,
                                       newest.get(one.subject.host, -math.inf))
    hosts = []
    for host, last in newest.items():
        ref = store.other(f"{escape(host)}/{HEARTBEAT}")
        beat = store.newest(ref) if ref is not None else None
        at = max(last, beat[0] if beat else -math.inf)
        hosts.append(Observation(Subject(host), None, None, at if at > -math.inf else None))
    return hosts
