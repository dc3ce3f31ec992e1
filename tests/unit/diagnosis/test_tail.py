"""Long messages of a heavy-tailed consumer are no hang, nor few of them slowness; a hang is one."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from collectd_fedmsg.diagnosis import Baseline, History, Verdict, diagnose
from collectd_fedmsg.diagnosis.hours import Hour
from collectd_fedmsg.diagnosis.scatter import by_tail
from collectd_fedmsg.diagnosis.tail import HEAVY, SELDOM, Tail, tail_of

HOUR, DAY, STEP, END = 3600, 86400, 60.0, 1_000_080_000.0
RATE, SERVICE, SIZE = 0.05, 10.0, 120


def hours(draw, count=360, **more):
    """Return hours of 180 messages each, whose longest is the greatest of as many draws."""
    return [
        Hour(
            END - (count + 1 - i) * HOUR,
            RATE,
            RATE,
            1.0,
            SERVICE,
            0.0,
            1.0,
            held=max(draw() for _ in range(180)),
            **more,
        )
        for i in range(count)
    ]


def pareto(seed=1, shape=2.2):
    random_numbers = random.Random(seed)
    return lambda: random_numbers.paretovariate(shape) * SERVICE * (shape - 1) / shape


def exponential(seed=1):
    random_numbers = random.Random(seed)
    return lambda: random_numbers.expovariate(1 / SERVICE)


@pytest.mark.parametrize("seed", range(5))
def test_the_index_of_a_known_tail(seed):
    """Pareto's 1/2.2 to a third; an exponential tail is much lighter and not heavy."""
    heavy, light = tail_of(hours(pareto(seed))), tail_of(hours(exponential(seed)))
    assert heavy.index == pytest.approx(1 / 2.2, rel=0.35)
    assert light.index < 0.2
    assert heavy.heavy(SERVICE) and not light.heavy(SERVICE)


def test_a_level_is_reached_as_seldom_as_it_says():
    """Of another year's hours as many exceed a level as its period says, to a third or thrice."""
    tail = tail_of(hours(pareto(3)))
    level = tail.reached(7 * DAY)
    above = sum(hour.held > level for hour in hours(pareto(4), 8760))
    assert 52 / 3 <= above <= 52 * 3


def test_the_days_of_a_hang_teach_nothing():
    """Two hours of a day in which a worker hung change the level by little."""
    known = hours(exponential())
    hung = [replace(h, held=1700.0) if i in (100, 101) else h for i, h in enumerate(known)]
    assert tail_of(hung).reached(SELDOM) < 1.5 * tail_of(known).reached(SELDOM)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        pytest.param([], None, id="nothing-known"),
        pytest.param([None, None], None, id="no-service-times"),
        pytest.param([0.0, 0.0], None, id="nothing-handled"),
        pytest.param([5.0, 9.0, None], Tail(9.0, 1 / 2, HEAVY), id="few-hours"),
    ],
)
def test_few_hours(known, expected):
    """Of few hours the longest counts, and the heaviest tail whose variance exists."""
    assert tail_of([Hour(i * HOUR, 1, 1, 0, held=x) for i, x in enumerate(known)]) == expected


def test_several_long_messages_at_once_are_rarer():
    tail = Tail(100.0, 0.05, 0.5)
    levels = [tail.reached_together(n, SELDOM, 600) for n in (1, 2, 3, 8)]
    assert levels == sorted(levels, reverse=True)
    assert levels[0] == tail.reached(SELDOM)


def test_the_scatter_of_single_messages():
    """Of lognormal times (σ = 1, variation 1.31) as of exponential ones."""
    normal = random.Random(2)
    lognormal = tail_of(hours(lambda: SERVICE * normal.lognormvariate(-0.5, 1.0)))
    assert by_tail(lognormal, SERVICE, 180) == pytest.approx(1.31, rel=0.3)
    assert by_tail(tail_of(hours(exponential())), SERVICE, 180) < 1.2
    assert by_tail(None, SERVICE, 180) is None
    assert by_tail(Tail(9.0, 0.05, 0.1), SERVICE, 180) is None


def daemon(held_points, *, waiting=0.05, tail=None, **more):
    """Return an hour whose only worker has held one message for the last points."""
    size = SIZE
    head = size - held_points
    columns = {
        "received": [RATE] * size,
        "processed": [RATE] * head + [0.0] * held_points,
        "backlog": [1.0] * head + [1.0 + waiting * STEP * i for i in range(held_points)],
        "busy": [RATE * SERVICE] * head + [1.0] * held_points,
        "workers": [1.0] * size,
        "in_progress": [1.0] * size,
        "service_max": [SERVICE] * head + [STEP * (i + 0.5) for i in range(held_points)],
    }
    return History(step=STEP, end=END, alive=True, **{**columns, **more})


HEAVY_PAST, LIGHT_PAST = (Baseline(tuple(hours(draw))) for draw in (pareto(), exponential()))
LIMIT_POINTS = int(HEAVY_PAST.tail(END).reached(SELDOM) / STEP)


@pytest.mark.parametrize(
    ("past", "points", "stalls"),
    [
        pytest.param(LIGHT_PAST, 4, True, id="exponential-240-s"),
        pytest.param(LIGHT_PAST, 2, False, id="exponential-120-s"),
        pytest.param(HEAVY_PAST, 4, False, id="pareto-240-s"),
        pytest.param(HEAVY_PAST, LIMIT_POINTS, False, id="pareto-as-long-as-twice-a-year"),
        pytest.param(HEAVY_PAST, LIMIT_POINTS + 2, True, id="pareto-longer"),
    ],
)
def test_a_long_message_is_a_hang_only_beyond_its_own_tail(past, points, stalls):
    verdicts = diagnose(daemon(points), END, past).verdicts
    assert (Verdict.STALLED in verdicts) is stalls


@pytest.mark.parametrize(
    ("past", "slow"),
    [
        pytest.param(LIGHT_PAST, True, id="exponential"),
        pytest.param(HEAVY_PAST, False, id="pareto"),
    ],
)
def test_few_long_messages_are_no_slowness(past, slow):
    """Four messages that took ten minutes each: of a heavy tail's few messages nothing follows."""
    size, last = SIZE, 40
    head = size - last
    done = [RATE] * head + [1 / STEP if i % 10 == 9 else 0.0 for i in range(last)]
    history = daemon(
        last,
        processed=done,
        backlog=[1.0] * head + [1.0 + 2.9 * i for i in range(last)],
        service_max=[SERVICE] * head + [STEP * (i % 10 + 1) for i in range(last)],
    )
    verdicts = diagnose(history, END, past).verdicts
    assert (Verdict.SLOW in verdicts) is slow
    assert Verdict.OK not in verdicts and Verdict.SURGE not in verdicts


def test_many_slow_messages_are_slowness_whatever_the_tail():
    """Each message takes five times as long: forty of them ended."""
    size, last = SIZE, 40
    head = size - last
    history = daemon(
        last,
        processed=[RATE] * head + [0.02] * last,
        backlog=[1.0] * head + [1.0 + 1.8 * i for i in range(last)],
        service_max=[SERVICE] * head + [90.0] * last,
    )
    assert diagnose(history, END, HEAVY_PAST).verdict is Verdict.SLOW
