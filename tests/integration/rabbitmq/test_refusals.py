"""Every way in which a real broker can be refused to us, and what it then says."""

from __future__ import annotations

from pathlib import Path

from collectd_fedmsg.collector.sources.broker import Broker
from collectd_fedmsg.collector.sources.rabbitmq import RabbitSource
from collectd_fedmsg.commands.doctor_collectd_conf import look

from .running import QUIET, RunningBroker


def test_each_refusal_is_one_line_that_names_the_cure(
    broker: RunningBroker, tmp_path: Path
) -> None:
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
    broker.settled(QUIET, {"messages": 0})
    url, amqp = broker.url, f"amqp://127.0.0.1:{broker.amqp}"
    for settings, part in (
        (Broker(url, "reader", wrong), "change_password"),
        (Broker(url, "reader", tmp_path / "none"), "PasswordFile"),
        (Broker(url, "plain", password), "set_user_tags plain monitoring"),
        (Broker(url, "nowhere", password), "set_permissions -p / nowhere '' '' ''"),
        (Broker(url, "reader", password, ("other",)), "there is no vhost 'other'"),
        (Broker(f"http://127.0.0.1:{broker.amqp}"), ""),
        (Broker(amqp, queues=(QUIET, "gone")), "no queue 'gone'"),
        (Broker(amqp, "reader", wrong, queues=(QUIET,)), "ACCESS_REFUSED"),
        (Broker(amqp, "nowhere", password, queues=(QUIET,)), "access to vhost '/' refused"),
        (Broker(amqp), "name each in Queues"),
    ):
        source_round = RabbitSource([settings], 10.0).collect(30.0, 1.0)
        [line] = source_round.errors.values()
        assert part in line, line
        assert "\n" not in line
    source_round = RabbitSource([Broker(url, "reader", password, queues=("qu?et",))], 10.0).collect(
        30, 1
    )
    assert not source_round.errors
    [(_, origin, [sample])] = source_round.fresh
    assert (origin.service, sample.backlog) == (QUIET, 0)
    source_round = RabbitSource([Broker(url, queues=("x*",))], 10.0).collect(30.0, 1.0)
    assert ["matches Queues" in note for note in source_round.notes.values()] == [True]


def test_doctor_names_the_cure(broker: RunningBroker, tmp_path: Path) -> None:
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
    findings = [(finding.good, finding.what, finding.hint) for finding in look(str(conf))]
    connection.close()
    assert [good for good, _, _ in findings] == [True, False, None, True]
    assert "change_password" in findings[1][2]
    assert "reports 1 queues" in findings[3][1]
    conf.write_text('<RabbitMQ "http://127.0.0.1:1">\n  Quues "a"\n</RabbitMQ>\n')
    assert any("Quues" in finding.what for finding in look(str(conf)))
