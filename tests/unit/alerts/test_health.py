"""Who watches the watchman: late, ahead of the clock, blind, refused and untaken are said."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectd_fedmsg.alerts.health import age, ailments, is_late
from collectd_fedmsg.alerts.state import State
from collectd_fedmsg.alerts.state_db import AlertDatabase

NOW = 1.8e9


@pytest.mark.parametrize(
    ("at", "late"),
    [
        pytest.param(NOW - 5, False, id="just-now"),
        pytest.param(NOW + 5, False, id="clocks-differ-a-little"),
        pytest.param(NOW - 61, True, id="missed"),
        pytest.param(NOW + 86400, True, id="a-day-ahead"),
        pytest.param(0.0, True, id="never"),
    ],
)
def test_late(at: float, late: bool):
    assert is_late(at, 10, NOW) is late


def test_a_time_ahead_of_the_clock_is_reported():
    assert "24 h ahead of this clock" in age(NOW + 86400, NOW)


def test_what_is_wrong_is_listed_critical_first(tmp_path: Path):
    store = AlertDatabase(tmp_path / "a.db")
    store.commit(NOW - 700, 10, State(), [], [("aa", "it", {}), ("bb", "it", {})])
    store.failed(1, NOW, "no answer")
    store.sent(2, NOW - 60, "given up: HTTP 400")
    store.commit(NOW, 10, State(), [], [], {"clock": "set back", "store": "permission denied"})
    problems = ailments(store, NOW)
    assert [(ailment.critical, ailment.text.split(":")[0]) for ailment in problems] == [
        (True, "permission denied"),
        (True, "it"),
        (False, "set back"),
        (False, "it"),
    ]
    store.commit(NOW + 10, 10, State(), [], [])
    assert not store.troubles()
