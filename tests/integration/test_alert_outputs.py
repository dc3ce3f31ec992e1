"""Each output against a real receiver on loopback: mail, webhook, Alertmanager, bus, collectd."""

from __future__ import annotations

import email
import email.policy
import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
import zmq

from collectd_fedmsg.alerts.delivery import deliver, pause
from collectd_fedmsg.alerts.entries import sample
from collectd_fedmsg.alerts.notice_text import payload
from collectd_fedmsg.alerts.outputs import NotTaken, opened
from collectd_fedmsg.alerts.outputs.webhook import signature
from collectd_fedmsg.alerts.records import Notice
from collectd_fedmsg.alerts.rules_file import parse
from collectd_fedmsg.alerts.state import State
from collectd_fedmsg.alerts.state_db import AlertDatabase
from collectd_fedmsg.commands.alerts import example
from examples.chain import ROOT, Chain, Daemon
from examples.processes import Processes, free_port, wait_for
from tests.integration.receivers import Receiver

NOW = time.time()


def rules(kind: str, **settings: Any) -> Any:
    lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in settings.items())
    return parse(f"dashboard = 'http://d'\n[output.it]\ntype = '{kind}'\n{lines}", "f")


def output(kind: str, **settings: Any) -> Any:
    return opened(rules(kind, **settings).outputs["it"])


def raised(name: str = "1234abcd", **more: Any) -> dict[str, Any]:
    from dataclasses import replace

    # Not the time of the import: Alertmanager takes what was open four minutes ago for over.
    now = time.time()
    alert = replace(example(now), id=name, cleared=None, note="", value=12, **more)
    notice = Notice(f"{name}-n", "group1", "raised", now, "critical", (alert,), (), (name,))
    return payload(notice, "http://d")


def over(name: str = "1234abcd") -> dict[str, Any]:
    from dataclasses import replace

    now = time.time()
    return payload(
        Notice(
            f"{name}-o", "group1", "cleared", now, "critical", (), (replace(example(now), id=name),)
        ),
        "http://d",
    )


class Mailbox:
    """A real SMTP server; refuses recipients ``full@``, and asks for a password when configured."""

    def __init__(self, **more: Any) -> None:
        controller = pytest.importorskip("aiosmtpd.controller")
        self.mails: list[Any] = []
        mailbox = self

        class Handler:
            async def handle_RCPT(  # noqa: N802
                self, server: Any, session: Any, envelope: Any, address: str, options: Any
            ) -> str:
                if address.startswith("full@"):
                    return "452 mailbox is full"
                envelope.rcpt_tos.append(address)
                return "250 OK"

            async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
                mailbox.mails.append(
                    (
                        envelope.rcpt_tos,
                        email.message_from_bytes(envelope.content, policy=email.policy.default),
                    )
                )
                return "250 taken"

        self._controller = controller.Controller(
            Handler(), "127.0.0.1", free_port(), ready_timeout=60, **more
        )
        self._controller.start()
        self.port = self._controller.port

    def __enter__(self) -> Mailbox:
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()


def test_mail() -> None:
    """What, since when, how bad, why, what next and the link; sent again it has the same id."""
    with Mailbox() as box:
        mail = output(
            "smtp",
            host="127.0.0.1",
            port=box.port,
            sender="a@bus.example",
            recipients=["ops@example.org", "on-call@example.org"],
        )
        mail.send(raised())
        mail.send(raised())
        (to, first), (_, second) = box.mails
    assert to == ["ops@example.org", "on-call@example.org"]
    assert first["Message-ID"] == second["Message-ID"] == "<1234abcd-n.notice@bus.example>"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Subject"].strip() == (
        "[CRITICAL] new: SURGE: Test of test on test: 12 messages wait (limit 0)"
    )
    text = first.get_content()
    for part in (
        "What:    Test of test on test",
        "Since:   20",
        "How bad: peak 120",
        "Why:     ",
        "Next:    ",
        "http://d/daemon/test/test/Test?start=",
    ):
        assert part in text


def test_mail_is_tried_again_when_refused() -> None:
    with Mailbox() as box:
        mail = output(
            "smtp", host="127.0.0.1", port=box.port, sender="a@b", recipients=["full@example.org"]
        )
        with pytest.raises(NotTaken, match="full"):
            mail.send(raised())


