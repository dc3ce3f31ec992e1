"""stuck-worker: one of two workers hangs on a dead remote, then both."""

from __future__ import annotations

from collections.abc import Sequence

from examples.chain import Daemon
from examples.story.script import Expect, Phase, Story
from examples.story.stage import Stage

from .remote import Remote

WORKERS = 2
#: Where a worker hangs, by the stack of its thread.
HANGS = "it is waiting in socket SocketIO.readinto, called from Asker.consume"


def daemons(stage: Stage) -> Sequence[Daemon]:
    """Start the remote; return the daemon that asks it and one that does not."""
    remote = stage.notes["remote"] = Remote()
    return [
        Daemon("asker", "examples.stuck_worker.consumers:Asker", workers=WORKERS, config={
            "stuck.asker.enabled": True, "stuck.remote_port": remote.port}),
        Daemon("notifier", "examples.demo.consumers:Notifier", config={
            "demo.notifier.enabled": True}),
    ]  # fmt: skip


def calm(stage: Stage) -> None:
    """Let the page learn what is usual."""
    stage.publish("everyday", "--rate", "20", "--kind", "builds")
    stage.pause(50, least=16)


def one_hangs(stage: Stage) -> None:
    """Give the next question no answer: its worker waits for ever."""
    stage.notes["remote"].leave_waiting(1)


def all_hang(stage: Stage) -> None:
    """Give no question an answer."""
    stage.notes["remote"].leave_waiting(10**9)


def restore_remote(stage: Stage) -> None:
    """Let the remote come back."""
    stage.notes["remote"].revive()
    stage.until("nothing waits any more", lambda: (stage.row("asker").get("backlog") or 0) < 3)


STORY = Story(
    name="stuck-worker",
    title="A consumer hangs on a dead remote: first one of its workers, then all",
    daemons=daemons,
    phases=(
        Phase("calm", "twenty messages a second, a remote that answers at once", calm, (
            Expect("asker", ("OK",), 120), Expect("notifier", ("OK",), 120))),
        Phase("one hangs", "one question gets no answer; the other worker goes on", one_hangs, (
            Expect("asker", ("WORKERS_LOST",), 120, says="1 of 2 workers"),
            Expect("asker", ("WORKERS_LOST",), 120, says=HANGS))),
        Phase("all hang", "no question gets an answer any more", all_hang, (
            Expect("asker", ("STALLED",), 120, says="nothing ended"),
            Expect("asker", ("STALLED",), 120, says=HANGS),
            Expect("notifier", ("OK",), 120))),
        Phase("answered", "the remote is back", restore_remote, (Expect("asker", ("OK",), 180),)),
    ),
)  # fmt: skip
