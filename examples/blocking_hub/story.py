"""blocking-hub: no queue, the work runs in the reactor, and its database gets slow."""

from __future__ import annotations

from collections.abc import Sequence

from examples.chain import Daemon
from examples.demo.slow_database import slow_down
from examples.story.script import Expect, Outcome, Phase, Story
from examples.story.stage import Stage

#: Seconds that the database is slow, the least at any pace; an insert then takes about EACH.
SLOW, LEAST, EACH = 40.0, 18.0, 0.4
#: Seconds of delay that are unmistakable.
LATE = 4.0


def daemons(stage: Stage) -> Sequence[Daemon]:
    """Return an archiver in blocking mode, and a sibling that is not."""
    return [
        Daemon("archiver", "examples.demo.consumers:Archiver", config={
            "demo.archiver.enabled": True, "moksha.blocking_mode": True,
            "demo.archiver.database": str(stage.chain.folder / "archive.db")}),
        Daemon("notifier", "examples.demo.consumers:Notifier", config={
            "demo.notifier.enabled": True}),
    ]  # fmt: skip


def calm(stage: Stage) -> None:
    """Let the page learn what is usual."""
    stage.publish("everyday", "--rate", "8", "--kind", "builds")
    stage.pause(60, least=18)


def slow(stage: Stage) -> None:
    """Make every insert slow for a while: the reactor waits for each."""
    slow_down(stage.chain.folder / "archive.db", max(LEAST, SLOW * stage.pace), EACH)
    stage.until("messages arrive late", lambda: (_delay(stage) or 0.0) > LATE)


def well_again(stage: Stage) -> None:
    """Wait until what waited unseen has been worked off."""

    def in_time() -> bool:
        delay = _delay(stage)
        return delay is not None and delay < 2.0

    stage.until("messages arrive in time again", in_time)


def _delay(stage: Stage) -> float | None:
    """Return the newest known delay, in seconds; None when there is none in the last 10 s."""
    points = [
        delay for delay in stage.series("archiver", "delay")["delay"][-10:] if delay is not None
    ]
    return points[-1] if points else None


def what_is_still_seen(stage: Stage) -> Sequence[Outcome]:
    """Compare what can be seen of the archiver with what cannot."""
    series = stage.series("archiver", "delay", "backlog", "processed")
    late = max((delay for delay in series["delay"] if delay is not None), default=0.0)
    points = sum(point is not None for point in series["backlog"])
    gaps = sum(point is None for point in series["processed"])
    return [
        Outcome("its messages arrive late", late > LATE, f"up to {late:.1f} s late"),
        Outcome("no backlog is shown, not even 0", not points, f"{points} points"),
        Outcome("it reports all the same", gaps <= 2, f"{gaps} samples missing"),
    ]


STORY = Story(
    name="blocking-hub",
    title="A hub in blocking mode with a slow database: nobody sees its backlog, it still reports",
    daemons=daemons,
    phases=(
        Phase("calm", "eight messages a second; nobody can see what waits for the archiver", calm, (
            Expect("archiver", ("UNKNOWN",), 120, says="blocking mode"),
            Expect("notifier", ("OK",), 120))),
        Phase("slow database", f"every insert takes {EACH} s: the reactor is always busy", slow, (
            Expect("archiver", ("SLOW",), 120, says="the usual time per message"),
            Expect("notifier", ("OK",), 120))),
        Phase("well again", "the database is as quick as before", well_again, (
            Expect("archiver", ("UNKNOWN",), 180, says="blocking mode"),)),
    ),
    checks=what_is_still_seen,
)  # fmt: skip
