"""new-bus: the archiver as a fedora-messaging service, its queue read from a real RabbitMQ."""

from __future__ import annotations

import signal
import sqlite3
import time
from collections.abc import Sequence
from typing import Any

from examples import rabbitmq
from examples.chain import Daemon
from examples.story.audit import total
from examples.story.script import Expect, Need, Outcome, Phase, Story
from examples.story.stage import Stage
from examples.story.watch import get

from .archive import GIVE_UP, SLOW
from .bus import DIGEST, SERVICE, NewBus
from .digest import Digest

#: Seconds between two figures of the broker.
STEP = 5
RATE = 8.0
#: Messages without an end: the phase ends before them.
ENDLESS = 10**6


def daemons(stage: Stage) -> Sequence[Daemon]:
    """Start the broker and the service on it; return a daemon of the old bus."""
    bus = NewBus(stage.chain.folder / "amqp", stage.chain.run_folder, 1)
    bus.start_broker(stage.chain.processes)
    stage.notes.update(bus=bus, digest=Digest(bus.amqp))
    _start_service(stage)
    stage.chain.sources.append(bus.block)
    return [
        Daemon(
            "notifier", "examples.demo.consumers:Notifier", config={"demo.notifier.enabled": True}
        )
    ]


def calm(stage: Stage) -> None:
    """Publish on both buses, the same on each, for as long as a usual needs to be seen."""
    stage.notes["since"] = int(time.time()) // STEP * STEP
    stage.publish("old", "--rate", str(RATE), "--kind", "builds")
    _publish(stage, "everyday", ENDLESS, RATE)
    stage.pause(120, least=60)


def slow_callback(stage: Stage) -> None:
    """Let each message take so long that fewer are handled than come."""
    (stage.notes["bus"].control / SLOW).write_text(str(2 / RATE))


def quick_again(stage: Stage) -> None:
    """Let the messages be as quick as before; return when what waited is handled."""
    (stage.notes["bus"].control / SLOW).unlink()
    stage.until("little waits", lambda: stage.waiting(SERVICE) < 3 * RATE, 240)


def rebuild(stage: Stage) -> None:
    """Publish many on the new bus only."""
    _publish(stage, "rebuild", max(3000, stage.messages(8_000)), 120.0)


def caught_up(stage: Stage) -> None:
    """Return when the burst is handled."""
    stage.until("the burst is sent", lambda: _sent(stage, "rebuild"))
    stage.until("little waits", lambda: stage.waiting(SERVICE) < 3 * RATE, 240)


def consumer_dies(stage: Stage) -> None:
    """Kill the service; messages continue to arrive."""
    stage.chain.processes.stop(SERVICE, signal.SIGKILL)


def consumer_back(stage: Stage) -> None:
    """Start it again; return when it has caught up."""
    _start_service(stage)
    stage.until("little waits", lambda: stage.waiting(SERVICE) < 3 * RATE, 240)


def poison(stage: Stage) -> None:
    """Publish one message that is returned to the queue whenever it comes."""
    _publish(stage, "poison", 1, 1.0, "poison")


def given_up(stage: Stage) -> None:
    """Let that one be dropped."""
    (stage.notes["bus"].control / GIVE_UP).touch()


def expired(stage: Stage) -> None:
    """Send to a queue without a consumer, whose messages expire after a while."""
    for _ in range(30):
        stage.notes["digest"].send(20)
        stage.pause(1, least=1)
    # The audit of the old bus wants every daemon to be quiet.
    stage.chain.processes.stop("amqp-everyday", signal.SIGINT, 60)


def balances(stage: Stage) -> Sequence[Outcome]:
    """Compare what was published on the new bus with the archive and with the page."""
    return [*_archiver_balances(stage), *_digest_balances(stage)]


def _archiver_balances(stage: Stage) -> Sequence[Outcome]:
    def page_totals() -> tuple[int, int, int]:
        received, processed, vanished = (
            round(total(rates, STEP))
            for rates in _series(stage, SERVICE, "received", "processed", "vanished")
        )
        return received, processed, vanished

    # One message was dropped for good: it is neither archived nor processed.
    stage.until(
        "the page has all that is archived",
        lambda: (
            stage.waiting(SERVICE) == 0
            and page_totals()[:2] == (_stored(stage) + 1, _stored(stage))
        ),
    )
    stored, (received, processed, vanished) = _stored(stage), page_totals()
    # Seen in a flow only, what vanished is a lower bound.
    return [
        Outcome(
            "archiver: received = archived + 1 dropped, processed = archived",
            received - 1 == stored == processed and vanished <= 1,
            f"{received:,} = {stored:,} + 1, {processed:,} = {stored:,},"
            f" {vanished} vanished at least",
        )
    ]


