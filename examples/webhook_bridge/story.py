"""webhook-bridge: a storm of hooks through one daemon, and some that are forged."""

from __future__ import annotations

import http.client
import json
import time
from collections import Counter
from collections.abc import Sequence

from examples.chain import Daemon
from examples.processes import free_port
from examples.story.script import Expect, Outcome, Phase, Story
from examples.story.stage import Stage

from .bridge import signature

SECRET = "known to both"
ON, OFF = "fedora-infra/bodhi", "fedora-infra/private"
STORM = 8_000
FORGED = 50


def daemons(stage: Stage) -> Sequence[Daemon]:
    """Return the bridge and a daemon that hears what it publishes."""
    port = stage.notes["port"] = free_port()
    stage.notes["answers"] = Counter()
    return [
        Daemon("bridge", "examples.webhook_bridge.bridge:Bridge", config={
            "webhook.bridge.enabled": True, "webhook.port": port, "webhook.secret": SECRET,
            "webhook.repositories": [ON],
            "webhook.deliveries": str(stage.chain.folder / "deliveries.db")}),
        Daemon("notifier", "examples.demo.consumers:Notifier", config={
            "demo.notifier.enabled": True}),
    ]  # fmt: skip


def send(
    stage: Stage, number: int, *, secret: str = SECRET, repository: str = ON, rate: float = 0.0
) -> None:
    """Deliver hooks as GitHub does; ``rate`` in hooks/s, 0: as fast as it goes."""
    link = http.client.HTTPConnection("127.0.0.1", stage.notes["port"], timeout=60)
    began = time.monotonic()
    for count in range(number):
        body = json.dumps(
            {
                "ref": "refs/heads/main",
                "after": f"{count:040x}",
                "repository": {"full_name": repository},
            }
        ).encode()
        link.request(
            "POST",
            "/",
            body,
            {"X-GitHub-Event": "push", "X-Hub-Signature-256": signature(secret.encode(), body)},
        )
        answer = link.getresponse()
        answer.read()
        stage.notes["answers"][answer.status] += 1
        # What it accepts is what the others are to hear, and it itself.
        stage.sent["github.push"] += answer.status == 202
        if rate:
            time.sleep(max(0.0, began + (count + 1) / rate - time.monotonic()))
    link.close()


def calm(stage: Stage) -> None:
    """Deliver a hook now and then."""
    stage.publish("everyday", "--rate", "4", "--kind", "builds")
    send(stage, max(36, stage.messages(90)), rate=2.0)


def storm(stage: Stage) -> None:
    """Deliver thousands: somebody pushes every branch of everything."""
    stage.notes["storm"] = stage.messages(STORM)
    send(stage, stage.notes["storm"])


def over(stage: Stage) -> None:
    """Wait until all are published."""
    stage.until(
        "every hook is published", lambda: (stage.row("bridge").get("backlog") or 0) < 3, 240
    )


def forged(stage: Stage) -> None:
    """Deliver hooks with a wrong secret, and of a repository that is not switched on."""
    send(stage, FORGED, secret="guessed")
    send(stage, FORGED, repository=OFF)


def refused(stage: Stage) -> Sequence[Outcome]:
    """Compare what was answered with what was sent."""
    answers = stage.notes["answers"]
    return [
        Outcome(
            "every forged or unwanted hook is refused",
            answers[403] == 2 * FORGED,
            ", ".join(f"{status}: {count:,}" for status, count in sorted(answers.items())),
        )
    ]


STORY = Story(
    name="webhook-bridge",
    title="A storm of webhooks through the bridge onto the bus; forged ones stay outside",
    daemons=daemons,
    hears={"bridge": ("github.push",)},
    phases=(
        Phase("calm", "two hooks a second, each noted and republished", calm, (
            Expect("bridge", ("OK",), 120),)),
        Phase("storm", "thousands of hooks, faster than they can be noted", storm, (
            Expect("bridge", ("SURGE",), 120, says="excess arrivals"),)),
        Phase("over", "the storm is over, what waits is published", over, (
            Expect("bridge", ("OK",), 240),)),
        Phase("forged", "bad signatures and a repository that is not switched on: all refused",
              forged, (Expect("bridge", ("OK",), 120),)),
    ),
    checks=refused,
)  # fmt: skip
