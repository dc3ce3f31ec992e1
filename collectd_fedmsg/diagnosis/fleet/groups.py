"""Who shares what: the bus, a host, a topic, a declared dependency; judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from ...errors import ConfigError
from ..symptoms import Symptom
from .incident import Scope
from .members import Member


@dataclass(frozen=True)
class Dependency:
    """Something that daemons are declared to share, e.g. one database."""

    name: str
    #: Shell patterns of ids (``host/service/consumer``), or of their first parts.
    daemons: tuple[str, ...]

    def used_by(self, name: str) -> bool:
        """Return whether the daemon of this id uses it."""
        return any(fnmatchcase(name, one) or fnmatchcase(name, f"{one}/*")
                   for one in self.daemons)

    @classmethod
    def of(cls, given: Any, place: str) -> Dependency:
        """Return the dependency of one ``[[shared]]`` table.

        Raises:
            ConfigError: an unknown key, or a value that cannot work; ``place`` names the file.
        """
        if not isinstance(given, Mapping):
            raise ConfigError(place, "shared", given, "must be a table: [[shared]]")
        for key in given:
            if key not in ("name", "daemons"):
                raise ConfigError(place, f"shared.{key}", given[key],
                                  "unknown key; known are name, daemons")
        name, daemons = given.get("name"), given.get("daemons")
        if not isinstance(name, str) or not name.strip() or not name.isprintable():
            raise ConfigError(place, "shared.name", name, "must be a text of one line")
        if (not isinstance(daemons, (list, tuple)) or not daemons
                or not all(isinstance(one, str) and one.strip() for one in daemons)):
            raise ConfigError(place, f"shared.daemons of {name}", daemons,
                              "must be a list of daemon ids, host/service, hosts or patterns")
        return cls(name, tuple(one.rstrip("/") for one in daemons))


def dependencies(given: Any, place: str) -> tuple[Dependency, ...]:
    """Return what a file's ``[[shared]]`` tables declare.

    Raises:
        ConfigError: a mistake in one of them, or a name given twice.
    """
    if not isinstance(given, (list, tuple)):
        raise ConfigError(place, "shared", given, "must be tables: [[shared]]")
    found = tuple(one if isinstance(one, Dependency) else Dependency.of(one, place)
                  for one in given)
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(place, "shared.name", name, "is given twice")
    return found


@dataclass(frozen=True)
class Group:
    """Daemons that share something."""

    scope: Scope
    name: str
    members: Sequence[Member]


def groups(scope: Scope, fleet: Sequence[Member], shared: Iterable[Dependency],
           symptom: Symptom) -> Iterator[Group]:
    """Yield the groups of one scope."""
    if scope is Scope.BUS:
        yield Group(scope, "", fleet)
    elif scope is Scope.DEPENDENCY:
        for one in shared:
            yield Group(scope, one.name, [m for m in fleet if one.used_by(m.id)])
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
