"""Every rule of the diagnosis: rows that fire, rows at the boundary, rows that must not fire."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectd_fedmsg.diagnosis import Baseline, History, Restart, Verdict, diagnose
from collectd_fedmsg.diagnosis.hours import Hour
from collectd_fedmsg.diagnosis.judgement import judge
from collectd_fedmsg.diagnosis.mix import Mix
from collectd_fedmsg.diagnosis.split import queue, shapley

STEP, END, SIZE = 10.0, 1_000_080_000.0, 360
V = Verdict


def daemon(*, received=10.0, processed=10.0, tail=60, each=0.05, workers=1.0, **more):
    """Return an hour of 10 messages/s at 0.05 s, whose last ``tail`` points are as given."""
    head = SIZE - tail
    backlog, level = [0.0] * head, 0.0
    for _ in range(tail):
        level = max(0.0, level + (received - processed) * STEP)
        backlog.append(level)
    fields = {
        "received": [10.0] * head + [received] * tail,
        "processed": [10.0] * head + [processed] * tail,
        "backlog": backlog,
        "busy": [0.5] * head + [processed * each] * tail,
        "workers": workers if isinstance(workers, list) else [workers] * SIZE,
        "failed": [0.0] * SIZE,
        "alive": True,
        "name": "Worker",
    }
    return History(**{"step": STEP, "end": END, **fields, **more})


def only(tail):
    """Return a well daemon of which the last ``tail`` points are known."""
    return History(
        step=STEP,
        end=END,
        received=late(10.0, tail, None),
        processed=late(10.0, tail, None),
        backlog=late(0.0, tail, None),
        alive=True,
    )


def rare(**more):
    """Return a well daemon of one message a sample."""
    return daemon(received=0.1, processed=0.1, tail=SIZE, **more)


def throttled(quiet):
    """Return a daemon whose producer sends 0.3/s instead of 10, and then nothing."""
    arrivals = [0.3] * (SIZE - quiet) + [0.0] * quiet
    return replace(daemon(), received=arrivals, processed=arrivals)


def backlog_only(waiting, workers):
    """Return a queue whose broker gives the backlog and the consumers only."""
    unknown = [None] * SIZE
    return History(
        step=STEP,
        end=END,
        received=unknown,
        processed=unknown,
        backlog=[waiting] * SIZE,
        workers=[workers] * SIZE,
    )


def late(value, tail=60, before=0.0):
    """Return a column that is ``before`` and then ``value`` for the last ``tail`` points."""
    return [before] * (SIZE - tail) + [value] * tail


def ticks(tail, floor=0.1):
    """Return ages of the oldest message: it is the same for the last ``tail`` points."""
    return [floor] * (SIZE - tail) + [STEP * (i + 0.5) for i in range(tail)]


def week(**more):
    """Return a week of hours as ``daemon`` is when it is well."""
    usual = {
        "received": 10.0,
        "processed": 10.0,
        "backlog": 0.0,
        "service": 0.05,
        "failed": 0.0,
        "workers": 1.0,
        "delay": 0.1,
        **more,
    }
    return Baseline(tuple(Hour(start=END - (168 - i) * 3600, **usual) for i in range(168)))


HANG = {"workers": 4.0, "in_progress": [1.0] * SIZE, "each": 0.05}
TABLE = [
    ("down", V.DOWN, daemon(alive=False), True),
    ("down: not looked", V.DOWN, daemon(alive=None), False),
    ("silent", V.TELEMETRY_LOST, daemon(end=END - 31), True),
    ("silent: three steps", V.TELEMETRY_LOST, daemon(end=END - 30), False),
    (
        "silent: the clock is behind, known",
        V.TELEMETRY_LOST,
        daemon(end=END - 300, clock_ahead=-300.0),
        False,
    ),
    ("silent: the clock is ahead", V.TELEMETRY_LOST, daemon(end=END + 300), False),
    ("silent: does it live?", V.UNKNOWN, daemon(end=END - 31, alive=None), True),
    (
        "frozen: ages stand",
        V.TELEMETRY_LOST,
        daemon(received=0, processed=0, backlog=late(9.0), oldest=late(7.0)),
        True,
    ),
    (
        "frozen: ages go on",
        V.TELEMETRY_LOST,
        daemon(received=0, processed=0, backlog=late(9.0), oldest=ticks(60)),
        False,
    ),
    ("frozen: nothing waits", V.TELEMETRY_LOST, daemon(received=0, processed=0), False),
    ("too few samples", V.UNKNOWN, only(2), True),
    ("enough samples", V.UNKNOWN, only(3), False),
    ("restart", V.RESTART, daemon(restarts=(Restart(END - 600, 1),)), True),
    ("restart: past", V.RESTART, daemon(restarts=(Restart(END - 601, 1),)), False),
    ("starved", V.STARVED, daemon(received=0, processed=0, tail=6), True),
    ("starved: two points", V.STARVED, daemon(received=0, processed=0, tail=2), False),
    (
        "starved: longer than a restart takes",
        V.STARVED,
        daemon(step=1.0, received=0, processed=0, tail=15),
        True,
    ),
    (
        "starved: as long as a restart takes",
        V.STARVED,
        daemon(step=1.0, received=0, processed=0, tail=14),
        False,
    ),
    ("starved: after less than usual", V.STARVED, throttled(quiet=5), True),
    ("starved: the pause of a throttled producer", V.STARVED, throttled(quiet=4), False),
    ("starved: a trickle", V.STARVED, daemon(received=0.1, processed=0.1), False),
    ("stalled", V.STALLED, daemon(processed=0), True),
    ("stalled: three points", V.STALLED, daemon(processed=0, tail=3), True),
    ("stalled: two points", V.STALLED, daemon(processed=0, tail=2), False),
    ("stalled: one ends", V.STALLED, daemon(processed=0.1), False),
    ("hangs", V.WORKERS_LOST, daemon(oldest=ticks(30), backlog=late(1.0, 30), **HANG), True),
    (
        "hangs: the newest age is not stored yet",
        V.WORKERS_LOST,
        daemon(oldest=[*ticks(30)[:-1], None], backlog=late(1.0, 30), **HANG),
        True,
    ),
    (
        "hangs: no ages any more",
        V.WORKERS_LOST,
        daemon(oldest=[*ticks(30)[:-2], None, None], backlog=late(1.0, 30), **HANG),
        False,
    ),
    (
        "hangs: ages jump",
        V.WORKERS_LOST,
        daemon(oldest=[0.1, 0.2] * (SIZE // 2), backlog=late(1.0, 30), **HANG),
        False,
    ),
    (
        "hangs: came at once, waits its turn",
        V.WORKERS_LOST,
        daemon(oldest=ticks(30), backlog=late(9000.0, 30), **HANG),
        False,
    ),
    (
        "hangs: a batch came just after a sample",
        V.WORKERS_LOST,
        daemon(
            oldest=[x - 4.9 for x in ticks(30, 5.0)],
            backlog=[*late(9000.0, 30)[:-30], 1.0, *[9000.0] * 29],
            **HANG,
        ),
        False,
    ),
    (
        "hangs: the only worker, while others end",
        V.WORKERS_LOST,
        daemon(oldest=ticks(30), backlog=late(1.0, 30), **{**HANG, "workers": 1.0}),
        False,
    ),
    ("workers gone", V.WORKERS_LOST, daemon(workers=late(0.0, 3, 1.0)), True),
    ("workers gone: two points", V.WORKERS_LOST, daemon(workers=late(0.0, 2, 1.0)), False),
    ("workers come back", V.WORKERS_LOST, daemon(workers=[*late(0.0, 3, 1.0)[:-1], 0.4]), False),
    ("more workers", V.WORKERS_LOST, daemon(workers=2.0), False),
    ("errors", V.ERRORS, daemon(failed=late(1.0)), True),
    ("errors: one in 25", V.ERRORS, daemon(failed=late(0.4)), False),
    ("errors: over", V.ERRORS, daemon(failed=[0.0] * 300 + [5.0] * 20 + [0.0] * 40), False),
    (
        "errors: the last one ended well",
        V.ERRORS,
        rare(failed=[0.0] * 300 + [0.1] * 59 + [0.0]),
        True,
    ),
    (
        "errors: the last two ended well",
        V.ERRORS,
        rare(failed=[0.0] * 300 + [0.1] * 58 + [0.0] * 2),
        False,
    ),
    (
        "errors: half fail, as long a run of others",
        V.ERRORS,
        rare(failed=[0.0] * 260 + [0.1, 0.0] * 46 + [0.0] * 8),
        True,
    ),
    (
        "retries: more came before the first failure",
        V.RETRIES,
        replace(
            daemon(failed=late(9.0)),
            received=[10.0] * 240 + [19.0] * 60 + [10.0] * 60,
            processed=[10.0] * 240 + [19.0] * 60 + [10.0] * 60,
        ),
        False,
    ),
    ("retries", V.RETRIES, daemon(received=19, processed=19, failed=late(9.0)), True),
    (
        "retries: half as many",
        V.RETRIES,
        daemon(received=19, processed=19, failed=late(4.4)),
        False,
    ),
    ("surge", V.SURGE, daemon(received=40, processed=20), True),
    ("surge: two points", V.SURGE, daemon(received=40, processed=20, tail=2), True),
    ("surge: one point", V.SURGE, daemon(received=40, processed=20, tail=1), False),
    ("surge: one point, far beyond", V.SURGE, daemon(received=90, processed=20, tail=1), True),
    ("surge: it fits", V.SURGE, daemon(received=19.9, processed=19.9), False),
    ("slow", V.SLOW, daemon(processed=5, each=0.2), True),
    ("slow: two points", V.SLOW, daemon(processed=5, each=0.2, tail=2), True),
    ("slow: one point", V.SLOW, daemon(processed=5, each=0.2, tail=1), False),
    ("slow: it fits", V.SLOW, daemon(each=0.099), False),
    ("both", V.BOTH, daemon(received=40, processed=5, each=0.2), True),
    ("both: nearly all is surge", V.BOTH, daemon(received=200, processed=19, each=1 / 19), False),
    (
        "replay after a restart",
        V.REPLAY,
        daemon(received=40, processed=20, restarts=(Restart(END - 600),)),
        True,
    ),
    (
        "replay: the restart was later",
        V.REPLAY,
        daemon(received=40, processed=20, restarts=(Restart(END - 300),)),
        False,
    ),
    (
        "replay: old on arrival",
        V.REPLAY,
        daemon(received=40, processed=20, delay=late(900.0, before=0.1)),
        True,
    ),
    (
        "replay: not old",
        V.REPLAY,
        daemon(received=40, processed=20, delay=late(59.0, before=0.1)),
        False,
    ),
    (
        "recovering",
        V.RECOVERING,
        daemon(processed=20, backlog=[0.0] * 299 + [9000.0 - 100 * i for i in range(61)]),
        True,
    ),
    ("recovering: level", V.RECOVERING, daemon(backlog=late(500.0)), False),
    ("saturated", V.SATURATED, daemon(received=20.5, processed=20, tail=180), True),
    ("saturated: a minute short", V.SATURATED, daemon(received=40, processed=20, tail=174), False),
    ("unexplained: early", V.UNKNOWN, daemon(received=10.4, processed=10, tail=10), True),
    ("nearly full", V.CREEP, daemon(received=18.5, processed=18.5, tail=180), True),
    ("nearly full: for minutes", V.CREEP, daemon(received=18.5, processed=18.5, tail=60), False),
    ("paused", V.PAUSED, daemon(paused=True), True),
    ("not paused", V.PAUSED, daemon(), False),
    ("no consumer", V.NO_CONSUMER, daemon(processed=0, tail=1, workers=late(0.0, 1, 1.0)), True),
    (
        "no consumer: it does not consume",
        V.NO_CONSUMER,
        daemon(processed=0, tail=1, consuming=late(0.0, 1, 1.0)),
        True,
    ),
    (
        "no consumer: it says so, the backlog is hidden",
        V.NO_CONSUMER,
        daemon(observable=False, consuming=late(0.0, 1, 1.0)),
        True,
    ),
    (
        "no consumer: it consumes, the backlog is hidden",
        V.NO_CONSUMER,
        daemon(observable=False, consuming=late(1.0, 1, 0.0)),
        False,
    ),
    ("no consumer: one is left", V.NO_CONSUMER, daemon(processed=0, tail=1), False),
    ("no consumer: nothing waits", V.NO_CONSUMER, daemon(workers=late(0.0, 1, 1.0)), False),
    ("backlog only: no consumer", V.NO_CONSUMER, backlog_only(40.0, 0.0), True),
    ("backlog only: somebody is there", V.UNKNOWN, backlog_only(40.0, 1.0), True),
    ("backlog only: nothing waits", V.NO_CONSUMER, backlog_only(0.0, 0.0), False),
    ("poison", V.POISON, daemon(processed=0, tail=3, redelivered=late(0.5, 3)), True),
    (
        "poison: thirteen in three samples",
        V.POISON,
        daemon(processed=0, tail=3, redelivered=late(0.43, 3)),
        False,
    ),
    ("poison: others are acknowledged", V.POISON, daemon(redelivered=late(9.0, 3)), False),
    ("idle", V.IDLE, daemon(received=0.0, processed=0.0, tail=SIZE), False),
]


@pytest.mark.parametrize(
    ("verdict", "history", "fires"), [pytest.param(*row[1:], id=row[0]) for row in TABLE]
)
def test_rule(verdict, history, fires):
    """The rule's verdict is among those given exactly when it should be."""
    diagnosis = diagnose(history, END, week())
    assert (verdict in diagnosis.verdicts) is fires, diagnosis.evidence


