"""A daemon watched for minutes only: its own window must stand in for a baseline."""

from __future__ import annotations

import pytest

from collectd_fedmsg.diagnosis import History, Verdict, diagnose

STEP, UNKNOWN = 5, 120


def watched(received: list[float], busy_each: list[float]) -> History:
    """Return 15 minutes of which only the end is known; one worker, a queue like any other."""
    backlog, done, busy, levels = 0.0, [], [], []
    for arriving, each in zip(received, busy_each):
        ended = min(backlog + arriving * STEP, STEP / each)
        backlog += arriving * STEP - ended
        done.append(ended / STEP)
        busy.append(ended * each / STEP)
        levels.append(backlog)
    gap: list[float | None] = [None] * UNKNOWN
    return History(STEP, 1e9, gap + received, gap + done, gap + levels, name="C",
                   busy=gap + busy, workers=gap + [1.0] * len(received))  # fmt: skip


CALM, FAST = [8.0] * 14, [0.002] * 14


@pytest.mark.parametrize(("received", "each", "verdict"), [
    (CALM, FAST, Verdict.OK),
    (CALM + [1700.0] * 4, [*FAST, *[0.002] * 4], Verdict.SURGE),
    (CALM + [8.0] * 6, [*FAST, *[0.5] * 6], Verdict.SLOW),
    # An earlier surge in the window is outvoted when the slowness begins.
    (CALM + [900.0] * 3 + [8.0] * 24, [0.002] * 26 + [0.5] * 15, Verdict.SLOW),
    # A surge that filled most of a short window, and was worked off slowly, is not the usual.
    (CALM + [3000.0] * 3 + [8.0] * 40, [0.0028] * 45 + [0.5] * 12, Verdict.SLOW),
])  # fmt: skip
def test_without_a_baseline(received: list[float], each: list[float], verdict: Verdict) -> None:
    diagnosis = diagnose(watched(received, each), 1e9)
    assert diagnosis.verdict is verdict, diagnosis.evidence
    assert "a baseline" in diagnosis.missing
    assert all(finding.certainty <= 0.95 for finding in diagnosis.findings)


@pytest.mark.parametrize(
    ("hung", "verdict"),
    [
        pytest.param(1, Verdict.WORKERS_LOST, id="one-of-two"),
        pytest.param(2, Verdict.STALLED, id="all"),
    ],
)
@pytest.mark.parametrize("points", [5, 12, 60])
def test_a_hang_never_becomes_usual(hung: int, verdict: Verdict, points: int) -> None:
    """However long it has lasted, its own time is no witness of what is usual."""
    calm, each, rate = 30, 0.005, 20.0
    ages = [STEP * (n + 1.0) for n in range(points)]
    works = hung < 2
    backlog = [1.0 if works else rate * STEP * (n + 1) for n in range(points)]
    history = History(
        STEP,
        1e9,
        [rate] * (calm + points),
        [rate] * calm + [rate if works else 0.0] * points,
        [0.0] * calm + backlog,
        busy=[rate * each] * calm + [rate * each * works + hung] * points,
        in_progress=[0.0] * calm + [float(hung)] * points,
        oldest=[None] * calm + ages,
        workers=[2.0] * (calm + points),
        name="C",
    )
    diagnosis = diagnose(history, 1e9)
    assert diagnosis.verdict is verdict, diagnosis.evidence
