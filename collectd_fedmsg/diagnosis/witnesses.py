"""Count who sees a symptom, inside a group and outside; the outside is the control."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from .fleet.groups import Group

#: Of those who share it, so many see it: a daemon in five may hardly use what is shared.
MOST = 0.8
#: Of the others, fewer than so many see it: as many as half, and it is no matter of the group.
OTHERS = 0.5
#: One daemon is no group.
LEAST = 2
#: Without others to compare with, this much of the certainty is left.
NO_CONTROL = 0.7
#: By member's id: sees the symptom, does not, cannot tell.
Seen = Mapping[str, "bool | None"]


class Total(NamedTuple):
    """Witnesses of the whole fleet."""

    yes: int
    no: int

    @classmethod
    def of(cls, seen: Seen) -> Total:
        """Return how many see it and do not; who cannot tell is not counted."""
        everyone = list(seen.values())
        return cls(everyone.count(True), everyone.count(False))


@dataclass(frozen=True)
class Count:
    """Witnesses inside and outside of a group: who sees the symptom, of how many."""

    seen: int
    of: int
    others_seen: int
    others_of: int

    @property
    def together(self) -> bool:
        """Return whether those inside see it and the others do not."""
        return (self.seen >= LEAST and self.seen >= MOST * self.of
                and (not self.others_of or self.others_seen < OTHERS * self.others_of))

    @property
    def certainty(self) -> float:
        """Return 0 to 1: how differently inside and outside look at it."""
        outside = self.others_seen / self.others_of if self.others_of else 1 - NO_CONTROL
        return round(max(0.0, self.seen / self.of - outside), 3) if self.of else 0.0


def counted(group: Group, seen: Seen, total: Total) -> Count:
    """Return the witnesses of a group, and of the rest of the fleet."""
    inside = [seen[member.id] for member in group.members]
    yes, no = inside.count(True), inside.count(False)
    others = total.yes - yes
    return Count(yes, yes + no, others, others + total.no - no)
