"""The height of a panel's axis: present and usual range stay readable, a lone peak is cut.
``static/scale.js`` computes the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from ..store.series import Points

#: Room above the highest value that is drawn, and above what is drawn when peaks are cut.
HEADROOM, HEADROOM_CUT = 1.06, 1.25
#: A peak this many times above what must be readable is cut.
CUT_FACTOR = 3
#: The present is this part of the span, in steps; two steps at least.
PRESENT_SHARE, MIN_PRESENT_STEPS = 180, 2
#: The share of the steps that are never cut: fewer while the daemon is behind, so that its
#: flows of now are seen.
ORDINARY, ORDINARY_BEHIND = 0.9, 0.5
#: A backlog drains while it is below this share of what it was a twelfth of the span ago, six
#: steps at least: a steady drain that has come below a third of its peak has fallen more.
STILL, DRAIN_SHARE, MIN_DRAIN_STEPS = 0.9, 12, 6
#: The axis of a panel in which nothing is above zero.
FLAT = 1.0
MAX_INTERVALS = 4
#: From this value on, the power of ten that is written as this letter.
UNITS = ((1e9, 9, "G"), (1e6, 6, "M"), (1e4, 3, "k"), (0.0, 0, ""))


@dataclass(frozen=True)
class Scale:
    """An axis from zero to ``top``; ``cut`` when values are above it."""

    top: float
    cut: bool


def present(points: Points) -> float:
    """Return the highest value of the present: of the last steps that are known."""
    steps = max(MIN_PRESENT_STEPS, math.ceil(len(points) / PRESENT_SHARE))
    return max([0.0, *[value for value in points if value is not None][-steps:]])


def acting(points: Points, floor: float) -> float:
    """Return the peak of the backlog that stands now; 0 when no more than ``floor`` waits.

    It began where the backlog was last at the floor, or half as high as later. While a drain runs
    its peak counts; once it has ended above the floor, the level at which it did.
    """
    known = [value for value in points if value is not None]
    peak = 0.0
    for value in reversed(known):
        if value <= max(floor, peak / 2):
            break
        peak = max(peak, value)
    steps = max(MIN_DRAIN_STEPS, math.ceil(len(points) / DRAIN_SHARE))
    before = known[-steps - MIN_PRESENT_STEPS : -steps]
    if before and max(known[-MIN_PRESENT_STEPS:]) > STILL * max(before):
        return min(peak, max(known[-steps:]))
    return peak


def scale(
    shared: Sequence[Points], least: float = 0.0, behind: bool = False, floor: float = 0.0
) -> Scale:
    """Return the axis of all points that share it, in their unit.

    Args:
        shared: the series drawn on it.
        least: what must be readable in any case: the usual range, a floor.
        behind: whether a backlog stands now.
        floor: of a backlog: more than this waits, or nothing that must be seen.
    """
    known = [value for points in shared for value in points if value is not None]
    highest = max([0.0, *known])
    uncut = Scale(max(highest, least) * HEADROOM or FLAT, False)
    now = acting(shared[0], floor) if floor else 0.0
    acts = now > least
    needed = now if acts else max(least, *(present(points) for points in shared))
    # Most panels end here: what is below must sort every value.
    if highest <= CUT_FACTOR * needed:
        return uncut
    if acts:
        return Scale(needed * HEADROOM_CUT, True)
    known.sort()
    share = ORDINARY_BEHIND if behind and not floor else ORDINARY
    ordinary = known[math.floor((len(known) - 1) * share)]
    # A backlog that is gone is whole when it filled much of the span, else cut; never in its midst.
    if floor and ordinary > CUT_FACTOR * needed:
        return uncut
    needed = max(needed, ordinary)
    if needed <= 0 or highest <= CUT_FACTOR * needed:
        return uncut
    drawn = next((value for value in reversed(known) if value <= CUT_FACTOR * needed), 0.0)
    return Scale(max(needed, drawn) * HEADROOM_CUT, True)


def value_ticks(top: float, percent: bool = False) -> list[tuple[float, str]]:
    """Return round values up to the top, as shares of the height, with their words."""
    height = top * 100 if percent else top
    _, shift, unit = next(row for row in UNITS if height >= row[0])
    for exponent in count(-9):
        for digit in (1, 2, 5):
            step = digit * float(f"1e{exponent}")
            if height <= step * MAX_INTERVALS:
                return [
                    (
                        i * step / height,
                        "0"
                        if i == 0
                        else _shifted(i * digit, exponent - shift) + ("%" if percent else unit),
                    )
                    for i in range(MAX_INTERVALS + 1)
                    if i * step <= height
                ]
    raise AssertionError(top)  # pragma: no cover - exponents have no end


def _shifted(whole: int, exponent: int) -> str:
    """Return a whole number times a power of ten, written without rounding."""
    if exponent >= 0:
        return f"{whole}{'0' * exponent}"
    digits = str(whole).rjust(1 - exponent, "0")
    return f"{digits[:exponent]}.{digits[exponent:]}".rstrip("0").rstrip(".")
