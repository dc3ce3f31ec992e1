"""Who shares what: the bus, a host, a topic, a declared dependency; judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from ...errors import ConfigError
from .incident import Scope
from .members import Member, Symptom


@dataclass(frozen=True)
class Dependency:
    """Something that daemons are declared to share, e.g. one database."""

    name: str
    #: Shell patterns of ids (``host/service/consumer``), or of their first parts.
    daemons: tuple[str, ...]

    def used_by(self, name: str) -> bool:
        """Return whether the daemon of this id uses it."""
        return any(
            fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}/*")
            for pattern in self.daemons
        )

    @classmethod
    def of(cls, table: Any, place: str) -> Dependency:
        """Return the dependency of one ``[[shared]]`` table.

        Raises:
            ConfigError: an unknown key, or a value that cannot work; ``place`` names the file.
        """
        if not isinstance(table, Mapping):
            raise ConfigError(place, "shared", table, "must be a table: [[shared]]")
        for key in table:
            if key not in ("name", "daemons"):
                raise ConfigError(
                    place, f"shared.{key}", table[key], "unknown key; known are name, daemons"
                )
        name, daemons = table.get("name"), table.get("daemons")
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise ConfigError(place, "shared.name", name, "must be a text of one line")
        if (
            not isinstance(daemons, (list, tuple))
            or not daemons
            or not all(isinstance(pattern, str) and pattern.strip() for pattern in daemons)
        ):
            raise ConfigError(
                place,
                f"shared.daemons of {name}",
                daemons,
                "must be a list of daemon ids, host/service, hosts or patterns",
            )
        return cls(name, tuple(pattern.rstrip("/") for pattern in daemons))


def dependencies(tables: Any, place: str) -> tuple[Dependency, ...]:
    """Return what a file's ``[[shared]]`` tables declare.

    Raises:
        ConfigError: a mistake in one of them, or a name given twice.
    """
    if not isinstance(tables, (list, tuple)):
        raise ConfigError(place, "shared", tables, "must be tables: [[shared]]")
    declared = tuple(
        table if isinstance(table, Dependency) else Dependency.of(table, place) for table in tables
    )
    names = [dependency.name for dependency in declared]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(place, "shared.name", name, "is given twice")
    return declared


@dataclass(frozen=True)
class Group:
    """Daemons that share something."""

    scope: Scope
    name: str
    members: Sequence[Member]


def groups(
    scope: Scope, fleet: Sequence[Member], shared: Iterable[Dependency], symptom: Symptom
) -> Iterator[Group]:
    """Yield the groups of one scope."""
    if scope is Scope.BUS:
        yield Group(scope, "", fleet)
    elif scope is Scope.DEPENDENCY:
        for dependency in shared:
            yield Group(scope, dependency.name, [m for m in fleet if dependency.used_by(m.id)])
    elif scope is Scope.HOST:
        yield from _by(scope, fleet, [member.host for member in fleet])
    elif scope is Scope.TOPIC:
        ailing = [m for m in fleet if m.topic is not None and symptom.ails(m)]
        yield from _by(scope, ailing, [str(member.topic) for member in ailing])


def _by(scope: Scope, fleet: Sequence[Member], names: Sequence[str]) -> Iterator[Group]:
    parts: dict[str, list[Member]] = {}
    for name, member in zip(names, fleet):
        parts.setdefault(name, []).append(member)
    for name, members in parts.items():
        yield Group(scope, name, members)


#: Share of the members that must see it: one daemon in five may hardly use what is shared.
MIN_SHARE_INSIDE = 0.8
#: Share of the others that must not see it: where half of them do, the group is not the cause.
OTHERS = 0.5
#: One daemon is no group.
LEAST = 2
#: Certainty of a group without others to compare with.
NO_CONTROL = 0.7
#: By member's id: shows the symptom, does not, or (None) is unknown.
Witnesses = Mapping[str, "bool | None"]


class Total(NamedTuple):
    """How many daemons of the fleet see the symptom, and how many do not."""

    yes: int
    no: int

    @classmethod
    def of(cls, witnesses: Witnesses) -> Total:
        """Return the counts; daemons that cannot tell are not counted."""
        everyone = list(witnesses.values())
        return cls(everyone.count(True), everyone.count(False))


@dataclass(frozen=True)
class Count:
    """How many members of a group see the symptom, and how many of the others."""

    affected: int
    of: int
    others_affected: int
    others_of: int

    @property
    def together(self) -> bool:
        """Return whether those inside see it and the others do not."""
        return (
            self.affected >= LEAST
            and self.affected >= MIN_SHARE_INSIDE * self.of
            and (not self.others_of or self.others_affected < OTHERS * self.others_of)
        )

    @property
    def certainty(self) -> float:
        """Return 0 to 1: the share of members that see it less the share of the others."""
        outside = self.others_affected / self.others_of if self.others_of else 1 - NO_CONTROL
        return round(max(0.0, self.affected / self.of - outside), 3) if self.of else 0.0


def counted(group: Group, witnesses: Witnesses, total: Total) -> Count:
    """Return the witnesses of a group, and of the rest of the fleet."""
    inside = [witnesses[member.id] for member in group.members]
    yes, no = inside.count(True), inside.count(False)
    others = total.yes - yes
    return Count(yes, yes + no, others, others + total.no - no)