def test_every_verdict_has_a_row_that_fires_and_one_that_does_not():
    """A new verdict is not forgotten; MIX and the date of CREEP have tables of their own."""
    fires = {row[1] for row in TABLE if row[3]} | {V.MIX, V.OK, V.IDLE}
    assert fires - {V.OK, V.IDLE, V.MIX} == {row[1] for row in TABLE if not row[3]} - {V.IDLE}
    assert fires == set(Verdict)


@pytest.mark.parametrize(
    ("usually", "verdict"),
    [pytest.param(0.0, V.IDLE, id="as-usual"), pytest.param(10.0, V.STARVED, id="usually-busy")],
)
def test_quiet(usually, verdict):
    """Silence is idleness only where it is usual."""
    quiet = daemon(received=0.0, processed=0.0, tail=SIZE, busy=[0.0] * SIZE)
    assert diagnose(quiet, END, week(received=usually, processed=usually)).verdict is verdict


def blocking(each=0.05, tail=60, received=10.0):
    """Return a daemon in blocking mode as the store has it."""
    done = min(received, 1 / each)
    return daemon(
        received=done,
        processed=done,
        each=each,
        tail=tail,
        workers=0.0,
        backlog=[None] * SIZE,
        in_progress=[1.0] * SIZE,
    )


