"""clock-skew: one sender's clock is an hour ahead, another's is late."""

from __future__ import annotations

import time
from collections.abc import Sequence

from examples.chain import Daemon
from examples.story.script import Expect, Outcome, Phase, Story
from examples.story.stage import Stage

#: Seconds by which the senders' clocks are wrong.
AHEAD, BEHIND = 3600, 300


def daemons(stage: Stage) -> Sequence[Daemon]:
    """Return two ordinary daemons."""
    return [
        Daemon("badges", "examples.demo.consumers:Badges", config={"demo.badges.enabled": True}),
        Daemon("notifier", "examples.demo.consumers:Notifier", config={
            "demo.notifier.enabled": True}),
    ]  # fmt: skip


def right(stage: Stage) -> None:
    """Let the page learn what is usual."""
    stage.publish("right", "--rate", "8", "--kind", "builds")
    stage.pause(40, least=10)


def ahead(stage: Stage) -> None:
    """Publish as a machine whose clock is an hour ahead."""
    _watched(stage, "right", "ahead", AHEAD)


def behind(stage: Stage) -> None:
    """Publish as a machine whose clock is five minutes late."""
    _watched(stage, "ahead", "behind", -BEHIND)


def _watched(stage: Stage, before: str, name: str, clock: int) -> None:
    stage.publish(name, "--rate", "8", "--kind", "builds", "--clock", str(clock))
    stage.quiet(before)
    stage.pause(5, least=3)  # what came before is still in the mean of its step
    began = int(time.time())
    stage.pause(25, least=6)
    stage.notes[name] = (began, int(time.time()))
    stage.notes["watched"] = stage.watch.now()


def no_future(stage: Stage) -> Sequence[Outcome]:
    """Look at the delays of each phase and at the times of the samples."""
    before = _delays(stage, "ahead")
    after = _delays(stage, "behind")
    newest = max(stage.row(name).get("last_sample") or 0 for name in stage.services())
    future = newest - time.time()
    states = {
        row.state
        for row in stage.watch.since()
        if row.service == "badges" and row.at <= stage.notes["watched"]
    }
    return [
        Outcome(
            "an hour ahead: the delay is 0, never below",
            bool(before) and not any(before),
            f"{min(before, default=-1):.3f} to {max(before, default=-1):.3f} s",
        ),
        Outcome(
            "five minutes late: the delay says so",
            bool(after) and all(abs(delay - BEHIND) < 5 for delay in after),
            f"{min(after, default=-1):.0f} to {max(after, default=-1):.0f} s",
        ),
        Outcome("no sample is of the future", future <= 1.0, f"the newest is {-future:.1f} s old"),
        Outcome("no daemon raises an alarm", states <= {"OK", "IDLE"}, ", ".join(states)),
    ]


def _delays(stage: Stage, name: str) -> list[float]:
    began, ended = stage.notes[name]
    series = stage.series("badges", "delay", start=began, end=ended)
    return [delay for delay in series["delay"] if delay is not None]


STORY = Story(
    name="clock-skew",
    title="Senders whose clocks are wrong: delays stop at 0 and nothing is in the future",
    daemons=daemons,
    phases=(
        Phase("right", "eight messages a second from a sender with the right time", right, (
            Expect("badges", ("OK",), 120),)),
        Phase("ahead", "the same from a sender whose clock is an hour ahead", ahead, (
            Expect("badges", ("OK",), 120),)),
        Phase("behind", "the same from a sender whose clock is five minutes late", behind, (
            Expect("badges", ("OK",), 120),)),
    ),
    checks=no_future,
)  # fmt: skip
