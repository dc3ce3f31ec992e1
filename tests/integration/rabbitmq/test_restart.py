"""A restart of the node; its statistics switched off."""

from __future__ import annotations

import signal

import pika

from examples.processes import wait_for

from .rounds import Rounds
from .running import RunningBroker


def test_a_restart_of_the_node_is_a_restart(broker: RunningBroker) -> None:
    """Totals begin again from 0, what was persistent still waits; then statistics are off."""
    connection = broker.connect()
    channel = connection.channel()
    channel.queue_declare("kept", durable=True)
    for number in range(20):
        channel.basic_publish("", "kept", b"x", pika.BasicProperties(delivery_mode=2))
        if number < 5:
            channel.basic_get("kept", auto_ack=True)
    broker.settled("kept", {"messages": 15, "publish": 20})
    connection.close()
    rounds = Rounds(broker, "kept")
    assert rounds.last().received == 20
    broker.restart("management_agent.disable_metrics_collector = true\n")
    wait_for("the queue is listed", lambda: rounds.next()[0] is not None, 60)
    sample, source_round = rounds.next()
    assert not source_round.errors
    assert (sample.received, sample.processed, sample.backlog) == (None, None, 15)
    assert any("disable_metrics_collector" in note for note in source_round.notes.values())
    broker.restart(number=signal.SIGKILL)  # a stop in good order takes six seconds
    broker.settled("kept", {"messages": 15})
    sample = rounds.last()
    # 4.x has no totals until a message is published, as for AMQP 1.0: they are unknown.
    none = 0 if broker.edition < 4 else None
    assert (sample.received, sample.processed, sample.backlog) == (none, none, 15)
    assert sample.vanished == none
