"""What the dashboard may be told: one frozen record, checked when it is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from collectd_fedmsg.errors import ConfigError

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")


@dataclass(frozen=True)
class Tied:
    """Another collectd series drawn under a daemon, e.g. its database server's load."""

    #: Prefix of the daemon ids that it belongs to: ``host``, ``host/service`` or the whole id.
    daemon: str
    #: The collectd identity without ``.rrd``: ``db01/load/load``.
    series: str
    #: What the panel says.
    title: str


@dataclass(frozen=True)
class Settings:
    """Everything that can be set; ``data_dir`` is the only thing that must be.

    Raises:
        ConfigError: a value that could not work.
    """

    data_dir: Path
    #: ``unix:/absolute/path`` of rrdcached; empty when collectd writes the files itself.
    rrdcached: str = ""
    #: Seconds between two samples, for daemons whose files do not tell.
    interval: int = 10
    #: Names that the Host header may hold, ports aside; ``*`` means any.
    hosts: tuple[str, ...] = LOOPBACK_HOSTS
    #: Who may write marks; empty: nobody.
    token: str = ""
    #: Where marks are kept; None: in memory only.
    marks_file: Path | None = None
    tied: tuple[Tied, ...] = field(default_factory=tuple)

    def __post_init__(self) -> None:
        if self.rrdcached and not self.rrdcached.startswith(("unix:/", "/")):
            reason = "must be unix:/absolute/path: file names are only absolute over a unix socket"
            raise ConfigError("dashboard", "rrdcached", self.rrdcached, reason)
        if not 1 <= self.interval <= 3600:
            raise ConfigError("dashboard", "interval", self.interval, "must be 1 to 3600 s")

    @classmethod
    def of(cls, config: Settings | Mapping[str, Any] | None) -> Settings:
        """Return settings from a record, a mapping of its fields, or nothing.

        Raises:
            ConfigError: an unknown key.
        """
        if isinstance(config, Settings):
            return config
        given = dict(config or {})
        unknown = set(given) - set(cls.__dataclass_fields__)
        if unknown:
            name = min(unknown)
            raise ConfigError("dashboard", name, given[name], "unknown key")
        given["data_dir"] = Path(given.get("data_dir", "/var/lib/collectd/rrd")).resolve()
        if given.get("marks_file"):
            given["marks_file"] = Path(given["marks_file"])
        return cls(**given)
