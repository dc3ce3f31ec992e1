"""When the load generator sends, and what it reads from a file."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.load import profiles
from examples.load.recorded import recorded


def until(times: Iterator[float], end: float) -> list[float]:
    return list(itertools.takewhile(lambda due: due < end, times))


def within(times: list[float], start: float, end: float) -> int:
    return sum(start <= moment < end for moment in times)


def test_constant_is_even() -> None:
    assert until(profiles.constant(4), 1.01) == [0, 0.25, 0.5, 0.75, 1.0]


def test_poisson_has_its_rate_and_its_scatter() -> None:
    """Counts per second have mean and variance 50: within 5 standard errors of 2,000 s."""
    times = until(profiles.poisson(50, random.Random(1)), 2000)
    counts = [0] * 2000
    for moment in times:
        counts[int(moment)] += 1
    mean = sum(counts) / 2000
    variance = sum((count - mean) ** 2 for count in counts) / 2000
    assert abs(mean - 50) < 5 * (50 / 2000) ** 0.5
    assert abs(variance - 50) < 5 * 50 * (2 / 2000) ** 0.5


def test_diurnal_is_low_at_night_and_high_at_noon() -> None:
    """A day has its mean rate; the night's half has (1 - 2·depth/π)/2 of the messages."""
    times = until(profiles.diurnal(100, random.Random(2), period=400, depth=0.8), 400)
    night = within(times, 0, 100) + within(times, 300, 400)
    assert abs(len(times) - 40_000) < 5 * 40_000**0.5
    assert night / len(times) == pytest.approx((1 - 2 * 0.8 / 3.14159) / 2, abs=0.02)


def test_burst_has_its_peak_where_it_says() -> None:
    times = until(profiles.burst(10, random.Random(3), peak=1000, at=20, seconds=5), 60)
    assert abs(within(times, 20, 25) - 5000) < 5 * 5000**0.5
    assert abs(within(times, 0, 20) - 200) < 5 * 200**0.5
    assert abs(within(times, 25, 60) - 350) < 5 * 350**0.5


@pytest.mark.parametrize(
    "make",
    [
        profiles.at_once,
        lambda: profiles.constant(3),
        lambda: profiles.poisson(3, random.Random(4)),
        lambda: profiles.diurnal(3, random.Random(5), 60),
        lambda: profiles.burst(3, random.Random(6), 90, 1, 1),
    ],
    ids=["at-once", "constant", "poisson", "diurnal", "burst"],
)
def test_times_never_fall(make: object) -> None:
    moments = list(itertools.islice(make(), 500))  # type: ignore[operator]
    assert moments == sorted(moments)
    assert moments[0] >= 0


def test_a_rate_above_the_highest_is_refused() -> None:
    with pytest.raises(ValueError, match=r"20 messages/s at .* s is above 10"):
        next(profiles.varying(lambda _: 20, 10, random.Random(7)))


def line(**changed: object) -> str:
    message = {"topic": "org.fedoraproject.prod.git.receive", "timestamp": 1000.0, "msg": {"a": 1}}
    return json.dumps({**message, **changed})


def test_recorded_keeps_the_pace(tmp_path: Path) -> None:
    """Times from the first message, twice as fast; empty lines are nothing."""
    path = tmp_path / "traffic.jsonl"
    path.write_text(f"{line()}\n\n{line(timestamp=1003)}\n", "utf-8")
    assert list(recorded(path, 2)) == [
        (0.0, "git.receive", {"a": 1}),
        (1.5, "git.receive", {"a": 1}),
    ]


@pytest.mark.parametrize(
    ("second", "says"),
    [
        pytest.param("{", "line 2: no JSON", id="no-json"),
        pytest.param("[]", "line 2: an object is wanted", id="no-object"),
        pytest.param(line(timestamp="x"), "line 2: timestamp: 'x'", id="no-time"),
        pytest.param(line(timestamp=1), "line 2: timestamp: 1.0 is before 1000.0", id="backwards"),
        pytest.param(line(topic="git.receive"), "line 2: topic: 'git.receive'", id="short-topic"),
        pytest.param(line(msg=[]), "line 2: msg: an object is wanted", id="no-message"),
    ],
)
def test_recorded_names_the_line(second: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "traffic.jsonl"
    path.write_text(f"{line()}\n{second}\n", "utf-8")
    with pytest.raises(ValueError, match=f"traffic.jsonl, {says}"):
        list(recorded(path))
