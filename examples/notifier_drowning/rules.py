"""Who is to be notified of a message: rules, filters and preferences. Pure; asks no database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from examples.archive import schema

#: What a rule looks at.
KINDS = ("topic", "package", "person", "maintained")
#: User → packages that the user may change, by group or by name.
Access = Callable[[str], "frozenset[str]"]


@dataclass(frozen=True)
class News:
    """What the rules see of a message."""

    topic: str
    package: str | None
    person: str | None

    @classmethod
    def of(cls, body: dict[str, Any]) -> News:
        """Return the news in a bus message."""
        message = body.get("msg")
        return cls(
            body["topic"],
            schema.first_named(message, schema.PACKAGE),
            schema.first_named(message, schema.PERSON),
        )


@dataclass(frozen=True)
class Rule:
    """One condition, or its opposite.

    Raises:
        ValueError: no such kind.
    """

    kind: str
    argument: str = ""
    negated: bool = False

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"rule: {self.kind!r} is none of {', '.join(KINDS)}")

    def holds(self, event: News, user: str, access: Access) -> bool:
        """Tell whether it holds for a user; the access list is asked for only where it matters."""
        return self._plain(event, user, access) is not self.negated

    def _plain(self, event: News, user: str, access: Access) -> bool:
        if self.kind == "topic":
            return fnmatchcase(event.topic, self.argument)
        if self.kind == "package":
            return event.package == self.argument
        if self.kind == "person":
            return event.person == (self.argument or user)
        return event.package is not None and event.package in access(user)


@dataclass(frozen=True)
class Filter:
    """Conditions that must all hold; a disabled filter never does, nor does an empty one."""

    rules: tuple[Rule, ...]
    enabled: bool = True

    def holds(self, event: News, user: str, access: Access) -> bool:
        """Return whether a user is to be notified."""
        return (
            self.enabled
            and bool(self.rules)
            and all(rule.holds(event, user, access) for rule in self.rules)
        )


@dataclass(frozen=True)
class Preference:
    """What a user wants to know in one context (irc, email, …): any filter that holds."""

    user: str
    context: str
    filters: tuple[Filter, ...]


def recipients(
    event: News, preferences: Iterable[Preference], access: Access
) -> Iterator[tuple[str, str]]:
    """Yield (user, context) of every recipient."""
    for preference in preferences:
        if any(each.holds(event, preference.user, access) for each in preference.filters):
            yield preference.user, preference.context
