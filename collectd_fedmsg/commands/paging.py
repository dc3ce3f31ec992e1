"""From judgements to what alerts would have been sent, moment by moment; sends nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from ..alerts.evaluator import evaluate
from ..alerts.observation import Observation
from ..alerts.records import Notice, Subject
from ..alerts.rules import RuleSet
from ..alerts.state import State
from ..diagnosis.judgement import Judgement


def observations(
    whole: Judgement,
    *,
    last: Mapping[str, float] = MappingProxyType({}),
    beats: Mapping[str, float] = MappingProxyType({}),
) -> Iterator[Observation]:
    """Yield the evaluator's observation of each daemon, and of each host as a whole.

    Args:
        whole: what is said of all of them.
        last: newest samples (epoch seconds) by id, of daemons silent for longer than it looked at.
        beats: when collectd's plugin last spoke for itself, by host.
    """
    newest = dict(beats)
    for judged in whole.daemons:
        at = judged.last if judged.last is not None else last.get(judged.id)
        subject = Subject(judged.host, judged.service, judged.consumer)
        yield Observation(subject, judged.history, judged.diagnosis, at)
        if at is not None:
            newest[judged.host] = max(at, newest.get(judged.host, at))
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
        outcome = evaluate(
            self._state, observations(whole), self._rules, whole.now, incidents=whole.incidents
        )
        self._state = outcome.state
        self.notices += outcome.notices

    @property
    def pages(self) -> list[Notice]:
        """Return the notices that ask somebody to look: an end and a reminder do not."""
        return [notice for notice in self.notices if notice.kind in ("raised", "worse")]
