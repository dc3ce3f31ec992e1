"""Queues of a real RabbitMQ: the identity at rest, and every way in which it can be refused."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectd_fedmsg.collector.sources.base import PartialSample
from collectd_fedmsg.collector.sources.broker import Broker
from collectd_fedmsg.collector.sources.queue_account import UNCOUNTED
from collectd_fedmsg.collector.sources.rabbitmq import RabbitSource
from collectd_fedmsg.commands.doctor_collectd_conf import look
from examples import rabbitmq
from examples.processes import Processes, free_port, wait_for

pika = pytest.importorskip("pika")
pytestmark = pytest.mark.skipif(not rabbitmq.installed(), reason="rabbitmq-server is not installed")


class Running:
    """A broker, and what a test does to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes = Processes(folder)
        self.amqp, self.management = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.management}"
        self.start()

    def start(self, settings: str = "") -> None:
        # The statistics' interval stays 5 s: with 0.5 s the broker itself lost acknowledgements
        # of channels that lived 0.15 s.
        rabbitmq.start(self.processes, self.folder, self.amqp, self.management, settings)

    def restart(self, settings: str = "") -> None:
        for name in rabbitmq.NAMES:
            self.processes.stop(name, signal.SIGTERM, 30)
        self.start(settings)

    def connect(self):
        return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.amqp))

    def api(self, method: str, path: str, body: object = None) -> object:
        peer = http.client.HTTPConnection("127.0.0.1", self.management, timeout=10)
        peer.request(
            method,
            path,
            None if body is None else json.dumps(body),
            {
                "Authorization": f"Basic {base64.b64encode(b'guest:guest').decode()}",
                "Content-Type": "application/json",
            },
        )
        answer = peer.getresponse().read()
        peer.close()
        return json.loads(answer) if answer else None

    def settled(self, queue: str, **figures: int) -> None:
        """Wait until the broker's own figures of a queue are these."""

        def there() -> bool:
            row = self.api("GET", f"/api/queues/%2F/{queue}")
            stats = row.get("message_stats", {})
            return all(stats.get(name, row.get(name)) == value for name, value in figures.items())

        wait_for(f"{queue}: {figures}", there, 20)


@pytest.fixture(scope="module")
def broker() -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="cf", dir="/tmp") as folder:
        running = Running(Path(folder))
        try:
            yield running
        finally:
            running.processes.stop_all(last=rabbitmq.NAMES)


class Rounds:
    """Rounds of a source of some queues, 20 s apart by its clock: each is at rest."""

    def __init__(self, running: Running, *queues: str, **options: object) -> None:
        self.source = RabbitSource([Broker(running.url, queues=queues, **options)], 10.0)
        self.now = 0.0

    def row(self) -> tuple[PartialSample | None, dict[str, str], dict[str, str]]:
        self.now += 20
        found = self.source.collect(5.0, self.now)
        rows = [sample for _, _, samples in found.fresh for sample in samples]
        return (rows[-1] if rows else None), found.errors, found.notes

    def last(self, rounds: int = 3) -> PartialSample:
        for _ in range(rounds):
            sample, errors, _ = self.row()
            assert not errors
        assert sample is not None
        return sample


def test_at_rest_published_is_processed_waiting_and_vanished(broker):
    """Acknowledged, taken without, got, rejected, purged and left: nothing is missing."""
    connection = broker.connect()
    channel = connection.channel()
    queues = {kind: Rounds(broker, f"rest-{kind}") for kind in ("classic", "quorum")}
    for kind in queues:
        channel.queue_declare(f"rest-{kind}", durable=True, arguments={"x-queue-type": kind})
        # A quorum queue that was never used has no figures for a while.
        channel.basic_publish("", f"rest-{kind}", b"first")
    for kind, rounds in queues.items():
        broker.settled(f"rest-{kind}", messages=1, publish=1)
        assert rounds.last().vanished == 0
        for _ in range(40):
            channel.basic_publish("", f"rest-{kind}", b"purged")
        channel.queue_purge(f"rest-{kind}")
        for _ in range(130):
            channel.basic_publish("", f"rest-{kind}", b"x")
    for kind in queues:
        for number in range(115):
            method = None
            while method is None:  # a quorum queue may have them a moment later
                method, _, _ = channel.basic_get(f"rest-{kind}", auto_ack=number < 83)
            if 83 <= number < 100:
                channel.basic_ack(method.delivery_tag)
            elif number >= 100:
                channel.basic_reject(method.delivery_tag, requeue=False)
    for kind, rounds in queues.items():
        broker.settled(f"rest-{kind}", messages=15, publish=171, ack=17, get_no_ack=83)
        sample = rounds.last()
        assert (sample.received, sample.processed, sample.backlog) == (171, 100, 15), kind
        assert sample.vanished == 41 + 15
        assert sample.received == sample.processed + sample.backlog + sample.vanished
    connection.close()


