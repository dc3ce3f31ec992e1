"""Where a rate changed: cuts that are there, cuts that chance does not make."""

from __future__ import annotations

import random

import pytest

from collectd_fedmsg.diagnosis.segments import Counts, scale, segments


def counts(*parts, seed=None, exposure=10.0):
    """Return counts of (points, rate per second); with a ``seed`` they scatter."""
    draw, events = random.Random(seed), []
    for points, rate in parts:
        for _ in range(points):
            mean = rate * exposure
            events.append(max(0.0, draw.gauss(mean, mean**0.5)) if seed is not None else mean)
    return Counts(range(len(events)), events, [exposure] * len(events))


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
@pytest.mark.parametrize(
    ("parts", "starts"),
    [
        pytest.param([(300, 5.0)], [0], id="one-rate"),
        pytest.param([(60, 5.0), (60, 25.0)], [0, 60], id="a-step-up"),
        pytest.param([(60, 5.0), (30, 25.0), (60, 5.0)], [0, 60, 90], id="up-and-down-again"),
        pytest.param([(60, 5.0), (30, 25.0), (30, 5.0), (30, 50.0)], [0, 60, 90, 120], id="twice"),
        pytest.param([(60, 500.0), (2, 5000.0)], [0, 60], id="two-points"),
    ],
)
def test_cuts(parts, starts, seed):
    """Each stretch begins where its rate does; noise makes none."""
    counted = counts(*parts, seed=seed)
    stretches = segments(counted, scale(counted, 1.0))
    assert [part.start for part in stretches] == starts
    assert [part.stop for part in stretches[:-1]] == starts[1:]


@pytest.mark.parametrize(
    ("parts", "size"),
    [
        pytest.param([(60, 100.0), (60, 109.0)], 1, id="less-than-a-tenth"),
        pytest.param([(60, 100.0), (60, 112.0)], 2, id="more-than-a-tenth"),
        pytest.param([(354, 0.0003)], 1, id="one-message-an-hour"),
    ],
)
def test_what_is_alike_is_one(parts, size):
    counted = counts(*parts)
    assert len(segments(counted, 1.0)) == size


def test_a_single_rare_event_is_no_change():
    """One message in the last step of an hour; five are a change."""
    for events, size in ((1.0, 1), (6.0, 2)):
        counted = Counts(range(354), [0.0] * 353 + [events], [10.0] * 354)
        assert len(segments(counted, 1.0)) == size


def test_places_with_gaps_are_kept():
    """The stretches name the places of the history, not of the known ones."""
    counted = Counts([0, 1, 2, 7, 8, 9], [50.0] * 3 + [500.0] * 3, [10.0] * 6)
    first, second = segments(counted, 1.0)
    assert (first.start, first.stop, second.start, second.stop) == (0, 3, 7, 10)
    assert second.rate == 50.0


def test_no_exposure_is_no_rate():
    """A daemon that did not work has no time per message."""
    stretches = segments(Counts([0, 1], [0.0, 0.0], [0.0, 0.0]), 1.0)
    assert [part.rate for part in stretches] == [0.0]
    assert segments(Counts([], [], []), 1.0) == []


def test_scale_sees_clumps_and_forgives_steps():
    """Variance over mean from neighbours: a step does not count, clumps do."""
    step = counts((60, 5.0), (60, 50.0), seed=4)
    draw = random.Random(1)
    clumped = Counts(range(200), [draw.choice((0.0, 100.0)) for _ in range(200)], [10.0] * 200)
    assert scale(step, 1.0) < 1.8
    assert scale(clumped, 1.0) > 10
