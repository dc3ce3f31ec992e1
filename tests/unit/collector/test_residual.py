"""What vanished from a queue is bounded by two clocks, exact at rest, and never guessed."""

from __future__ import annotations

import random

import pytest

from collectd_fedmsg.collector.sources.residual import Residual


class Queue:
    """A queue each second, and a reading of it every ten: its gauge is older than its totals."""

    def __init__(self, lag: int, seed: int = 1) -> None:
        self.lag = lag
        self.random = random.Random(seed)
        self.published = self.processed = self.vanished = self.uncounted = self.waiting = 0
        self.gauges: list[int] = []
        self.residual = Residual()

    def run(self, seconds, arrivals=0, capacity=0, lost=0, uncounted=0):
        for _ in range(seconds):
            arrived = self.random.randrange(2 * arrivals + 1)
            self.published += arrived
            self.uncounted += uncounted
            self.waiting += arrived + uncounted
            done = min(self.waiting, self.random.randrange(2 * capacity + 1))
            self.processed += done
            dropped = min(self.waiting - done, lost)
            self.vanished += dropped
            self.waiting -= done + dropped
            self.gauges.append(self.waiting)
            if len(self.gauges) % 10 == 0:
                self.residual.add(
                    len(self.gauges),
                    self.published,
                    self.processed,
                    self.gauges[max(0, len(self.gauges) - 1 - self.lag)],
                )
        return self.residual


@pytest.mark.parametrize("lag", range(10))
def test_nothing_vanishes_in_a_flow(lag):
    """Bursts and pauses at whatever age of the gauge: neither vanished nor uncounted."""
    queue = Queue(lag, lag)
    for arrivals, capacity in ((0, 0), (100, 80), (0, 90), (300, 50), (10, 200), (0, 400)) * 3:
        residual = queue.run(60, arrivals, capacity)
        assert (residual.vanished, residual.uncounted) == (0, False)


@pytest.mark.parametrize("lag", range(10))
def test_at_rest_what_vanished_is_exact(lag):
    """Seen from rest: lost in the flow or at once, it is all there when the queue is at rest."""
    queue = Queue(lag, lag)
    queue.run(60)
    queue.run(100, 50, 30, lost=5)
    queue.run(1, 0, 0, lost=10**9)
    residual = queue.run(60, 0, 100)
    assert residual.exact
    assert residual.vanished == queue.vanished > 0
    assert not residual.uncounted


@pytest.mark.parametrize("lag", range(10))
def test_it_never_claims_more_than_vanished(lag):
    """Beginning in the middle of a flow, with losses: a lower bound at every reading, growing."""
    queue, last = Queue(lag, lag), 0
    queue.waiting = 5000
    for _ in range(200):
        residual = queue.run(10, 40, 30, lost=7)
        if residual.vanished is not None:
            assert last <= residual.vanished <= queue.vanished
            last = residual.vanished
        assert not residual.uncounted
    assert last > 0.5 * queue.vanished


def test_dead_letters_that_arrive_are_uncounted():
    """The target of dead letters: messages come that no total has."""
    queue = Queue(5)
    queue.run(60)
    assert queue.run(60, uncounted=2).uncounted
    assert not queue.run(120, 10, 10).uncounted


def test_totals_that_begin_again_are_no_loss():
    """A node's restart: the totals are from 0, what waited is still there."""
    queue = Queue(5)
    queue.run(60)
    queue.run(60, 100, 20)
    queue.run(60)
    queue.published = queue.processed = 0
    residual = queue.run(60)
    assert (residual.vanished, residual.uncounted) == (0, False)
    queue.run(1, lost=10)
    assert queue.run(59).vanished == 10
