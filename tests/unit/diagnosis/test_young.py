"""A daemon without past hours: what its own minutes allow to say, and what they do not."""

from __future__ import annotations

import pytest

from collectd_fedmsg.diagnosis import History, Verdict, diagnose

STEP, END = 10.0, 1_000_080_000.0


def drowning(size, *, received=20.0, processed=15.0, busy=1.0, **more):
    """From its first sample on more arrives than it ends."""
    fields = {
        "backlog": [(received - processed) * STEP * (i + 1) for i in range(size)],
        "busy": [busy] * size,
        "workers": [1.0] * size,
    }
    return History(
        step=STEP,
        end=END,
        received=[received] * size,
        processed=[processed] * size,
        **{**fields, **more},
    )


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param(drowning(30), Verdict.SATURATED, id="thirty-samples-fully-busy"),
        pytest.param(drowning(29), Verdict.UNKNOWN, id="twenty-nine"),
        pytest.param(drowning(60, busy=0.5), Verdict.UNKNOWN, id="half-idle-so-something-else"),
        pytest.param(drowning(60, busy=None), Verdict.UNKNOWN, id="working-time-unknown"),
        pytest.param(drowning(60, received=15.1), Verdict.UNKNOWN, id="within-chance"),
    ],
)
def test_it_never_caught_up(history, expected):
    """Fully busy and outrun needs no comparison with what is usual."""
    if history.busy and history.busy[0] is None:
        history = History(**{**history.__dict__, "busy": None})
    diagnosis = diagnose(history, END)
    assert diagnosis.verdict is expected
    assert "a baseline" in diagnosis.missing


def filling(last, *, size=120, load=0.95, before=0.3, waited=0.0):
    """Each message takes longer in the ``last`` samples; nothing waits, or did ten samples ago."""
    return History(
        step=STEP,
        end=END,
        received=[20.0] * size,
        processed=[20.0] * size,
        backlog=[0.0] * (size - 15) + [waited] * 5 + [0.0] * 10,
        workers=[1.0] * size,
        busy=[before] * (size - last) + [load] * last,
    )


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param(filling(30), Verdict.CREEP, id="nearly-full"),
        pytest.param(filling(10), Verdict.OK, id="for-a-moment"),
        pytest.param(filling(30, load=0.85), Verdict.OK, id="room-left"),
        pytest.param(filling(30, before=0.93), Verdict.OK, id="as-full-as-before"),
        pytest.param(filling(0), Verdict.OK, id="as-ever"),
        pytest.param(filling(30, waited=500.0), Verdict.OK, id="worked-off-a-backlog"),
        pytest.param(filling(30, waited=200.0), Verdict.OK, id="too-soon-after-a-backlog"),
    ],
)
def test_it_creeps(history, expected):
    """The workers fill up within its own minutes."""
    assert diagnose(history, END).verdict is expected


