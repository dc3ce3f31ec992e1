"""Checks of one configuration value each: its type, range and spelling; they read no file.

A check returns the usable value, or raises ValueError with a reason that follows ``KEY = VALUE:``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import humanize
from .http_address import Address

Check = Callable[[Any], Any]
#: The longest text, address or path of a setting, in characters.
MAX_TEXT = 4096
MAX_PORT = 65535
#: RFC 1035: a label of a host name.
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z", re.IGNORECASE)


def text(value: Any) -> str:
    """Check a text of one line that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a text")
    return optional_text(value)


def optional_text(value: Any) -> str:
    """Check a text of one line, which may be empty."""
    if not isinstance(value, str):
        raise ValueError("must be a text")
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in value):
        raise ValueError("must not hold line ends or other control characters")
    if len(value) > MAX_TEXT:
        raise ValueError(f"must have at most {MAX_TEXT} characters")
    return value


def texts(value: Any) -> tuple[str, ...]:
    """Check a text or a list of texts."""
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, (list, tuple)) or not all(isinstance(x, str) and x for x in items):
        raise ValueError("must be a text or a list of texts")
    return tuple(items)


def flag(value: Any) -> bool:
    """Check a boolean; 1 and "yes" are none."""
    if not isinstance(value, bool):
        raise ValueError("must be true or false, without quotes")
    return value


def whole(low: int, high: int, unit: str = "") -> Check:
    """Return a check for a whole number from ``low`` to ``high``; an integral float is one."""

    def check(value: Any) -> int:
        integral = isinstance(value, float) and value.is_integer()
        if (
            isinstance(value, bool)
            or not (isinstance(value, int) or integral)
            or (not low <= value <= high)
        ):
            raise ValueError(f"must be a whole number{unit and f' of {unit}'}, {low} to {high}")
        return int(value)

    return check


def number(low: float, high: float, unit: str = "") -> Check:
    """Return a check for a finite number from ``low`` to ``high``."""

    def check(value: Any) -> float:
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not (low <= value <= high and math.isfinite(value))
        ):
            raise ValueError(f"must be a number{unit and f' of {unit}'}, {low:g} to {high:g}")
        return float(value)

    return check


def duration(low: float = 0.0, high: float = 1e10) -> Check:
    """Return a check for seconds or a text such as ``5min``; the result is in seconds."""

    def check(value: Any) -> float:
        seconds = humanize.parse_duration(value)
        if not low <= seconds <= high:
            raise ValueError(f"must be {humanize.duration(low)} to {humanize.duration(high)}")
        return seconds

    return check


def among(*allowed: str) -> Check:
    """Return a check for one of these texts."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return value

    return check


def matching(pattern: str, reason: str) -> Check:
    """Return a check for a text that a regular expression matches as a whole."""
    shape = re.compile(pattern)

    def check(value: Any) -> str:
        if not isinstance(value, str) or not shape.fullmatch(value):
            raise ValueError(reason)
        return value

    return check


def absolute_path(value: Any) -> Path:
    """Check an absolute path; the result is a Path."""
    if not isinstance(value, (str, Path)) or not str(value).startswith("/") or "\0" in str(value):
        raise ValueError("must be an absolute path")
    return Path(optional_text(str(value)))


def list_of(check: Check, what: str) -> Check:
    """Return a check for a list whose members pass ``check``; the result is a tuple."""

    def checked(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"must be a list of {what}")
        members = []
        for member in value:
            try:
                members.append(check(member))
            except (ValueError, TypeError) as error:
                raise ValueError(f"{member!r:.80}: {error}") from error
        return tuple(members)

    return checked


def optional(check: Check) -> Check:
    """Return a check that takes None and an empty text as "not set", which is None."""
    return lambda value: None if value is None or value == "" else check(value)


def http_url(value: Any) -> str:
    """Check an address of http or https; returned unchanged."""
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        raise ValueError("must be an http:// or https:// address")
    address = Address.of(optional_text(value))
    if not address.port or ("[" in value and ":" not in address.host):
        raise ValueError("must look like http://host:port/path, ports from 1 to 65535")
    return value


def host_name(value: Any) -> str:
    """Check the name or address of a host, without brackets or port."""
    name = value if isinstance(value, str) else ""
    if ":" not in name and (
        len(name) > 253
        or not all(_LABEL.match(label) for label in name.removesuffix(".").split("."))
    ):
        raise ValueError("names no host")
    if ":" in name and not re.fullmatch(r"[0-9A-Fa-f:.]+(%\w+)?", name):
        raise ValueError("names no host")
    return name


def port_number(value: Any) -> int:
    """Check a port, 1 to 65535, as a number or its digits."""
    digits = str(value)
    if (
        isinstance(value, bool)
        or not digits.isascii()
        or not digits.isdigit()
        or (not 1 <= int(digits[:9]) <= MAX_PORT)
    ):
        raise ValueError(f"must hold a port from 1 to {MAX_PORT}")
    return int(digits)


def tcp_endpoint(value: Any) -> str:
    """Check ``tcp://host:port``; an IPv6 address stands in brackets."""
    reason = "must look like tcp://192.0.2.1:9941 or tcp://[2001:db8::1]:9941"
    match = re.fullmatch(r"tcp://(\[[^\]/\s]+\]|[^:/\s\[\]]+):(\d+)", str(value))
    if not isinstance(value, str) or not match:
        raise ValueError(reason)
    host_name(match[1].strip("[]"))
    port_number(match[2])
    return value