@pytest.mark.parametrize(
    ("history", "verdicts"),
    [
        pytest.param(blocking(), (V.UNKNOWN,), id="rests"),
        pytest.param(blocking(each=0.094), (V.UNKNOWN,), id="slower-but-rests"),
        pytest.param(blocking(each=0.2), (V.SLOW, V.UNKNOWN), id="never-rests-slower"),
        pytest.param(blocking(received=20.0), (V.SURGE, V.UNKNOWN), id="never-rests-more-messages"),
        pytest.param(daemon(observable=False), (V.UNKNOWN,), id="says-so-itself"),
    ],
)
def test_blocking_mode(history, verdicts):
    """What waits is never guessed; a reactor that is always busy is reported all the same."""
    diagnosis = diagnose(history, END, week())
    assert diagnosis.verdicts == verdicts, diagnosis.evidence
    assert "the true backlog (blocking mode)" in diagnosis.missing


def by_topic(fast, slow, cost=1.0, tail=60):
    """Return columns of two topics, the second usually 1 of 10 messages/s, 0.32 s each."""
    return {
        "topics": {"git": late(fast, tail, 9.0), "build": late(slow, tail, 1.0)},
        "topic_busy": {
            "git": late(fast * 0.02, tail, 0.18),
            "build": late(slow * 0.32 * cost, tail, 0.32),
        },
    }


