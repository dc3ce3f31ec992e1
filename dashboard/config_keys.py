"""The keys of the dashboard's settings: type, range and spelling of each."""

from __future__ import annotations

import ipaddress
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from collectd_fedmsg.config_check import OMIT, REQUIRED, Checker, Key
from collectd_fedmsg.config_values import (
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

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
#: Bytes of a file that holds a token.
MAX_TOKEN_BYTES = 4096


def read_token(checker: Checker, key: str, path: Path, shortest: int) -> str:
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
        checker.wrong(
            key,
            str(path),
            f"mode {stat.S_IMODE(mode):04o}: must be a file that only"
            " its owner may read (chmod 0600)",
        )
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


def _message_url(value: Any) -> str:
    """Check an http(s) address that has ``{id}`` once, after the host."""
    http_url(value)
    scheme, _, rest = str(value).partition("://")
    host, _, path = rest.partition("/")
    if path.count("{id}") != 1 or any(brace in f"{scheme}{host}" for brace in "{}"):
        raise ValueError(
            "must have {id} once, after the host: https://archive.example.org/id?id={id}"
        )
    return str(value)


def _prefix(value: Any) -> str:
    #: Characters that need no escape in an address (RFC 3986), in HTML or in a script.
    shape = matching(
        r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+",
        "must be a path such as /queues: letters, digits, - . _ ~ after each slash",
    )
    prefix = value.rstrip("/") if isinstance(value, str) else value
    return shape(prefix) if prefix != "" else ""


def _shared(value: Any) -> tuple[Dependency, ...]:
    return dependencies(value, "dashboard")


def _or_empty(check: Any) -> Any:
    return lambda value: "" if value == "" else check(value)


KEYS: Mapping[str, Key] = {
    "data_dir": Key(_folder, Path("/var/lib/collectd/rrd")),
    "rrdcached": Key(_socket),
    "sockets": Key(_or_empty(_pattern)),
    "evidence": Key(_or_empty(_pattern)),
    "message_url": Key(_or_empty(_message_url)),
    "interval": Key(whole(1, 3600, "seconds")),
    "hosts": Key(list_of(_host, "host names")),
    "token_file": Key(optional(_file)),
    "marks_file": Key(optional(_file)),
    "alerts_file": Key(optional(_file)),
    "shared": Key(_shared),
    "prometheus": Key(_or_empty(http_url)),
    "prometheus_token_file": Key(optional(_file)),
    "auth_header": Key(
        _or_empty(
            matching(r"[A-Za-z0-9-]{1,100}", "must be a header's name: letters, digits and -")
        )
    ),
    "proxies": Key(list_of(_network, "addresses and networks")),
    "proxy_secret_file": Key(optional(_file)),
    "users_file": Key(optional(_file)),
    "prefix": Key(_prefix),
    "timezone": Key(_or_empty(text)),
}
TIED_KEYS: Mapping[str, Key] = {
    "daemon": Key(text, REQUIRED),
    "series": Key(text, REQUIRED),
    "title": Key(text, REQUIRED),
    "unit": Key(optional_text, OMIT),
}
