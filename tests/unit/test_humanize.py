"""Numbers, durations and rates as people read them, at every edge where a format could slip."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectd_fedmsg import humanize

EDGES = json.loads((Path(__file__).parents[1] / "javascript/humanize-edges.json").read_text())
SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        pytest.param(name, value, text, id=f"{name}-{value}")
        for name, rows in EDGES.items()
        for value, text in rows
    ],
)
def test_edges(name: str, value: Any, text: str) -> None:
    assert getattr(humanize, name)(value) == text


@pytest.mark.parametrize("name", sorted(EDGES))
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_is_not_known(name: str, value: float) -> None:
    assert getattr(humanize, name)(value) == humanize.UNKNOWN


@given(st.floats(min_value=1e-6, max_value=1e9))
def test_a_duration_is_true_within_its_last_unit(seconds: float) -> None:
    """What is read back differs by half of the smallest unit shown, or by 1 % of the whole."""
    text = humanize.duration(seconds)
    parts = re.findall(r"([\d.,]+) (ms|s|min|h|d)", text)
    assert " ".join(f"{number} {unit}" for number, unit in parts) == text
    read = sum(float(number.replace(",", "")) * SECONDS[unit] for number, unit in parts)
    assert abs(read - seconds) <= max(0.5 * SECONDS[parts[-1][1]] + 1e-9, 0.06 * seconds)


@given(st.floats(min_value=1e-3, max_value=1e15))
def test_no_number_is_written_with_an_exponent(number: float) -> None:
    for name in EDGES:
        assert "e+" not in getattr(humanize, name)(number)


@pytest.mark.parametrize(
    ("number", "waiting", "text"),
    [
        pytest.param(0, "0 messages wait", "0 samples", id="none"),
        pytest.param(0.5, "0.5 messages wait", "0.5 samples", id="part"),
        pytest.param(1, "1 message waits", "1 sample", id="one"),
        pytest.param(0.9999, "1 message waits", "1 sample", id="written-as-one"),
        pytest.param(2, "2 messages wait", "2 samples", id="two"),
        pytest.param(4300, "4,300 messages wait", "4,300 samples", id="many"),
    ],
)
def test_one_takes_no_s(number: float, waiting: str, text: str) -> None:
    assert humanize.waits(number) == waiting
    assert humanize.counted(number, "sample") == text
    assert humanize.messages(number) == waiting.replace(" waits", "").replace(" wait", "")