def _digest_balances(stage: Stage) -> Sequence[Outcome]:
    sent = stage.notes["digest"].sent

    def vanished() -> float:
        return total(_series(stage, DIGEST, "vanished")[0], STEP)

    stage.until("all have expired", lambda: round(vanished()) == sent)
    processed = total(_series(stage, DIGEST, "processed")[0], STEP)
    return [
        Outcome(
            "digest: all that was sent has vanished, nothing was processed",
            processed == 0,
            f"{sent} sent, {vanished():,.0f} vanished",
        )
    ]


def _series(stage: Stage, service: str, *metrics: str) -> list[list[float | None]]:
    body = get(
        f"{stage.chain.url}/api/v1/series",
        daemon=stage.row(service)["id"],
        metrics=",".join(metrics),
        start=stage.notes["since"],
        end=int(time.time()),
        step=STEP,
    )
    series = body["daemons"][0]["series"]
    return [series[metric] for metric in metrics]


def _start_service(stage: Stage) -> None:
    stage.notes["bus"].start_service(stage.chain.processes)
    stage.until("the service consumes", stage.notes["bus"].consumes)


def _publish(stage: Stage, name: str, count: int, rate: float, *arguments: str) -> None:
    """Begin to publish; what ends by itself is not missed when it has."""
    processes = stage.chain.processes
    stage.notes["bus"].publish(processes, f"amqp-{name}", count, rate, *arguments)
    if count < ENDLESS:
        stage.notes.setdefault("bursts", {})[name] = processes.running.pop(f"amqp-{name}")


def _sent(stage: Stage, name: str) -> bool:
    """Return whether a burst is sent."""
    return bool(stage.notes["bursts"][name].poll() == 0)


def _stored(stage: Stage) -> int:
    if not stage.notes["bus"].database.exists():
        return 0
    address = f"file:{stage.notes['bus'].database}?mode=ro"
    database = sqlite3.connect(address, uri=True, timeout=60)
    try:
        row: Any = database.execute("SELECT count(*) FROM messages").fetchone()
        return int(row[0])
    except sqlite3.OperationalError:
        return 0  # the table is not there yet
    finally:
        database.close()


STORY = Story(
    name="new-bus",
    title="The archiver on the new bus: a fedora-messaging service and its queue on RabbitMQ",
    daemons=daemons,
    needs=(Need("RabbitMQ", rabbitmq.installed, "it is the new bus"),),
    phases=(
        Phase("calm", "the same messages on both buses, eight a second", calm, (
            Expect(SERVICE, ("OK",), 120), Expect("notifier", ("OK",), 120))),
        Phase("slow callback", "each message takes a quarter of a second more", slow_callback, (
            Expect(SERVICE, ("SLOW",), 120),)),
        Phase("quick again", "the callback is as quick as before", quick_again, (
            Expect(SERVICE, ("OK",), 120),)),
        Phase("rebuild", "a burst on the new bus only", rebuild, (
            Expect(SERVICE, ("SURGE",), 120),)),
        Phase("caught up", "the burst is handled", caught_up, (Expect(SERVICE, ("OK",), 180),)),
        Phase("the consumer dies", "its queue grows, nobody takes from it", consumer_dies, (
            Expect(SERVICE, ("NO_CONSUMER",), 60, says="no consumer"),)),
        Phase("the consumer is back", "it catches up", consumer_back, (
            Expect(SERVICE, ("OK",), 180),)),
        Phase("a poison message", "one that cannot be stored comes again and again", poison, (
            Expect(SERVICE, ("POISON",), 120, says="repeated"),)),
        Phase("given up", "it is dropped for good", given_up, (Expect(SERVICE, ("OK",), 180),)),
        Phase("expiring", "a queue that nobody takes from, whose messages expire", expired, (
            Expect(DIGEST, ("NO_CONSUMER",), 60),)),
    ),
    checks=balances,
)  # fmt: skip