def test_a_message_that_comes_again_is_redelivered_not_processed(broker):
    connection = broker.connect()
    channel = connection.channel()
    channel.queue_declare("poison")
    channel.basic_publish("", "poison", b"x")
    for _ in range(30):
        method, _, _ = channel.basic_get("poison")
        channel.basic_nack(method.delivery_tag)
    broker.settled("poison", messages=1, redeliver=29)
    sample = Rounds(broker, "poison").last()
    connection.close()
    assert (sample.received, sample.processed, sample.backlog, sample.workers) == (1, 0, 1, 0)
    assert sample.redelivered == 29


def test_expired_and_dead_lettered(broker):
    """Expired messages vanish from one queue and arrive at another that counts none of them."""
    connection = broker.connect()
    channel = connection.channel()
    channel.queue_declare(
        "expiring",
        arguments={
            "x-message-ttl": 200,
            "x-dead-letter-exchange": "",
            "x-dead-letter-routing-key": "dead",
        },
    )
    channel.queue_declare("dead")
    expiring, dead = Rounds(broker, "expiring"), Rounds(broker, "dead")
    for queue in ("expiring", "dead"):
        broker.settled(queue, messages=0, consumers=0)
    expiring.last(), dead.last()
    for _ in range(25):
        channel.basic_publish("", "expiring", b"x")
    broker.settled("expiring", publish=25, messages=0)
    broker.settled("dead", messages=25)
    sample = expiring.last()
    assert (sample.received, sample.processed, sample.vanished) == (25, 0, 25)
    for _ in range(2):
        sample, _, notes = dead.row()
    connection.close()
    assert (sample.received, sample.backlog) == (None, 25)
    assert list(notes.values()) == [UNCOUNTED]


def test_each_refusal_is_one_line_that_names_the_cure(broker, tmp_path):
    password = tmp_path / "password"
    password.write_text("secret\n")
    wrong = tmp_path / "wrong"
    wrong.write_text("guess\n")
    for name, tags in (("reader", "monitoring"), ("plain", ""), ("nowhere", "monitoring")):
        broker.api("PUT", f"/api/users/{name}", {"password": "secret", "tags": tags})
    for name in ("reader", "plain"):
        broker.api(
            "PUT", f"/api/permissions/%2F/{name}", {"configure": "", "write": "", "read": ""}
        )
    connection = broker.connect()
    connection.channel().queue_declare("seen", durable=True)
    connection.close()
    broker.settled("seen", messages=0)
    url, amqp = broker.url, f"amqp://127.0.0.1:{broker.amqp}"
    for given, part in (
        (Broker(url, "reader", wrong), "change_password"),
        (Broker(url, "reader", tmp_path / "none"), "PasswordFile"),
        (Broker(url, "plain", password), "set_user_tags plain monitoring"),
        (Broker(url, "nowhere", password), "set_permissions -p / nowhere '' '' ''"),
        (Broker(url, "reader", password, ("other",)), "there is no vhost 'other'"),
        (Broker(f"http://127.0.0.1:{broker.amqp}"), ""),
        (Broker(amqp, queues=("seen", "gone")), "no queue 'gone'"),
        (Broker(amqp, "reader", wrong, queues=("seen",)), "ACCESS_REFUSED"),
        (Broker(amqp, "nowhere", password, queues=("seen",)), "access to vhost '/' refused"),
        (Broker(amqp), "name each in Queues"),
    ):
        found = RabbitSource([given], 10.0).collect(5.0, 1.0)
        [line] = found.errors.values()
        assert part in line, line
        assert "\n" not in line
    found = RabbitSource([Broker(url, "reader", password, queues=("se?n",))], 10.0).collect(5, 1)
    assert not found.errors
    [(_, origin, [sample])] = found.fresh
    assert (origin.service, sample.backlog) == ("seen", 0)
    found = RabbitSource([Broker(url, queues=("x*",))], 10.0).collect(5.0, 1.0)
    assert ["matches Queues" in note for note in found.notes.values()] == [True]


def test_doctor_names_the_cure(broker, tmp_path):
    """Of each block of collectd.conf: asked as collectd asks, with the file's own options."""
    (tmp_path / "wrong").write_text("guess\n")
    conf = tmp_path / "collectd.conf"
    conf.write_text(f"""WriteThreads 1
<RabbitMQ "{broker.url}">
  User "guest"   # wrong below
  PasswordFile "{tmp_path}/wrong"
</RabbitMQ>
<RabbitMQ "amqp://127.0.0.1:{broker.amqp}">
  Queues "seen-by-doctor"
</RabbitMQ>
""")
    connection = broker.connect()
    connection.channel().queue_declare("seen-by-doctor")
    findings = [(one.good, one.what, one.hint) for one in look(str(conf))]
    connection.close()
    assert [good for good, _, _ in findings] == [True, False, None, True]
    assert "change_password" in findings[1][2]
    assert "tells of 1 queues" in findings[3][1]
    conf.write_text('<RabbitMQ "http://127.0.0.1:1/x">\n  Quues "a"\n</RabbitMQ>\n')
    assert [one.what for one in look(str(conf)) if "RabbitMQ" in one.what or "Quues" in one.what]


