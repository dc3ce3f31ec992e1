"""Replicas that come and go are one row: its totals are exact, without gap, spike or step back."""

from __future__ import annotations

import random

import pytest

from collectd_fedmsg.collector.replicas import ReplicaRows, ReplicaSum
from collectd_fedmsg.collector.sources.base import PartialSample, SampleOrigin
from collectd_fedmsg.protocol.sample import Sample


def sample(time, received, processed=None, **more):
    return PartialSample(
        "C", time, received=received, processed=received if processed is None else processed, **more
    )


def test_twenty_restarts_of_three_replicas_are_exact():
    """Each run is a new replica, from 0; the sum is all that was counted, and only grows."""
    chance, total, row = random.Random(1), 0, ReplicaSum("C")
    counts = dict.fromkeys(range(3), 0)
    names = {n: f"run-{n}" for n in range(3)}
    last, moments = 0, []
    for tick in range(200):
        if tick and tick % 10 == 0:  # one of them restarts: 20 times in all
            place = tick // 10 % 3
            counts[place], names[place] = 0, f"run-{tick}"
            row.add(names[place], [sample(10 * tick - 5, 0)])
        for place, name in names.items():
            if tick:
                increase = chance.randrange(50)
                counts[place] += increase
                total += increase
            row.add(name, [sample(10 * tick, counts[place], backlog=place, workers=1)])
        rows = row.take(names.values(), 10 * tick)
        assert rows[-1].time == 10 * tick
        assert rows[-1].received == total
        assert (rows[-1].backlog, rows[-1].workers) == (3, 3)
        assert all(sum_row.received >= last for sum_row in rows)
        moments += [sum_row.time for sum_row in rows if sum_row.time % 10 == 0]
        last = rows[-1].received
    assert moments == [10.0 * tick for tick in range(200)]


def test_a_replica_that_begins_again_adds_what_it_counts():
    """A monitor at one address: its total shrank, so it is from 0 again."""
    row = ReplicaSum("C")
    for time, totals in ((0, (100, 50)), (10, (110, 50)), (20, (4, 51))):
        for name, total in zip("ab", totals):
            row.add(name, [sample(time, total)])
        [sum_row] = row.take("ab", time)
    assert sum_row.received == 10 + 4 + 1


def test_one_that_is_late_is_waited_for_while_it_answers():
    """Its sample of the last tick comes a round later: no tick is stored without it."""
    row = ReplicaSum("C")
    row.add("a", [sample(0, 0), sample(10, 5)])
    row.add("b", [sample(0, 0)])
    assert [sum_row.time for sum_row in row.take("ab", 10)] == [0]
    row.add("b", [sample(10, 7)])
    row.add("a", [sample(20, 6)])
    [sum_row] = row.take("ab", 20)
    assert (sum_row.time, sum_row.received) == (10, 12)


def test_a_replica_that_hangs_delays_no_other_and_loses_nothing():
    row = ReplicaSum("C")
    for name in "ab":
        row.add(name, [sample(0, 0)])
    row.take("ab", 0)
    row.add("a", [sample(10, 5)])
    [sum_row] = row.take("a", 10)
    assert sum_row.received == 5
    row.add("b", [sample(10, 3), sample(20, 4)])
    row.add("a", [sample(20, 5)])
    assert [sum_row.received for sum_row in row.take("ab", 20)][-1] == 9


def test_topics_that_are_named_late_draw_no_spike():
    """A topic that was among the others so far: at most what its replica received meanwhile."""
    row = ReplicaSum("C")
    row.add(
        "a", [sample(0, 1000, topics={"x": 1000}), sample(10, 1010, topics={"x": 1004, "y": 500})]
    )
    last = row.take("a", 10)[-1]
    assert last.topics == {"x": 4, "y": 10}


def test_percentiles_are_the_slowest_s():
    row = ReplicaSum("C")
    for name, p95 in (("a", 0.1), ("b", 0.4)):
        row.add(name, [sample(0, 0, service_p95=p95, in_progress=1)])
    [sum_row] = row.take("ab", 0)
    assert (sum_row.service_p95, sum_row.in_progress, sum_row.oldest) == (0.4, 2, None)


def counted(name: str, time: float, received: int) -> Sample:
    return Sample(name, time, received, received - 1, 0, 1, busy=received * 1000)


