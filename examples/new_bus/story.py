"""new-bus: the archiver as a fedora-messaging service, beside a daemon of the old bus."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from examples import rabbitmq
from examples.chain import ROOT, Daemon
from examples.processes import free_port
from examples.story.audit import total
from examples.story.script import Expect, Need, Outcome, Phase, Story
from examples.story.stage import Stage

SERVICE = "archiver-amqp"


def daemons(stage: Stage) -> Sequence[Daemon]:
    """Start the broker and the service on it; return a daemon of the old bus."""
    folder, amqp, monitor = stage.chain.folder, free_port(), free_port()
    home = folder / "amqp"
    home.mkdir()
    rabbitmq.start(stage.chain.processes, home, amqp)
    conf = home / "conf.toml"
    conf.write_text(rabbitmq.service_config(
        amqp, "examples.new_bus.archive:Archive", monitor, f'database = "{_archive(stage)}"'))
    stage.notes["env"] = {**os.environ, "PYTHONPATH": str(ROOT),
                          "FEDORA_MESSAGING_CONF": str(conf)}
    command = [str(Path(sys.executable).parent / "fedora-messaging"), "consume"]
    stage.chain.processes.start(SERVICE, command, stage.notes["env"], home)
    url = f"http://127.0.0.1:{monitor}"
    stage.until("the service consumes", lambda: _ready(url))
    stage.chain.sources.append(f'    FedoraMessaging "{url}" "{SERVICE}"')
    return [Daemon("notifier", "examples.demo.consumers:Notifier", config={
        "demo.notifier.enabled": True})]


def calm(stage: Stage) -> None:
    """Publish on both buses, the same on each."""
    stage.notes["since"] = int(time.time())
    stage.publish("old", "--rate", "8", "--kind", "builds")
    _publish(stage, max(64, stage.messages(300)), 8.0)


def rebuild(stage: Stage) -> None:
    """Publish many on the new bus only."""
    _publish(stage, stage.messages(2000), 500.0)


def _publish(stage: Stage, count: int, rate: float) -> None:
    name = f"amqp-{len(stage.notes)}"
    command = [sys.executable, "-m", "examples.new_bus.publish", str(count), str(rate)]
    stage.chain.processes.start(name, command, stage.notes["env"], stage.chain.folder)
    child = stage.chain.processes.running.pop(name)
    child.wait(300)
    if child.returncode:
        raise RuntimeError((stage.chain.folder / "logs" / f"{name}.log").read_text()[-2000:])
    stage.notes[name] = count
    stage.notes["amqp"] = stage.notes.get("amqp", 0) + count
    stage.until("the archive has all", lambda: _stored(stage) == stage.notes["amqp"])


def as_many(stage: Stage) -> Sequence[Outcome]:
    """Compare what was published on the new bus with the archive and with the page."""
    sent = stage.notes["amqp"]

    def shown() -> tuple[float, float]:
        found = stage.series(SERVICE, "received", "processed", start=stage.notes["since"])
        return total(found["received"], 1.0), total(found["processed"], 1.0)

    stage.until("the page has all", lambda: all(abs(one - sent) < 0.5 for one in shown()))
    received, processed = shown()
    return [Outcome("new bus: published = archived = received = processed",
                    sent == _stored(stage) == round(received) == round(processed),
                    f"{sent:,} = {_stored(stage):,} = {received:,.0f} = {processed:,.0f}")]


def _archive(stage: Stage) -> Path:
    return stage.chain.folder / "archive.db"


def _stored(stage: Stage) -> int:
    if not _archive(stage).exists():
        return 0
    database = sqlite3.connect(f"file:{_archive(stage)}?mode=ro", uri=True, timeout=60)
    try:
        row: Any = database.execute("SELECT count(*) FROM messages").fetchone()
        return int(row[0])
    except sqlite3.OperationalError:
        return 0  # the table is not there yet
    finally:
        database.close()


def _ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/ready", timeout=5) as answer:
            return b'"consuming": true' in answer.read()
    except OSError:
        return False


STORY = Story(
    name="new-bus",
    title="The archiver on the new bus: a fedora-messaging service on RabbitMQ, on the same page",
    daemons=daemons,
    needs=(Need("RabbitMQ", rabbitmq.installed, "it is the new bus"),),
    phases=(
        Phase("calm", "the same messages on both buses, eight a second", calm, (
            Expect(SERVICE, ("UNKNOWN",), 120, says="does not tell what waits"),
            Expect("notifier", ("OK",), 120))),
        Phase("rebuild", "a burst on the new bus only: the rates show it, not the queue",
              rebuild, (Expect(SERVICE, ("UNKNOWN",), 120, says="are processed"),)),
    ),
    checks=as_many,
)  # fmt: skip
