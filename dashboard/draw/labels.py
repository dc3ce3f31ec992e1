"""The words of one panel: values, moments, cut peaks, and what it says to who cannot see it.

``static/labels.js`` writes the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from collectd_fedmsg.humanize import short

from .axis import ticks
from .panels import Panel, is_percent
from .paths import rounded, runs
from .prepared import Prepared
from .scale import value_ticks

#: Cut peaks with words in a panel, and how far apart (share of its width) words must be.
MAX_CUTS, MIN_APART = 3, 0.2
#: From this share of the width on a peak's words stand to its left.
LEFT_FROM = 0.7


def worded(value: float | None, panel: Panel) -> str:
    """Return a value as the panel's caption says it."""
    if value is None:
        return short(value)
    return f"{short(100 * value)} %" if is_percent(panel) else short(value)


def percent(share: float) -> str:
    """Return a share of the width or height, in per cent with one digit."""
    permille = rounded(1000 * share)
    return f"{permille // 10}.{permille % 10}%"


def labels(prepared: Prepared) -> str:
    """Return a panel's words as SVG texts."""
    values = [
        f'<text class="y" x="0" y="{percent(1 - share)}">{text}</text>'
        for share, text in value_ticks(prepared.scale.top, is_percent(prepared.panel))
    ]
    empty = (
        '<text class="none" x="50%" y="50%">no samples in this span</text>'
        if all(value is None for value in prepared.points)
        else ""
    )
    start, end = prepared.grid.from_, prepared.grid.to
    times = [
        f'<text class="x" x="{percent((at - start) / (end - start))}" y="100%">{text}</text>'
        for at, text in ticks(start, end)
        if text
    ]
    return "".join([*values, empty, *_cuts(prepared), *times])


def _cuts(prepared: Prepared) -> list[str]:
    """Say where a peak is cut: the highest first, and words only where they have room."""
    most, times, top = prepared.merged.most, prepared.columns.times, prepared.scale.top
    if not prepared.scale.cut:
        return []
    start, width = prepared.grid.from_, prepared.grid.to - prepared.grid.from_
    peaks = []
    for first, past in runs(len(most), lambda i: (most[i] or 0.0) > top):
        best = max(range(first, past), key=lambda i: most[i] or 0.0)
        middle = (times[best] + times[best + 1]) / 2
        peaks.append(((middle - start) / width, most[best] or 0.0))
    drawn: list[tuple[float, float]] = []
    for at, value in sorted(peaks, key=lambda peak: -peak[1]):
        if len(drawn) < MAX_CUTS and all(abs(other - at) >= MIN_APART for other, _ in drawn):
            drawn.append((at, value))
    return [
        f'<text class="cut{" left" if at > LEFT_FROM else ""}" x="{percent(at)}" y="0">'
        f"▲ {worded(value, prepared.panel)}</text>"
        for at, value in drawn
    ]


def spoken(
    panel: Panel,
    consumer: str,
    newest: float | None,
    highest: float | None,
    usual: Sequence[float] | None,
) -> str:
    """Return a panel in words.

    Args:
        panel, consumer: which.
        newest, highest: values in the panel's unit; None: nothing is known.
        usual: the newest hour (epoch seconds) with its bounds.
    """
    if newest is None:
        return f"{panel.title} of {consumer}: nothing known in this span"
    text = (
        f"{panel.title} of {consumer}, {panel.unit}: last {worded(newest, panel)},"
        f" highest {worded(highest, panel)}"
    )
    if usual is None:
        return text
    low, high = (worded(value, panel) for value in usual[1:3])
    return f"{text}, usual {low} to {high}"
