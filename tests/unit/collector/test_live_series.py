"""Values as collectd hands them on: rates, gaps, restarts, bounds; a golden history."""

from __future__ import annotations

import pytest

from collectd_fedmsg.collector import live_series as live
from collectd_fedmsg.collector.live_series import Live
from collectd_fedmsg.diagnosis.rules.consuming import NOT_COUNTED, NOT_PUBLISHED

KINDS = {
    "received": "derive",
    "processed": "derive",
    "backlog": "queue_length",
    "busy": "derive",
    "oldest": "duration",
    "workers": "count",
}
T0 = 1_000_000


def fill(series: Live, rows: dict[int, dict[str, float]], consumer: str = "A") -> Live:
    for at, sample in rows.items():
        for metric, value in sample.items():
            series.take(
                "h",
                ("fedmsg", "hub"),
                (KINDS[metric], f"{consumer}_{metric}"),
                at=at,
                interval=10.0,
                value=value,
            )
    return series


def sample(received: float, backlog: float, **more: float) -> dict[str, float]:
    return {"received": received, "processed": received - backlog, "backlog": backlog, **more}


def test_totals_become_rates_and_busy_seconds() -> None:
    series = fill(Live(), {T0: sample(100, 0, busy=0), T0 + 10: sample(150, 20, busy=5e6)})
    (daemon,) = series.judgement(T0 + 10).daemons
    assert (daemon.id, daemon.last) == ("h/hub/A", T0 + 10)
    past = daemon.history
    assert (past.received, past.processed, past.backlog) == ([5.0], [3.0], [20])
    assert past.busy == [0.5]
    assert past.oldest is None


def test_a_gap_is_unknown() -> None:
    """Two steps without samples: unknown, also the rate after them; never 0."""
    series = fill(Live(), {T0: sample(0, 0), T0 + 10: sample(10, 0), T0 + 40: sample(40, 0)})
    past = series.judgement(T0 + 40).daemons[0].history
    assert past.received == [1.0, None, None, None]
    assert past.backlog == [0, None, None, 0]


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        pytest.param(sample(500, 40), sample(10, 0), [40], id="restarted-with-40-waiting"),
        pytest.param(sample(500, 0), sample(10, 0), [0], id="nothing-waited"),
        pytest.param(sample(500, 40), sample(510, 0), [], id="went-on"),
    ],
)
def test_restarts(before, after, lost) -> None:
    """The totals shrank: what waited is lost, and the step's rate is unknown, not a spike."""
    series = fill(Live(), {T0: sample(490, 0), T0 + 10: before, T0 + 20: after})
    past = series.judgement(T0 + 20).daemons[0].history
    assert [restart.lost for restart in past.restarts] == lost
    assert (past.received[-1] is None) is bool(lost)


