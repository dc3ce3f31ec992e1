"""Rules from the text of one TOML file; every mistake names file, key and value. Opens nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from .. import humanize
from ..diagnosis import Verdict
from ..errors import ConfigError, HealthError
from .outputs import check as check_output
from .records import SEVERITIES
from .rules import BUILT_IN, KINDS, Flapping, Grouping, Match, Override, Rule, RuleSet

if sys.version_info >= (3, 11):
    import tomllib
else:  # pragma: no cover - the same parser under its older name
    import tomli as tomllib

Check = Callable[[Any], Any]
GROUPS = ("cause", "rule", "host", "service", "consumer", "severity")


class Mistakes(HealthError, ValueError):  # noqa: N818 - there may be many
    """Everything that is wrong with a rules file; ``all`` holds one ConfigError each."""

    def __init__(self, mistakes: Sequence[ConfigError]) -> None:
        super().__init__("\n".join(str(one) for one in mistakes))
        self.all = tuple(mistakes)


def _number(given: Any) -> float:
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not 0 <= given < 2**63:
        raise ValueError("must be a number, 0 or more")
    return float(given)


def _flag(given: Any) -> bool:
    if not isinstance(given, bool):
        raise ValueError("must be true or false")
    return given


def _text(given: Any) -> str:
    if not isinstance(given, str) or not given.strip():
        raise ValueError("must be a text")
    return given


def _texts(given: Any) -> tuple[str, ...]:
    found = [given] if isinstance(given, str) else given
    if not isinstance(found, list) or not all(isinstance(x, str) and x for x in found):
        raise ValueError("must be a text or a list of texts")
    return tuple(found)


def _among(*allowed: str) -> Check:
    def check(given: Any) -> str:
        if given not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return str(given)
    return check


def _verdicts(given: Any) -> tuple[str, ...]:
    if given == "any":
        return tuple(v.name for v in Verdict if v.rank >= 2)
    names = _texts(given)
    for name in names:
        if name not in Verdict.__members__:
            known = ", ".join(v.name for v in Verdict if not v.healthy)
            raise ValueError(f"{name!r} is no verdict; use \"any\" or some of {known}")
    return names


def _times(given: Any) -> int:
    if type(given) is not int or not 2 <= given <= 1000:
        raise ValueError("must be a whole number from 2 to 1000")
    return int(given)


def _link(given: Any) -> str:
    if not isinstance(given, str) or not given.startswith(("http://", "https://")):
        raise ValueError("must be an http:// or https:// address")
    return given.rstrip("/")


def _every(given: Any) -> float:
    found = humanize.parse_duration(given)
    if not 1 <= found <= 3600:
        raise ValueError("must be 1s to 1h")
    return found


def _amount(given: Any) -> float:
    """A number, or a duration for the kinds whose unit is seconds."""
    return humanize.parse_duration(given) if isinstance(given, str) else _number(given)


#: What an override may change.
CHANGES: Mapping[str, Check] = {
    "above": _amount, "critical_above": _amount, "hold": humanize.parse_duration,
    "clear": humanize.parse_duration, "repeat": humanize.parse_duration,
    "severity": _among(*SEVERITIES), "verdicts": _verdicts, "outputs": _texts, "enabled": _flag,
}
WHERE: Mapping[str, Check] = {"host": _texts, "service": _texts, "consumer": _texts}
TOP: Mapping[str, Check] = {"every": _every, "dashboard": _link, "forget": humanize.parse_duration}
GROUPING: Mapping[str, Check] = {
    "by": lambda given: tuple(_among(*GROUPS)(one) for one in _texts(given)),
    "wait": humanize.parse_duration, "interval": humanize.parse_duration,
}
FLAPPING: Mapping[str, Check] = {"raises": _times, "within": humanize.parse_duration}
DEFAULTS = {key: CHANGES[key] for key in ("hold", "clear", "repeat", "severity", "outputs")}
SECTIONS = ("rule", "override", "defaults", "grouping", "flapping", "output")


class _Reader:
    """Checks tables and gathers what is wrong instead of stopping at the first."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.mistakes: list[ConfigError] = []

    def wrong(self, key: str, value: object, reason: str) -> None:
        self.mistakes.append(ConfigError(self.place, key, value, reason))

    def table(self, raw: Any, checks: Mapping[str, Check], where: str) -> dict[str, Any]:
        if not isinstance(raw, dict):
            self.wrong(where, raw, "must be a table")
            return {}
        found = {}
        for key, value in raw.items():
            named = f"{where}.{key}" if where else key
            if key not in checks:
                self.wrong(named, value, f"unknown; known are {', '.join(checks)}")
                continue
            try:
                found[key] = checks[key](value)
            except (ValueError, TypeError) as error:
                self.wrong(named, value, str(error))
        return found

    def tables(self, raw: Any, where: str) -> list[Any]:
        if not isinstance(raw, list):
            self.wrong(where, raw, f"must be written [[{where}]]")
            return []
        return raw


