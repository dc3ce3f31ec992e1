"""Play a story: start everything, go through its phases, compare what was expected and seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from examples import rabbitmq
from examples.chain import Chain

from .audit import Balance, heard
from .script import Expect, Outcome, Phase, Story
from .stage import GREETING, Stage
from .watch import Seen, Watch

#: Seconds between samples; the verdicts need three.
INTERVAL = 1


@dataclass(frozen=True)
class Played:
    """What came of a story."""

    outcomes: tuple[Outcome, ...]
    balances: tuple[Balance, ...]
    changes: tuple[Seen, ...]

    @property
    def well(self) -> bool:
        """Tell whether all that was expected was seen and no message is unaccounted for."""
        return all(one.met for one in self.outcomes) and all(one.exact for one in self.balances)


def play(
    story: Story,
    folder: Path,
    pace: float = 1.0,
    tell: Callable[[str], None] = print,
    look: Callable[[Stage, str], None] | None = None,
) -> Played:
    """Play a story in an empty folder with a short path.

    Args:
        pace: 1 as told; smaller for shorter phases and fewer messages.
        look: called at the end of every phase with its name; takes the pictures.

    Raises:
        TimeoutError, RuntimeError: a part of it did not start, or ended.
    """
    chain = Chain(folder, [], interval=INTERVAL)
    stage = Stage(chain, pace, tell)
    stage.hears = story.hears
    outcomes: list[Outcome] = []
    try:
        tell("starting the bus, the daemons, rrdcached, collectd and the page …")
        chain.daemons = story.daemons(stage)
        chain.start()
        stage.subscribed(
            [name for name in stage.services() if heard(GREETING, story.hears.get(name))]
        )
        stage.settle()
        stage.begin_audit()
        tell(f"The page: {chain.url}")
        stage.watch = Watch(
            chain.url,
            lambda seen, before: tell(_changed(seen, before)),
            lambda at, one: tell(f"  [{at:4.0f} s] {one['scope']:10} {one['sentence']}"),
        )
        for number, phase in enumerate(story.phases, 1):
            tell(f"\n[{stage.watch.now():4.0f} s] {number}. {phase.name}: {phase.tells}")
            outcomes += _phase(stage, phase)
            if look:
                look(stage, phase.name)
        tell("\nThe audit, from the page's API:")
        balances = stage.audit()
        for balance in balances:
            tell(f"  {balance}")
        if story.checks:
            outcomes += story.checks(stage)
        return Played(tuple(outcomes), tuple(balances), tuple(stage.watch.changes()))
    finally:
        if stage.begun:
            stage.watch.close()
        servers = [
            name
            for name in chain.processes.running
            if name.startswith("postgres") or name in rabbitmq.NAMES
        ]
        chain.processes.stop_all(last=("rrdcached", *servers))


def _phase(stage: Stage, phase: Phase) -> list[Outcome]:
    began = since = stage.watch.now()
    phase.act(stage)
    outcomes = []
    for expect in phase.expects:
        if expect.full and stage.pace < 1:
            continue
        seen = _await(stage, expect, since, began + expect.within)
        since = seen.at if seen else since
        outcomes.append(_outcome(phase, expect, seen, began))
    return outcomes


def _await(stage: Stage, expect: Expect, since: float, until: float) -> Seen | None:
    def matches(seen: Seen) -> bool:
        return seen.matches(expect.service, expect.verdicts, expect.says)

    while True:
        late = stage.watch.now() > until
        found = stage.watch.first(since, matches)
        if found or late:
            return found
        stage.chain.processes.check()
        time.sleep(0.2)


def _outcome(phase: Phase, expect: Expect, seen: Seen | None, began: float) -> Outcome:
    wanted = f"{phase.name}: {expect}"
    if seen is None:
        return Outcome(wanted, False, f"not within {expect.within:g} s")
    which = next(one for one in (seen.state, *seen.verdicts) if one in expect.verdicts)
    return Outcome(wanted, True, f"{which} {seen.at - began:.0f} s after the phase began")


def _changed(seen: Seen, before: Seen | None) -> str:
    was = f"{before.state} → " if before else ""
    return f"  [{seen.at:4.0f} s] {seen.service:10} {was}{seen.state}: {seen.text}"


def report(played: Played) -> str:
    """Return expected against seen, a line each."""
    lines = ["", "Expected and seen:"]
    for one in played.outcomes:
        lines.append(f"  {'met' if one.met else 'NOT MET':8} {one.expected}: {one.seen}")
    kept = all(balance.exact for balance in played.balances)
    lines.append(f"  {'met' if kept else 'NOT MET':8} every message is accounted for")
    return "\n".join(lines)
