"""Whether alerting itself works: is it evaluated, is the store readable, do outputs accept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..humanize import count, duration
from .clock import MAX_SKEW

#: Evaluations that may be missed, and seconds on top, until the evaluator counts as not running.
MISSED_ROUNDS = 3
GRACE_SECONDS = 30.0
#: Seconds that notices may wait for their output.
MAX_WAITING = 600.0
#: Seconds for which a notice that was given up is reported.
GIVEN_UP_SECONDS = 86400.0


@dataclass(frozen=True)
class Ailment:
    """One fault of alerting itself; ``critical`` when alerts may not arrive."""

    critical: bool
    text: str


def is_late(at: float, every: float, now: float) -> bool:
    """Return whether the evaluator does not run, or ran while its clock was ahead.

    Args:
        at: the last evaluation, epoch seconds; 0 when there was none.
        every: seconds between evaluations.
        now: epoch seconds.
    """
    return now - at > MISSED_ROUNDS * every + GRACE_SECONDS or at - now > MAX_SKEW


def age(at: float, now: float) -> str:
    """Return when the last evaluation was, as a phrase."""
    if not at:
        return "never evaluated"
    if at - now > MAX_SKEW:
        return (
            f"the last evaluation is {duration(at - now)} ahead of this clock:"
            " the clock was set back and nothing was evaluated since"
        )
    return f"evaluated {max(0.0, now - at):.0f} s ago"


def ailments(database: Any, now: float) -> list[Ailment]:
    """Return what is wrong by the evaluator's file (an ``AlertDatabase``), the worst first."""
    at, every = database.evaluated()
    late = [Ailment(True, age(at, now))] if is_late(at, every, now) else []
    rules = database.good_rules()[1]
    return sorted(
        [
            *late,
            *([Ailment(False, f"the rules are refused: {rules}")] if rules else []),
            *(
                Ailment(trouble["kind"] == "store", trouble["text"])
                for trouble in database.troubles()
            ),
            *_undelivered(database.undelivered(), now),
            *_given_up(database.given_up(now - GIVEN_UP_SECONDS)),
        ],
        key=lambda ailment: not ailment.critical,
    )


def _undelivered(waiting: Iterable[Mapping[str, Any]], now: float) -> Iterable[Ailment]:
    for row in waiting:
        if now - row["since"] > MAX_WAITING:
            yield Ailment(
                True,
                f"{row['output']}: {count(row['waiting'])} notices wait for"
                f" {duration(now - row['since'])}: {row['error']}",
            )


def _given_up(entries: Iterable[Mapping[str, Any]]) -> Iterable[Ailment]:
    by_output: dict[str, list[Mapping[str, Any]]] = {}
    for entry in entries:
        by_output.setdefault(entry["output"], []).append(entry)
    for output, lost in by_output.items():
        yield Ailment(
            False,
            f"{output}: {len(lost)} notices given up within a day, the last"
            f" ({lost[0]['id']}): {lost[0]['error']}",
        )
