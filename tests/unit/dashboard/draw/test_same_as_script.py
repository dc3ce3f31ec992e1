"""Server and page draw the same: one description of a panel, one markup from both."""

from __future__ import annotations

import json
import random
import re
import shutil
import subprocess
import sysconfig
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from collectd_fedmsg_dashboard.draw import axis, panels, prepared, shapes, span, svg

ROOT = Path(__file__).parents[4]
#: The machine's, or the one that playwright brings.
NODE = shutil.which("node") or next(
    map(str, Path(sysconfig.get_path("platlib")).glob("playwright/driver/node")), None
)
pytestmark = pytest.mark.skipif(NODE is None, reason="no node here")
NOW = 1_795_900_020
DRAWN = list(panels.BY_METRIC.values())


def wave(chance: random.Random, count: int, height: float) -> list[float | None]:
    """Return a level with noise, peaks and gaps, at odd fractions."""
    points: list[float | None] = [height * (1 + chance.gauss(0, 0.2) / 3) for _ in range(count)]
    for _ in range(chance.randrange(3)):
        points[chance.randrange(count)] = height * chance.choice([3, 40, 1000])
    if chance.randrange(3) == 0:
        # A surge that drains, and what waits after it.
        begin, pace = chance.randrange(count), chance.choice([0.5, 3, 30])
        for at in range(begin, count):
            remaining = height * (100 - pace * (at - begin))
            points[at] = (
                remaining if remaining > 0 else height * chance.choice([0, 0.1 * (at - begin)])
            )
    for _ in range(chance.randrange(3)):
        begin, long = chance.randrange(count), chance.randint(1, 1 + count // 3)
        points[begin : begin + long] = [None] * len(points[begin : begin + long])
    return [None if point is None else max(0.0, point) for point in points]


def case(seed: int) -> dict[str, Any]:
    """Return one panel to draw: a metric of the table, a grid, the daemon's series and marks."""
    chance = random.Random(seed)
    panel = DRAWN[seed % len(DRAWN)]
    step = chance.choice([1, 5, 10, 70, 180, 3600, 86400])
    count = chance.choice([1, 2, 90, 360, 721])
    start = NOW // step * step - step * count
    height = chance.choice([0, 0.003, 0.5, 8, 1.8e4, 3e7])
    series = {
        name: wave(chance, count, height)
        # In one order: each case is the same in every run.
        for name in dict.fromkeys([panel.metric, *panel.also, *panel.shares, "backlog"])
    }
    if panel.band:
        series[f"{panel.metric}_min"] = [
            None if value is None else value * 0.7 for value in series[panel.metric]
        ]
    end = start + step * count
    usual = (
        [
            [hour, height * 0.9, height * 1.1 + 0.01]
            for hour in range(start // 3600 * 3600, end, 3600)
        ][:2000]
        if seed % 3
        else []
    )
    from_ = start if seed % 4 else start + 0.3 * step * count
    grid = prepared.Grid(
        start, end, step, from_, end if seed % 5 else end - 0.1 * (end - from_), seed % 7 == 0
    )
    kinds = [*shapes.MARKS, ""]
    marks = [
        {"time": start + chance.randrange(step * count), "kind": chance.choice(kinds)}
        for _ in range(3)
    ]
    names = ["org.a.b.one", "org.a.b.two", "org.a.c", "other", *(f"org.a.d{n}" for n in range(7))]
    topics = {name: wave(chance, count, height) for name in names[: chance.randrange(len(names))]}
    return {
        "spec": asdict(panel),
        "grid": asdict(grid),
        "marks": marks,
        "daemon": {
            "series": series,
            "topics": topics,
            "topic_busy": topics,
            "usual": {panel.usual: usual} if panel.usual else {},
            "limits": {"backlog": height / 2} if seed % 2 else {},
        },
    }


def fresh(empty: int) -> dict[str, Any]:
    """Return an answer whose first samples came late."""
    series = {"received": [None] * empty + [1.0] * (90 - empty), "backlog": [None] * 90}
    return {"start": 0, "end": 900, "step": 10, "daemons": [{"series": series}]}


def test_same_markup_words_and_ticks() -> None:
    """Every panel of the table, from calm to cut peaks, gaps, a zoom and years."""
    cases = [case(seed) for seed in range(240)]
    ranges = [
        [NOW - ago, NOW - ago + width]
        for ago in (0, 3600, 86400 * 40)
        for width in (60, 900, 3600, 21600, 86400, 604800, 2678400, 31622400, 316224000)
    ]
    bodies = [fresh(empty) for empty in (0, 9, 10, 80, 89, 90)]
    request = json.dumps(
        {
            "panels": cases,
            "ranges": ranges,
            "bodies": bodies,
            "room": axis.ROOM,
            "letter": axis.LETTER,
            "topicColours": panels.TOPIC_COLOURS,
        }
    )
    answer = subprocess.run(
        [str(NODE), str(ROOT / "tests/javascript/draw.mjs")],
        input=request,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    answers = json.loads(answer.stdout)
    for seed, (inputs, result) in enumerate(zip(cases, answers["panels"])):
        panel = panels.BY_METRIC[inputs["spec"]["metric"]]
        picture = svg.draw(
            panel, prepared.Grid(**inputs["grid"]), inputs["daemon"], inputs["marks"]
        )
        assert result["markup"] == picture.markup, f"case {seed}: {panel.metric}"
        assert result["spoken"] == svg.spoken(panel, "Archiver", picture)
        assert (result["cut"], result["highest"]) == (picture.cut, picture.highest)
    assert any(result["cut"] for result in answers["panels"])
    assert any("layer" in result["markup"] for result in answers["panels"])
    assert answers["begins"] == [span.begin_of(body) for body in bodies]
    assert answers["axes"] == [[list(tick) for tick in axis.ticks(*pair)] for pair in ranges]


def test_the_sheet_has_the_palette() -> None:
    """A panel's colour is one value: in the table, in SVG on both grounds, in pictures."""
    sheet = (ROOT / "dashboard/static/tokens.css").read_text("utf-8")
    light, _, dark = sheet.partition("@media (prefers-color-scheme: dark)")
    for name, colours in panels.PALETTE.items():
        for part, colour in zip((light, dark), colours):
            assert re.search(rf"--{name}: {colour};", part), (name, colour)