def hung(seconds):
    """Its one worker hung for so long, then worked off what had come; now nothing waits."""
    ended = [20.0] * 60 + [0.0] * seconds + [220.0] * (seconds // 10) + [20.0] * 3
    queue = [0.0] * 60 + [20.0 * (i + 1) for i in range(seconds)]
    queue += [20.0 * seconds - 200.0 * (i + 1) for i in range(seconds // 10)] + [0.0] * 3
    size = len(ended)
    return History(
        step=1.0,
        end=END,
        received=[20.0] * size,
        processed=ended,
        backlog=queue,
        busy=[0.1] * 60 + [1.0] * (size - 63) + [0.1] * 3,
        workers=[1.0] * size,
    )


@pytest.mark.parametrize("seconds", [10, 30, 60])
def test_a_hang_that_is_over_is_no_creep(seconds):
    """The worker was busy all the time, but with what had waited."""
    assert diagnose(hung(seconds), END).verdict is Verdict.OK


#: Utilisation of each ten seconds of an archiver whose database ages, as a story measured it; and
#: messages/s that it ended of 20 in the minute after that.
AGEING = [0.085] * 11 + [
    0.15,
    0.41,
    0.66,
    0.69,
    0.74,
    0.78,
    0.78,
    0.8,
    0.85,
    0.87,
    0.89,
    0.93,
    0.95,
    0.97,
    0.95,
    0.95,
]
FALLING = [19.2, 18.4, 18.2, 17.4, 16.8, 17.5]


def aged(wander=1.3):
    """It takes longer and longer, cannot follow for a minute, and is repaired.

    Every minute on its own it takes ``wander`` times as long as in the one before, or the one
    after: other work on its machine.
    """
    each = [seconds * wander ** (i // 6 % 2) for i, seconds in enumerate(AGEING)]
    busy = [min(1.0, share) for share in each for _ in range(10)]
    ended = [20.0] * len(busy) + [rate for rate in FALLING for _ in range(10)] + [45.0] * 3
    queue = [0.0]
    for rate in ended:
        queue.append(max(0.0, queue[-1] + 20.0 - rate))
    size = len(ended)
    return History(
        step=1.0,
        end=END,
        received=[20.0] * size,
        processed=ended,
        backlog=queue[1:],
        busy=busy + [1.0] * 63,
        workers=[1.0] * size,
    )


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        pytest.param(0, Verdict.RECOVERING, id="repaired"),
        pytest.param(-3, Verdict.SLOW, id="cannot-follow"),
        pytest.param(-63, Verdict.CREEP, id="nothing-waits-yet"),
    ],
)
def test_a_climb_is_no_scatter(points, expected):
    """That messages took longer and longer makes no long queue usual."""
    history = aged()
    columns = {
        name: list(column)[: len(history) + points]
        for name, column in (
            ("received", history.received),
            ("processed", history.processed),
            ("backlog", history.backlog),
            ("busy", history.busy),
            ("workers", history.workers),
        )
    }
    assert diagnose(History(step=1.0, end=END, **columns), END).verdict is expected


#: An archiver's backlog every 5 s, as the tutorial's demo had it: well, 50,000 messages at once
#: worked off in minutes, well again, and then a slow database.
WORKED_OFF = [
    0,
    0,
    0,
    0,
    1,
    0,
    0,
    1,
    1,
    0,
    0,
    0,
    1,
    1,
    0,
    15927,
    49736,
    49303,
    48692,
    48325,
    47915,
    47554,
    46730,
    45726,
    45142,
    44762,
    42749,
    42168,
    41898,
    40116,
    37572,
    36250,
    35295,
    34985,
    34656,
    34387,
    34103,
    33853,
    33543,
    33313,
    33121,
    32874,
    32402,
    30580,
    30372,
    30110,
    29873,
    29651,
    29452,
    29133,
    28878,
    27167,
    24682,
    24336,
    23201,
    22010,
    21140,
    20277,
    19620,
    19305,
    19056,
    18926,
    18553,
    18337,
    17961,
    17594,
    17319,
    17034,
    16739,
    16428,
    16161,
    15883,
    15550,
    15318,
    14919,
    14053,
    11349,
    9365,
    8195,
    7338,
    6798,
    6018,
    5425,
    4857,
    4256,
    3839,
    3606,
    3243,
    2959,
    2689,
    2321,
    1964,
    1342,
    913,
    310,
    1,
    0,
    0,
    0,
    0,
    1,
    0,
    22,
    50,
    80,
    98,
    121,
    156,
    188,
    214,
]


def worked_off():
    """Return its history: 9 messages/s but for the surge, one at a time."""
    arrive = [9.0] * 15 + [3195.0, 6771.0] + [9.0] * (len(WORKED_OFF) - 17)
    grown = [(b - a) / 5 for a, b in zip([0, *WORKED_OFF], WORKED_OFF)]
    ended = [max(0.0, arriving - more) for arriving, more in zip(arrive, grown)]
    busy = [min(1.0, done * 0.012) for done in ended[:-8]] + [1.0] * 8
    return History(
        step=5.0,
        end=END,
        received=arrive,
        processed=ended,
        busy=busy,
        backlog=[float(level) for level in WORKED_OFF],
        workers=[1.0] * len(arrive),
    )


def test_a_surge_worked_off_is_not_what_is_usual():
    """It filled three quarters of all that is known, and hid the slowness after it."""
    diagnosis = diagnose(worked_off(), END)
    assert diagnosis.verdict is Verdict.SLOW, diagnosis.evidence
