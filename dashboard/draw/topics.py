"""Received by topic as stacked layers: the busiest topic at the bottom, the others on top.
``static/topics.js`` computes the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..store.series import Points
from .panels import TOPIC_COLOURS

#: Topics with a colour of their own.
MAX_NAMED = len(TOPIC_COLOURS) - 1
#: What the daemon itself lumps together.
OTHER = "other"


@dataclass(frozen=True)
class Layer:
    """One layer of a stack, messages/s; its name is without what all topics begin with."""

    name: str
    colour: str
    points: Points


def total(points: Points) -> float:
    """Return the sum of what is known, added up in order as the page's script does."""
    messages = 0.0
    for value in points:
        messages += value or 0.0
    return messages


def _added(all_points: Sequence[Points]) -> Points:
    return [
        None if all(value is None for value in values) else total(list(values))
        for values in zip(*all_points)
    ]


def prefix(names: Sequence[str]) -> int:
    """Return how many letters all topics begin with, up to a dot."""
    if len(names) < 2:
        return 0
    length = 0
    while length < len(names[0]) and all(
        name[length : length + 1] == names[0][length] for name in names
    ):
        length += 1
    return names[0].rfind(".", 0, length) + 1


def layers(topics: Mapping[str, Points]) -> list[Layer]:
    """Return at most MAX_NAMED topics and "all others", the busiest first."""
    named = {name: points for name, points in topics.items() if name != OTHER}
    ranked = sorted(named, key=lambda name: -total(named[name]))
    shared = prefix(ranked)
    shown = [
        Layer(name[shared:], colour, named[name])
        for name, colour in zip(ranked[:MAX_NAMED], TOPIC_COLOURS)
    ]
    rest = [named[name] for name in ranked[MAX_NAMED:]]
    rest += [points for name, points in topics.items() if name == OTHER]
    return [*shown, Layer("all others", TOPIC_COLOURS[-1], _added(rest))] if rest else shown


def whole(chosen: Sequence[Layer]) -> Points:
    """Return a stack's height: the sum of its layers."""
    return _added([layer.points for layer in chosen])
