"""A daemon's own samples become a history; moments are read as people write them."""

from __future__ import annotations

import pytest

from collectd_fedmsg.diagnosis import build_history as rings
from collectd_fedmsg.humanize import parse_moment, utc
from collectd_fedmsg.protocol.sample import Sample

NOW = 1_000_000_000.0


def ring(*times, **more):
    """Samples of a daemon that receives 2 a second and handles 1, at these seconds."""
    return [
        Sample(
            consumer="C",
            time=NOW + t,
            received=2 * t,
            processed=t,
            waiting=t,
            in_progress=0,
            busy=t * 500_000,
            topics={"a": 2 * t},
            oldest=float(t) if t else None,
            **more,
        )
        for t in times
    ]


def test_rates_levels_and_topics():
    """Rates over each step, gauges at its end, busy in worker-seconds per second."""
    past = rings.history(ring(0, 10, 20, 30), 10.0)
    assert (past.step, past.end, len(past)) == (10, NOW + 30, 3)
    assert list(past.received) == [2, 2, 2]
    assert list(past.processed) == [1, 1, 1]
    assert list(past.backlog) == [10, 20, 30]
    assert list(past.busy) == [0.5, 0.5, 0.5]
    assert list(past.topics["a"]) == [2, 2, 2]
    assert (past.alive, past.observable, past.name) == (True, True, "C")


def test_a_missing_sample_is_a_gap():
    """The rate over two steps is not given for one."""
    past = rings.history(ring(0, 10, 30, 40), 10.0)
    assert list(past.received) == [2, None, None, 2]
    assert list(past.backlog) == [10, None, None, 40]


def test_a_total_that_shrank_is_a_gap():
    samples = [*ring(0, 10), *[Sample("C", NOW + 20, 1, 1, 0, 0)], *ring(30)]
    assert list(rings.history(samples, 10.0).received) == [2, None, pytest.approx(5.9)]


@pytest.mark.parametrize(
    ("samples", "interval"),
    [
        pytest.param(ring(0), 10.0, id="one-sample"),
        pytest.param([], 10.0, id="none"),
        pytest.param(ring(0, 10), 0.0, id="no-interval"),
        pytest.param(ring(0, 10_000_000), 1.0, id="absurd-span"),
    ],
)
def test_too_little_or_too_much_is_no_history(samples, interval):
    assert rings.history(samples, interval) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("2h", NOW - 7200),
        ("-2h", NOW - 7200),
        ("1h 30min", NOW - 5400),
        ("999999990", 999_999_990),
        ("2001-09-09T01:46Z", 999_999_960),
        ("2001-09-09 01:46:30+00:00", 999_999_990),
        ("7d", NOW - 604_800),
    ],
)
def test_moments(text, expected):
    assert parse_moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "teatime", "2h ago", "2026-13-01", "--2h", "1e9", "٣"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(ValueError, match="must be"):
        parse_moment(text, NOW)


def test_moments_are_written_in_utc():
    assert utc(NOW) == "2001-09-09 01:46:40 UTC"
