"""The steps that ``doctor`` checks, from the hub to the dashboard; each step is a generator."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

from collectd_fedmsg.alerts.health import age, ailments
from collectd_fedmsg.alerts.state_db import AlertDatabase
from collectd_fedmsg.commands import doctor_collectd_conf as examine_collectd
from collectd_fedmsg.commands.doctor_access import collectd_process
from collectd_fedmsg.commands.doctor_finding import DoctorFinding
from collectd_fedmsg.commands.doctor_stored import MISSED_INTERVALS, stored
from collectd_fedmsg.errors import ConfigError, StoreError
from collectd_fedmsg.http_client import exchange
from collectd_fedmsg.hub import settings
from collectd_fedmsg.reader.collect import Harvest, latest
from collectd_fedmsg.reader.endpoints import listens
from collectd_fedmsg.rrdcached import Rrdcached

#: Bytes of the dashboard's answer about its whole fleet.
MAX_FLEET_BYTES = 64 << 20


def everything(options: argparse.Namespace, clock: Callable[[], float]) -> Iterator[DoctorFinding]:
    """Yield all findings, in the order from hub to page.

    ``clock`` gives epoch seconds; each step asks it again, for all of them may take a while.
    """
    yield from guarded("the packages", installed())
    finding, ours = configured()
    yield finding
    folder = Path(options.run_folder or (ours or settings.Settings("")).run_folder)
    yield from guarded(str(folder), run_folder(folder))
    harvest = latest([f"{folder}/*.sock"], options.timeout, clock())
    yield from guarded("the daemons", daemons(harvest, clock()))
    yield from guarded("collectd", collectd_process(folder))
    yield from guarded("collectd.conf", examine_collectd.look(options.collectd_conf))
    data_dir = Path(options.data_dir)
    yield from guarded(str(data_dir), stored(harvest, data_dir, options.rrdcached, clock))
    if options.rrdcached:
        yield from guarded("rrdcached", rrdcached(options.rrdcached, options.timeout))
    if options.url:
        yield from guarded("the dashboard", dashboard(options.url, options.timeout))
    yield from guarded("alerting", alerting(options.state, clock()))


def guarded(name: str, findings: Iterator[DoctorFinding]) -> Iterator[DoctorFinding]:
    """Yield the findings of one step; whatever ends it is a finding, and the next steps follow."""
    try:
        yield from findings
    except Exception as error:
        yield DoctorFinding(
            None, f"{name}: not looked at to the end: {type(error).__name__}: {error}"
        )


def alerting(file: Path, now: float) -> Iterator[DoctorFinding]:
    """Look whether the evaluator runs, can read its store, and delivers its notices."""
    if not file.exists():
        return  # nobody asked for alerts here, or collectd makes them
    try:
        database = AlertDatabase(file, create=False, read_only=True)
        try:
            wrong = ailments(database, now)
            text = age(database.evaluated()[0], now)
        finally:
            database.close()
    except StoreError as error:
        yield DoctorFinding(False, f"alerts: {error}", "may you read the evaluator's file?")
        return
    for ailment in wrong:
        yield DoctorFinding(
            False, f"alerts: {ailment.text}", "see the log of `collectd-fedmsg alerts run`"
        )
    if not wrong:
        yield DoctorFinding(True, f"alerts: {text}")


def installed() -> Iterator[DoctorFinding]:
    """Look at the packages of this Python."""
    names = {point.name for point in _entry_points("moksha.producer")}
    if "collectd_fedmsg" in names:
        yield DoctorFinding(True, "the hub plugin is installed as an entry point")
    else:
        yield DoctorFinding(False, "no entry point moksha.producer: collectd_fedmsg",
                      "install this package into the daemon's Python (pip install …)")  # fmt: skip
    # collectd's own Python needs neither; the daemons may live in an environment of theirs.
    version = _version("setuptools")
    if _version("moksha.hub") is None:
        yield DoctorFinding(
            None,
            "no daemon runs in this Python: moksha is not here",
            "where they have an environment, ask with its command too",
        )
    else:
        good = version is not None and 70 <= int(version.partition(".")[0]) < 81
        yield DoctorFinding(good, f"setuptools {version or 'is missing'}",
                      "" if good else "moksha finds plugins with setuptools 70 to 80 only: "
                      "pip install 'setuptools>=70,<81'")  # fmt: skip


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _entry_points(group: str) -> list[metadata.EntryPoint]:
    points = metadata.entry_points()
    if hasattr(points, "select"):
        return list(points.select(group=group))
    return list(points.get(group, ()))  # Python 3.9


def configured() -> tuple[DoctorFinding, settings.Settings | None]:
    """Look at fedmsg.d as the daemons read it; return its settings when it enables the plugin."""
    try:
        import fedmsg.config  # noqa: PLC0415 - it is slow, and may not be there

        ours = settings.read(fedmsg.config.load_config([], []))
    except ImportError:
        return DoctorFinding(
            None, "fedmsg is not in this Python: its configuration is not seen"
        ), None
    except ConfigError as error:
        return DoctorFinding(False, str(error),
                       "correct that key; until then the daemon reports nothing"), None  # fmt: skip
    except Exception as error:
        return DoctorFinding(None, f"no usable fedmsg.d is seen from here: {error}",
                       "ask again where the daemon's commands are run"), None  # fmt: skip
    if ours is None:
        return DoctorFinding(
            None, "collectd_fedmsg.enabled is not True in the fedmsg.d seen from here",
            "`collectd-fedmsg config` prints what to put there"), None  # fmt: skip
    text = f"fedmsg.d switches it on: every {ours.interval} s, {ours.run_folder}"
    return DoctorFinding(True, text), ours


def run_folder(folder: Path) -> Iterator[DoctorFinding]:
    """Look at the folder of sockets."""
    try:
        mode = folder.stat().st_mode
        sockets = sorted(folder.glob("*.sock"))
    except OSError as error:
        yield DoctorFinding(False, f"{folder}: {error.strerror}",
                      "start a daemon with the plugin, or join the folder's group")  # fmt: skip
        return
    if mode & 0o002:
        yield DoctorFinding(False, f"{folder} can be written by everyone ({mode & 0o7777:o})",
                      f"chmod o-w {folder}")  # fmt: skip
    elif mode & 0o020 and not mode & 0o1000:
        yield DoctorFinding(False, f"in {folder} ({mode & 0o7777:o}) one user's daemon can remove"
                      " another's socket", f"chmod +t {folder}")  # fmt: skip
    stale = [path.name for path in sockets if listens(path) is False]
    yield DoctorFinding(len(sockets) > len(stale), f"{folder}: {len(sockets) - len(stale)} sockets"
                  f" of living daemons, {len(stale)} of dead ones",
                  "" if len(sockets) > len(stale) else
                  "no daemon here has the plugin on: see 'health reports' in its log")  # fmt: skip


def daemons(harvest: Harvest, now: float) -> Iterator[DoctorFinding]:
    """Look at what the daemons answer."""
    for endpoint in harvest.silent:
        yield DoctorFinding(False, f"{endpoint} does not answer",
                      "the process is stopped, or its plugin ended: see its log")  # fmt: skip
    for endpoint, error in harvest.errors.items():
        yield DoctorFinding(False, f"{endpoint}: {error}", "are you in the folder's group?")
    for _, origin, samples in harvest.fresh:
        last = samples[-1]
        late = now - last.time > MISSED_INTERVALS * origin.interval
        names = sorted({sample.consumer for sample in samples})
        yield DoctorFinding(
            not late, f"{origin.service} (pid {origin.pid}) counts {', '.join(names)};"
            f" last sample {now - last.time:.0f} s ago",
            "its thread hangs; send its log with a report" if late else "")  # fmt: skip
        if not last.observable:
            yield DoctorFinding(
                None, f"{origin.service} runs in moksha.blocking_mode: its backlog is"
                " in a socket's buffer, where nobody can count it")  # fmt: skip


def rrdcached(address: str, timeout: float) -> Iterator[DoctorFinding]:
    """Ask rrdcached for its statistics."""
    try:
        client = Rrdcached(address)
        flush, statistics = client.ask([b"FLUSH\n", b"STATS\n"], time.monotonic() + timeout)
        client.close()
        yield DoctorFinding(statistics[:1].isdigit(), f"rrdcached answers at {address}")
        # Without a file name it complains of that, unless it complains of who asks.
        if b"ermission" in flush:
            yield DoctorFinding(
                False,
                f"rrdcached at {address} refuses FLUSH: what the page shows is as old as"
                " what rrdcached holds",
                "allow FLUSH: its option -P before -l",
            )
    except OSError as error:
        yield DoctorFinding(
            False, f"rrdcached at {address}: {error}", "is it started, may you connect?"
        )


def dashboard(url: str, timeout: float) -> Iterator[DoctorFinding]:
    """Ask the dashboard what it sees."""
    try:
        answer = exchange(
            f"{url.rstrip('/')}/api/v1/daemons", timeout=timeout, max_bytes=MAX_FLEET_BYTES
        )
        if answer.status != 200:
            raise ValueError(f"HTTP {answer.status}: {answer.excerpt()}")
        fleet = json.loads(answer.body)["fleet"]
        yield DoctorFinding(fleet["daemons"] > 0, f"the dashboard shows {fleet['daemons']} daemons,"
                      f" {fleet['silent']} of them silent",
                      "" if fleet["daemons"] else "its data_dir is not collectd's")  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        yield DoctorFinding(False, f"the dashboard at {url}: {error}", "is it started there?")