def test_a_blocked_reactor_is_named_for_the_fleet():
    """What the page and the commands say names the slowness and that the backlog is unseen."""
    slow = replace(blocking(each=0.2), observable=False)
    diagnosis = judge(slow, END, week())
    assert diagnosis.verdicts == (V.SLOW, V.UNKNOWN)
    assert any("socket" in sentence for sentence in diagnosis.evidence)
    assert judge(replace(blocking(), observable=False), END, week()).verdicts == (V.UNKNOWN,)


TOPICS = {"topics": {"git": 9.0, "build": 1.0}, "costs": {"git": 0.02, "build": 0.32}}


@pytest.mark.parametrize(
    ("history", "verdict", "topic"),
    [
        pytest.param(
            daemon(processed=5, each=0.2, **by_topic(4.0, 6.0)), V.MIX, "build", id="costlier"
        ),
        pytest.param(
            daemon(processed=5, each=0.2, **by_topic(9.0, 1.0, 6.0)),
            V.SLOW,
            "build",
            id="one-topic-slow",
        ),
        pytest.param(
            daemon(processed=5, each=0.2, **by_topic(7.0, 3.0, 2.0)),
            V.SLOW,
            "build",
            id="half-of-each-is-slow",
        ),
        pytest.param(
            daemon(received=40, processed=20, **by_topic(36.0, 4.0)),
            V.SURGE,
            "git",
            id="more-of-all",
        ),
        pytest.param(daemon(**by_topic(9.0, 1.0)), V.OK, None, id="as-usual"),
    ],
)
def test_mix(history, verdict, topic):
    """A costlier mix is distinguished from slow processing, and the topic is named."""
    diagnosis = diagnose(history, END, week(**TOPICS))
    assert diagnosis.verdict is verdict, diagnosis.evidence
    assert diagnosis.findings[0].topic == topic


