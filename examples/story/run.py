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
    """The outcome of a story."""

    outcomes: tuple[Outcome, ...]
    balances: tuple[Balance, ...]
    changes: tuple[Seen, ...]

    @property
    def well(self) -> bool:
        """Tell whether all that was expected was seen and no message is unaccounted for."""
        return all(result.met for result in self.outcomes) and all(
            result.exact for result in self.balances
        )


def play(
    story: Story,
    folder: Path,
    pace: float = 1.0,
    tell: Callable[[str], None] = print,
    look: Callable[[Stage, str], None] | None = None,
) -> Played:
    """Play a story in an empty folder with a short path.

    Args:
        pace: 1 for the full length; smaller for shorter phases and fewer messages.
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
            lambda row, before: tell(_changed(row, before)),
            lambda at, incident: tell(
                f"  [{at:4.0f} s] {incident['scope']:10} {incident['sentence']}"
            ),
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
        row = _await(stage, expect, since, began + expect.within)
        since = row.at if row else since
        outcomes.append(_outcome(phase, expect, row, began))
    return outcomes


def _await(stage: Stage, expect: Expect, since: float, until: float) -> Seen | None:
    def matches(row: Seen) -> bool:
        return row.matches(expect.service, expect.verdicts, expect.says)

    while True:
        late = stage.watch.now() > until
        row = stage.watch.first(since, matches)
        if row or late:
            return row
        stage.chain.processes.check()
        time.sleep(0.2)


def _outcome(phase: Phase, expect: Expect, row: Seen | None, began: float) -> Outcome:
    expectation = f"{phase.name}: {expect}"
    if row is None:
        return Outcome(expectation, False, f"not within {expect.within:g} s")
    verdict = next(verdict for verdict in (row.state, *row.verdicts) if verdict in expect.verdicts)
    return Outcome(expectation, True, f"{verdict} {row.at - began:.0f} s after the phase began")


def _changed(row: Seen, before: Seen | None) -> str:
    was = f"{before.state} → " if before else ""
    return f"  [{row.at:4.0f} s] {row.service:10} {was}{row.state}: {row.text}"


def report(played: Played) -> str:
    """Return expected against seen, a line each."""
    lines = ["", "Expected and seen:"]
    for outcome in played.outcomes:
        lines.append(
            f"  {'met' if outcome.met else 'NOT MET':8} {outcome.expected}: {outcome.observed}"
        )
    balanced = all(balance.exact for balance in played.balances)
    lines.append(f"  {'met' if balanced else 'NOT MET':8} every message is accounted for")
    return "\n".join(lines)
