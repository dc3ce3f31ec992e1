"""The benchmark's queue is a queue, its files are RRD's and its labels come from theory."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from benchmarks.diagnosis import creeping
from benchmarks.diagnosis.episodes import FAMILIES, single
from benchmarks.diagnosis.evaluate import evaluate
from benchmarks.diagnosis.memory_store import archived
from benchmarks.diagnosis.queue import simulate
from benchmarks.diagnosis.report import macro_f1
from benchmarks.diagnosis.traffic import Part, ServiceLaw, Traffic
from benchmarks.diagnosis.truth import Truth
from benchmarks.diagnosis.well import table, watch

PLAIN = Traffic(rate=2.0, service=0.4, workers=1)
START = 1_700_000_000.0


@pytest.mark.parametrize(
    "traffic",
    [
        pytest.param(PLAIN, id="plain"),
        pytest.param(replace(PLAIN, workers=4, law=ServiceLaw("pareto")), id="pareto"),
        pytest.param(replace(PLAIN, burst=(4.0, 30.0, 200.0)), id="bursts"),
        pytest.param(
            replace(PLAIN, workers=2, parts=(Part(0), Part(START + 300, hung=1))), id="hang"
        ),
        pytest.param(
            replace(PLAIN, workers=2, parts=(Part(0), Part(START + 300, gone=2))), id="gone"
        ),
        pytest.param(replace(PLAIN, batches=[(START + 100, 50)]), id="batch"),
        pytest.param(
            replace(
                PLAIN, rate=900.0, service=0.001, parts=(Part(0), Part(START + 300, service=5.0))
            ),
            id="fluid",
        ),
    ],
)
def test_every_sample_balances(traffic):
    """received = processed + backlog, and no worker is busier than the time there is."""
    samples = simulate(traffic, START, START + 900, 10, 3)
    received, processed, busy = (samples.totals[n] for n in ("received", "processed", "busy"))
    for k in range(1, len(samples.times)):
        assert samples.levels["backlog"][k] == received[k] - processed[k] >= 0
        assert received[k] >= received[k - 1] and processed[k] >= processed[k - 1]
        assert 0 <= busy[k] - busy[k - 1] <= traffic.workers * 10e6 * 1.001
        assert samples.levels["in_progress"][k] <= traffic.workers


def test_the_queue_is_the_textbooks():
    """M/M/1 at ρ = 0.8 holds ρ/(1 - ρ) = 4 messages on average; the same seed is the same run."""
    samples = simulate(PLAIN, START, START + 100_000, 10, 5)
    backlog = samples.levels["backlog"]
    assert sum(backlog) / len(backlog) == pytest.approx(4, rel=0.15)
    assert samples.totals["busy"][-1] / 1e6 / 100_000 == pytest.approx(0.8, rel=0.03)
    assert simulate(PLAIN, START, START + 600, 10, 7) == simulate(PLAIN, START, START + 600, 10, 7)


def test_a_hung_worker_ages_and_is_busy():
    """All hang: nothing ends, the oldest grows second by second, the workers are busy."""
    hung = replace(PLAIN, parts=(Part(0), Part(START + 300, hung=1), Part(START + 600)))
    samples = simulate(hung, START, START + 800, 10, 3)
    oldest, done = samples.levels["oldest"], samples.totals["processed"]
    assert done[35] == done[59] < done[70]
    assert oldest[59] - oldest[40] == pytest.approx(190)


@pytest.mark.parametrize(
    ("times", "values", "total", "expected"),
    [
        pytest.param([0, 10, 20], [0, 50, 60], True, [5, 1], id="on-the-grid"),
        pytest.param([4, 14, 24], [0, 50, 60], True, [5, 0.4 * 5 + 0.6 * 1], id="off-the-grid"),
        pytest.param([0, 10, 20], [1, 7, 3], False, [7, 3], id="a-gauge-holds-from-before"),
        pytest.param(
            [0, 10, 40, 50],
            [0, 10, 40, 50],
            True,
            [1, None, None, None, 1],
            id="beyond-the-heartbeat",
        ),
        pytest.param([0, 10, 20], [9, 3, 13], True, [None, 1], id="a-restart-is-unknown"),
    ],
)
def test_samples_are_averaged_as_rrd_does(times, values, total, expected):
    """A step's value is the time-weighted mean of what its samples say."""
    assert archived(times, values, 10, total=total).points == pytest.approx(expected)


