"""How much backlog is no chance: mixed messages and a load that wanders make more of it."""

from __future__ import annotations

import random

import pytest

from collectd_fedmsg.diagnosis import Baseline, History, Verdict, diagnose
from collectd_fedmsg.diagnosis.hours import Hour
from collectd_fedmsg.diagnosis.season import wandering
from collectd_fedmsg.diagnosis.usual import backlog_limit

HOUR, WEEKS, END = 3600, 2, 1_000_080_000.0
RATE, SERVICE = 0.05, 6.0


def past(mixed=1.0, wanders=0.0, dispersion=1.0, each=lambda hour: 1.0):
    """Two weeks of hours: 180 messages each, their mean time scattering by mixed/√180."""
    draw, hours = random.Random(5), []
    for i in range(WEEKS * 168):
        rate = RATE * max(0.1, 1 + draw.gauss(0, wanders) + draw.gauss(0, 180**-0.5))
        service = SERVICE * each(i) * max(0.1, 1 + draw.gauss(0, mixed * 180**-0.5))
        hours.append(
            Hour(
                END - (WEEKS * 168 - i) * HOUR,
                rate,
                rate,
                3.0,
                service,
                0.0,
                1.0,
                dispersion=dispersion,
            )
        )
    return Baseline(tuple(hours))


@pytest.mark.parametrize(("baseline", "variation"), [
    pytest.param(past(), 1.0, id="exponential"),
    pytest.param(past(3.8), 3.8, id="five-in-a-hundred-thirty-times-as-long"),
    pytest.param(past(each=lambda hour: 1 + hour % 24 / 12), 1.1, id="slower-by-the-evening"),
    pytest.param(past(each=lambda hour: 1.01 ** hour), 1.0, id="a-creep-is-no-mixture"),
    pytest.param(past(each=lambda hour: 20.0 if 250 < hour < 260 else 1.0), 1.1,
                 id="an-incident-of-ten-hours-is-none"),
])  # fmt: skip
def test_variation_of_the_messages(baseline, variation):
    """The scatter of the hours' means gives it, to a fifth, whatever else happens."""
    assert baseline.usual(END).variation == pytest.approx(variation, rel=0.2)


def limit(baseline):
    usual = baseline.usual(END)
    return backlog_limit(usual, None, wandering(baseline, usual, END))[0]


def test_the_tail_of_mixed_messages():
    """It is (1 + 3.8²)/2 times as long (Kingman)."""
    assert limit(past(3.8)) - 1 == pytest.approx(7.7 * (limit(past()) - 1), rel=0.35)


def test_batches_are_not_counted_twice():
    """A batch that comes on time is in the measured backlog."""
    assert limit(past(dispersion=50.0)) == limit(past())


def test_a_load_that_wanders():
    """Its busier hours queue more; what counting explains is no wandering."""
    steady, wandering_load = past(), past(wanders=0.3)
    assert wandering(steady, steady.usual(END), END) < 0.03
    assert wandering(wandering_load, wandering_load.usual(END), END) == pytest.approx(0.3, rel=0.3)
    assert limit(wandering_load) > 1.2 * limit(steady)


def test_unknown_days_excuse_nothing():
    """How far the load of one known day wanders is unknown: the limit is that of a steady load."""
    day = Baseline(past(wanders=0.3).hours[-24:])
    assert wandering(day, day.usual(END), END) == 0.0


def behind_long_messages():
    """Three long messages in a row: eight minutes that end less, then as ever."""
    waits = [1.0] * 50 + [3.0, 6.0, 9.0, 12.0, 15.0, 17.0, 19.0, 20.0, 21.0, 22.0]
    return History(
        60.0,
        END,
        received=[RATE] * 50 + [0.06] * 10,
        processed=[RATE] * 50 + [1 / 60] * 10,
        backlog=waits,
        busy=[0.3] * 50 + [1.0] * 10,
        workers=[1.0] * 60,
        alive=True,
    )


@pytest.mark.parametrize(("baseline", "verdict"), [
    pytest.param(past(), Verdict.SLOW, id="alike"), pytest.param(past(3.8), Verdict.OK, id="mixed"),
])  # fmt: skip
def test_waiting_behind_long_messages(baseline, verdict):
    """The same ten minutes: an incident where messages are alike, ordinary where they are not."""
    assert diagnose(behind_long_messages(), END, baseline).verdict is verdict
