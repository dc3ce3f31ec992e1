"""What is to be delivered to which output: the payloads of notices, and of alerts by their state.

The same outcome gives the same entries with the same ids. Refuses to send anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .lifecycle import Event
from .notice_text import payload
from .records import Alert, Notice, digest
from .rules import RuleSet
from .state import Outcome

NewEntry = tuple[str, str, dict[str, Any]]
#: Outputs that group, repeat and silence by themselves: they get states, not notices.
BY_STATE = ("alertmanager",)


def new_entries(outcome: Outcome, rules: RuleSet, now: float) -> list[NewEntry]:
    """Return (id, output, payload) of all deliveries; the same outcome gives the same ids."""
    entries: list[NewEntry] = []
    for notice in outcome.notices:
        body = payload(notice, rules.dashboard)
        entries += [
            (notice.id, name, body)
            for name in _names(rules, notice.outputs)
            if rules.outputs[name]["type"] not in BY_STATE
        ]
    # The open ones are refreshed; an end is sent once and must arrive.
    for change in outcome.transitions:
        if change.event is Event.CLEARED:
            alert = change.alert
            ended = Notice(
                digest("state", alert.id), alert.id, "cleared", now, alert.severity, (), (alert,)
            )
            body = payload(ended, rules.dashboard)
            entries += [
                (ended.id, name, body)
                for name in _names(rules, alert.outputs)
                if rules.outputs[name]["type"] in BY_STATE
            ]
    return entries


def standing(alerts: Iterable[Alert], name: str, rules: RuleSet, now: float) -> dict[str, Any]:
    """Return the payload of the open alerts for one output that keeps states."""
    meant = tuple(alert for alert in alerts if name in _names(rules, alert.outputs))
    return payload(
        Notice(digest("open", name, now), "open", "reminder", now, "info", meant), rules.dashboard
    )


def sample(rules: RuleSet, alerts: Sequence[Alert], now: float) -> dict[str, Any]:
    """Return the payload of a test: its text says so, and its alert is already over."""
    body = payload(
        Notice(digest("test", now), "test", "raised", now, "info", (), tuple(alerts)),
        rules.dashboard,
    )
    return {
        **body,
        "subject": f"[TEST] {body['subject']}",
        "kind": "test",
        "text": f"This is a test of collectd-fedmsg's alerts; nothing is wrong.\n\n{body['text']}",
    }


def _names(rules: RuleSet, wanted: Sequence[str]) -> Iterator[str]:
    return (name for name in (wanted or rules.outputs) if name in rules.outputs)


def unknown_outputs(rules: RuleSet, waiting: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the outputs for which something waits and which the rules do not name any more."""
    return [row["output"] for row in waiting if row["output"] not in rules.outputs]
