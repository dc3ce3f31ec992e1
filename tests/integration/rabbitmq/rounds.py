"""Rounds of a source of a broker's queues, each so late that the queues are at rest."""

from __future__ import annotations

from collectd_fedmsg.collector.sources.base import PartialSample, SourceRound
from collectd_fedmsg.collector.sources.broker import Broker
from collectd_fedmsg.collector.sources.rabbitmq import RabbitSource

from .running import RunningBroker

#: Seconds between two rounds, by the source's clock.
STEP = 20.0


class Rounds:
    """A source of some queues."""

    def __init__(self, running: RunningBroker, *queues: str) -> None:
        self._source = RabbitSource([Broker(running.url, queues=queues)], 10.0)
        self._now = 0.0

    def next(self) -> tuple[PartialSample | None, SourceRound]:
        """Return one queue's newest sample, and all of the round."""
        self._now += STEP
        source_round = self._source.collect(30.0, self._now)
        samples = [sample for _, _, samples in source_round.fresh for sample in samples]
        return (samples[-1] if samples else None), source_round

    def last(self, rounds: int = 3) -> PartialSample:
        """Return one queue's sample after some rounds without an error."""
        for _ in range(rounds):
            sample, source_round = self.next()
            assert not source_round.errors
        assert sample is not None
        return sample
