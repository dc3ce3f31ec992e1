"""What a story is made of: phases, and what the page is expected to say. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from examples.chain import Daemon

    from .stage import Stage


@dataclass(frozen=True)
class Expect:
    """A verdict that the page must give of a daemon.

    Expectations of one phase are met in order: each at or after the one before it.
    """

    #: The daemon's service name.
    service: str
    #: One of these, anywhere among its verdicts.
    verdicts: tuple[str, ...]
    #: Seconds from the phase's beginning. Generous: this says "in order", not "how fast".
    within: float = 60.0
    #: What its sentences must contain.
    says: str = ""
    #: Only when the story is played at its full length: some verdicts want to watch for long.
    full: bool = False

    def __str__(self) -> str:
        clause = f" ({self.says})" if self.says else ""
        return f"{self.service}: {' or '.join(self.verdicts)}{clause}"


@dataclass(frozen=True)
class Phase:
    """A part of a story: what happens, the function that makes it happen, what is expected."""

    name: str
    #: One sentence for the watcher.
    tells: str
    #: Returns when its part is done; what it started may go on.
    act: Callable[[Stage], None]
    expects: tuple[Expect, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """Something that was expected, and what happened."""

    expected: str
    met: bool
    observed: str


@dataclass(frozen=True)
class Need:
    """A program that a story cannot do without."""

    name: str
    installed: Callable[[], bool]
    #: What of the story nothing else has.
    why: str


@dataclass(frozen=True)
class Story:
    """A whole story."""

    name: str
    title: str
    #: Starts what the daemons need (a database) and returns them.
    daemons: Callable[[Stage], Sequence[Daemon]]
    phases: tuple[Phase, ...]
    #: Further checks when all phases are over, the daemons still running.
    checks: Callable[[Stage], Sequence[Outcome]] | None = None
    #: Topics (fnmatch patterns below the environment) that a service hears; all when not named.
    hears: dict[str, Sequence[str]] = field(default_factory=dict)
    #: What must be installed besides what every story needs.
    needs: tuple[Need, ...] = ()

    def missing(self) -> list[str]:
        """Return a sentence for each need that is not there; empty when it can be played."""
        return [
            f"{self.name} needs {need.name}, which is not installed: {need.why}"
            for need in self.needs
            if not need.installed()
        ]
