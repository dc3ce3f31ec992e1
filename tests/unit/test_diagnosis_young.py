"""A daemon without past hours: what its own minutes allow to say, and what they do not."""

from __future__ import annotations

import pytest

from collectd_fedmsg.diagnosis import History, Verdict, diagnose

STEP, END = 10.0, 1_000_080_000.0


def drowning(size, *, received=20.0, processed=15.0, busy=1.0, **more):
    """From its first sample on more arrives than it ends."""
    fields = {"backlog": [(received - processed) * STEP * (i + 1) for i in range(size)],
              "busy": [busy] * size, "workers": [1.0] * size}
    return History(step=STEP, end=END, received=[received] * size,
                   processed=[processed] * size, **{**fields, **more})


@pytest.mark.parametrize(("history", "expected"), [
    pytest.param(drowning(30), Verdict.SATURATED, id="thirty-samples-fully-busy"),
    pytest.param(drowning(29), Verdict.UNKNOWN, id="twenty-nine"),
    pytest.param(drowning(60, busy=0.5), Verdict.UNKNOWN, id="half-idle-so-something-else"),
    pytest.param(drowning(60, busy=None), Verdict.UNKNOWN, id="working-time-unknown"),
    pytest.param(drowning(60, received=15.1), Verdict.UNKNOWN, id="within-chance"),
])
def test_it_never_caught_up(history, expected):
    """Fully busy and outrun needs no comparison with what is usual."""
    if history.busy and history.busy[0] is None:
        history = History(**{**history.__dict__, "busy": None})
    found = diagnose(history, END)
    assert found.verdict is expected
    assert "a baseline" in found.missing


def filling(last, *, size=120, load=0.95, before=0.3, waited=0.0):
    """Each message takes longer in the ``last`` samples; nothing waits, or did ten samples ago."""
    return History(step=STEP, end=END, received=[20.0] * size, processed=[20.0] * size,
                   backlog=[0.0] * (size - 15) + [waited] * 5 + [0.0] * 10, workers=[1.0] * size,
                   busy=[before] * (size - last) + [load] * last)


@pytest.mark.parametrize(("history", "expected"), [
    pytest.param(filling(30), Verdict.CREEP, id="nearly-full"),
    pytest.param(filling(10), Verdict.OK, id="for-a-moment"),
    pytest.param(filling(30, load=0.85), Verdict.OK, id="room-left"),
    pytest.param(filling(30, before=0.93), Verdict.OK, id="as-full-as-before"),
    pytest.param(filling(0), Verdict.OK, id="as-ever"),
    pytest.param(filling(30, waited=500.0), Verdict.OK, id="worked-off-a-backlog"),
])
def test_it_creeps(history, expected):
    """The workers fill up within its own minutes."""
    assert diagnose(history, END).verdict is expected
