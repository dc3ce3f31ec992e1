"""When was anything last heard: of a daemon silent for long, of a host's collectd itself."""

from __future__ import annotations

from collections.abc import Iterable

from collectd_fedmsg.names import escape

from ..store.base import Daemon, Store

#: What our collectd plugin says of itself: it comes whether or not the daemons answer.
HEARTBEAT = "collectd_fedmsg/count-daemons_seen"


def newest(store: Store, daemons: Iterable[Daemon]) -> dict[str, float]:
    """Return the time of each daemon's newest backlog, epoch seconds, by id; absent when none.

    Raises:
        StoreError: the store cannot answer.
    """
    found = {}
    for daemon in daemons:
        last = store.newest(daemon.files["backlog"]) if "backlog" in daemon.files else None
        if last is not None:
            found[daemon.id] = float(last[0])
    return found


def beats(store: Store, hosts: Iterable[str]) -> dict[str, float]:
    """Return the time of each host's newest heartbeat, epoch seconds; absent when there is none.

    Raises:
        StoreError: the store cannot answer.
    """
    found = {}
    for host in hosts:
        ref = store.other(f"{escape(host)}/{HEARTBEAT}")
        last = store.newest(ref) if ref is not None else None
        if last is not None:
            found[host] = float(last[0])
    return found
