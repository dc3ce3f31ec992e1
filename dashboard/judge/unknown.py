"""The row of a daemon that cannot be judged: UNKNOWN, and why; other daemons are unaffected.

Whatever is wrong with its files or its numbers, or with our arithmetic on them, ends here.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collectd_fedmsg.diagnosis import Diagnosis, Finding, Verdict
from collectd_fedmsg.diagnosis.judgement import Judged
from collectd_fedmsg.humanize import duration

from ..store.base import Daemon, Selector, Store
from ..store.series import Series

Columns = Mapping[str, "Series | None"]
#: Seconds by which the clocks of two hosts may differ, and by which a sample may be early.
TOLERANCE = 60.0
#: Seconds within which the newest update of a file counts as "samples come".
RECENT_SECONDS = 900.0
#: Mistakes of ours that are logged with their traceback, once for each daemon and kind.
MAX_LOGGED = 200
_log = logging.getLogger(__name__)
_logged: set[tuple[str, str]] = set()


@dataclass(frozen=True)
class Seen:
    """A daemon, the series that were looked at, and what is said of them."""

    daemon: Daemon
    columns: Columns
    judged: Judged
    #: Which files or numbers keep it from being judged, a sentence each.
    problems: tuple[str, ...] = ()
    #: No sample for a week: kept and found, counted nowhere.
    retired: bool = False


def unknown(
    daemon: Daemon, now: float, reasons: Sequence[str], columns: Columns, *, problem: bool = True
) -> Seen:
    """Return what is said of a daemon of which nothing can be said but the reasons.

    Args:
        daemon, now: whose, and when (epoch seconds).
        reasons: sentences that name a file, a number or a setting.
        columns: what could be read all the same.
        problem: whether something has to be mended.
    """
    missing = ("samples", "whether the process lives")
    diagnosis = Diagnosis(
        now, (Finding(Verdict.UNKNOWN, 1.0, tuple(reasons), missing),), missing=missing
    )
    backlog = columns.get("backlog")
    last = backlog.last() if backlog is not None else None
    judged = Judged(
        daemon.id,
        daemon.host,
        daemon.service,
        daemon.consumer,
        diagnosis,
        last=float(last[0]) if last else None,
    )
    return Seen(daemon, columns, judged, tuple(reasons) if problem else ())


def mistake(name: str, error: Exception) -> str:
    """Return the sentence for an exception that nobody expected; its traceback is logged once."""
    key = (name, type(error).__name__)
    if key not in _logged and len(_logged) < MAX_LOGGED:
        _logged.add(key)
        _log.error("%s cannot be judged", name, exc_info=error)
    return f"its numbers cannot be judged ({type(error).__name__}: {error}): please report it"


def wrong_with_newest(store: Store, daemon: Daemon, now: float, *, empty: bool) -> str:
    """Return what a daemon's newest update says against judging it; empty when nothing.

    Args:
        store, daemon, now: whose, and the present (epoch seconds).
        empty: whether no sample of the last hour is known.

    Raises:
        SeriesError: it cannot be read.
    """
    ref = daemon.files.get("backlog") or daemon.files.get("received")
    if ref is None or isinstance(ref, Selector):
        return ""
    last = store.newest(ref)
    if last is None:
        return ""
    if last[0] > now + TOLERANCE:
        return (
            f"its newest sample is {duration(last[0] - now)} in the future: a clock was set"
            " back, and nothing can be stored until that moment has come"
        )
    heartbeat = store.heartbeat(ref) if empty and now - last[0] < RECENT_SECONDS else None
    # A heartbeat that bridges minutes is none too short: such a file holds its first sample.
    if heartbeat is None or heartbeat >= RECENT_SECONDS:
        return ""
    return (
        f"samples come, the newest {duration(now - last[0])} ago, but its files keep none yet:"
        f" that was the first one, or their heartbeat of {heartbeat} s is shorter than the"
        " interval between samples; then set HeartBeat in collectd's plugin, and in these files"
        " with rrdtool tune"
    )


def known(columns: Columns) -> bool:
    """Tell whether any step of any series is known."""
    return any(series is not None and series.last() is not None for series in columns.values())


def troubles(columns: Columns) -> tuple[str, ...]:
    """Return what is wrong with the series themselves, a sentence each."""
    return tuple(
        dict.fromkeys(
            series.trouble for series in columns.values() if series is not None and series.trouble
        )
    )
