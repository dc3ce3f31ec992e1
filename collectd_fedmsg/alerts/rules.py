"""The settings of alerting: rules, overrides, grouping, flapping; reads no file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from .records import Subject

#: kind → unit of its value.
KINDS = {
    "backlog": "messages",
    "oldest": "seconds",
    "verdict": "severity",
    "daemon_silent": "seconds",
    "collectd_silent": "seconds",
    "lost": "messages",
    "saturation": "seconds",
}


@dataclass(frozen=True)
class Match:
    """Shell patterns (fnmatch) of each part of a subject; a part fits when one pattern does."""

    host: tuple[str, ...] = ("*",)
    service: tuple[str, ...] = ("*",)
    consumer: tuple[str, ...] = ("*",)
    rule: tuple[str, ...] = ("*",)

    def fits(self, subject: Subject, rule: str) -> bool:
        """Return whether the subject, under the rule of that name, is meant."""
        parts = (
            (self.host, subject.host),
            (self.service, subject.service),
            (self.consumer, subject.consumer),
            (self.rule, rule),
        )
        return all(
            any(fnmatchcase(text, pattern) for pattern in patterns) for patterns, text in parts
        )


@dataclass(frozen=True)
class Rule:
    """When to raise. Times in seconds.

    ``above`` is in the kind's unit: the condition is bad above it. For ``saturation`` it is bad
    when the date is nearer than ``above``; for ``verdict`` when one of ``verdicts`` holds.
    """

    name: str
    kind: str
    above: float = 0.0
    verdicts: tuple[str, ...] = ()
    #: Bad for this long raises.
    hold: float = 300.0
    #: Good for this long, and two samples at least, clears.
    clear: float = 300.0
    severity: str = "warning"
    #: Critical above this value; None: never.
    critical_above: float | None = None
    repeat: float = 14400.0
    outputs: tuple[str, ...] = ()
    enabled: bool = True
    match: Match = field(default_factory=Match)


@dataclass(frozen=True)
class Silence:
    """Matching alerts are not reported from ``start`` to ``end`` (epoch seconds)."""

    id: str
    match: Match
    start: float
    end: float
    by: str = ""
    comment: str = ""

    def covers(self, subject: Subject, rule: str, now: float) -> bool:
        """Return whether an alert of the subject by the rule is silenced at ``now``."""
        return self.start <= now < self.end and self.match.fits(subject, rule)


@dataclass(frozen=True)
class Override:
    """Other values for matching subjects; the last matching override wins."""

    match: Match
    changes: dict[str, Any]


@dataclass(frozen=True)
class Grouping:
    """One notice for what belongs together. Times in seconds."""

    by: tuple[str, ...] = ("cause",)
    #: From the first raise to the first notice: the others of a surge are seconds behind.
    wait: float = 30.0
    #: The shortest time between two notices of one group.
    interval: float = 300.0


@dataclass(frozen=True)
class Flapping:
    """``raises`` within ``within`` seconds make one flapping alert, open until it is calm."""

    raises: int = 4
    within: float = 3600.0


@dataclass(frozen=True)
class RuleSet:
    """All that the file says, checked."""

    rules: tuple[Rule, ...]
    overrides: tuple[Override, ...] = ()
    grouping: Grouping = Grouping()
    flapping: Flapping = Flapping()
    #: Seconds between evaluations.
    every: float = 10.0
    #: Seconds after which a silent daemon counts as taken away, and its alerts are closed.
    forget: float = 7 * 86400.0
    #: The dashboard's address, for links; empty: none.
    dashboard: str = ""
    #: Output's name → its settings, ``type`` included.
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)

    def with_outputs_of(self, kind: str) -> RuleSet:
        """Return the same rules with the outputs of one type only; without any, one named after it.

        A rule that names only other outputs is then evaluated and sends nothing.
        """
        outputs = {
            name: settings for name, settings in self.outputs.items() if settings["type"] == kind
        }
        return replace(self, outputs=outputs or {kind: {"type": kind, "give_up_after": 86400}})

    def rule_for(self, rule: Rule, subject: Subject) -> Rule | None:
        """Return the rule with the subject's overrides; None where it does not apply."""
        if not rule.match.fits(subject, rule.name):
            return None
        changes: dict[str, Any] = {}
        for override in self.overrides:
            if override.match.fits(subject, rule.name):
                changes.update(override.changes)
        effective = replace(rule, **changes) if changes else rule
        return effective if effective.enabled else None


#: In force when the file has no ``[[rule]]``.
BUILT_IN: tuple[Rule, ...] = (
    Rule("backlog", "backlog", 0.0),
    Rule("oldest", "oldest", 900.0, hold=60.0),
    Rule(
        "verdict",
        "verdict",
        verdicts=("SLOW", "BOTH", "WORKERS_LOST", "SATURATED", "STARVED", "STALLED", "ERRORS"),
        hold=60.0,
    ),
    Rule("daemon-silent", "daemon_silent", 120.0, hold=0.0, clear=60.0, severity="critical"),
    Rule("collectd-silent", "collectd_silent", 120.0, hold=0.0, clear=60.0, severity="critical"),
    Rule("lost", "lost", 0.0, hold=0.0, clear=600.0),
    Rule("saturation", "saturation", 7 * 86400.0, hold=3600.0, clear=86400.0, repeat=86400.0),
)
