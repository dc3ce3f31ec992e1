"""Check the RRD files that collectd writes: present, up to date, with a sufficient heartbeat."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from ..humanize import duration
from ..metrics import PLUGIN, escape_consumer
from ..names import escape
from ..reader.collect import Harvest
from .doctor_finding import DoctorFinding
from .rrdtool import rrdtool

#: Samples older than this many intervals are late; stored ones twice that.
MISSED_INTERVALS = 3
_STEP = re.compile(r"^step = (\d+)$", re.MULTILINE)
#: Returns epoch seconds.
Clock = Callable[[], float]
_HEARTBEAT = re.compile(r"^ds\[.+\]\.minimal_heartbeat = (\d+)$", re.MULTILINE)


def stored(harvest: Harvest, folder: Path, daemon: str, clock: Clock) -> Iterator[DoctorFinding]:
    """Look at the files of each consumer that answered.

    ``clock`` gives epoch seconds; it is asked at each file, for reading them may take a while.
    """
    try:
        hosts = sorted(folder.iterdir())
    except FileNotFoundError:
        yield DoctorFinding(
            False, f"{folder}: no such folder", "--data-dir names collectd's DataDir"
        )
        return
    except OSError as error:
        yield DoctorFinding(
            False, f"{folder}: {error.strerror}", "ask as root, or as a user who may read it"
        )
        return
    if shutil.which("rrdtool") is None:
        yield DoctorFinding(
            None, f"{folder}: not looked at, no rrdtool here", "install the package rrdtool"
        )
        return
    for host in hosts:
        if host.is_symlink():
            yield DoctorFinding(
                None,
                f"{host} is a link",
                "rewind and forget do not follow it: name its target to them",
            )
    intervals = {
        (origin.service, sample.consumer): origin.interval
        for _, origin, samples in harvest.fresh
        for sample in samples
    }
    for (service, consumer), interval in sorted(intervals.items()):
        name = escape_consumer(consumer)
        # Not the backlog's: blocking mode has none.
        paths = list(folder.glob(f"*/{PLUGIN}-{escape(service)}/derive-{name}_received.rrd"))
        if not paths:
            yield DoctorFinding(
                False,
                f"{service}: no file for {consumer}",
                "does collectd load our plugin? see its log",
            )
            continue
        newest = max((_last_update(path, daemon), path) for path in paths)
        (last, trouble), path = newest
        yield _age(f"{service}: {consumer}", clock() - last, trouble, interval)
        yield from _keeps(path, interval)


def _age(name: str, age: float, trouble: str, interval: float) -> DoctorFinding:
    if age < -MISSED_INTERVALS * interval:
        return DoctorFinding(
            False,
            f"{name}: its newest stored sample is {duration(-age)} ahead of this clock",
            "set the clock right, stop collectd, then run `collectd-fedmsg rewind`",
        )
    good = age < 2 * MISSED_INTERVALS * interval
    return DoctorFinding(
        good,
        f"{name} is stored; last update {age:.0f} s ago{trouble}",
        "" if good else "behind rrdcached, name it: --rrdcached; else see its log",
    )


def _keeps(path: Path, interval: float) -> Iterator[DoctorFinding]:
    """Say when a file cannot keep samples that come every ``interval`` seconds."""
    info = rrdtool("info", str(path))
    step, heartbeat = (
        int(match[1]) if (match := pattern.search(info)) else 0 for pattern in (_STEP, _HEARTBEAT)
    )
    if heartbeat and heartbeat < interval:
        yield DoctorFinding(
            False,
            f"{path}: its heartbeat is {heartbeat} s and a sample comes every"
            f" {interval:g} s: all between two samples is unknown, so nothing is shown",
            f"rrdtool tune FILE --heartbeat value:{max(600, 3 * int(interval))} for the files that"
            " exist; HeartBeat in collectd.conf for new ones",
        )
    elif step and step > interval:
        yield DoctorFinding(
            False,
            f"{path}: its step is {step} s and a sample comes every {interval:g} s:"
            " finer than the file can show",
            "move the old files away: collectd makes new ones with the present interval",
        )


def _last_update(path: Path, daemon: str) -> tuple[float, str]:
    """Return the wall time (s) of a file's newest value, and what went wrong."""
    try:
        return float(rrdtool("last", str(path), *(["--daemon", daemon] if daemon else []))), ""
    except (OSError, ValueError) as error:
        return 0.0, f" {error}"