def labels(*parts, seconds=3600.0, **more):
    traffic = replace(PLAIN, parts=(Part(0.0), *parts), **more)
    samples = simulate(traffic, START, START + seconds, 10, 3)
    return Truth(traffic, samples, 20.0).labels()


def test_labels_follow_what_acts_now():
    """A surge, its drain and what is usual afterwards."""
    minutes = labels(Part(START + 600, rate=3.0), Part(START + 900), seconds=7200)
    assert all(label.right >= {"OK"} for label in minutes[3:60])
    assert minutes[88].right == {"SURGE"} and minutes[88].decidable
    assert minutes[160].right == {"RECOVERING"} and minutes[160].drain > 0
    assert minutes[-1].right >= {"OK"} and minutes[-1].decidable


def test_the_greater_the_change_the_sooner_it_is_decidable():
    """Twice as slow takes longer to be known than ten times as slow; what fits is well."""
    first = [
        next(
            k
            for k, label in enumerate(labels(Part(START + 600, service=times)))
            if "SLOW" in label.right and label.decidable
        )
        for times in (2.0, 10.0)
    ]
    assert 60 < first[1] <= first[0]
    assert not any("SLOW" in label.right for label in labels(Part(START + 600, service=1.2)))


def test_every_family_makes_an_episode_that_repeats():
    """A seed is one episode, and the episodes of two seeds differ."""
    for makers in FAMILIES.values():
        for make in makers:
            first, repeated, different = (make(seed) for seed in (3, 3, 4))
            assert first.traffic.parts == repeated.traffic.parts
            assert first.traffic.rate == repeated.traffic.rate != different.traffic.rate
            assert first.end == repeated.end > first.start + 60


def test_an_episode_is_judged_through_the_stored_path():
    """The textbook's surge: right in most samples, and counted once."""
    result = evaluate("single", single("surge")(1), every=5)
    counts = result.counts[""]
    assert counts["right"] > 0.8 * sum(counts.values())
    assert set(result.counts) == {"", "three samples", "queue monitor's six"}


def test_macro_f1_counts_each_label_alike():
    """Always saying OK is right in 9 of 10 samples, and 0.47 of macro-F1."""
    assert macro_f1(Counter({"OK|OK": 9, "SLOW|OK": 1})) == pytest.approx(18 / 19 / 2)


@pytest.mark.parametrize("kind", ["steady", "batches", "very quiet"])
def test_a_well_daemon_is_watched_day_by_day(kind):
    """A day of each: how long was watched is counted, alarms carry their words."""
    report = watch(kind, 1, days=1)
    assert report.days == 1
    assert all(name and sentence for name, sentence in report.alarms)
    assert "a year" in table([report.to_dict()])


def test_a_creep_is_followed_until_the_workers_are_full():
    """The table counts the runs, the leads and how far the dates were off."""
    row = {"kind": "steady", "lead": 100.0, "errors": [(50.0, 0.1), (20.0, -0.3)], "early": 0}
    text = creeping.table([row, {**row, "lead": None, "errors": []}])
    assert text.splitlines()[1].split()[:4] == ["steady", "2", "1", "100"]


def test_a_service_time_that_creeps_grows_hour_by_hour():
    """A hundredth of the first time each hour, from the given moment on."""
    traffic = replace(PLAIN, creep=(START // 3600 * 3600, 0.01))
    assert traffic.wandered(START - 7200) == 1.0
    assert traffic.wandered(START + 100 * 3600) == pytest.approx(2.0)
