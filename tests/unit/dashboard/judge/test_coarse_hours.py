"""Coarse series become hours at any step; hours packed come back as they were."""

from __future__ import annotations

import pytest

pytest.importorskip("flask")

from collectd_fedmsg_dashboard.judge.coarse_hours import highest, hours, means, refined, with_topics
from collectd_fedmsg_dashboard.judge.packed_hours import PackedHours
from collectd_fedmsg_dashboard.store.series import Series

from collectd_fedmsg.diagnosis.hours import Hour

HOUR = 3600


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        pytest.param(Series(0, HOUR, [1.0, 3.0]), {0: 1, HOUR: 3}, id="hourly"),
        pytest.param(
            Series(0, 1800, [1.0, 3.0, None, 5.0]), {0: 2, HOUR: 5}, id="half-known-counts"
        ),
        pytest.param(Series(0, 1200, [None, None, 3.0]), {}, id="a-third-known-does-not"),
        pytest.param(Series(0, 2400, [1.0, 4.0, 7.0]), {0: 2, HOUR: 6}, id="steps-across-hours"),
        pytest.param(Series(0, 7200, [2.0]), {0: 2, HOUR: 2}, id="coarser-than-an-hour"),
        pytest.param(Series(0, HOUR, [None, None]), {}, id="unknown-stays-unknown"),
        pytest.param(Series(0, HOUR, [0.0]), {0: 0}, id="zero-is-known"),
    ],
)
def test_means(series, expected):
    """Each step counts with its part in the hour; less than half known is unknown."""
    assert means(series) == pytest.approx(expected)


def test_a_maximum_counts_in_every_hour_it_touches():
    assert highest(Series(0, 2400, [1.0, 9.0, None])) == {0: 9, HOUR: 9}


def test_hours_have_their_units():
    """busy is in µs/s, service in seconds per message; what ends later is left out."""
    columns = {
        "received": Series(0, HOUR, [4.0] * 3),
        "processed": Series(0, HOUR, [4.0] * 3),
        "backlog": Series(0, HOUR, [30.0] * 3),
        "busy": Series(0, HOUR, [2e6] * 3),
        "failed": Series(0, HOUR, [1.0] * 3),
    }
    rows = hours(columns, 36, 2 * HOUR)
    assert [row.start for row in rows] == [0, HOUR]
    assert rows[0].service == pytest.approx(0.5)
    assert rows[0].failed == pytest.approx(0.25)
    assert rows[0].workers is None
    # A hundred samples an hour: the greatest is the 1 in 100 level itself.
    assert rows[0].backlog == pytest.approx(30)
    # Ten thousand: the 1 in 100 level of an exponential tail is half as high.
    assert hours(columns, 1, HOUR)[0].backlog == pytest.approx(30 * 0.5624, rel=0.01)


def test_without_the_three_series_there_are_no_hours():
    assert hours({"received": Series(0, HOUR, [1.0])}, 10, HOUR) == []


def hour(start, **more):
    return Hour(start=start, received=1.0, processed=1.0, backlog=0.0, **more)


def test_fine_hours_replace_coarse_ones_and_lend_them_their_pauses():
    day = 24 * HOUR
    rows = refined([hour(0.0), hour(HOUR), hour(day)], [hour(day, gap=60.0, dispersion=3.0)])
    assert [(row.start, row.gap, row.dispersion) for row in rows] == [
        (0, 60, 3),
        (HOUR, 0, 1),
        (day, 60, 3),
    ]


def test_topics_have_rates_and_costs():
    """Seconds of work per message that ended; a topic that did nothing costs nothing known."""
    (row,) = with_topics(
        [hour(0.0)],
        {
            "received": {"a": Series(0, HOUR, [2.0]), "b": Series(0, HOUR, [1.0])},
            "topic_processed": {"a": Series(0, HOUR, [4.0]), "b": Series(0, HOUR, [0.0])},
            "topic_busy": {"a": Series(0, HOUR, [1e6]), "b": Series(0, HOUR, [0.0])},
        },
    )
    assert row.topics == {"a": 2.0, "b": 1.0}
    assert row.costs == {"a": 0.25}


def test_packed_hours_come_back_as_they_were():
    """Unknown stays None, topics stay, slices and ends work."""
    plain = [
        hour(0.0),
        hour(3600.0, service=0.25, workers=2.0, topics={"a": 1.0}),
        hour(7200.0, delay=None, failed=0.0, gap=9.0, costs={"a": 0.5}),
    ]
    packed = PackedHours(plain)
    assert list(packed) == plain
    assert (len(packed), packed[-1], packed[1:]) == (3, plain[-1], plain[1:])


def series(values, start=0):
    return Series(start, HOUR, [float(value) for value in values])


@pytest.mark.parametrize(
    ("backlog", "longest"),
    [
        pytest.param(4, 90.0, id="a-short-queue"),
        pytest.param(7, 90.0, id="as-many-as-count-as-short"),
        pytest.param(8, None, id="ages-of-what-waits"),
    ],
)
def test_the_longest_message_is_read_where_nothing_waits(backlog, longest):
    """The greatest age of an hour is how long a message was held, unless messages waited."""
    (row,) = hours(
        {
            "received": series([1]),
            "processed": series([1]),
            "workers": series([2]),
            "backlog": series([backlog]),
            "oldest": series([90]),
        },
        10,
        HOUR,
    )
    assert row.held == longest


def test_an_hour_in_which_nothing_ended_is_a_pause():
    """A hang of hours that only coarse steps still show is known as one."""
    rows = hours(
        {
            "received": series([1, 1, 0]),
            "processed": series([1, 0, 0]),
            "backlog": series([4, 3600, 0]),
        },
        10,
        3 * HOUR,
    )
    assert [hour.gap for hour in rows] == [0.0, HOUR, 0.0]


def test_a_hang_of_one_day_is_no_pause_of_every_day():
    """What the finest day shows of pauses is spread over other days only from calm hours."""
    day, calm, hung = 24 * HOUR, 2 * HOUR, 3 * HOUR
    fine = [hour(day + calm, gap=60.0), hour(day + hung, gap=3600.0)]
    rows = refined([hour(float(calm)), hour(float(hung))], fine)
    assert [row.gap for row in rows] == [60.0, 0.0, 60.0, 3600.0]


def test_packed_hours_keep_every_number():
    """What an hour knows is unpacked as it was packed, unknown numbers too."""
    known = Hour(0.0, 1.0, 1.0, 2.0, service=0.5, held=150.0, gap=20.0, seconds=1800.0)
    assert list(PackedHours([known, hour(HOUR)])) == [known, hour(HOUR)]
