"""Replicas that come and go are one row: its totals are exact, without gap, spike or step back."""

from __future__ import annotations

import random

from collectd_fedmsg.collector.replicas import ReplicaSum
from collectd_fedmsg.collector.sources.base import PartialSample


def sample(time, received, processed=None, **more):
    return PartialSample("C", time, received=received,
                         processed=received if processed is None else processed, **more)


def test_twenty_restarts_of_three_replicas_are_exact():
    """Each run is a new replica, from 0; the sum is all that was counted, and only grows."""
    chance, total, row = random.Random(1), 0, ReplicaSum("C")
    counts = dict.fromkeys(range(3), 0)
    names = {n: f"run-{n}" for n in range(3)}
    last, seen = 0, []
    for tick in range(200):
        if tick and tick % 10 == 0:  # one of them restarts: 20 times in all
            place = tick // 10 % 3
            counts[place], names[place] = 0, f"run-{tick}"
            row.add(names[place], [sample(10 * tick - 5, 0)])
        for place, name in names.items():
            if tick:
                came = chance.randrange(50)
                counts[place] += came
                total += came
            row.add(name, [sample(10 * tick, counts[place], backlog=place, workers=1)])
        rows = row.take(names.values(), 10 * tick)
        assert rows[-1].time == 10 * tick
        assert rows[-1].received == total
        assert (rows[-1].backlog, rows[-1].workers) == (3, 3)
        assert all(one.received >= last for one in rows)
        seen += [one.time for one in rows if one.time % 10 == 0]
        last = rows[-1].received
    assert seen == [10.0 * tick for tick in range(200)]


def test_a_replica_that_begins_again_adds_what_it_counts():
    """A monitor at one address: its total shrank, so it is from 0 again."""
    row = ReplicaSum("C")
    for time, totals in ((0, (100, 50)), (10, (110, 50)), (20, (4, 51))):
        for name, total in zip("ab", totals):
            row.add(name, [sample(time, total)])
        [one] = row.take("ab", time)
    assert one.received == 10 + 4 + 1


def test_one_that_is_late_is_waited_for_while_it_answers():
    """Its sample of the last tick comes a round later: no tick is stored without it."""
    row = ReplicaSum("C")
    row.add("a", [sample(0, 0), sample(10, 5)])
    row.add("b", [sample(0, 0)])
    assert [one.time for one in row.take("ab", 10)] == [0]
    row.add("b", [sample(10, 7)])
    row.add("a", [sample(20, 6)])
    [one] = row.take("ab", 20)
    assert (one.time, one.received) == (10, 12)


def test_one_that_hangs_holds_up_nobody_and_loses_nothing():
    row = ReplicaSum("C")
    for name in "ab":
        row.add(name, [sample(0, 0)])
    row.take("ab", 0)
    row.add("a", [sample(10, 5)])
    [one] = row.take("a", 10)
    assert one.received == 5
    row.add("b", [sample(10, 3), sample(20, 4)])
    row.add("a", [sample(20, 5)])
    assert [one.received for one in row.take("ab", 20)][-1] == 9


def test_topics_that_are_named_late_draw_no_spike():
    """A topic that was among the others so far: at most what its replica received meanwhile."""
    row = ReplicaSum("C")
    row.add("a", [sample(0, 1000, topics={"x": 1000}),
                  sample(10, 1010, topics={"x": 1004, "y": 500})])
    last = row.take("a", 10)[-1]
    assert last.topics == {"x": 4, "y": 10}


def test_percentiles_are_the_slowest_s():
    row = ReplicaSum("C")
    for name, p95 in (("a", 0.1), ("b", 0.4)):
        row.add(name, [sample(0, 0, service_p95=p95, in_progress=1)])
    [one] = row.take("ab", 0)
    assert (one.service_p95, one.in_progress, one.oldest) == (0.4, 2, None)