@pytest.mark.parametrize(
    ("mixed", "error", "explains"),
    [
        pytest.param(0.171, 0.0, True, id="all-but-a-fifth"),
        pytest.param(0.169, 0.0, False, id="a-fifth-is-left"),
        pytest.param(0.15, 0.03, True, id="what-is-left-is-chance"),
        pytest.param(0.15, 0.025, False, id="two-standard-errors-are-left"),
        pytest.param(0.1, 1.0, False, id="half-of-it-is-not-the-mix"),
    ],
)
def test_a_mix_explains_all_but_chance(mixed, error, explains):
    """The mean rose from 0.05 to 0.2 s, and with the present mix at usual costs to ``mixed``."""
    rise = Mix(0.05, mixed, 0.2, "build", "build", 1.5, 1.0, 1, error)
    assert rise.explains is explains


def three(rates, factors):
    """Return columns of git, build and the rare ones, usually 0.02, 0.1 and 0.02 s a message."""
    names, costs, usual = ("git", "build", "other"), (0.02, 0.1, 0.02), (6.0, 3.0, 1.0)
    return {
        "topics": {n: late(r, 60, u) for n, r, u in zip(names, rates, usual)},
        "topic_busy": {
            n: late(r * c * f, 60, u * c)
            for n, r, u, c, f in zip(names, rates, usual, costs, factors)
        },
    }


@pytest.mark.parametrize(
    ("history", "topic", "sentence"),
    [
        pytest.param(
            daemon(processed=5, each=0.2, **three((6.0, 3.0, 1.0), (1.0, 9.0, 1.0))),
            "build",
            "most of the rise is build, 9× its usual time",
            id="one",
        ),
        pytest.param(
            daemon(processed=5, each=0.2, **three((6.0, 3.0, 1.0), (9.0, 1.7, 1.0))),
            "git",
            "most of the rise is git, 9× its usual time",
            id="the-cheap-one",
        ),
        pytest.param(
            daemon(processed=5, each=0.2, **three((6.0, 3.0, 1.0), (5.0, 2.5, 9.0))),
            None,
            "2 topics take longer, not one alone",
            id="each",
        ),
        pytest.param(
            daemon(processed=5, each=0.2, **three((6.0, 3.0, 1.0), (1.0, 1.0, 40.0))),
            None,
            "",
            id="the-rare-ones",
        ),
        pytest.param(
            daemon(received=40, processed=20, **three((15.0, 12.0, 13.0), (1.0,) * 3)),
            None,
            "the largest part of the excess is the rarer topics together (13/s, 13× usual)",
            id="more-of-the-rare-ones",
        ),
    ],
)
def test_topics_are_named_only_where_they_are_the_cause(history, topic, sentence):
    """Not the largest of many that are all slow, and none that has no name."""
    usual = {"git": 6.0, "build": 3.0, "other": 1.0}
    finding = diagnose(
        history, END, week(topics=usual, costs={"git": 0.02, "build": 0.1, "other": 0.02})
    ).findings[0]
    sentences = [line for line in finding.evidence if "topic" in line or "most of" in line]
    assert sentences == ([sentence] if sentence else [])
    assert finding.topic == topic


