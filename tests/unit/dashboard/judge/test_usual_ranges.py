"""The usual range hour by hour: of the week as it is known now, bounded, worked out once."""

from __future__ import annotations

import pytest

pytest.importorskip("flask")

from collectd_fedmsg_dashboard.judge.usual_ranges import MAX_HOURS, Bands, band
from collectd_fedmsg_dashboard.store.base import Daemon
from collectd_fedmsg_dashboard.store.series import Window

from collectd_fedmsg.diagnosis import Baseline
from collectd_fedmsg.diagnosis.baseline import HOUR, WEEK, Hour

NOW = 200 * WEEK + 12 * HOUR + 60
DAEMON = Daemon("h", "s", "C")


class Known:
    """A baseline of four weeks: hour n of the day has n messages/s."""

    def __init__(self) -> None:
        end = NOW // HOUR * HOUR
        self.baseline = Baseline(
            tuple(
                Hour(start=float(t), received=t % 86400 // HOUR, processed=1.0, backlog=0.0)
                for t in range(end - 4 * WEEK, end - HOUR, HOUR)
            )
        )

    def of(self, daemon, now):
        return self.baseline


def test_each_hour_has_its_own_range():
    ranges = Bands(Known()).of([DAEMON], Window(NOW - 3 * HOUR, NOW), NOW)[DAEMON.id]
    assert set(ranges) == {"received"}  # without working time there is no usual service time
    start = NOW // HOUR * HOUR
    assert [row[0] for row in ranges["received"]] == [start - 3 * HOUR + i * HOUR for i in range(4)]
    for _, low, high in ranges["received"][:3]:
        assert low < high
    middles = [(low + high) / 2 for _, low, high in ranges["received"]]
    assert middles == pytest.approx([9, 10, 11, 12])


def test_an_hour_of_the_past_is_that_of_the_week():
    """Ten days back: what is usual at that hour of the week."""
    back = NOW - 10 * 86400
    ranges = Bands(Known()).of([DAEMON], Window(back - 10, back), NOW)[DAEMON.id]["received"]
    assert sum(ranges[0][1:]) / 2 == pytest.approx(12)


def test_too_many_hours_are_not_drawn():
    window = Window(NOW - MAX_HOURS * HOUR, NOW)
    assert DAEMON.id in Bands(Known()).of([DAEMON], window, NOW)
    assert Bands(Known()).of([DAEMON, DAEMON], window, NOW) == {}


def test_a_new_baseline_has_new_ranges():
    known = Known()
    bands, window = Bands(known), Window(NOW - 10, NOW)
    before = bands.of([DAEMON], window, NOW)
    known.baseline = Baseline(
        tuple(
            Hour(start=hour.start, received=50.0, processed=1.0, backlog=0.0)
            for hour in known.baseline.hours
        )
    )
    assert bands.of([DAEMON], window, NOW) != before


@pytest.mark.parametrize(
    ("middle", "spread", "expected"),
    [(10, 0, [9, 11]), (10, 3, [4, 16]), (1, 5, [0, 11]), (0, 0, [0, 0])],
)
def test_band(middle, spread, expected):
    """Two spreads, a tenth at least, never below zero."""
    assert band(middle, spread) == pytest.approx(expected)
