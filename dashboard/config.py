"""What the dashboard may be told: one frozen record, checked when it is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timezone, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from collectd_fedmsg.diagnosis.fleet.groups import Dependency, dependencies
from collectd_fedmsg.errors import ConfigError

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
#: Characters that need no escape in an address (RFC 3986), in HTML or in a script.
PREFIX = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")


@dataclass(frozen=True)
class Tied:
    """Another collectd series drawn under a daemon, e.g. its database server's load."""

    #: Of the daemons that it belongs to: a host, ``host/service``, an id, or a pattern of these.
    daemon: str
    #: The collectd identity without ``.rrd``: ``db01/load/load``; after ``#`` the data source,
    #: the first one otherwise: ``db01/disk-sda/disk_time#write``.
    series: str
    #: What the panel says; one per daemon.
    title: str
    #: Of its values.
    unit: str = ""


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
    #: The file of ``collectd-fedmsg alerts run``; None: no page of alerts.
    alerts_file: Path | None = None
    tied: tuple[Tied, ...] = field(default_factory=tuple)
    #: What daemons share, e.g. one database: they become one incident when they alone ail.
    shared: tuple[Dependency, ...] = field(default_factory=tuple)
    #: Where a Prometheus (or VictoriaMetrics) answers; then no file is read.
    prometheus: str = ""
    #: The header in which a proxy names who has logged in; empty: not asked for.
    auth_header: str = ""
    #: Addresses of that proxy, loopback aside.
    proxies: tuple[str, ...] = ()
    #: Lines ``name:hash``: who may log in by basic auth; None: not asked for.
    users_file: Path | None = None
    #: Path below which a proxy shows the page, e.g. ``/queues``. Only this says so, no header:
    #: whoever could choose where links lead could have a cache hand them to everybody.
    prefix: str = ""
    #: Whose clock the daemons' weeks follow, e.g. ``Europe/Berlin``; empty: this host's.
    timezone: str = ""
    #: A glob of this host's daemons' sockets, ``/run/fedmsg-health/*.sock``: daemons that ail are
    #: asked at what. Empty: they are not; the server's user must be in their readers' group.
    sockets: str = ""

    def __post_init__(self) -> None:
        self.zone()
        if self.rrdcached and not self.rrdcached.startswith(("unix:/", "/")):
            reason = "must be unix:/absolute/path: file names are only absolute over a unix socket"
            raise ConfigError("dashboard", "rrdcached", self.rrdcached, reason)
        if self.sockets and not self.sockets.startswith("/"):
            raise ConfigError("dashboard", "sockets", self.sockets, "must be an absolute path")
        if not 1 <= self.interval <= 3600:
            raise ConfigError("dashboard", "interval", self.interval, "must be 1 to 3600 s")
        if self.prometheus and not self.prometheus.startswith(("http://", "https://")):
            raise ConfigError("dashboard", "prometheus", self.prometheus, "must be an http address")
        if self.prefix and not PREFIX.fullmatch(str(self.prefix)):
            reason = "must be a path such as /queues: letters, digits, - . _ ~ after each slash"
            raise ConfigError("dashboard", "prefix", self.prefix, reason)

    def zone(self) -> tzinfo | None:
        """Return the time zone; None is this host's own.

        Raises:
            ConfigError: there is none of this name here.
        """
        if self.timezone == "UTC":  # known without the system's table
            return timezone.utc
        try:
            return ZoneInfo(self.timezone) if self.timezone else None
        except (ZoneInfoNotFoundError, ValueError, OSError, TypeError):
            reason = "must be a time zone that is known here, such as Europe/Berlin"
            raise ConfigError("dashboard", "timezone", self.timezone, reason) from None

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
        given["tied"] = tuple(_tied(one) for one in given.get("tied", ()))
        given["shared"] = dependencies(given.get("shared", ()), "dashboard")
        for name in ("hosts", "proxies"):
            if name in given:
                given[name] = tuple(given[name])
        given["data_dir"] = Path(given.get("data_dir", "/var/lib/collectd/rrd")).resolve()
        if isinstance(given.get("prefix"), str):
            given["prefix"] = given["prefix"].rstrip("/")
        for name in ("marks_file", "users_file", "alerts_file"):
            given[name] = Path(given[name]) if given.get(name) else None
        return cls(**given)


def _tied(given: Tied | Mapping[str, Any]) -> Tied:
    if isinstance(given, Tied):
        return given
    try:
        return Tied(**given)
    except TypeError as error:
        raise ConfigError("dashboard", "tied", given, str(error)) from error
