"""One incident after another, and what else was once judged as the average of an hour.

The newest part leads; what has ended is history, nothing is learnt from trouble, and a daemon
of minutes is judged by its calm samples.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from collectd_fedmsg.diagnosis import History, Verdict
from collectd_fedmsg.diagnosis.hung_workers import in_hand
from collectd_fedmsg.diagnosis.judgement import judge

from .played import END, Part, history, past, play

V = Verdict
USUAL = {
    "received": 1.0,
    "processed": 1.0,
    "backlog": 2.0,
    "service": 0.4,
    "workers": 1.0,
    "failed": 0.0,
}
CALM, FINE, LATE = Part(60, 1.0, 0.4), {V.OK, V.RECOVERING}, (0, 12, 30, 80)
SURGE, DRAIN, SLOW = Part(60, 5.0, 0.4), Part(12, 1.0, 0.4), Part(120, 1.0, 2.0)
SLOW_DRAIN = Part(60, 1.0, 0.4)

#: Parts, of which the last is asked about; the points of it known; what is right.
SEQUENCES = [
    pytest.param([CALM, SURGE, DRAIN, SLOW], (8, 20, 60, 119), {V.SLOW}, id="slow-in-the-drain"),
    pytest.param(
        [CALM, SURGE, SLOW_DRAIN, SLOW], (8, 20, 60, 119), {V.SLOW}, id="slow-when-most-has-drained"
    ),
    pytest.param([CALM, SURGE, Part(60, 1.0, 0.4)], (5, 20, 50), {V.RECOVERING}, id="drain"),
    pytest.param(
        [CALM, Part(60, 1.0, 2.0), Part(90, 1.0, 0.4), Part(60, 6.0, 0.4)],
        (5, 20, 59),
        {V.SURGE},
        id="surge-after-slowness",
    ),
    pytest.param(
        [CALM, Part(60, 1.0, 2.0), Part(20, 1.0, 0.4), Part(60, 1.0, 2.0)],
        (8, 20, 59),
        {V.SLOW},
        id="relapse",
    ),
    pytest.param(
        [CALM, Part(60, 1.0, 0.4, hung=1), Part(12, 1.0, 0.4), Part(60, 1.0, 2.0)],
        (8, 20, 59),
        {V.SLOW},
        id="slow-after-a-hang",
    ),
    pytest.param(
        [CALM, Part(180, 1.0, 4 / 3), Part(40, 1.0, 0.4), Part(60, 1.0, 0.4)],
        (5, 30, 59),
        FINE,
        id="caught-up-is-no-creep",
    ),
]


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
@pytest.mark.parametrize(("parts", "points", "right"), SEQUENCES)
def test_the_newest_part_leads(parts, points, right, seed):
    """With exact counts, and with counts that scatter."""
    columns = play(parts, seed=seed)
    before = sum(part.points for part in parts[:-1])
    for known in points:
        diagnosis = judge(history(columns, before + known), END, past(**USUAL))
        assert diagnosis.verdict in right, (known, diagnosis.evidence)


def test_what_ended_is_named_as_past():
    """The sentence names what began it and when that was over."""
    columns = play([CALM, SURGE, DRAIN, SLOW])
    diagnosis = judge(history(columns, 60 + 60 + 12 + 24), END, past(**USUAL))
    assert "after a surge that ended 6 min ago" in diagnosis.evidence
    assert diagnosis.findings[0].since == END - 240


@pytest.mark.parametrize("points", [31, 59])
def test_a_hang_of_hours_stays_a_hang(points):
    """Though pauses of an hour got into the past hours of every day."""
    usual = {"received": 0.3, "processed": 0.3, "backlog": 4.0, "service": 1.0, "workers": 2.0}
    hung = History(
        step=60.0,
        end=END,
        received=[0.3] * points,
        processed=[0.0] * points,
        backlog=[3000.0 + 18 * i for i in range(points)],
        busy=[2.0] * points,
        in_progress=[2.0] * points,
        oldest=[9000.0 + 60 * i for i in range(points)],
        workers=[2.0] * points,
        alive=True,
    )
    assert judge(hung, END, past(192, gap=3600.0, **usual)).verdict is V.STALLED


@pytest.mark.parametrize("known", [15, 40, 90, 140])
def test_hours_that_wander_do_not_hide_slowness(known):
    """The means of hours differ by a tenth; each message takes three times as long."""
    columns = play([Part(60, 2.0, 0.3), Part(150, 2.0, 1.0)])
    usual = {**USUAL, "received": 2.0, "processed": 2.0}
    hours = [0.3 * x for x in (1, 1.1, 0.93, 1.05, 0.9, 1.02, 0.97, 1.12)]
    diagnosis = judge(history(columns, 60 + known), END, past(services=hours, **usual))
    assert diagnosis.verdict is V.SLOW, diagnosis.evidence


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
@pytest.mark.parametrize("calm", [2, 3, 12])
def test_a_burst_at_the_start_is_no_reference(calm, seed):
    """Thousands at once, drained in minutes, then each message takes 400 times as long."""
    parts = [
        Part(calm, 8.0, 0.004),
        Part(4, 1200.0, 0.004),
        Part(25, 8.0, 0.004),
        Part(60, 8.0, 1.6),
    ]
    columns = play(parts, seed=seed)
    for known in (6, 20, 40, 60):
        diagnosis = judge(history(columns, sum(p.points for p in parts[:-1]) + known), END)
        assert diagnosis.verdict is V.SLOW, (known, diagnosis.evidence)


@pytest.mark.parametrize(
    ("calm", "received", "verdict"),
    [
        pytest.param(2, 6000.0, V.SURGE, id="third-sample-hundreds-of-times"),
        pytest.param(2, 320.0, V.SURGE, id="forty-times"),
        pytest.param(2, 33.0, V.UNKNOWN, id="four-times-is-too-early"),
        pytest.param(12, 33.0, V.SURGE, id="four-times-after-two-minutes"),
    ],
)
def test_a_daemon_of_minutes(calm, received, verdict):
    """A large step is no riddle; a small one waits for more samples, and is never OK."""
    columns = play([Part(calm, 8.0, 0.05), Part(2, received, 0.05)])
    diagnosis = judge(history(columns), END)
    assert diagnosis.verdict is verdict, diagnosis.evidence
    assert "a baseline" in diagnosis.missing


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_arrivals_that_did_not_change_are_no_surge(seed):
    """Twice the usual of this hour for half an hour, and nothing waited: then it gets slow."""
    usual = {**USUAL, "received": 0.5, "processed": 0.5, "service": 0.35}
    columns = play([Part(180, 1.0, 0.35), Part(140, 1.0, 1.75)], seed=seed)
    for known in (15, 40, 120):
        diagnosis = judge(history(columns, 180 + known), END, past(**usual))
        assert diagnosis.verdict is V.SLOW, (known, diagnosis.evidence)


def long_message(seconds, each, workers, saturated):
    """One message stays while others end; each of them takes ``each`` s."""
    points = int(seconds / 10)
    calm = 120
    busy = float(workers) if saturated else workers / 2
    done = busy / each
    return History(
        step=10.0,
        end=END,
        alive=True,
        received=[workers / 8] * (calm + points),
        processed=[workers / 8] * calm + [done] * points,
        backlog=[workers / 2] * calm + [workers + 3.0 * i for i in range(points)]
        if saturated
        else [workers / 2] * (calm + points),
        busy=[workers / 2] * calm + [busy] * points,
        workers=[float(workers)] * (calm + points),
        in_progress=[workers / 2] * calm + [busy] * points,
        oldest=[4.0] * calm + [10.0 * i + 5 for i in range(points)],
        failed=[0.0] * (calm + points),
    )


@pytest.mark.parametrize(
    ("history_", "usually_held", "verdict"),
    [
        pytest.param(long_message(140, 4.0, 4, False), None, V.OK, id="one-long-message"),
        pytest.param(long_message(140, 4.0, 4, False), 150.0, V.OK, id="usually-held-as-long"),
        pytest.param(
            long_message(900, 4.0, 4, False), 150.0, V.WORKERS_LOST, id="six-times-the-longest"
        ),
        pytest.param(
            long_message(900, 4.0, 4, False), None, V.WORKERS_LOST, id="hundreds-of-times-the-mean"
        ),
        pytest.param(long_message(700, 70.0, 32, True), 100.0, V.SLOW, id="all-are-slower"),
    ],
)
def test_hung_or_slow(history_, usually_held, verdict):
    """One old message is no hang while all take as long."""
    rate = history_.received[0]
    usual = {
        "received": rate,
        "processed": rate,
        "backlog": 9.0,
        "service": 4.0,
        "workers": history_.workers[0],
        "failed": 0.0,
        "held": usually_held,
    }
    diagnosis = judge(history_, END, past(**usual))
    assert diagnosis.verdict is verdict, diagnosis.evidence


def most_hang(seconds, half):
    """24 of 32 workers hang; a message a second ends, half of these in ``half`` s or less."""
    points, calm = int(seconds / 10), 120
    idle, slow = [4.0] * calm, [28.0] * points
    return History(
        step=10.0,
        end=END,
        alive=True,
        received=[1.0] * (calm + points),
        processed=[1.0] * (calm + points),
        backlog=idle + slow,
        busy=idle + slow,
        workers=[32.0] * (calm + points),
        in_progress=idle + slow,
        oldest=idle + [10.0 * i + 5 for i in range(points)],
        failed=[0.0] * (calm + points),
        service_p50=None if half is None else [2.8] * calm + [half] * points,
    )


@pytest.mark.parametrize(
    ("history_", "verdict"),
    [
        pytest.param(most_hang(400, 2.8), V.WORKERS_LOST, id="half-take-their-usual-time"),
        pytest.param(most_hang(140, 2.8), V.OK, id="not-beyond-chance-yet"),
        pytest.param(most_hang(400, 20.0), V.OK, id="half-take-seven-times-as-long"),
        pytest.param(most_hang(400, None), V.OK, id="not-known"),
    ],
)
def test_most_workers_hang_while_the_rest_follow(history_, verdict):
    """The working time holds that of all who hang; those that end show how long they take."""
    usual = {"received": 1.0, "processed": 1.0, "backlog": 4.0, "service": 4.0, "workers": 32.0}
    diagnosis = judge(history_, END, past(**usual, failed=0.0, held=60.0))
    assert diagnosis.verdict is verdict, diagnosis.evidence


@pytest.mark.parametrize(
    ("parts", "stated"),
    [
        pytest.param([Part(60, 0.2, 0.1), Part(60, 0.2, 1.0)], True, id="ten-times-slower"),
        pytest.param([Part(60, 0.2, 0.1), Part(60, 0.2, 0.29)], False, id="less-than-three-times"),
        pytest.param(
            [Part(60, 0.2, 0.1), Part(40, 0.2, 1.0), Part(20, 0.2, 0.1)], False, id="until-lately"
        ),
    ],
)
def test_slower_with_room_left_is_information(parts, stated):
    """Ten times slower below capacity is no trouble, and is worth a sentence while it lasts."""
    usual = past(**{**USUAL, "received": 0.2, "service": 0.1})
    diagnosis = judge(history(play(parts)), END, usual)
    assert diagnosis.verdict is V.OK
    sentence = "each message takes 10× its usual time; the workers keep up"
    assert (sentence in diagnosis.evidence) is stated
    assert any("usual time" in sentence for sentence in diagnosis.evidence) is stated


@pytest.mark.parametrize("minutes", [5, 14])
def test_failures_of_everything_stay_failures(minutes):
    """Without a baseline a quarter of an hour of failures does not become the usual."""
    size = minutes * 6
    failing = History(
        step=10.0,
        end=END,
        received=[1.0] * size,
        processed=[1.0] * size,
        backlog=[0.0] * size,
        failed=[1.0] * size,
        busy=[0.05] * size,
        workers=[1.0] * size,
        alive=True,
    )
    assert judge(failing, END).verdict is V.ERRORS


def test_one_long_message_of_a_topic_mixes_no_times():
    """A first message opens files and connections: its time is no topic's mean, nor usual scatter.

    Seen on a demonstration: with it 196 messages waiting were taken for chance.
    """
    columns = play([Part(20, 8.0, 0.001), Part(6, 9.0, 0.27)], step=5.0)
    size = len(columns["received"])
    first = [0.2 if i == 3 else 0.0 for i in range(size)]  # one message of 0.32 s in a step of 5 s
    common = [(x or 0.0) - y for x, y in zip(columns["processed"], first)]
    busy = [0.064 if x else 0.0 for x in first]
    past = replace(
        history(columns, step=5.0),
        topics={"rare": first, "common": common},
        topic_processed={"rare": first, "common": common},
        topic_busy={"rare": busy, "common": [0.001 * x for x in common]},
    )
    diagnosis = judge(past, END)
    assert diagnosis.verdict is V.SLOW, diagnosis.evidence
    assert diagnosis.limit is not None
    assert diagnosis.limit < 10


def freed(ended, burst=0.0):
    """A hang of all from point 10 to 60; one message hangs on while others end after it."""
    size, backlog = 76, [0.0] * 10
    for i in range(10, size):
        backlog.append(backlog[-1] + 10.0 + burst * (i == 60) - (ended * 10 if i > 60 else 0.0))
    oldest = [0.0] * 10 + [10.0 * (i - 10) + 5 for i in range(10, 60)]
    oldest += [10.0 * (i - (60 if burst else 12)) + 5 for i in range(60, size)]
    return History(
        step=10.0,
        end=END,
        received=[1.0] * 60 + [1.0 + burst / 10] + [1.0] * 15,
        processed=[1.0] * 10 + [0.0] * 51 + [ended] * 15,
        backlog=backlog,
        oldest=oldest,
        in_progress=[4.0] * size,
        workers=[4.0] * size,
    )


@pytest.mark.parametrize(
    ("history_", "index"),
    [
        pytest.param(freed(2.0), 64, id="others-that-came-later-have-ended"),
        pytest.param(freed(1.0), 67, id="as-many-end-as-come"),
        pytest.param(freed(2.0, burst=5000.0), 75, id="came-at-once-and-waits"),
    ],
)
def test_who_is_overtaken_is_in_hand(history_, index):
    """First in, first out: the oldest message is with a worker once a later one has ended."""
    assert in_hand(history_, 75) == index
