"""Find settings of collectd.conf that lose samples or delay them.

Follows no ``Include`` but the distribution's folder next to the file; judges nothing else.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from pathlib import Path

from collectd_fedmsg.commands import doctor_brokers
from collectd_fedmsg.commands.doctor_finding import DoctorFinding
from collectd_fedmsg.metrics import BY_NAME

#: Debian's and Fedora's.
USUAL = (Path("/etc/collectd/collectd.conf"), Path("/etc/collectd.conf"))
_WRITES = re.compile(r'^[ \t]*<?LoadPlugin[ \t]+"?rrdtool\b', re.MULTILINE | re.IGNORECASE)
_TYPES_DB = re.compile(r"^[ \t]*TypesDB[ \t]+([^#\n]+)", re.MULTILINE | re.IGNORECASE)
_SETTING = re.compile(r'^[ \t]*([A-Za-z]+)[ \t]+"?([^"#\s]+)', re.MULTILINE)


def look(named: str) -> Iterator[DoctorFinding]:
    """Look at the file of that name; the distribution's when empty, nothing where there is none."""
    path = Path(named) if named else next((usual for usual in USUAL if usual.is_file()), None)
    if path is None:
        return
    folders = (path.parent / "collectd.conf.d", path.parent / "collectd.d")
    try:
        parts = [path, *sorted(part for folder in folders for part in folder.glob("*.conf"))]
        text = "\n".join(part.read_text("utf-8", "replace") for part in parts if _regular(part))
    except OSError as error:
        yield DoctorFinding(None, f"{error.filename}: {error.strerror}: not looked at")
        return
    yield from judge(text, str(path))
    yield from doctor_brokers.look(text, str(path))


def _regular(path: Path) -> bool:
    """Return whether a path is a file, not a pipe or device that never ends; OSError: not there."""
    return stat.S_ISREG(path.stat().st_mode)


def judge(text: str, name: str) -> Iterator[DoctorFinding]:
    """Report settings of a collectd.conf that lose samples or delay them.

    Source: collectd.conf(5): five write threads, no limits of the queue and no cache by default.
    """
    settings = {key.lower(): value for key, value in _SETTING.findall(text)}
    wrong = list(_types(text, name))
    threads = settings.get("writethreads")
    if threads != "1":
        wrong.append(
            DoctorFinding(
                False,
                f"{name}: WriteThreads {threads or 'is not set: 5'}",
                "WriteThreads 1: several pass each other; RRD refuses the late",
            )
        )
    high = settings.get("writequeuelimithigh", "0")
    low = settings.get("writequeuelimitlow", "half of it")
    if high not in ("0", low):
        wrong.append(
            DoctorFinding(
                False,
                f"{name}: WriteQueueLimitHigh {high}, WriteQueueLimitLow {low}",
                f"WriteQueueLimitLow {high}: collectd drops nearly all between",
            )
        )
    cache = settings.get("cachetimeout", "0")
    if cache != "0" and _WRITES.search(text):
        wrong.append(
            DoctorFinding(
                False,
                f"{name}: CacheTimeout {cache}: the page is as much late, UNKNOWN",
                "take it out of the rrdtool plugin, or write through rrdcached",
            )
        )
    yield from wrong or [DoctorFinding(True, f"{name} stores each sample at once and in order")]


def _types(text: str, name: str) -> Iterator[DoctorFinding]:
    """Report a TypesDB without the stock types that our values have: then none is stored."""
    named = [path for line in _TYPES_DB.findall(text) for path in re.findall(r'[^"\s]+', line)]
    if not named:
        return  # collectd's own
    known: set[str] = set()
    for path in named:
        try:
            lines = (
                Path(path).read_text("utf-8", "replace").splitlines()
                if _regular(Path(path))
                else []
            )
        except OSError as error:
            yield DoctorFinding(
                False,
                f"{name}: TypesDB {path}: {error.strerror}",
                "name a file that is there; the stock one is types.db",
            )
            continue
        known |= {line.split()[0] for line in lines if line.split() and line[0] != "#"}
    missing = {metric.collectd_type for metric in BY_NAME.values()} - known
    if missing:
        yield DoctorFinding(
            False,
            f"{name}: TypesDB does not name the stock types: {', '.join(sorted(missing))}"
            " are unknown, and values of them dropped",
            'TypesDB "/usr/share/collectd/types.db" besides your own',
        )
