"""What an incident is: the daemons that suffer together, and from what; computes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..verdict import Verdict


class Scope(Enum):
    """How far it reaches; the value is said before the name."""

    BUS = "bus-wide"
    DEPENDENCY = "shared dependency"
    HOST = "host"
    TOPIC = "topic"
    LOCAL = "only"


@dataclass(frozen=True)
class Incident:
    """One trouble of one or more daemons.

    ``affected`` of ``of`` daemons inside show it, ``others_affected`` of ``others_of`` outside;
    unknown ones are not counted. ``waiting`` in messages, ``since`` in epoch seconds.
    """

    scope: Scope
    #: The host, the dependency, the topic or the one daemon; empty for the bus.
    name: str
    cause: Verdict
    #: Ids of the daemons that ail; those that see it and cope are only counted.
    members: tuple[str, ...]
    severity: int
    affected: int
    of: int
    others_affected: int
    others_of: int
    since: float | None
    waiting: float | None
    certainty: float
    sentence: str
    action: str
    #: What a member's row says of its siblings; empty when they cannot tell.
    sibling_note: str = ""

    @property
    def id(self) -> str:
        """Return what names it while it lasts."""
        return f"{self.scope.name.lower()}:{self.name}:{self.cause.name}"

    @property
    def shared(self) -> bool:
        """Return whether more than one daemon sees it."""
        return self.scope is not Scope.LOCAL

    def to_dict(self) -> dict[str, Any]:
        """Return plain types for JSON."""
        return {
            "id": self.id,
            "scope": self.scope.name,
            "name": self.name,
            "cause": self.cause.name,
            "members": list(self.members),
            "severity": self.severity,
            "affected": self.affected,
            "of": self.of,
            "others_affected": self.others_affected,
            "others_of": self.others_of,
            "since": self.since,
            "waiting": self.waiting,
            "certainty": self.certainty,
            "sentence": self.sentence,
            "action": self.action,
            "shared": self.shared,
        }