def test_others_are_passed_over_and_the_heartbeat_is_kept() -> None:
    series = Live()
    series.take("h", ("load", ""), ("load", ""), at=T0, interval=10.0, value=1.0)
    series.take("h", ("fedmsg", "hub"), ("gauge", "nonsense"), at=T0, interval=10.0, value=1.0)
    series.take(
        "h", ("collectd_fedmsg", ""), ("count", "daemons_seen"), at=T0, interval=10.0, value=3.0
    )
    assert series.judgement(T0).daemons == ()
    assert series.beats == {"h": T0}


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many consumers and steps, not more."""
    monkeypatch.setattr(live, "MAX_CONSUMERS", 3)
    series = Live()
    for i in range(9):
        fill(series, {T0: sample(1, 0), T0 + 10: sample(2, 0)}, consumer=f"C{i}")
    fill(series, {T0 + 10 * k: sample(k, 0) for k in range(500)}, consumer="C0")
    daemons = series.judgement(T0 + 5000).daemons
    assert len(daemons) == 3
    assert max(len(daemon.history) for daemon in daemons) == live.STEPS


def verdicts(arrivals: list[float], failing: list[bool]) -> list[str]:
    """Return the verdict of each minute: arrivals in messages/s, and whether they fail."""
    series, names = Live(), []
    totals = dict.fromkeys(("received", "processed", "failed", "busy"), 0.0)
    for step in range(6 * len(arrivals)):
        at, minute = 1.8e9 + 10 * step, step // 6
        new = arrivals[minute] * 10
        totals["received"] += new
        totals["processed"] += new
        totals["busy"] += new * 50_000
        totals["failed"] += new if failing[minute] else 0
        for metric, value in {**totals, "backlog": 0, "in_progress": 0, "workers": 1}.items():
            kind = (
                "derive" if metric in totals else "count" if metric == "workers" else "queue_length"
            )
            series.take(
                "h", ("fedmsg", "hub"), (kind, f"C_{metric}"), at=at, interval=10.0, value=value
            )
        if step % 6 == 5:
            names.append(series.judgement(at).daemons[0].diagnosis.findings[0].verdict.name)
    return names


@pytest.mark.parametrize("rate", [1.0, 10.0])
def test_failing_does_not_become_the_usual(rate: float) -> None:
    """Every message fails for two hours: ERRORS to the end, and over soon after it."""
    names = verdicts([rate] * 180, [30 <= minute < 150 for minute in range(180)])
    first = names.index("ERRORS")
    assert 30 <= first < 35
    assert set(names[first:150]) == {"ERRORS"}
    assert set(names[-10:]) == {"OK"}


def test_starving_does_not_become_the_usual() -> None:
    arrivals = [10.0] * 30 + [0.0] * 90 + [10.0] * 30
    names = verdicts(arrivals, [False] * 150)
    first = names.index("STARVED")
    assert set(names[first:119]) == {"STARVED"}
    assert names[-1] == "OK"


def test_a_trouble_that_lasts_for_a_day_is_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MAX_TROUBLE", 3600.0)
    names = verdicts([10.0] * 30 + [0.0] * 90, [False] * 120)
    assert names[80] == "STARVED"
    assert "STARVED" not in names[100:]


@pytest.mark.parametrize(
    ("phases", "doubled"),
    [
        pytest.param([0.0], [], id="one"),
        pytest.param([0.0, 3.0], ["h"], id="two-collectds"),
        pytest.param([0.0, 0.0], ["h"], id="two-at-the-same-moment"),
    ],
)
def test_two_senders_of_one_host_name(phases: list[float], doubled: list[str]) -> None:
    series = Live()
    for turn in range(10):
        for phase in phases:
            series.take(
                "h",
                ("collectd_fedmsg", ""),
                ("count", "daemons_seen"),
                at=T0 + 10 * turn + phase,
                interval=10.0,
                value=1.0,
            )
    assert series.doubled() == doubled


@pytest.mark.parametrize(
    ("figures", "verdict", "reason"),
    [
        pytest.param({"backlog": 7, "workers": 1}, "UNKNOWN", NOT_COUNTED, id="backlog-only"),
        pytest.param({"backlog": 7, "workers": 0}, "NO_CONSUMER", NOT_COUNTED, id="no-consumer"),
        pytest.param(
            {"backlog": 7, "workers": 1, "processed": 5},
            "UNKNOWN",
            NOT_PUBLISHED,
            id="dead-letters",
        ),
    ],
)
@pytest.mark.parametrize("earlier", [False, True], ids=["never-counted", "counted-before"])
def test_a_queue_whose_broker_does_not_count(figures, verdict, reason, earlier) -> None:
    """It has a history of its backlog, a verdict, and why its rates are unknown."""
    rows = {T0 + 10 * n: sample(100.0, 0, workers=1) for n in range(5 if earlier else 0)}
    rows.update({T0 + 10 * n: dict(figures) for n in range(5, 15)})
    (queue,) = fill(Live(), rows).judgement(T0 + 140).daemons
    assert queue.history.backlog[-1] == 7
    assert queue.diagnosis.verdict.name == verdict
    assert queue.diagnosis.findings[0].missing == (reason,)
