"""EDGE system: what ``doctor`` looks at, from the hub to the dashboard; each step a generator."""

from __future__ import annotations

import argparse
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from collectd_fedmsg.commands import doctor_collectd_conf as examine_collectd
from collectd_fedmsg.commands.doctor_finding import Finding
from collectd_fedmsg.errors import ConfigError
from collectd_fedmsg.http_client import exchange
from collectd_fedmsg.hub import settings
from collectd_fedmsg.metrics import PLUGIN, escape_consumer
from collectd_fedmsg.names import escape
from collectd_fedmsg.reader.collect import Harvest, latest
from collectd_fedmsg.reader.endpoints import listens

#: Bytes of the dashboard's answer about its whole fleet.
MAX_FLEET_BYTES = 64 << 20
#: Samples older than this many intervals are late.
PATIENCE = 3


def everything(options: argparse.Namespace, now: float) -> Iterator[Finding]:
    """Yield all findings in the order of a number's way; ``now`` in seconds since the epoch."""
    yield from installed()
    finding, ours = configured()
    yield finding
    folder = Path(options.run_folder or (ours or settings.Settings("")).run_folder)
    yield from run_folder(folder)
    harvest = latest([f"{folder}/*.sock"], options.timeout, now)
    yield from daemons(harvest, now)
    yield from collectd_process()
    yield from examine_collectd.look(options.collectd_conf)
    yield from stored(harvest, Path(options.data_dir), options.rrdcached, now)
    if options.rrdcached:
        yield from rrdcached(options.rrdcached, options.timeout)
    if options.url:
        yield from dashboard(options.url, options.timeout)


def installed() -> Iterator[Finding]:
    """Look at the packages of this Python."""
    names = {point.name for point in _entry_points("moksha.producer")}
    if "collectd_fedmsg" in names:
        yield Finding(True, "the hub plugin is installed as an entry point")
    else:
        yield Finding(False, "no entry point moksha.producer: collectd_fedmsg",
                      "install this package into the daemon's Python (pip install …)")  # fmt: skip
    # collectd's own Python needs neither; the daemons may live in an environment of theirs.
    version = _version("setuptools")
    if _version("moksha.hub") is None:
        yield Finding(None, "no daemon runs in this Python: moksha is not here",
                      "where they have an environment, ask with its command too")
    else:
        good = version is not None and 70 <= int(version.partition(".")[0]) < 81
        yield Finding(good, f"setuptools {version or 'is missing'}",
                      "" if good else "moksha finds plugins with setuptools 70 to 80 only: "
                      "pip install 'setuptools>=70,<81'")  # fmt: skip


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _entry_points(group: str) -> list[metadata.EntryPoint]:
    found = metadata.entry_points()
    if hasattr(found, "select"):
        return list(found.select(group=group))
    return list(found.get(group, ()))  # Python 3.9


def configured() -> tuple[Finding, settings.Settings | None]:
    """Look at what fedmsg.d says, as the commands here would read it; and return it when on."""
    try:
        import fedmsg.config  # noqa: PLC0415 - it is slow, and may not be there

        ours = settings.read(fedmsg.config.load_config([], []))
    except ImportError:
        return Finding(None, "fedmsg is not in this Python: its configuration is not seen"), None
    except ConfigError as error:
        return Finding(False, str(error),
                       "mend that key; until then the daemon reports nothing"), None  # fmt: skip
    except Exception as error:
        return Finding(None, f"no usable fedmsg.d is seen from here: {error}",
                       "ask again where the daemon's commands are run"), None  # fmt: skip
    if ours is None:
        return Finding(None, "collectd_fedmsg.enabled is not True in the fedmsg.d seen from here",
                       "`collectd-fedmsg config` prints what to put there"), None  # fmt: skip
    told = f"fedmsg.d switches it on: every {ours.interval} s, {ours.run_folder}"
    return Finding(True, told), ours


def run_folder(folder: Path) -> Iterator[Finding]:
    """Look at the folder of sockets."""
    try:
        mode = folder.stat().st_mode
        sockets = sorted(folder.glob("*.sock"))
    except OSError as error:
        yield Finding(False, f"{folder}: {error.strerror}",
                      "start a daemon with the plugin, or join the folder's group")  # fmt: skip
        return
    if mode & 0o002:
        yield Finding(False, f"{folder} can be written by everyone ({mode & 0o7777:o})",
                      f"chmod o-w {folder}")  # fmt: skip
    elif mode & 0o020 and not mode & 0o1000:
        yield Finding(False, f"in {folder} ({mode & 0o7777:o}) one user's daemon can remove"
                      " another's socket", f"chmod +t {folder}")  # fmt: skip
    stale = [path.name for path in sockets if listens(path) is False]
    yield Finding(len(sockets) > len(stale), f"{folder}: {len(sockets) - len(stale)} sockets"
                  f" of living daemons, {len(stale)} of dead ones",
                  "" if len(sockets) > len(stale) else
                  "no daemon here has the plugin on: see 'health reports' in its log")  # fmt: skip