def test_without_the_api_only_backlog_and_consumers(broker):
    """By AMQP's passive declaration, to a user with no rights, as they are at this moment."""
    connection = broker.connect()
    channel = connection.channel()
    channel.queue_declare("plainly")
    for _ in range(3):
        channel.basic_publish("", "plainly", b"x")
    channel.basic_get("plainly", auto_ack=True)
    found = RabbitSource(
        [Broker(f"amqp://127.0.0.1:{broker.amqp}", queues=("plainly",))], 10.0
    ).collect(5.0, 1.0)
    connection.close()
    assert not found.errors
    [(_, _, [sample])] = found.fresh
    assert (sample.backlog, sample.workers) == (2, 0)
    assert (sample.received, sample.processed, sample.vanished) == (None, None, None)
    assert any("backlog" in note for note in found.notes.values())


def test_two_queues_of_one_service_are_said_and_not_mixed(broker):
    connection = broker.connect()
    channel = connection.channel()
    for name, count in (("mixed-a", 1), ("mixed-b", 2)):
        channel.queue_declare(name)
        for _ in range(count):
            channel.basic_publish("", name, b"x")
        broker.settled(name, messages=count)
    given = Broker(
        broker.url, queues=("mixed-*",), services={"mixed-a": "mixed", "mixed-b": "mixed"}
    )
    found = RabbitSource([given], 10.0).collect(5.0, 1.0)
    connection.close()
    assert len(found.fresh) == 1
    [line] = found.errors.values()
    assert "another name with Service" in line


def test_totals_survive_connections_that_come_and_go(broker):
    """Twenty restarts of three consumers of one queue: every message once, workers their sum."""
    connection = broker.connect()
    channel = connection.channel()
    channel.queue_declare("replicas")
    restarts = [0]

    def consume(lives: int) -> None:
        for _ in range(lives):
            mine = broker.connect()
            mine.call_later(0.15, mine.close)
            taking = mine.channel()
            taking.basic_qos(prefetch_count=5)
            taking.basic_consume(
                "replicas", lambda on, method, *_: on.basic_ack(method.delivery_tag)
            )
            with contextlib.suppress(pika.exceptions.AMQPError):
                taking.start_consuming()
            restarts[0] += 1

    threads = [threading.Thread(target=consume, args=(7,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    sent, source = 0, Rounds(broker, "replicas")
    last = 0
    while any(thread.is_alive() for thread in threads):
        channel.basic_publish("", "replicas", b"x")
        sent += 1
        if sent % 50 == 0:
            sample, errors, _ = source.row()
            assert not errors
            if sample is not None:
                assert sample.received >= last
                last = sample.received
    broker.settled("replicas", publish=sent)
    left = channel.queue_declare("replicas", passive=True).method.message_count
    broker.settled("replicas", messages=left, ack=sent - left)
    sample = Rounds(broker, "replicas").last()
    connection.close()
    assert restarts[0] >= 20
    assert (sample.received, sample.processed, sample.backlog) == (sent, sent - left, left)


def test_a_restart_of_the_node_is_a_restart(broker):
    """Totals begin again from 0, what was persistent still waits; then statistics are off."""
    connection = broker.connect()
    channel = connection.channel()
    channel.queue_declare("kept", durable=True)
    for number in range(20):
        channel.basic_publish("", "kept", b"x", pika.BasicProperties(delivery_mode=2))
        if number < 5:
            channel.basic_get("kept", auto_ack=True)
    broker.settled("kept", messages=15, publish=20)
    connection.close()
    rounds = Rounds(broker, "kept")
    assert rounds.last().received == 20
    broker.restart()
    broker.settled("kept", messages=15)
    sample = rounds.last()
    assert (sample.received, sample.processed, sample.backlog) == (0, 0, 15)
    assert sample.vanished == 0
    broker.restart("management_agent.disable_metrics_collector = true\n")
    wait_for("the queue is listed", lambda: rounds.row()[0] is not None, 30)
    sample, errors, notes = rounds.row()
    assert not errors
    assert (sample.received, sample.processed, sample.backlog) == (None, None, 15)
    assert any("disable_metrics_collector" in note for note in notes.values())
