"""When the last sample came: of a daemon silent for long, or of a whole host."""

from __future__ import annotations

from collections.abc import Iterable

from collectd_fedmsg.errors import SeriesError
from collectd_fedmsg.names import escape

from ..store.base import Daemon, Ref, Store

#: What our collectd plugin says of itself: it comes whether or not the daemons answer.
HEARTBEAT = "collectd_fedmsg/count-daemons_seen"


def newest(store: Store, daemons: Iterable[Daemon]) -> dict[str, float]:
    """Return the time of each daemon's newest backlog, epoch seconds, by id; absent when none
    or when it cannot be read.

    Raises:
        StoreError: the store cannot answer.
    """
    times = {}
    for daemon in daemons:
        last = _newest(store, daemon.files.get("backlog"))
        if last is not None:
            times[daemon.id] = float(last[0])
    return times


def beats(store: Store, hosts: Iterable[str]) -> dict[str, float]:
    """Return the time of each host's newest heartbeat, epoch seconds; absent when there is none.

    Raises:
        StoreError: the store cannot answer.
    """
    times = {}
    for host in hosts:
        last = _newest(store, store.other(f"{escape(host)}/{HEARTBEAT}"))
        if last is not None:
            times[host] = float(last[0])
    return times


def _newest(store: Store, ref: Ref | None) -> tuple[int, float] | None:
    try:
        return store.newest(ref) if ref is not None else None
    except SeriesError:
        return None
