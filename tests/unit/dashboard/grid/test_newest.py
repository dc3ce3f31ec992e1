"""The last, unfinished step of a long span holds what is known of it so far."""

from __future__ import annotations

import pytest
from collectd_fedmsg_dashboard.grid.newest import with_newest
from collectd_fedmsg_dashboard.store.series import Series

FINE = Series(0, 10, [None, 2.0, 4.0, 6.0, None, 8.0, 12.0, None, None, None, None, None])


def fine(start: int) -> Series:
    return Series(start, 10, FINE.points[start // 10 :])


@pytest.mark.parametrize(
    ("cf", "points", "filled"),
    [
        pytest.param("AVERAGE", [3.0, None], [3.0, 10.0], id="mean-of-what-is-known"),
        pytest.param("MAX", [3.0, None], [3.0, 12.0], id="highest"),
        pytest.param("MIN", [3.0, None], [3.0, 8.0], id="lowest"),
        pytest.param("MAX", [None, None], [6.0, 12.0], id="two-unfinished"),
        pytest.param("MAX", [3.0, 4.0], [3.0, 4.0], id="finished"),
    ],
)
def test_the_last_steps_are_filled(cf, points, filled):
    series = with_newest(Series(0, 50, points), cf, 75, fine)
    assert series == Series(0, 50, filled)


def test_an_unknown_step_stays_unknown():
    """A silent daemon: its steps are unknown however finely they are looked at."""
    silent = Series(0, 50, [None] * 4)
    assert with_newest(silent, "MAX", 200, lambda start: Series(start, 10, [None] * 10)) == silent


def test_no_finer_steps():
    """A store that has nothing finer, or no such series."""
    series = Series(0, 50, [1.0, None])
    assert with_newest(series, "MAX", 75, lambda start: Series(start, 50, [9.0])) is series
    assert with_newest(None, "MAX", 75, fine) is None
