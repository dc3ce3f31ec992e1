"""Two ways to find a message's recipients: query the database each time, or keep all in memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from . import database
from .rules import News, Preference, recipients

#: A bus message that says whose rules, or whose access, have changed.
RULES_CHANGED = "org.fedoraproject.prod.fmn.rules.update"
ACCESS_CHANGED = "org.fedoraproject.prod.pkgdb.acl.update"


class Asking:
    """Asks for everybody's rules at every message.

    It keeps each access list for a while, but the round through everybody's takes longer than
    that: a list has expired whenever the next message wants it.

    Args:
        keep: seconds that an access list is kept.
    """

    def __init__(
        self,
        connection: database.Connection,
        keep: float = 0.01,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._keep = keep
        self._clock = clock
        self._lists: dict[str, tuple[float, frozenset[str]]] = {}
        self.hits = 0

    def recipients_of(self, event: News) -> list[tuple[str, str]]:
        """Return (person, context) of every recipient."""
        matches: list[tuple[str, str]] = []
        for person in database.people(self._connection):
            preferences = database.preferences_of(self._connection, person)
            matches.extend(recipients(event, preferences, self._access))
        return matches

    def _access(self, person: str) -> frozenset[str]:
        now = self._clock()
        entry = self._lists.get(person)
        if entry and entry[0] > now:
            self.hits += 1
            return entry[1]
        packages = database.access_of(self._connection, person)
        self._lists[person] = (now + self._keep, packages)
        return packages


class Remembering:
    """Reads everything once; messages on the bus say whose part to read again."""

    def __init__(self, connection: database.Connection) -> None:
        self._connection = connection
        self._wanted: dict[str, list[Preference]] = {}
        self._lists: dict[str, frozenset[str]] = {}
        for person in database.people(connection):
            self._read(person)

    def recipients_of(self, event: News) -> list[tuple[str, str]]:
        """Return (person, context) of every recipient."""
        return [
            recipient
            for preferences in self._wanted.values()
            for recipient in recipients(event, preferences, self._access)
        ]

    def take(self, body: dict[str, Any]) -> None:
        """Read again what a message says has changed; other messages are nothing to it."""
        if body["topic"] in (RULES_CHANGED, ACCESS_CHANGED):
            self._read(str(body["msg"]["person"]))

    def _read(self, person: str) -> None:
        self._wanted[person] = database.preferences_of(self._connection, person)
        self._lists[person] = database.access_of(self._connection, person)

    def _access(self, person: str) -> frozenset[str]:
        return self._lists.get(person, frozenset())