def parse(text: str, place: str) -> RuleSet:
    """Return the rules in a file's text; ``place`` is the file's name, for mistakes.

    Raises:
        Mistakes: everything that is wrong, each with file, key and value.
    """
    try:
        raw = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Mistakes([ConfigError(place, "(file)", str(error), "is not TOML")]) from error
    reader = _Reader(place)
    top = reader.table({k: v for k, v in raw.items() if k not in SECTIONS}, TOP, "")
    defaults = reader.table(raw.get("defaults", {}), DEFAULTS, "defaults")
    rules = BUILT_IN
    if "rule" in raw:
        given = [_rule(reader, one, f"rule[{i}]", defaults)
                 for i, one in enumerate(reader.tables(raw["rule"], "rule"), 1)]
        rules = tuple(rule for rule in given if rule)
    names = [rule.name for rule in rules]
    for name in sorted({one for one in names if names.count(one) > 1}):
        reader.wrong("rule.name", name, "is there twice")
    overrides = tuple(_override(reader, one, f"override[{i}]", names) for i, one in
                      enumerate(reader.tables(raw.get("override", []), "override"), 1))
    outputs = _outputs(reader, raw.get("output", {}))
    for rule in rules:
        _known_outputs(reader, rule.outputs, outputs, f"rule {rule.name}.outputs")
    for override in overrides:
        _known_outputs(reader, override.changes.get("outputs", ()), outputs, "override.outputs")
    grouping = reader.table(raw.get("grouping", {}), GROUPING, "grouping")
    flapping = reader.table(raw.get("flapping", {}), FLAPPING, "flapping")
    if reader.mistakes:
        raise Mistakes(reader.mistakes)
    return RuleSet(rules, overrides, Grouping(**grouping), Flapping(**flapping), outputs=outputs,
                   **top)


def _rule(reader: _Reader, raw: Any, where: str, defaults: Mapping[str, Any]) -> Rule | None:
    checks = {"name": _text, "when": _among(*KINDS), **WHERE, **CHANGES}
    found = reader.table(raw, checks, where)
    for key in ("name", "when"):
        if key not in found and (not isinstance(raw, dict) or key not in raw):
            reader.wrong(f"{where}.{key}", None, "is missing")
    if "name" not in found or "when" not in found:
        return None
    kind = found.pop("when")
    if kind == "verdict" and not found.get("verdicts") and "verdicts" not in raw:
        reader.wrong(f"{where}.verdicts", None, "is missing: \"any\" or a list")
    built_in = next(rule for rule in BUILT_IN if rule.kind == kind)
    match = Match(**{key: found.pop(key) for key in tuple(WHERE) if key in found})
    usual = {"above": built_in.above, "hold": built_in.hold, "clear": built_in.clear,
             "severity": built_in.severity, "repeat": built_in.repeat, **defaults}
    return Rule(kind=kind, match=match, **{**usual, **found})


def _override(reader: _Reader, raw: Any, where: str, names: Sequence[str]) -> Override:
    found = reader.table(raw, {"rule": _texts, **WHERE, **CHANGES}, where)
    match = Match(**{key: found.pop(key) for key in ("rule", *WHERE) if key in found})
    for pattern in match.rule:
        if not any(fnmatchcase(name, pattern) for name in names):
            reader.wrong(f"{where}.rule", pattern, f"fits no rule; there are {', '.join(names)}")
    if not found and isinstance(raw, dict):
        reader.wrong(where, raw, "changes nothing")
    return Override(match, found)


def _outputs(reader: _Reader, raw: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(raw, dict):
        reader.wrong("output", raw, "must be written [output.NAME]")
        return {}
    found = {}
    for name, settings in raw.items():
        mistakes, checked = check_output(settings)
        for key, value, reason in mistakes:
            reader.wrong(f"output.{name}.{key}" if key else f"output.{name}", value, reason)
        found[name] = checked
    return found


def _known_outputs(reader: _Reader, wanted: Sequence[str], known: Mapping[str, Any],
                   where: str) -> None:
    for name in wanted:
        if name not in known:
            reader.wrong(where, name, f"no such output; there are {', '.join(known) or 'none'}")
