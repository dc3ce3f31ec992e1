"""Fetch stored series by topic, and any series without raising for a file that cannot be read."""

from __future__ import annotations

from collectd_fedmsg.errors import SeriesError

from ..store.base import Daemon, Ref, Store
from ..store.series import Series, Window, scale, unreadable

#: Key in an answer, and (what is read, how): what one column of an answer is made of.
Columns = dict[str, "tuple[Series | None, str]"]
#: Stored by topic: microseconds of worker time per second.
TOPIC_TIME = "topic_busy"


def fetched(store: Store, ref: Ref, cf: str, window: Window) -> Series:
    """Return one stored series; of one that cannot be read, nothing but the reason.

    Raises:
        StoreError: the store as a whole cannot answer.
    """
    try:
        return store.fetch(ref, cf, window.start, window.end, window.resolution)
    except SeriesError as error:
        return unreadable(window, str(error))


def received_by_topic(store: Store, daemon: Daemon, window: Window) -> Columns:
    """Return the messages received per second by topic."""
    return {
        topic: (fetched(store, ref, "AVERAGE", window), "AVERAGE")
        for topic, ref in daemon.topics.items()
    }


def time_by_topic(store: Store, daemon: Daemon, window: Window) -> Columns:
    """Return the worker time by topic, in seconds per second: the workers that it keeps busy."""
    return {
        topic: (scale(fetched(store, ref, "AVERAGE", window), 1e-6), "AVERAGE")
        for topic, ref in daemon.by_topic.get(TOPIC_TIME, {}).items()
    }