@pytest.mark.parametrize(
    ("rates", "each", "verdict", "before"),
    [
        pytest.param([40.0] * 60, [0.05] * 30 + [0.4] * 30, V.BOTH, None, id="slow-within-a-surge"),
        pytest.param([40.0] * 60, [0.2] * 60, V.BOTH, None, id="at-once"),
        pytest.param(
            [40.0] * 30 + [10.0] * 30,
            [0.05] * 30 + [0.4] * 30,
            V.SLOW,
            "a surge",
            id="surge-then-slow",
        ),
        pytest.param(
            [10.0] * 30 + [40.0] * 30,
            [0.4] * 30 + [0.05] * 30,
            V.SURGE,
            "slow processing",
            id="slow-then-surge",
        ),
        pytest.param(
            [40.0] * 30 + [10.0] * 30, [0.05] * 60, V.RECOVERING, "a surge", id="surge-that-ended"
        ),
    ],
)
def test_what_acts_now_leads(rates, each, verdict, before):
    """What has ended is named as past."""
    done = [1 / e for e in each]
    backlog, level = [0.0] * 300, 0.0
    for arrived, ended in zip(rates, done):
        level += (arrived - ended) * STEP
        backlog.append(level)
    history = replace(
        daemon(),
        received=[10.0] * 300 + rates,
        processed=[10.0] * 300 + done,
        backlog=backlog,
        busy=[0.5] * 300 + [1.0] * 60,
    )
    diagnosis = diagnose(history, END, week())
    assert diagnosis.verdict is verdict, diagnosis.evidence
    ended = [sentence for sentence in diagnosis.evidence if sentence.startswith("after ")]
    assert ended == ([f"after {before} that ended 5 min ago"] if before else [])


def creeping(per_hour=0.0, hours=48, step=0.0, level=0.5):
    """Return three weeks of hours, day and night, the last ``hours`` of them rising."""
    rows = []
    for i in range(504):
        day = 1.0 if 8 <= i % 24 < 18 else 0.5
        rising = max(0, i - 504 + hours)
        jitter = 1 + 0.01 * ((i * 7919) % 13 - 6) / 6
        service = 0.1 * level * (1 + per_hour * rising + (step if rising else 0.0)) * jitter
        rows.append(
            Hour(
                start=END - (504 - i) * 3600,
                received=10.0 * day,
                processed=10.0 * day,
                backlog=0.0,
                service=service,
                workers=1.0,
                failed=0.0,
            )
        )
    return Baseline(tuple(rows))


@pytest.mark.parametrize(
    ("baseline", "fires"),
    [
        pytest.param(creeping(per_hour=0.01), True, id="one-percent-an-hour"),
        pytest.param(creeping(per_hour=0.01, hours=12), False, id="twelve-hours-are-too-few"),
        pytest.param(creeping(step=0.5), False, id="a-step-up-is-no-creep"),
        pytest.param(creeping(), False, id="day-and-night-are-no-creep"),
        pytest.param(creeping(per_hour=0.01, level=0.02), False, id="full-in-more-than-two-weeks"),
        pytest.param(creeping(per_hour=-0.005), False, id="falling"),
        pytest.param(Baseline(creeping(per_hour=0.01).hours[-60:]), False, id="two-days-known"),
    ],
)
def test_creep(baseline, fires):
    """A lasting rise is reported with its date while nothing waits yet."""
    last = baseline.hours[-1]
    load = [last.processed * (last.service or 0.0)] * SIZE
    history = replace(
        daemon(), received=[last.received] * SIZE, processed=[last.received] * SIZE, busy=load
    )
    diagnosis = diagnose(history, END, baseline)
    assert (diagnosis.verdict is V.CREEP and diagnosis.saturation_time is not None) is fires, (
        diagnosis.evidence
    )
    if fires:
        assert diagnosis.saturation_time > END


