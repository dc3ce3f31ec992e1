"""Descriptors to wait for, by urgency: urgent ones are served when readers took too much."""

from __future__ import annotations

import contextlib
import select
from enum import IntEnum


class Level(IntEnum):
    """How urgent a descriptor is: the plugin's, root's, another user's, another host's."""

    OWN = 0
    ROOT = 1
    LOCAL = 2
    TCP = 3


class Polls:
    """One poll(2) for each level, with what is of that level or more urgent.

    Not select(2), which knows no descriptor above 1,023.
    """

    def __init__(self) -> None:
        self._polls = [select.poll() for _ in Level]

    def register(self, number: int, events: int, level: Level) -> None:
        """Wait for these events of a descriptor instead of the earlier ones."""
        for poll in self._polls[level:]:
            poll.register(number, events)

    def unregister(self, number: int) -> None:
        """Stop waiting for a descriptor."""
        for poll in self._polls:
            with contextlib.suppress(KeyError):
                poll.unregister(number)

    def wait(self, level: Level, seconds: float) -> list[tuple[int, int]]:
        """Return (descriptor, events) of this level and more urgent ones, within these seconds."""
        milliseconds = max(0, min(3_600_000, int(seconds * 1000) + (seconds > 0)))
        return self._polls[level].poll(milliseconds)