ORIGIN = SampleOrigin("archiver", 10.0)


@pytest.mark.parametrize(
    ("has_queue", "received", "backlog"),
    [
        pytest.param(None, 12, 2, id="no-broker-is-read"),
        pytest.param(lambda service: False, 12, 2, id="no-queue-of-this-name"),
        pytest.param(
            lambda service: service == "archiver", None, None, id="its-queue-tells-better"
        ),
        pytest.param(lambda service: None, None, None, id="not-known-yet"),
    ],
)
def test_processes_of_one_name_are_one_row(has_queue, received, backlog):
    """Beside its queue the row has what the broker cannot know, and nothing of what it can."""
    rows = ReplicaRows(lambda endpoint: "", has_queue)
    endpoints = ("ipc:///a.1.sock", "ipc:///a.2.sock")
    sums = []
    for time, counts in ((10.0, (1, 1)), (40.0, (9, 5))):
        fresh = [
            (endpoint, ORIGIN, [counted(f"Consumer#{n}", time, count)])
            for n, (endpoint, count) in enumerate(zip(endpoints, counts))
        ]
        fresh.append(("ipc:///hub.3.sock", SampleOrigin("hub", 10.0), [counted("Hub", time, 7)]))
        separate, sums = rows.take(fresh, endpoints, time)
        assert [sample_row.consumer for _, _, samples in separate for sample_row in samples] == [
            "Hub"
        ]
    [(_, origin, [*_, row])] = sums
    assert (origin.service, origin.interval, row.consumer, row.time) == (
        "archiver",
        10.0,
        "Consumer",
        40.0,
    )
    assert (row.received, row.backlog) == (received, backlog)
    assert (row.busy, row.in_progress) == (12_000, 2)


def test_hosts_and_services_are_rows_of_their_own():
    rows = ReplicaRows(lambda endpoint: endpoint[6:8])
    fresh = [
        (f"tcp://{host}:1", SampleOrigin(service, 10.0), [counted("C#1", 10.0, 1)])
        for host in ("h1", "h2")
        for service in ("a", "b")
    ]
    _, sums = rows.take(fresh, ("tcp://h1:1", "tcp://h2:1"), 10.0)
    assert sorted((endpoint, origin.service) for endpoint, origin, _ in sums) == [
        ("tcp://h1:1", "a"),
        ("tcp://h1:1", "b"),
        ("tcp://h2:1", "a"),
        ("tcp://h2:1", "b"),
    ]


@pytest.mark.parametrize(
    ("consumer", "rows"),
    [
        pytest.param("Consumer", {("archiver", None, 4)}, id="in-the-queue-s-row"),
        pytest.param("Other", {("tcp://h1:1", 1, 1), ("tcp://h2:1", 3, 3)}, id="not-the-queue-s"),
    ],
)
def test_pods_of_a_queue_are_in_its_row_whatever_their_hosts_are(consumer, rows):
    """Counted on two hosts: the queue's row is on this one."""
    replicas = ReplicaRows(lambda endpoint: endpoint[6:8], lambda service: service == "archiver")
    sums = []
    for time, counts in ((10.0, {1: 1, 2: 1}), (20.0, {1: 2, 2: 4})):
        fresh = [
            (f"tcp://h{n}:1", ORIGIN, [counted(f"{consumer}#{n}", time, count)])
            for n, count in counts.items()
        ]
        _, sums = replicas.take(fresh, ("tcp://h1:1", "tcp://h2:1"), time)
    assert {(endpoint, row.received, row.busy // 1000) for endpoint, _, [row] in sums} == rows


def test_a_service_whose_queue_is_not_listed_yet_is_held_and_loses_nothing():
    """Its first samples wait for the broker's list, then are in the row that it has."""
    listed = [False]
    replicas = ReplicaRows(lambda endpoint: endpoint[6:8], lambda service: listed[0])
    rows = []
    for time in (10.0, 20.0, 30.0):
        listed[0] = time == 30.0
        fresh = [("tcp://h1:1", ORIGIN, [counted("Consumer#1", time, int(time))])]
        _, sums = replicas.take(fresh, ("tcp://h1:1",), time)
        rows += [(endpoint, row.time, row.busy) for endpoint, _, each in sums for row in each]
    assert rows == [("archiver", time, (time - 10) * 1000) for time in (10.0, 20.0, 30.0)]
