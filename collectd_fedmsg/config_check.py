"""Check configuration against tables of keys and report every mistake at once; reads no file.

A table maps each key to its ``Key``: a check of type, range and spelling, and the default.
Refuses to guess: an unknown key and a value of another type are mistakes, never ignored.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .config_values import Check
from .errors import ConfigError, Mistakes


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
