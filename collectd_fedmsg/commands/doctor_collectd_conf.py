"""EDGE files: what collectd.conf says of storing, where it costs samples or makes them late.

Follows no ``Include`` but the customary folder beside the file, and judges nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from collectd_fedmsg.commands import doctor_brokers
from collectd_fedmsg.commands.doctor_finding import Finding

#: Debian's and Fedora's.
USUAL = (Path("/etc/collectd/collectd.conf"), Path("/etc/collectd.conf"))
_WRITES = re.compile(r'^[ \t]*<?LoadPlugin[ \t]+"?rrdtool\b', re.MULTILINE | re.IGNORECASE)
_SETTING = re.compile(r'^[ \t]*([A-Za-z]+)[ \t]+"?([^"#\s]+)', re.MULTILINE)


def look(named: str) -> Iterator[Finding]:
    """Look at the file of that name; the distribution's when empty, nothing where there is none."""
    path = Path(named) if named else next((one for one in USUAL if one.is_file()), None)
    if path is None:
        return
    folders = (path.parent / "collectd.conf.d", path.parent / "collectd.d")
    try:
        parts = [path, *sorted(one for folder in folders for one in folder.glob("*.conf"))]
        text = "\n".join(part.read_text("utf-8", "replace") for part in parts)
    except OSError as error:
        yield Finding(None, f"{error.filename}: {error.strerror}: not looked at")
        return
    yield from judge(text, str(path))
    yield from doctor_brokers.look(text, str(path))


def judge(text: str, name: str) -> Iterator[Finding]:
    """Say which settings of a collectd.conf lose samples or hold them back; pure.

    Source: collectd.conf(5): five write threads, no limits of the queue and no cache by default.
    """
    given = {key.lower(): value for key, value in _SETTING.findall(text)}
    wrong = False
    if given.get("writethreads", "5") != "1":
        wrong = True
        yield Finding(False, f"{name}: WriteThreads {given.get('writethreads', 'is not set: 5')}",
                      "WriteThreads 1: several pass each other; RRD refuses the late")
    high = given.get("writequeuelimithigh", "0")
    low = given.get("writequeuelimitlow", "half of it")
    if high not in ("0", low):
        wrong = True
        yield Finding(False, f"{name}: WriteQueueLimitHigh {high}, WriteQueueLimitLow {low}",
                      f"WriteQueueLimitLow {high}: collectd drops nearly all between")
    cache = given.get("cachetimeout", "0")
    if cache != "0" and _WRITES.search(text):
        wrong = True
        yield Finding(False, f"{name}: CacheTimeout {cache}: the page is as much late, UNKNOWN",
                      "take it out of the rrdtool plugin, or write through rrdcached")
    if not wrong:
        yield Finding(True, f"{name} stores each sample at once and in order")
