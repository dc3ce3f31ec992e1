"""The dashboard's settings: one frozen record, checked against a table of its keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timezone, tzinfo
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from collectd_fedmsg.config_check import Checker
from collectd_fedmsg.diagnosis.fleet.groups import Dependency
from collectd_fedmsg.errors import ConfigError
from collectd_fedmsg.reader.evidence_files import EVIDENCE_FILES

from .config_keys import KEYS, TIED_KEYS, Network, read_token

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
#: Characters of the token that may write: of ten random letters there are 10**14.
MIN_TOKEN = 16


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
    #: Seconds between two samples, for daemons whose files do not say.
    interval: int = 10
    #: Names that the Host header may hold, ports aside; ``*`` means any.
    hosts: tuple[str, ...] = LOOPBACK_HOSTS
    #: The token needed to write marks, silences and acknowledgements; empty: nobody may.
    token: str = field(default="", repr=False)
    #: The file that the token is read from, which only its owner may read.
    token_file: Path | None = None
    #: Where marks are kept; None: in memory only.
    marks_file: Path | None = None
    #: The file of ``collectd-fedmsg alerts run``; None: no page of alerts.
    alerts_file: Path | None = None
    tied: tuple[Tied, ...] = field(default_factory=tuple)
    #: What daemons share, e.g. one database: when only those are in trouble, it is one incident.
    shared: tuple[Dependency, ...] = field(default_factory=tuple)
    #: Where a Prometheus (or VictoriaMetrics) answers; then no file is read.
    prometheus: str = ""
    #: The file with the bearer token that it asks for; as for ``token_file``.
    prometheus_token_file: Path | None = None
    #: The header in which a proxy names who has logged in; empty: not asked for.
    auth_header: str = ""
    #: Addresses and networks of proxies: what they say of who asks is believed.
    proxies: tuple[Network, ...] = ()
    #: What a proxy shows in ``X-Proxy-Secret``; wanted of one on this host, where every user has
    #: the same address.
    proxy_secret: str = field(default="", repr=False)
    #: The file that it is read from, which only its owner may read.
    proxy_secret_file: Path | None = None
    #: Lines ``name:hash``: who may log in by basic auth; None: not asked for.
    users_file: Path | None = None
    #: Path below which a proxy shows the page, e.g. ``/queues``. Only this says so, no header:
    #: whoever could choose where links lead could have a cache hand them to everybody.
    prefix: str = ""
    #: Time zone of the daemons' usual weeks, e.g. ``Europe/Berlin``; empty: this host's.
    timezone: str = ""
    #: A glob of this host's daemons' sockets, ``/run/fedmsg-health/*.sock``: daemons in trouble are
    #: asked where they spend their time. Empty: they are not. The server's user must be in their
    #: readers' group.
    sockets: str = ""
    #: A glob of the files in which collectd's plugins keep what daemons say of themselves: at what
    #: they are slow, their versions, what fails. Empty: none are read.
    evidence: str = EVIDENCE_FILES
    #: Where a message can be read, with ``{id}`` in its place; empty: slow messages are not links.
    message_url: str = ""

    def __post_init__(self) -> None:
        self.zone()
        if self.token and len(self.token) < MIN_TOKEN:
            raise ConfigError(
                "dashboard", "token", "(not shown)", f"must have at least {MIN_TOKEN} characters"
            )

        if self.auth_header and not self.proxies:
            raise ConfigError(
                "dashboard", "auth_header", self.auth_header, "needs proxies: believed of none else"
            )
        local = [str(network) for network in self.proxies if network.overlaps(_loopback(network))]
        if local and not self.proxy_secret:
            raise ConfigError(
                "dashboard",
                "proxies",
                local[0],
                "any user of this host can ask from there: set proxy_secret_file",
            )

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
    def of(cls, config: Settings | Mapping[str, Any] | None, place: str = "dashboard") -> Settings:
        """Return settings from a record, a mapping of its fields, or nothing.

        Raises:
            Mistakes: every unknown key and every value that could not work.
        """
        if isinstance(config, Settings):
            return config
        checker = Checker(place)
        values = dict(config or {})
        tied = values.pop("tied", ())
        token = values.pop("token", "")
        read = checker.table(values, KEYS)
        read["tied"] = _tied(checker, tied)
        if not isinstance(token, str):
            checker.wrong("token", "(not shown)", "must be a text")
        elif token and "token_file" not in values:
            read["token"] = token
        if read.get("token_file"):
            read["token"] = read_token(checker, "token_file", read["token_file"], MIN_TOKEN)
        if read.get("proxy_secret_file"):
            path = read["proxy_secret_file"]
            read["proxy_secret"] = read_token(checker, "proxy_secret_file", path, MIN_TOKEN)
            if not read["proxy_secret"].isascii():
                checker.wrong("proxy_secret_file", str(path), "must hold ASCII only")
        checker.finish()
        return cls(**read)

    def prometheus_token(self) -> str:
        """Return the token that Prometheus asks for; empty without one.

        Raises:
            Mistakes: its file cannot be read, or others may read it.
        """
        if self.prometheus_token_file is None:
            return ""
        checker = Checker("dashboard")
        token = read_token(checker, "prometheus_token_file", self.prometheus_token_file, 1)
        checker.finish()
        return token


def _loopback(network: Network) -> Any:
    """Return the loopback network of the same version."""
    return ip_network("127.0.0.0/8" if network.version == 4 else "::1/128")


def _tied(checker: Checker, value: Any) -> tuple[Tied, ...]:
    if not isinstance(value, (list, tuple)):
        checker.wrong("tied", value, "must be written [[tied]]")
        return ()
    count = len(checker.mistakes)
    made = [
        each if isinstance(each, Tied) else checker.table(each, TIED_KEYS, "tied") for each in value
    ]
    if len(checker.mistakes) > count:
        return ()
    return tuple(each if isinstance(each, Tied) else Tied(**each) for each in made)
