"""Real fedora-messaging services on a real broker, counted from inside and by their monitor."""

from __future__ import annotations

import contextlib
import time

from collectd_fedmsg.collector.sources.fedora_messaging import FedoraMessagingSource
from collectd_fedmsg.protocol.sample import Sample
from examples.processes import wait_for

from .running import CALLBACKS, RunningBroker

KINDS = {
    "function": "function",
    "class": "Class",
    "coroutine": "coroutine",
    "async-class": "AsyncClass",
}
NAMED = "collectd_fedmsg.fedora_messaging_plugin:callback"
#: Twelve well, one that comes twice, one for good.
ORDERS = [{"seconds": 0.01}] * 12 + [{"do": "nack"}, {"do": "drop"}]


def test_every_kind_of_callback_is_counted(broker: RunningBroker) -> None:
    """By the entry point or by name: all messages, busy and topics; Nack and Drop are no errors."""
    for kind, attribute in KINDS.items():
        broker.service(f"{kind}-entry", f"{CALLBACKS}:{attribute}", broker.counted())
    # By name the module finds the callback, and the same mechanism counts it: two kinds show that.
    kinds_by_name = ("class", "coroutine")
    for kind in kinds_by_name:
        own = f'callback = "{CALLBACKS}:{KINDS[kind]}"\n'
        broker.service(f"{kind}-named", NAMED, broker.counted(own))
    names = [*(f"{kind}-entry" for kind in KINDS), *(f"{kind}-named" for kind in kinds_by_name)]
    broker.consumes(*names)
    for kind in kinds_by_name:  # it is counted from its start on
        wait_for(f"{kind} is there", lambda kind=kind: broker.samples(f"{kind}-named") != [], 60)
    broker.publish(dict.fromkeys(names, ORDERS))
    for name in names:
        wait_for(
            f"{name} handled all",
            lambda name=name: [sample.processed for sample in broker.samples(name)] == [15],
            60,
        )
        [sample] = broker.samples(name)
        assert (sample.received, sample.failed, sample.in_progress) == (15, 0, 0)
        assert sample.topics == {f"org.fedoraproject.prod.{name}": 15}
        assert sample.busy >= 0.12e6
        assert sample.consumer.startswith("Consumer#")
        assert not sample.observable
    monitor = FedoraMessagingSource({broker.monitor("function-entry"): "archiver"}, 1.0)
    [(_, _, [row])] = monitor.collect(30.0, time.time()).fresh
    monitor.close()
    # The monitor has what was returned to the queue as a failure; the wrapper has not.
    assert (row.received, row.processed, row.failed, row.in_progress) == (15, 15, 1, 0)
    broker.publish({name: [{"do": "halt"}] for name in names})
    for name in names:
        assert broker.processes.running.pop(name).wait(60) == 0, name  # as without us


def waiting_in(broker: RunningBroker, name: str, own: str, library: str) -> Sample:
    """Return a service's sample once it says that the message in its hands waits there."""

    def is_seen() -> bool:
        return any(
            row.own.startswith(f"{CALLBACKS}:{own}:") and row.library == library
            for sample in broker.samples(name)
            for row in sample.in_hand
        )

    wait_for(f"{name} says where it is", is_seen, 60)
    [sample] = broker.samples(name)
    return sample


def test_what_fails_ends_the_service_as_without_us(broker: RunningBroker) -> None:
    """Its exception: exit code 13, and the message is back on the queue."""
    go_on = broker.folder / "fails-now"
    broker.service("failing", f"{CALLBACKS}:function", broker.counted())
    broker.consumes("failing")
    broker.publish({"failing": [{"until": str(go_on), "do": "fail"}]})
    sample = waiting_in(broker, "failing", "function", "sleep")
    assert (sample.received, sample.processed, sample.workers) == (1, 0, 1)
    [row] = sample.in_hand
    assert (row.topic, row.state) == ("org.fedoraproject.prod.failing", "waiting")
    assert {row.own.partition(":")[0] for row in sample.stacks} == {CALLBACKS}
    go_on.touch()
    assert broker.processes.running.pop("failing").wait(60) == 13


def test_what_is_prefetched_is_not_in_progress(broker: RunningBroker) -> None:
    """Ten are delivered, the first is in progress, in a coroutine that is seen where it waits."""
    go_on = broker.folder / "goes-on"
    broker.service("prefetching", f"{CALLBACKS}:coroutine", broker.counted())
    broker.consumes("prefetching")
    broker.publish({"prefetching": [{"until": str(go_on)}] * 10})
    sample = waiting_in(broker, "prefetching", "coroutine", "asyncio.tasks:sleep")
    assert (sample.received, sample.processed, sample.in_progress) == (1, 0, 1)
    [row] = sample.in_hand
    assert row.state == "waiting"
    with contextlib.closing(broker.connect()) as connection:
        channel = connection.channel()

        def ready_count() -> int:
            queue = channel.queue_declare("prefetching", passive=True)
            return int(queue.method.message_count)

        wait_for("all are with the service", lambda: ready_count() == 0)
    go_on.touch()
    wait_for(
        "all are handled",
        lambda: [sample.processed for sample in broker.samples("prefetching")] == [10],
        60,
    )
    broker.processes.stop("prefetching")


def test_with_a_wrong_setting_the_service_runs_uncounted(broker: RunningBroker) -> None:
    wrong = '[consumer_config.collectd_fedmsg]\ninterval = "often"\n'
    broker.service("uncounted", f"{CALLBACKS}:function", wrong)
    broker.consumes("uncounted")
    broker.publish({"uncounted": [{}, {"do": "halt"}]})
    assert broker.processes.running.pop("uncounted").wait(60) == 0
    assert "interval" in (broker.folder / "uncounted.log").read_text()
