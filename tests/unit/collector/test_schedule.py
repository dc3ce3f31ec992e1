"""Reads come shortly after samples, whatever the phase in which collectd calls."""

from __future__ import annotations

import pytest

from collectd_fedmsg.collector.schedule import MAX_CALLS, MAX_MARGIN, ReadSchedule


@pytest.mark.parametrize("phase", [0.0, 0.3, 0.99, 1.5, 1.99])
@pytest.mark.parametrize("interval", [1.0, 10.0, 60.0])
def test_a_read_is_soon_after_each_sample(interval: float, phase: float):
    schedule = ReadSchedule(interval, interval / 10)
    begin = 1.8e9
    calls = [begin + (phase + n) * schedule.call_interval for n in range(MAX_CALLS * 20)]
    reads = [at for at in calls if schedule.due(at)]
    assert 19 <= len(reads) <= 21
    ages = [at % interval for at in reads[1:]]
    assert max(ages) <= min(MAX_MARGIN, interval / 10) + schedule.call_interval + 1e-6
    assert min(ages) >= min(MAX_MARGIN, interval / 10) - 1e-6


def test_a_clock_that_is_set_stops_no_reads():
    schedule = ReadSchedule(10.0, 2.0)
    assert schedule.due(1.8e9 + 5)
    assert not schedule.due(1.8e9 + 7)
    assert schedule.due(1.7e9 + 5)
    assert not schedule.due(1.7e9 + 7)
    assert schedule.due(1.7e9 + 11.5)
    assert schedule.due(1.9e9 + 11.5)


@pytest.mark.parametrize(("timeout", "seconds"), [(0.5, 2.0), (2.0, 2.5), (5.0, 10.0), (9.0, 10.0)])
def test_no_call_comes_while_a_read_may_last(timeout: float, seconds: float):
    """collectd would complain of each read that is longer than the time between two calls."""
    assert ReadSchedule(10.0, timeout).call_interval == seconds
