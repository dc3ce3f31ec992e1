"""Each rule of the diagnosis: rows where it fires, rows at its boundary, rows where it must not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectd_fedmsg.diagnosis import Baseline, History, Restart, Verdict, diagnose
from collectd_fedmsg.diagnosis.split import shapley

STEP, END, SIZE = 10.0, 1_000_080_000.0, 360


def series(*, received=10.0, processed=10.0, busy=None, tail=60, **more):
    """An hour of 10 messages/s at 0.05 s each, whose last ``tail`` points are as given."""
    head = SIZE - tail
    arrivals, done = [10.0] * head + [received] * tail, [10.0] * head + [processed] * tail
    backlog = [0.0] * head
    level = 0.0
    for _ in range(tail):
        level = max(0.0, level + (received - processed) * STEP)
        backlog.append(level)
    used = processed * 0.05 if busy is None else busy
    fields = {
        "received": arrivals,
        "processed": done,
        "backlog": backlog,
        "busy": [0.5] * head + [used] * tail,
        "workers": [1.0] * SIZE,
        "alive": True,
    }
    return History(**{"step": STEP, "end": END, **fields, **more})


@pytest.fixture(scope="module")
def baseline():
    size = 24 * 360
    return Baseline().add(
        History(
            step=STEP,
            end=END - 3600,
            received=[10.0] * size,
            processed=[10.0] * size,
            backlog=[0.0] * size,
            busy=[0.5] * size,
            failed=[0.0] * size,
            workers=[1.0] * size,
        )
    )


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param(series(), Verdict.OK, id="usual"),
        pytest.param(series(received=40, processed=20, busy=1), Verdict.SURGE, id="surge"),
        pytest.param(series(received=18, processed=18), Verdict.OK, id="more-but-coped-with"),
        pytest.param(
            series(received=40, processed=20, busy=1, tail=1), Verdict.OK, id="surge-one-point-only"
        ),
        pytest.param(
            series(received=40, processed=20, busy=1, tail=4), Verdict.SURGE, id="surge-decidable"
        ),
        pytest.param(series(processed=2, busy=1), Verdict.SLOW, id="slow"),
        pytest.param(series(received=40, processed=2, busy=1), Verdict.BOTH, id="both"),
        pytest.param(series(processed=0, busy=1), Verdict.STALLED, id="stalled"),
        pytest.param(
            series(processed=0, busy=1, tail=2), Verdict.UNKNOWN, id="stalled-two-points-only"
        ),
        pytest.param(series(received=0, processed=0), Verdict.STARVED, id="starved"),
        pytest.param(
            series(failed=[0.0] * 300 + [9.0] * 60), Verdict.ERRORS, id="nine-of-ten-fail"
        ),
        pytest.param(series(failed=[0.0] * 300 + [0.4] * 60), Verdict.OK, id="one-of-25-fails"),
        pytest.param(
            series(received=19, processed=19, failed=[0.0] * 300 + [9.0] * 60),
            Verdict.RETRIES,
            id="as-many-more-as-fail",
        ),
        pytest.param(series(workers=[2.0] * SIZE), Verdict.OK, id="more-workers"),
        pytest.param(
            series(workers=[1.0] * 300 + [0.0] * 60), Verdict.WORKERS_LOST, id="none-left"
        ),
        pytest.param(series(restarts=(Restart(END - 60, 5),)), Verdict.RESTART, id="restarted"),
        pytest.param(
            series(restarts=(Restart(END - 601, 5),)), Verdict.OK, id="restarted-long-ago"
        ),
        pytest.param(series(alive=False), Verdict.DOWN, id="gone"),
        pytest.param(series(observable=False), Verdict.UNKNOWN, id="blocking-mode"),
    ],
)
def test_verdict(history, expected, baseline):
    """The first verdict is the cause."""
    assert diagnose(history, END, baseline).verdict is expected


@pytest.mark.parametrize(
    ("late", "alive", "expected"),
    [
        pytest.param(30, True, Verdict.OK, id="three-steps-late"),
        pytest.param(31, True, Verdict.TELEMETRY_LOST, id="silent-but-alive"),
        pytest.param(31, None, Verdict.UNKNOWN, id="silent-not-looked"),
    ],
)
def test_silence(late, alive, expected, baseline):
    """Silence is never health."""
    assert diagnose(series(alive=alive), END + late, baseline).verdict is expected


def test_recovering_says_when(baseline):
    """4,000 messages less 10 a second leave in 400 s."""
    levels = [0.0] * 100 + [
        6000.0 - 100 * (i - 300) if i > 300 else 30.0 * (i - 99) for i in range(100, 321)
    ]
    history = History(
        step=STEP,
        end=END,
        received=[10.0] * 321,
        processed=[10.0] * 100 + [7.0] * 201 + [20.0] * 20,
        backlog=levels,
    )
    diagnosis = diagnose(history, END, baseline)
    assert diagnosis.verdict is Verdict.RECOVERING
    assert diagnosis.drain.seconds == pytest.approx(400, rel=0.2)
    assert diagnosis.drain.earliest < diagnosis.drain.seconds


def test_frozen_numbers_are_not_a_stall(baseline):
    """A stalled daemon's oldest message ages; copies do not."""
    still = series(processed=0, busy=0, tail=60, received=0)
    frozen = History(
        step=STEP,
        end=END,
        received=still.received,
        processed=still.processed,
        backlog=[0.0] * 300 + [50.0] * 60,
        oldest=[0.0] * 300 + [7.0] * 60,
        alive=True,
    )
    assert diagnose(frozen, END, baseline).verdict is Verdict.TELEMETRY_LOST