def daemons(harvest: Harvest, now: float) -> Iterator[Finding]:
    """Look at what the daemons answer."""
    for endpoint in harvest.silent:
        yield Finding(False, f"{endpoint} does not answer",
                      "the process is stopped, or its plugin ended: see its log")  # fmt: skip
    for endpoint, error in harvest.errors.items():
        yield Finding(False, f"{endpoint}: {error}", "are you in the folder's group?")
    for _, origin, samples in harvest.fresh:
        last = samples[-1]
        late = now - last.time > PATIENCE * origin.interval
        names = sorted({sample.consumer for sample in samples})
        yield Finding(not late, f"{origin.service} (pid {origin.pid}) counts {', '.join(names)};"
                      f" last sample {now - last.time:.0f} s ago",
                      "its thread hangs; send its log with a report" if late else "")  # fmt: skip
        if not last.observable:
            yield Finding(None, f"{origin.service} runs in moksha.blocking_mode: its backlog is"
                          " in a socket's buffer, where nobody can count it")  # fmt: skip


def collectd_process() -> Iterator[Finding]:
    """Look for a running collectd."""
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            if path.read_text().strip() == "collectd":
                found.append(path.parent.name)
        except OSError:
            continue  # it ended meanwhile
    yield Finding(bool(found), f"collectd runs: {', '.join(found) or 'no'}",
                  "" if found else "start it, here or where the sockets are read")  # fmt: skip


def stored(harvest: Harvest, folder: Path, daemon: str, now: float) -> Iterator[Finding]:
    """Look at the files that collectd should write."""
    tool = shutil.which("rrdtool")
    if tool is None or not folder.is_dir():
        yield Finding(None, f"{folder}: not looked at (no such folder, or no rrdtool here)",
                      "--data-dir names collectd's DataDir" if tool else "")  # fmt: skip
        return
    seen = {(origin.service, sample.consumer): origin.interval
            for _, origin, samples in harvest.fresh for sample in samples}
    for (service, consumer), interval in sorted(seen.items()):
        name = escape_consumer(consumer)
        # Not the backlog's: blocking mode has none.
        paths = list(folder.glob(f"*/{PLUGIN}-{escape(service)}/derive-{name}_received.rrd"))
        if not paths:
            yield Finding(False, f"{service}: no file for {consumer}",
                          "does collectd load our plugin? see its log")  # fmt: skip
            continue
        last, said = max(_last_update(tool, path, daemon) for path in paths)
        good = now - last < 2 * PATIENCE * interval
        yield Finding(good, f"{service}: {consumer} is stored; last update {now - last:.0f} s ago"
                      f"{said}", "" if good else
                      "behind rrdcached, name it: --rrdcached; else see its log")


def _last_update(tool: str, path: Path, daemon: str) -> tuple[float, str]:
    """Return the wall time (s) of a file's newest value, and what went wrong."""
    command = [tool, "last", str(path), *(["--daemon", daemon] if daemon else [])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603 - no shell, our own arguments
    wrong = done.stderr.strip()
    return float(done.stdout) if done.returncode == 0 else 0.0, f" {wrong}" if wrong else ""


def rrdcached(address: str, timeout: float) -> Iterator[Finding]:
    """Ask rrdcached for its statistics."""
    try:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(timeout)
            peer.connect(address.removeprefix("unix:"))
            peer.sendall(b"STATS\n")
            good = peer.recv(64).partition(b" ")[0].isdigit()
        yield Finding(good, f"rrdcached answers at {address}")
    except OSError as error:
        yield Finding(False, f"rrdcached at {address}: {error}", "is it started, may you connect?")


def dashboard(url: str, timeout: float) -> Iterator[Finding]:
    """Ask the dashboard what it sees."""
    try:
        answer = exchange(f"{url.rstrip('/')}/api/v1/daemons", timeout=timeout,
                          max_bytes=MAX_FLEET_BYTES)
        if answer.status != 200:
            raise ValueError(f"HTTP {answer.status}: {answer.excerpt()}")
        fleet = json.loads(answer.body)["fleet"]
        yield Finding(fleet["daemons"] > 0, f"the dashboard shows {fleet['daemons']} daemons,"
                      f" {fleet['silent']} of them silent",
                      "" if fleet["daemons"] else "its data_dir is not collectd's")  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        yield Finding(False, f"the dashboard at {url}: {error}", "is it started there?")
