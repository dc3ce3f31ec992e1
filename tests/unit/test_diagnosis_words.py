"""Durations as they are said in evidence."""

from __future__ import annotations

import pytest

from collectd_fedmsg.humanize import span


@pytest.mark.parametrize(("seconds", "said"), [
    pytest.param(0.2134, "213 ms", id="below-a-second"),
    pytest.param(1.0, "1 s", id="no-needless-digits"),
    pytest.param(119, "119 s", id="seconds-to-two-minutes"),
    pytest.param(338, "5.6 min", id="one-decimal-below-ten"),
    pytest.param(1234, "21 min", id="none-above"),
    pytest.param(9000, "2.5 h", id="hours"),
    pytest.param(200_000, "2.3 days", id="days"),
])
def test_span(seconds: float, said: str) -> None:
    assert span(seconds) == said
