"""What a daemon says of its code and of its slowest messages; read on the plugin's own thread."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable, Sequence

from ..protocol.about import MAX_ALL_SLOWEST, MAX_SLOWEST, About, Release, SlowMessage
from .releases import releases_of
from .slowest import Slowest


class AboutDaemon:
    """Answers with Python's version, the consumers' releases and their slowest messages.

    Args:
        modules: returns the name of each consumer and the module or package of its code.
        slowest: the consumers' slowest messages; None where nobody keeps them.
    """

    def __init__(
        self,
        modules: Callable[[], Iterable[tuple[str, str]]],
        slowest: Sequence[Slowest] | None = None,
    ) -> None:
        self._modules = modules
        self._slowest = slowest
        #: Read at the first answer: what is installed does not change in a process that runs.
        self._releases: tuple[Release, ...] | None = None

    def __call__(self) -> About:
        """Return what is known now."""
        if self._releases is None:
            self._releases = ()  # whatever comes of it, it is read once
            self._releases = releases_of(self._modules())
        return About(platform.python_version(), self._releases, self._rows())

    def _rows(self) -> tuple[SlowMessage, ...] | None:
        if self._slowest is None:
            return None
        now = time.time()
        most = min(MAX_SLOWEST, MAX_ALL_SLOWEST // max(1, len(self._slowest)))
        return tuple(row for kept in self._slowest for row in kept.report(now, most))