def test_counts_that_do_not_balance_are_suspect(baseline):
    """Messages that appear from nowhere halve the certainty and are said."""
    diagnosis = diagnose(series(backlog=[0.0] * 330 + [5000.0] * 30), END, baseline)
    assert diagnosis.unexplained == pytest.approx(5000)
    assert any("trustworthy" in m for m in diagnosis.missing)


rates = st.lists(st.floats(0, 500), min_size=1, max_size=12)


@given(rates, st.floats(0, 500), st.floats(0.01, 500), st.floats(0, 1e6))
def test_split_is_exact(arrivals, usual, capacity, growth):
    """Excess and lost service sum to the growth; neither is negative."""
    parts = shapley(
        growth,
        arrivals=arrivals,
        capacity=[capacity / 2] * len(arrivals),
        usual_arrivals=usual,
        usual_capacity=capacity,
        seconds=60,
    )
    assert parts.excess + parts.lost == pytest.approx(growth)
    assert parts.excess >= 0
    assert parts.lost >= -1e-6


cell = st.none() | st.floats(0, 1000)


@given(st.lists(st.tuples(cell, cell, cell), max_size=60), st.sampled_from([None, True, False]))
def test_never_raises_and_unknown_is_never_well(rows, alive):
    """Any gaps give a verdict; a tail of gaps never a healthy one."""
    columns = list(zip(*(rows + [(None, None, None)] * 4)))
    diagnosis = diagnose(
        History(
            step=STEP,
            end=END,
            received=columns[0],
            processed=columns[1],
            backlog=columns[2],
            alive=alive,
        ),
        END,
    )
    assert not diagnosis.verdict.healthy
    json.dumps(diagnosis.to_dict())


def test_every_verdict_says_what_to_do():
    """The help page has a text for each."""
    assert len(list(Verdict)) == 22
    assert all(v.meaning and v.action for v in Verdict)


@pytest.mark.parametrize(
    ("arrivals", "capacity", "excess"),
    [
        pytest.param(7.9, 11.0, 0.0, id="only-slower"),
        pytest.param(16.0, 25.0, 13.0, id="only-more"),
        pytest.param(12.0, 16.67, 6.5, id="both-by-half"),
        pytest.param(8.0, 25.0, 6.5, id="neither"),
    ],
)
def test_a_growth_within_a_step_is_split_by_what_changed(arrivals, capacity, excess):
    """The workers follow on the average, so the fluid queue explains nothing of 13 messages."""
    parts = shapley(
        13.0,
        arrivals=[arrivals] * 4,
        capacity=[capacity] * 4,
        usual_arrivals=8.0,
        usual_capacity=25.0,
        seconds=10.0,
    )
    assert parts.excess == pytest.approx(excess, abs=0.01)
    assert parts.excess + parts.lost == pytest.approx(13.0)