def test_the_date_of_saturation():
    """50 % at noon and 1 % of the start an hour more: full 100 h after the rise began."""
    baseline = creeping(per_hour=0.01)
    diagnosis = diagnose(replace(daemon(), busy=[0.74] * SIZE), END, baseline)
    assert (diagnosis.saturation_time - END) / 3600 == pytest.approx(52, rel=0.2)


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        pytest.param({"busy": None}, "working time (busy)", id="busy"),
        pytest.param({"workers": None}, "the number of workers", id="workers"),
        pytest.param({"failed": None}, "failures", id="failures"),
        pytest.param({"alive": None}, "whether the process lives", id="alive"),
    ],
)
def test_unknown_names_all_that_is_missing(columns, name):
    """Every series that is not there is named, and the baseline."""
    diagnosis = diagnose(replace(daemon(), end=END - 99, **columns), END)
    if diagnosis.verdict is V.UNKNOWN:
        assert {"samples", "a baseline", name} <= set(diagnosis.missing)
    waiting = diagnose(replace(daemon(received=40, processed=20), **columns), END)
    assert name in waiting.missing


def test_three_series_suffice_with_less_certainty():
    """Old hosts have received, processed and backlog only."""
    bare = {"busy": None, "workers": None, "failed": None, "alive": None}
    three = diagnose(replace(daemon(received=40, processed=20), **bare), END, week())
    full = diagnose(daemon(received=40, processed=20), END, week())
    assert three.verdict is full.verdict is V.SURGE
    assert three.findings[0].certainty < full.findings[0].certainty
    assert "working time (busy)" in three.missing


loads = st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), min_size=1, max_size=12)


@given(loads, st.floats(0, 500), st.floats(0, 500), st.floats(0, 1e6))
def test_shapley_is_exact_and_fair(blocks, usual, usual_capacity, growth):
    """The parts sum to the growth; a cause that is not there takes nothing (dummy player)."""
    arrivals, capacity = [a for a, _ in blocks], [c for _, c in blocks]
    usual_rates = {"usual_arrivals": usual, "usual_capacity": usual_capacity, "seconds": 60.0}
    parts = shapley(growth, arrivals=arrivals, capacity=capacity, **usual_rates)
    assert parts.excess + parts.lost == pytest.approx(growth)
    if queue(arrivals, [usual_capacity] * len(blocks), 60.0) > queue(
        [usual] * len(blocks), [usual_capacity] * len(blocks), 60.0
    ):
        surge = shapley(
            growth, arrivals=arrivals, capacity=[usual_capacity] * len(blocks), **usual_rates
        )
        assert surge.lost == pytest.approx(0, abs=1e-6 * max(1.0, growth))
    if queue([usual] * len(blocks), capacity, 60.0) > queue(
        [usual] * len(blocks), [usual_capacity] * len(blocks), 60.0
    ):
        slow = shapley(growth, arrivals=[usual] * len(blocks), capacity=capacity, **usual_rates)
        assert slow.excess == pytest.approx(0, abs=1e-6 * max(1.0, growth))


@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 400), st.booleans()), min_size=8, max_size=80
    ),
    st.integers(0, 5000),
)
def test_the_audit_balances_whatever_is_lost(rows, appear):
    """Counts that balance explain every message whichever samples are missing; others do not."""
    received, processed, backlog, level = [], [], [], 0
    for arriving, ended, lost in rows:
        done = min(ended, level + arriving)
        level += arriving - done
        received.append(None if lost else arriving / STEP)
        processed.append(None if lost else done / STEP)
        backlog.append(None if lost else float(level))
    history = History(step=STEP, end=END, received=received, processed=processed, backlog=backlog)
    diagnosis = diagnose(history, END)
    if diagnosis.unexplained is not None:
        assert diagnosis.unexplained == pytest.approx(0, abs=1e-6)
    assert not any("trustworthy" in name for name in diagnosis.missing)
    shifted = [
        b if b is None else b + (appear if i >= len(rows) // 2 else 0)
        for i, b in enumerate(backlog)
    ]
    rediagnosed = diagnose(replace(history, backlog=shifted), END)
    if rediagnosed.unexplained is not None:
        assert rediagnosed.unexplained == pytest.approx(0, abs=1e-6) or rediagnosed.unexplained == (
            pytest.approx(appear)
        )
