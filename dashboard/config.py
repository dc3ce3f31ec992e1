"""The dashboard's settings: one frozen record, read from a table of keys that is checked whole."""

from __future__ import annotations

import ipaddress
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timezone, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from collectd_fedmsg.config_check import (
    OMIT,
    REQUIRED,
    Checker,
    Key,
    absolute_path,
    http_url,
    list_of,
    matching,
    optional,
    optional_text,
    text,
    whole,
)
from collectd_fedmsg.diagnosis.fleet.groups import Dependency, dependencies
from collectd_fedmsg.errors import ConfigError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "[::1]")
#: Characters of the token that may write: of ten random letters there are 10**14.
MIN_TOKEN = 16
#: Bytes of a file that holds a token.
MAX_TOKEN_BYTES = 4096


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
    #: What whoever writes marks, silences and acknowledgements has to show; empty: nobody may.
    token: str = field(default="", repr=False)
    #: The file that the token is read from, which only its owner may read.
    token_file: Path | None = None
    #: Where marks are kept; None: in memory only.
    marks_file: Path | None = None
    #: The file of ``collectd-fedmsg alerts run``; None: no page of alerts.
    alerts_file: Path | None = None
    tied: tuple[Tied, ...] = field(default_factory=tuple)
    #: What daemons share, e.g. one database: they become one incident when they alone ail.
    shared: tuple[Dependency, ...] = field(default_factory=tuple)
    #: Where a Prometheus (or VictoriaMetrics) answers; then no file is read.
    prometheus: str = ""
    #: The file with the bearer token that it asks for; as for ``token_file``.
    prometheus_token_file: Path | None = None
    #: The header in which a proxy names who has logged in; empty: not asked for.
    auth_header: str = ""
    #: Addresses and networks of that proxy, loopback aside.
    proxies: tuple[Network, ...] = ()
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
        if self.token and len(self.token) < MIN_TOKEN:
            raise ConfigError("dashboard", "token", "(not shown)",
                              f"must have at least {MIN_TOKEN} characters")

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
    def of(cls, config: Settings | Mapping[str, Any] | None,
           place: str = "dashboard") -> Settings:
        """Return settings from a record, a mapping of its fields, or nothing.

        Raises:
            Mistakes: every unknown key and every value that could not work.
        """
        if isinstance(config, Settings):
            return config
        checker = Checker(place)
        given = dict(config or {})
        tied = given.pop("tied", ())
        token = given.pop("token", "")
        read = checker.table(given, KEYS)
        read["tied"] = _tied(checker, tied)
        if not isinstance(token, str):
            checker.wrong("token", "(not shown)", "must be a text")
        elif token and "token_file" not in given:
            read["token"] = token
        if read.get("token_file"):
            read["token"] = _token(checker, "token_file", read["token_file"], MIN_TOKEN)
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
        token = _token(checker, "prometheus_token_file", self.prometheus_token_file, 1)
        checker.finish()
        return token


def _token(checker: Checker, key: str, path: Path, shortest: int) -> str:
    """Return the token in a file that only its owner may read; note what is wrong."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            mode = os.fstat(file).st_mode
            content = os.read(file, MAX_TOKEN_BYTES + 1)
        finally:
            os.close(file)
        token = content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        checker.wrong(key, str(path), "is not UTF-8")
        return ""
    except OSError as error:
        checker.wrong(key, str(path), error.strerror or str(error))
        return ""
    if not stat.S_ISREG(mode) or stat.S_IMODE(mode) & 0o077:
        checker.wrong(key, str(path), f"mode {stat.S_IMODE(mode):04o}: must be a file that only"
                      " its owner may read (chmod 0600)")
    elif not token.isprintable() or not shortest <= len(token) <= MAX_TOKEN_BYTES:
        checker.wrong(key, str(path), f"must hold one line of at least {shortest} characters")
    return token


def _file(value: Any) -> Path:
    """Check the name of a file; a relative one is below the present folder."""
    if not isinstance(value, (str, Path)) or not str(value).strip():
        raise ValueError("must be the name of a file")
    return Path(optional_text(str(value)))


def _folder(value: Any) -> Path:
    # Links stay as they are spelled: rrdcached knows a file by its name.
    return _file(value).absolute()


def _host(value: Any) -> str:
    name = text(value).strip().lower()
    if " " in name or "/" in name:
        raise ValueError("must be a host's name or address, without scheme and path")
    return name


def _network(value: Any) -> Network:
    """Check an address or a network; an IPv4 one that is written as IPv6 is IPv4."""
    if isinstance(value, (ipaddress.IPv4Network, ipaddress.IPv6Network)):
        return value
    reason = "must be an address or a network, such as 10.0.0.0/8"
    if not isinstance(value, str):
        raise ValueError(reason)
    try:
        network = ipaddress.ip_network(value.strip("[]"), strict=False)
    except ValueError:
        raise ValueError(reason) from None
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    if mapped is not None and network.prefixlen >= 96:
        return ipaddress.ip_network(f"{mapped}/{network.prefixlen - 96}", strict=False)
    return network


def _socket(value: Any) -> str:
    if not optional_text(value):
        return ""
    absolute_path(value.removeprefix("unix:"))
    return str(value)


def _pattern(value: Any) -> str:
    """Check an absolute path, which may be a pattern; the result is a text."""
    return str(absolute_path(value))


def _prefix(value: Any) -> str:
    #: Characters that need no escape in an address (RFC 3986), in HTML or in a script.
    shape = matching(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+",
                     "must be a path such as /queues: letters, digits, - . _ ~ after each slash")
    given = value.rstrip("/") if isinstance(value, str) else value
    return shape(given) if given != "" else ""


def _shared(value: Any) -> tuple[Dependency, ...]:
    return dependencies(value, "dashboard")


def _or_empty(check: Any) -> Any:
    return lambda value: "" if value == "" else check(value)


KEYS: Mapping[str, Key] = {
    "data_dir": Key(_folder, Path("/var/lib/collectd/rrd")),
    "rrdcached": Key(_socket),
    "sockets": Key(_or_empty(_pattern)),
    "interval": Key(whole(1, 3600, "seconds")),
    "hosts": Key(list_of(_host, "host names")),
    "token_file": Key(optional(_file)),
    "marks_file": Key(optional(_file)),
    "alerts_file": Key(optional(_file)),
    "shared": Key(_shared),
    "prometheus": Key(_or_empty(http_url)),
    "prometheus_token_file": Key(optional(_file)),
    "auth_header": Key(_or_empty(matching(
        r"[A-Za-z0-9-]{1,100}", "must be a header's name: letters, digits and -"))),
    "proxies": Key(list_of(_network, "addresses and networks")),
    "users_file": Key(optional(_file)),
    "prefix": Key(_prefix),
    "timezone": Key(_or_empty(text)),
}
TIED_KEYS: Mapping[str, Key] = {
    "daemon": Key(text, REQUIRED), "series": Key(text, REQUIRED), "title": Key(text, REQUIRED),
    "unit": Key(optional_text, OMIT)}


def _tied(checker: Checker, given: Any) -> tuple[Tied, ...]:
    if not isinstance(given, (list, tuple)):
        checker.wrong("tied", given, "must be written [[tied]]")
        return ()
    count = len(checker.mistakes)
    made = [each if isinstance(each, Tied) else checker.table(each, TIED_KEYS, "tied")
            for each in given]
    if len(checker.mistakes) > count:
        return ()
    return tuple(each if isinstance(each, Tied) else Tied(**each) for each in made)
