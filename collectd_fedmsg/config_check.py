"""Check configuration against tables of keys and report every mistake at once; reads no file.

A table maps each key to its ``Key``: a check of type, range and spelling, and the default.
Refuses to guess: an unknown key and a value of another type are mistakes, never ignored.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import humanize
from .errors import ConfigError, Mistakes
from .http_address import Address

#: Returns the usable value; raises ValueError with a reason that follows ``KEY = VALUE:``.
Check = Callable[[Any], Any]
#: The longest text, address or path of a setting, in characters.
MAX_TEXT = 4096
MAX_PORT = 65535
#: RFC 1035: a label of a host name.
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\Z", re.IGNORECASE)


class _Absent:
    """Stands for no default."""


#: The key has to be set.
REQUIRED = _Absent()
#: The key is left out of the result when it is not set.
OMIT = _Absent()


@dataclass(frozen=True)
class Key:
    """One key of a table: how to check its value, and what holds when it is not set."""

    check: Check
    default: Any = OMIT


Table = Mapping[str, Key]


@dataclass
class Checker:
    """Collects the mistakes of one place, e.g. of one file."""

    place: str
    mistakes: list[ConfigError] = field(default_factory=list)

    def wrong(self, key: str, value: object, reason: str) -> None:
        """Note one mistake."""
        self.mistakes.append(ConfigError(self.place, key, value, reason))

    def table(self, raw: Any, keys: Table, where: str = "") -> dict[str, Any]:
        """Return the usable values of a mapping, defaults included; note what is wrong.

        Args:
            raw: what was read; anything but a mapping is one mistake.
            keys: every key that may be set.
            where: the table's own name, for the messages.
        """
        if not isinstance(raw, Mapping):
            self.wrong(where, raw, "must be a table")
            return {}
        read: dict[str, Any] = {}
        for name, value in raw.items():
            self.value(read, str(name), value, keys, where)
        for name, key in keys.items():
            if key.default is REQUIRED and name not in raw:
                self.wrong(_named(where, name), None, "is missing")
            elif name not in raw and key.default is not OMIT:
                read[name] = key.default
        return read

    def value(
        self, read: dict[str, Any], name: str, value: Any, keys: Table, where: str = ""
    ) -> None:
        """Put one checked value into ``read``, or note what is wrong with it."""
        key = keys.get(name)
        if key is None:
            self.wrong(_named(where, name), value, unknown(name, keys))
            return
        try:
            read[name] = key.check(value)
        except (ValueError, TypeError) as error:
            self.wrong(_named(where, name), value, str(error))

    def tables(self, raw: Any, where: str) -> list[Any]:
        """Return a list of tables; anything else is one mistake."""
        if not isinstance(raw, list):
            self.wrong(where, raw, f"must be written [[{where}]]")
            return []
        return raw

    def finish(self) -> None:
        """Raise what was noted.

        Raises:
            Mistakes: at least one thing is wrong.
        """
        if self.mistakes:
            raise Mistakes(self.mistakes)


def _named(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def unknown(name: str, known: Iterable[str]) -> str:
    """Return the reason for refusing a key, with the spelling that was probably meant."""
    names = list(known)
    lowered = {each.lower(): each for each in names}
    near = difflib.get_close_matches(name.lower(), lowered, 1)
    hint = f"; did you mean {lowered[near[0]]}?" if near else ""
    return f"unknown{hint}; known are {', '.join(names)}"


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
