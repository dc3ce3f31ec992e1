"""Which output is sent what of a step; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .evaluator import Outcome
from .lifecycle import Event
from .notice_text import payload
from .records import Alert, Notice, digest
from .rules import RuleSet

Parcel = tuple[str, str, dict[str, Any]]
#: Outputs that group, repeat and silence by themselves: they are told of states, not of notices.
BY_STATE = ("alertmanager",)


def parcels(outcome: Outcome, rules: RuleSet, now: float) -> list[Parcel]:
    """Return (id, output, payload) of everything to be delivered; ids come out the same again."""
    found: list[Parcel] = []
    for notice in outcome.notices:
        body = payload(notice, rules.dashboard)
        found += [(notice.id, name, body) for name in _names(rules, notice.outputs)
                  if rules.outputs[name]["type"] not in BY_STATE]
    # The open ones are refreshed; an end is told once and must arrive.
    for one in outcome.transitions:
        if one.event is Event.CLEARED:
            ended = Notice(digest("state", one.alert.id), one.alert.id, "cleared", now,
                           one.alert.severity, (), (one.alert,))
            body = payload(ended, rules.dashboard)
            found += [(ended.id, name, body) for name in _names(rules, one.alert.outputs)
                      if rules.outputs[name]["type"] in BY_STATE]
    return found


def standing(alerts: Iterable[Alert], name: str, rules: RuleSet, now: float) -> dict[str, Any]:
    """Return the payload of what is open now for one output that goes by states."""
    meant = tuple(one for one in alerts if name in _names(rules, one.outputs))
    return payload(Notice(digest("open", name, now), "open", "reminder", now, "info", meant),
                   rules.dashboard)


def sample(rules: RuleSet, alerts: Sequence[Alert], now: float) -> dict[str, Any]:
    """Return the payload of a test: it says so, and is over at once for who keeps states."""
    body = payload(Notice(digest("test", now), "test", "raised", now, "info", (), tuple(alerts)),
                   rules.dashboard)
    return {**body, "subject": f"[TEST] {body['subject']}", "kind": "test",
            "text": f"This is a test of collectd-fedmsg's alerts; nothing is wrong.\n\n"
                    f"{body['text']}"}


def _names(rules: RuleSet, wanted: Sequence[str]) -> Iterator[str]:
    return (name for name in (wanted or rules.outputs) if name in rules.outputs)


def unknown_outputs(rules: RuleSet, waiting: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the outputs for which something waits and which the rules do not name any more."""
    return [one["output"] for one in waiting if one["output"] not in rules.outputs]