def test_mail_with_a_password(tmp_path: Path) -> None:
    """Logs in with the file's password; a wrong one is an error, and nothing is sent."""
    smtp = pytest.importorskip("aiosmtpd.smtp")

    def right(server: Any, session: Any, envelope: Any, mechanism: str, credentials: Any) -> Any:
        return smtp.AuthResult(
            success=(credentials.login, credentials.password) == (b"me", b"secret"), handled=False
        )

    password = tmp_path / "password"
    with Mailbox(authenticator=right, auth_required=True, auth_require_tls=False) as box:
        mail = output(
            "smtp",
            host="127.0.0.1",
            port=box.port,
            sender="a@b",
            user="me",
            recipients=["ops@example.org"],
            password_file=str(password),
        )
        password.write_text("secret\n")
        mail.send(raised())
        password.write_text("wrong\n")
        with pytest.raises(NotTaken, match="535"):
            mail.send(raised())
        assert len(box.mails) == 1


def test_webhook_is_signed(tmp_path: Path) -> None:
    """The receiver computes the same HMAC over timestamp and body; a changed body differs."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    with Receiver() as receiver:
        output("webhook", url=receiver.url, secret_file=str(secret)).send(raised())
        ((headers, body, _),) = receiver.requests
    stamp = headers["x-fedmsg-timestamp"]
    assert abs(int(stamp) - time.time()) < 60
    assert headers["x-fedmsg-signature"] == f"sha256={signature(b's3cret', stamp, body)}"
    assert signature(b"s3cret", stamp, body + b" ") != signature(b"s3cret", stamp, body)
    assert headers["idempotency-key"] == json.loads(body)["id"] == "1234abcd-n"


def book_with(path: Path, *bodies: dict[str, Any]) -> AlertDatabase:
    book = AlertDatabase(path)
    book.commit(NOW, 10, State(), [], [(body["id"], "it", body) for body in bodies])
    return book


def test_a_refusal_is_tried_again_in_order_and_later(tmp_path: Path) -> None:
    """Three refusals, ever longer pauses, the wish of the receiver; then all, in order, once."""
    statuses = [500, 503, 429]
    with Receiver(lambda *_: statuses.pop(0) if statuses else 204) as receiver:
        hook = output("webhook", url=receiver.url)
        book, now, waits = book_with(tmp_path / "b", raised(), over()), NOW, []
        while entry := book.next_entry("it"):
            now = max(now, entry.due)
            if not deliver(book, hook, entry, now, 86400):
                waits.append(book.next_entry("it").due - now)
        assert [notice["kind"] for notice in receiver.accepted()] == ["raised", "cleared"]
        assert [round(wait) for wait in waits] == sorted(round(wait) for wait in waits)
        assert 1 <= waits[0] < 1.5 < waits[1] < 2.5 < waits[2] < 5
        book.close()


def test_an_absent_receiver_is_given_up_after_a_day_and_reported(tmp_path: Path) -> None:
    hook = output("webhook", url=f"http://127.0.0.1:{free_port()}", timeout=1)
    book = book_with(tmp_path / "b", raised())
    entry = book.next_entry("it")
    assert not deliver(book, hook, entry, NOW, 86400)
    assert book.undelivered()[0]["attempts"] == 1
    # One look after a day is not enough: the clock may have been wrong when it was made.
    assert not deliver(book, hook, book.next_entry("it"), NOW + 86401, 86400)
    assert deliver(book, hook, book.next_entry("it"), NOW + 86402, 86400)
    assert book.given_up(NOW)[0]["error"].startswith("given up: ")
    assert book.next_entry("it") is None
    book.close()


def test_pauses_are_bounded_and_spread() -> None:
    assert pause(0, "0000") == 1
    assert 300 <= pause(50, "ffff") <= 360
    assert pause(0, "0000", 90.0) == 90
    assert pause(0, "0000", 1e9) == 3600


def test_a_redirect_is_not_followed() -> None:
    with Receiver(lambda *_: 302) as receiver, pytest.raises(NotTaken, match="302"):
        output("webhook", url=receiver.url).send(raised())


@pytest.fixture
def alertmanager(tmp_path: Path) -> Any:
    if not Path("/usr/bin/prometheus-alertmanager").exists():
        pytest.skip("prometheus-alertmanager is not installed")
    (tmp_path / "am.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    port, processes = free_port(), Processes(tmp_path)
    processes.start(
        "alertmanager",
        [
            "/usr/bin/prometheus-alertmanager",
            f"--config.file={tmp_path}/am.yml",
            f"--storage.path={tmp_path}/am",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
        os.environ,
        tmp_path,
    )
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        processes.check()
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    wait_for("Alertmanager is ready", ready, 60)
    yield url
    processes.stop_all()


def active(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/api/v2/alerts?active=true", timeout=60) as answer:
        alerts: list[dict[str, Any]] = json.load(answer)
    return alerts


def test_alertmanager(alertmanager: str) -> None:
    """A real one shows the alert with labels and link, one for repeats, none after its end."""
    am = output("alertmanager", url=alertmanager)
    am.send(raised())
    am.send(raised())
    wait_for("it is active", lambda: len(active(alertmanager)) == 1)
    (alert,) = active(alertmanager)
    assert alert["labels"] == {
        "alertname": "test",
        "kind": "backlog",
        "host": "test",
        "service": "test",
        "consumer": "Test",
    }
    assert alert["annotations"]["severity"] == "info"
    assert alert["annotations"]["summary"] == "Test of test on test: 12 messages wait (limit 0)"
    assert alert["generatorURL"].startswith("http://d/daemon/test/test/Test?")
    am.send(over())
    wait_for("it is over", lambda: active(alertmanager) == [])


def test_alertmanager_refuses_nonsense(alertmanager: str) -> None:
    with pytest.raises(NotTaken, match="HTTP 40"):
        output("alertmanager", url=f"{alertmanager}/nowhere").send(raised())


def test_bus(short_folder: Path) -> None:
    """A real relay passes the notice on to a subscriber; without a relay it is not taken."""
    chain = Chain(short_folder, [], 1)
    context = zmq.Context()
    bus = context.socket(zmq.SUB)
    bus.setsockopt(zmq.SUBSCRIBE, b"org.fedoraproject.prod.collectd_fedmsg.alert.")
    bus.connect(chain.outbound)
    try:
        chain.start_hub(Daemon("relay", ""))
        config = str(chain.config_file("relay"))

        def received() -> bool:
            """Send until our subscription has got there; each time it is the same notice."""
            output("bus", config=config, timeout=60).send(raised())
            return bool(bus.poll(1000))

        wait_for("it is on the bus", received)
        topic, body = bus.recv_multipart()[:2]
        assert topic.endswith(b".alert.raised")
        assert json.loads(body)["msg"]["id"] == "1234abcd-n"
        chain.processes.stop_all()
        with pytest.raises(NotTaken, match="not seen on the bus"):
            output("bus", config=config, timeout=1).send(raised())
    finally:
        chain.processes.stop_all()
        context.destroy(linger=0)


def test_alerts_test_sends_through_every_output(tmp_path: Path) -> None:
    """One line for each output; the exit code tells when one does not take it."""
    with Receiver() as receiver, Mailbox() as box:
        file = tmp_path / "rules.toml"
        text = (
            f"[output.hook]\ntype='webhook'\nurl='{receiver.url}'\n"
            f"[output.mail]\ntype='smtp'\nhost='127.0.0.1'\nport={box.port}\n"
            "sender='a@b'\nrecipients=['c@d']\n"
        )
        command = [
            sys.executable,
            "-m",
            "collectd_fedmsg.cli",
            "alerts",
            "test",
            "--rules",
            str(file),
        ]
        file.write_text(text)
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
        )
        assert (done.returncode, done.stdout.count(": ok, taken in ")) == (0, 2), done
        file.write_text(
            f"{text}[output.dead]\ntype='webhook'\nurl='http://127.0.0.1:{free_port()}'\n"
        )
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
        )
        assert (done.returncode, "dead: FAIL" in done.stdout) == (1, True), done
        assert receiver.accepted()[0]["kind"] == "test"
        assert box.mails[0][1]["Subject"].strip().startswith("[TEST] ")


def test_a_sample_is_of_everything() -> None:
    body = sample(rules("webhook", url="http://x"), [example(NOW)], NOW)
    assert "nothing is wrong" in body["text"]
    assert body["over"][0]["id"] == "0" * 16
