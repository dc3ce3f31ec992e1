"""The benchmark's queue is a queue, and its labels come from theory: both are checked here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.diagnosis import decidable as theory
from benchmarks.diagnosis.decidable import Load
from benchmarks.diagnosis.score import Score
from benchmarks.diagnosis.settings import drawn, topics
from benchmarks.diagnosis.simulator import World, constant, run
from collectd_fedmsg.diagnosis.split import shapley

PLAIN = World(constant(2.0), constant(0.4), constant(1))


@pytest.mark.parametrize("world", [
    pytest.param(PLAIN, id="plain"),
    pytest.param(replace(PLAIN, heavy=True, workers=constant(4)), id="heavy"),
    pytest.param(replace(PLAIN, topics=topics()), id="topics"),
    pytest.param(replace(PLAIN, hung=lambda t: 1 if t > 300 else 0, workers=constant(2)),
                 id="one-hangs"),
    pytest.param(replace(PLAIN, fails=constant(0.3), retried=True), id="retries"),
    pytest.param(replace(PLAIN, batches=[(100.0, 50), (400.0, 70)]), id="batches"),
])
def test_every_sample_balances(world):
    """received = processed + backlog, and no worker is busier than the time there is."""
    columns, by_topic = run(world, 600, 10, 3)
    came = ended = 0.0
    for i in range(60):
        came += 10 * columns["received"][i]
        ended += 10 * columns["processed"][i]
        assert columns["backlog"][i] == pytest.approx(came - ended)
        assert columns["in_progress"][i] <= columns["workers"][i]
        assert columns["busy"][i] <= columns["workers"][i] + 1e-9
    if world.topics:
        used = [sum(c) for c in zip(*by_topic["topic_busy"].values())]
        assert used == pytest.approx(columns["busy"])


def test_the_queue_is_the_textbooks():
    """M/M/1 at ρ = 0.8 holds ρ/(1 - ρ) = 4 messages on average; the same seed is the same run."""
    columns, _ = run(PLAIN, 200_000, 10, 5)
    assert sum(columns["backlog"]) / len(columns["backlog"]) == pytest.approx(4, rel=0.1)
    assert sum(columns["busy"]) / len(columns["busy"]) == pytest.approx(0.8, rel=0.03)
    assert run(PLAIN, 600, 10, 7) == run(PLAIN, 600, 10, 7)
    assert run(PLAIN, 600, 10, 7) != run(PLAIN, 600, 10, 8)


def test_what_waited_is_lost_at_a_restart_and_comes_again():
    """While away there are no samples; a replay brings what was missed at once."""
    away = replace(PLAIN, restart=(300.0, 60.0), replay=True)
    columns, _ = run(away, 600, 10, 3)
    assert columns["backlog"][30:36] == [None] * 6
    assert columns["backlog"][36] > 60


BEFORE = Load(2.0, 0.4, 1)


@pytest.mark.parametrize("time", [
    pytest.param(lambda m: theory.backlog_grows(BEFORE, Load(2.0 * m, 0.4, 1)), id="backlog"),
    pytest.param(lambda m: theory.arrivals_differ(BEFORE, Load(2.0 * m, 0.4, 1)), id="arrivals"),
    pytest.param(lambda m: theory.service_differs(BEFORE, Load(2.0, 0.4 * m, 1)) / m, id="service"),
])
def test_the_greater_the_fault_the_sooner_it_is_decidable(time):
    """Never without a change, late for a small one, at once for a great one."""
    assert time(1.0) == float("inf")
    assert time(1.3) > time(2.0) > time(8.0) > 0


def test_a_load_that_fits_is_never_decidable():
    """ρ = 0.96: the queue does not grow."""
    assert theory.backlog_grows(BEFORE, Load(2.4, 0.4, 1)) == float("inf")


def test_the_true_split_is_shapleys():
    """The generator's closed form and the diagnosis' fluid queue agree at constant loads."""
    after = Load(6.0, 0.8, 1)
    split = shapley(100.0, arrivals=[after.rate] * 5, capacity=[after.able] * 5,
                    usual_arrivals=BEFORE.rate, usual_capacity=BEFORE.able, seconds=60)
    assert split.surge_share == pytest.approx(theory.fluid_split(BEFORE, after))


def test_daemons_differ_and_repeat():
    """A seed is one daemon, within the stated ranges."""
    found = [drawn(seed) for seed in range(50)]
    assert len(set(found)) == 50
    assert found == [drawn(seed) for seed in range(50)]
    assert all(0.05 <= s.rate <= 10 and 0.1 <= s.load <= 0.85 and s.service <= 30 for s in found)


def test_macro_f1_counts_each_label_alike():
    """Always saying OK is right in 9 of 10 cases, and 0.47 of macro-F1."""
    score = Score()
    for right in ["OK"] * 9 + ["SLOW"]:
        score.add({right}, "OK")
    assert score.accuracy() == 0.9
    assert score.macro_f1() == pytest.approx((18 / 19 + 0) / 2)
