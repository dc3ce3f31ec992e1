"""The first lines of collectd.conf as this project wants them, wherever it starts a collectd."""

from __future__ import annotations

from pathlib import Path

_HEAD = """\
Hostname "{host}"
FQDNLookup false
BaseDir "{base}"
PIDFile "{pid}"
TypesDB "/usr/share/collectd/types.db"
Interval {interval}
# Equal limits: otherwise values are dropped silently under load.
WriteQueueLimitHigh 1000000
WriteQueueLimitLow 1000000
# Several would pass each other: RRD refuses a sample that comes after a later one.
WriteThreads 1
LoadPlugin logfile
<Plugin logfile>
  LogLevel info
  File "{log}"
</Plugin>
"""


def head(host: str, base: Path, pid: Path, log: Path, interval: int) -> str:
    """Return the lines before the plugins; ``base`` is where relative names of files begin.

    ``interval`` is in seconds. Reading and writing plugins come after them.
    """
    return _HEAD.format(host=host, base=base, pid=pid, log=log, interval=interval)
