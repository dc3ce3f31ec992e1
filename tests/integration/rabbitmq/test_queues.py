"""What the source says of a real broker's queues, at rest: ``published = processed + waiting +
vanished`` and every way in which a message leaves or returns.

The broker's figures are 5 s old, so the scenes go on together: all wait for them at once.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

import pika
import pytest

from collectd_fedmsg.collector.sources.broker import Broker
from collectd_fedmsg.collector.sources.queue_account import NO_TOTALS, UNCOUNTED
from collectd_fedmsg.collector.sources.rabbitmq import RabbitSource

from .rounds import Rounds
from .running import RunningBroker

Channel = pika.adapters.blocking_connection.BlockingChannel
#: Goes on when the broker's figures of the queues that it yields are these.
Scene = Iterator[dict[str, dict[str, int]]]


def _rest(broker: RunningBroker, channel: Channel, kind: str) -> Scene:
    """Acknowledged, taken without, got, rejected, purged and left: nothing is missing."""
    queue, rounds = f"rest-{kind}", Rounds(broker, f"rest-{kind}")
    channel.queue_declare(queue, durable=True, arguments={"x-queue-type": kind})
    # A quorum queue that was never used has no figures for a while.
    channel.basic_publish("", queue, b"first")
    yield {queue: {"messages": 1, "publish": 1}}
    assert rounds.last().vanished == 0
    for _ in range(40):
        channel.basic_publish("", queue, b"purged")
    channel.queue_purge(queue)
    for _ in range(130):
        channel.basic_publish("", queue, b"x")
    for number in range(115):
        method, _, _ = channel.basic_get(queue, auto_ack=number < 83)
        if 83 <= number < 100:
            channel.basic_ack(method.delivery_tag)
        elif number >= 100:
            channel.basic_reject(method.delivery_tag, requeue=False)
    yield {queue: {"messages": 15, "publish": 171, "ack": 17, "get_no_ack": 83}}
    sample = rounds.last()
    assert (sample.received, sample.processed, sample.backlog) == (171, 100, 15)
    assert sample.vanished == 41 + 15
    assert sample.received == sample.processed + sample.backlog + sample.vanished


def classic(broker: RunningBroker, channel: Channel) -> Scene:
    yield from _rest(broker, channel, "classic")


def quorum(broker: RunningBroker, channel: Channel) -> Scene:
    yield from _rest(broker, channel, "quorum")


def comes_again(broker: RunningBroker, channel: Channel) -> Scene:
    """A message that is returned to its queue is redelivered, not processed."""
    channel.queue_declare("poison")
    channel.basic_publish("", "poison", b"x")
    for _ in range(30):
        method, _, _ = channel.basic_get("poison")
        channel.basic_nack(method.delivery_tag)
    yield {"poison": {"messages": 1, "redeliver": 29}}
    sample = Rounds(broker, "poison").last()
    assert (sample.received, sample.processed, sample.backlog, sample.workers) == (1, 0, 1, 0)
    assert sample.redelivered == 29


def expires(broker: RunningBroker, channel: Channel) -> Scene:
    """Expired messages vanish from one queue and arrive at another that counts none of them."""
    to_dead = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead"}
    channel.queue_declare("expiring", arguments={"x-message-ttl": 200, **to_dead})
    channel.queue_declare("dead")
    expiring, dead = Rounds(broker, "expiring"), Rounds(broker, "dead")
    yield {queue: {"messages": 0, "consumers": 0} for queue in ("expiring", "dead")}
    expiring.last(), dead.last()
    for _ in range(25):
        channel.basic_publish("", "expiring", b"x")
    yield {"expiring": {"publish": 25, "messages": 0}, "dead": {"messages": 25}}
    sample = expiring.last()
    assert (sample.received, sample.processed, sample.vanished) == (25, 0, 25)
    dead.next()
    sample, source_round = dead.next()
    assert (sample.received, sample.backlog) == (None, 25)
    # A queue that 4.x has counted nothing of may be one of AMQP 1.0.
    assert list(source_round.notes.values()) == [UNCOUNTED if broker.edition < 4 else NO_TOTALS]


def same_service(broker: RunningBroker, channel: Channel) -> Scene:
    """Two queues of one service are an error, and not mixed."""
    counts = {"mixed-a": 1, "mixed-b": 2}
    for name, count in counts.items():
        channel.queue_declare(name)
        for _ in range(count):
            channel.basic_publish("", name, b"x")
    yield {name: {"messages": count} for name, count in counts.items()}
    one_service = dict.fromkeys(counts, "mixed")
    settings = Broker(broker.url, queues=("mixed-*",), services=one_service)
    source_round = RabbitSource([settings], 10.0).collect(30.0, 1.0)
    assert len(source_round.fresh) == 1
    [line] = source_round.errors.values()
    assert "another name with Service" in line


def replicas(broker: RunningBroker, channel: Channel) -> Scene:
    """Twenty restarts of three consumers of one queue: every message once, workers their sum."""
    channel.queue_declare("replicas")
    restarts = []

    def consume(lives: int) -> None:
        for _ in range(lives):
            own_connection = broker.connect()
            own_connection.call_later(0.15, own_connection.close)
            taking = own_connection.channel()
            taking.basic_qos(prefetch_count=5)
            taking.basic_consume(
                "replicas", lambda on, method, *_: on.basic_ack(method.delivery_tag)
            )
            with contextlib.suppress(pika.exceptions.AMQPError):
                taking.start_consuming()
            restarts.append(1)

    threads = [threading.Thread(target=consume, args=(7,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    published, totals, rounds = 0, [0], Rounds(broker, "replicas")
    while any(thread.is_alive() for thread in threads):
        channel.basic_publish("", "replicas", b"x")
        published += 1
        if published % 50 == 0:
            sample, source_round = rounds.next()
            assert not source_round.errors
            if sample is not None and sample.received is not None:
                totals.append(sample.received)
    assert totals == sorted(totals)
    assert len(restarts) >= 20
    # What was delivered and not acknowledged is the queue's again a moment after a connection.
    yield {"replicas": {"publish": published, "consumers": 0, "messages_unacknowledged": 0}}
    remaining = channel.queue_declare("replicas", passive=True).method.message_count
    yield {"replicas": {"publish": published, "messages": remaining, "ack": published - remaining}}
    sample = Rounds(broker, "replicas").last()
    assert (sample.received, sample.processed, sample.backlog) == (
        published,
        published - remaining,
        remaining,
    )


SCENES = (classic, quorum, comes_again, expires, same_service, replicas)


@pytest.fixture(scope="module")
def outcomes(broker: RunningBroker) -> dict[str, Exception | None]:
    """Play all scenes together; return the failure of each."""
    connection = broker.connect()
    channel = connection.channel()
    channel.confirm_delivery()  # what is purged or got has arrived
    playing = {scene.__name__: scene(broker, channel) for scene in SCENES}
    ended: dict[str, Exception | None] = {}
    while playing:
        expected = {}
        for name, scene in list(playing.items()):
            try:
                expected[name] = next(scene)
            except StopIteration:
                ended[name] = None
            except (AssertionError, TimeoutError, pika.exceptions.AMQPError) as failure:
                ended[name] = failure
        for name, queues in expected.items():
            try:
                for queue, figures in queues.items():
                    broker.settled(queue, figures)
            except TimeoutError as failure:
                ended[name] = failure
        playing = {name: scene for name, scene in playing.items() if name not in ended}
    connection.close()
    return ended


@pytest.mark.parametrize("scene", [scene.__name__ for scene in SCENES])
def test_at_rest(outcomes: dict[str, Exception | None], scene: str) -> None:
    """The scene's function says what it is."""
    failure = outcomes[scene]
    if failure is not None:
        raise failure


def test_without_the_api_only_backlog_and_consumers(broker: RunningBroker) -> None:
    """By AMQP's passive declaration, to a user with no rights, as they are at this moment."""
    connection = broker.connect()
    channel = connection.channel()
    channel.confirm_delivery()
    channel.queue_declare("plainly")
    for _ in range(3):
        channel.basic_publish("", "plainly", b"x")
    channel.basic_get("plainly", auto_ack=True)
    settings = Broker(f"amqp://127.0.0.1:{broker.amqp}", queues=("plainly",))
    source = RabbitSource([settings], 10.0)
    source_round = source.collect(30.0, 13.0)
    assert not source_round.errors
    [(_, _, [sample])] = source_round.fresh
    assert (sample.time, sample.backlog, sample.workers) == (10.0, 2, 0)
    assert (sample.received, sample.processed, sample.vanished) == (None, None, None)
    assert any("backlog" in note for note in source_round.notes.values())
    # Asked once in each step, whose edge is the samples' time.
    assert not source.collect(30.0, 19.0).fresh
    [(_, _, [sample])] = source.collect(30.0, 20.5).fresh
    connection.close()
    assert sample.time == 20.0
