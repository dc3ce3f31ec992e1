"""Rules from the text of one TOML file; every mistake names file, key and value. Opens nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from .. import humanize, toml_file
from ..config_check import REQUIRED, Checker, Key, Table
from ..config_values import among, duration, flag, http_url, number, text, texts, whole
from ..diagnosis import Verdict
from .outputs import check as check_output
from .records import SEVERITIES
from .rules import BUILT_IN, KINDS, Flapping, Grouping, Match, Override, Rule, RuleSet

GROUPS = ("cause", "rule", "host", "service", "consumer", "severity")
SECTIONS = ("rule", "override", "defaults", "grouping", "flapping", "output")


def _verdicts(value: Any) -> tuple[str, ...]:
    if value == "any":
        return tuple(v.name for v in Verdict if v.severity >= 2)
    names = texts(value)
    for name in names:
        if name not in Verdict.__members__:
            known = ", ".join(v.name for v in Verdict if not v.healthy)
            raise ValueError(f'{name!r} is no verdict; use "any" or some of {known}')
    return names


def _link(value: Any) -> str:
    return str(http_url(value)).rstrip("/")


def _amount(value: Any) -> float:
    """A number, or a duration for the kinds whose unit is seconds."""
    return humanize.parse_duration(value) if isinstance(value, str) else _number(value)


_number = number(0, 2**63)
#: What an override may change.
CHANGES: Table = {
    "above": Key(_amount),
    "critical_above": Key(_amount),
    "hold": Key(duration()),
    "clear": Key(duration()),
    "repeat": Key(duration()),
    "severity": Key(among(*SEVERITIES)),
    "verdicts": Key(_verdicts),
    "outputs": Key(texts),
    "enabled": Key(flag),
}
WHERE: Table = {"host": Key(texts), "service": Key(texts), "consumer": Key(texts)}
TOP: Table = {"every": Key(duration(1, 3600)), "dashboard": Key(_link), "forget": Key(duration())}
GROUPING: Table = {
    "by": Key(lambda value: tuple(among(*GROUPS)(each) for each in texts(value))),
    "wait": Key(duration()),
    "interval": Key(duration()),
}
FLAPPING: Table = {"raises": Key(whole(2, 1000)), "within": Key(duration())}
DEFAULTS: Table = {key: CHANGES[key] for key in ("hold", "clear", "repeat", "severity", "outputs")}
RULE: Table = {
    "name": Key(text, REQUIRED),
    "when": Key(among(*KINDS), REQUIRED),
    **WHERE,
    **CHANGES,
}
OVERRIDE: Table = {"rule": Key(texts), **WHERE, **CHANGES}


def read(path: Path) -> tuple[RuleSet, str]:
    """Return the rules of a file, and its text.

    Raises:
        ConfigError: it cannot be read, or everything that is wrong in it.
    """
    content = toml_file.read_text(path)
    return parse(content, str(path)), content


def parse(content: str, place: str) -> RuleSet:
    """Return the rules in a file's text; ``place`` is the file's name, for mistakes.

    Raises:
        ConfigError: everything that is wrong, each with file, key and value.
    """
    raw = toml_file.parse(content, place)
    checker = Checker(place)
    top = checker.table({k: v for k, v in raw.items() if k not in SECTIONS}, TOP, "")
    defaults = checker.table(raw.get("defaults", {}), DEFAULTS, "defaults")
    rules = BUILT_IN
    if "rule" in raw:
        parsed = [
            _rule(checker, table, f"rule[{i}]", defaults)
            for i, table in enumerate(checker.tables(raw["rule"], "rule"), 1)
        ]
        rules = tuple(rule for rule in parsed if rule)
    names = [rule.name for rule in rules]
    for name in sorted({name for name in names if names.count(name) > 1}):
        checker.wrong("rule.name", name, "is there twice")
    overrides = tuple(
        _override(checker, table, f"override[{i}]", names)
        for i, table in enumerate(checker.tables(raw.get("override", []), "override"), 1)
    )
    outputs = _outputs(checker, raw.get("output", {}))
    for rule in rules:
        _known_outputs(checker, rule.outputs, outputs, f"rule {rule.name}.outputs")
    for override in overrides:
        _known_outputs(checker, override.changes.get("outputs", ()), outputs, "override.outputs")
    grouping = checker.table(raw.get("grouping", {}), GROUPING, "grouping")
    flapping = checker.table(raw.get("flapping", {}), FLAPPING, "flapping")
    checker.finish()
    return RuleSet(
        rules, overrides, Grouping(**grouping), Flapping(**flapping), outputs=outputs, **top
    )


def _rule(checker: Checker, raw: Any, where: str, defaults: Mapping[str, Any]) -> Rule | None:
    values = checker.table(raw, RULE, where)
    if "name" not in values or "when" not in values:
        return None
    kind = values.pop("when")
    if kind == "verdict" and not values.get("verdicts") and "verdicts" not in raw:
        checker.wrong(f"{where}.verdicts", None, 'is missing: "any" or a list')
    built_in = next(rule for rule in BUILT_IN if rule.kind == kind)
    match = Match(**{key: values.pop(key) for key in tuple(WHERE) if key in values})
    usual = {
        "above": built_in.above,
        "hold": built_in.hold,
        "clear": built_in.clear,
        "severity": built_in.severity,
        "repeat": built_in.repeat,
        **defaults,
    }
    return Rule(kind=kind, match=match, **{**usual, **values})


def _override(checker: Checker, raw: Any, where: str, names: Sequence[str]) -> Override:
    values = checker.table(raw, OVERRIDE, where)
    match = Match(**{key: values.pop(key) for key in ("rule", *WHERE) if key in values})
    for pattern in match.rule:
        if not any(fnmatchcase(name, pattern) for name in names):
            checker.wrong(f"{where}.rule", pattern, f"fits no rule; there are {', '.join(names)}")
    if not values and isinstance(raw, dict):
        checker.wrong(where, raw, "changes nothing")
    return Override(match, values)


def _outputs(checker: Checker, raw: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(raw, dict):
        checker.wrong("output", raw, "must be written [output.NAME]")
        return {}
    return {
        name: check_output(checker, settings, f"output.{name}") for name, settings in raw.items()
    }


def _known_outputs(
    checker: Checker, wanted: Sequence[str], known: Mapping[str, Any], where: str
) -> None:
    for name in wanted:
        if name not in known:
            checker.wrong(where, name, f"no such output; there are {', '.join(known) or 'none'}")
