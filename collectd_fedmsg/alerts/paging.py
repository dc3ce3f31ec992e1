"""Whom a run of judgements would have told what, by a set of rules; pure: nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from ..diagnosis.judgement import Judgement
from .evaluator import State, evaluate
from .observation import Observation
from .records import Notice, Subject
from .rules import RuleSet


def observations(whole: Judgement, *, last: Mapping[str, float] = MappingProxyType({}),
                 beats: Mapping[str, float] = MappingProxyType({})) -> Iterator[Observation]:
    """Yield what the evaluator is told of each daemon, and of each host as a whole.

    Args:
        whole: what is said of all of them.
        last: newest samples (epoch seconds) by id, of daemons silent for longer than it looked at.
        beats: when collectd's plugin last spoke for itself, by host.
    """
    newest = dict(beats)
    for one in whole.daemons:
        at = one.last if one.last is not None else last.get(one.id)
        yield Observation(Subject(one.host, one.service, one.consumer), one.history,
                          one.diagnosis, at)
        if at is not None:
            newest[one.host] = max(at, newest.get(one.host, at))
    for host, at in newest.items():
        yield Observation(Subject(host), last=at)


class Paging:
    """Follows judgements moment by moment; ``notices`` is what would have been sent.

    Args:
        rules: in force.
        every: seconds between two judgements, when they are rarer than the rules ask for.
    """

    def __init__(self, rules: RuleSet, every: float = 0.0) -> None:
        self._rules = replace(rules, every=max(rules.every, every))
        self._state = State()
        self.notices: list[Notice] = []

    def add(self, whole: Judgement) -> None:
        """Add the judgement of a later moment."""
        outcome = evaluate(self._state, observations(whole), self._rules, whole.now,
                           incidents=whole.incidents)
        self._state = outcome.state
        self.notices += outcome.notices

    @property
    def pages(self) -> list[Notice]:
        """Return the notices that ask somebody to look: an end and a reminder do not."""
        return [one for one in self.notices if one.kind in ("raised", "worse")]
