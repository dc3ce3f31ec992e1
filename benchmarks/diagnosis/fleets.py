"""Fleets of ten daemons with one trouble or two: what heads the page, judged at every sample.

Run with ``--fleets N``. A fleet's daemons are simulated one by one and judged through the stored
path; then the siblings are compared and the headline is made as the page does.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timezone
from typing import Any

from collectd_fedmsg_dashboard.judge.baselines import Baselines
from collectd_fedmsg_dashboard.judge.fleet_rows import summary
from collectd_fedmsg_dashboard.judge.judge import Judge
from collectd_fedmsg_dashboard.judge.row import describe
from collectd_fedmsg_dashboard.judge.unknown import Seen
from collectd_fedmsg_dashboard.store.base import Daemon
from collectd_fedmsg_dashboard.web.query import Window

from collectd_fedmsg.diagnosis.fleet.groups import Dependency
from collectd_fedmsg.diagnosis.fleet.incident import Incident, Scope
from collectd_fedmsg.diagnosis.judgement import Judgement, judgement

from .episodes import DAY, HOUR, MONDAY, Episode
from .evaluate import stored
from .traffic import Part, Traffic

#: Seconds of undisturbed past, of run before the first trouble, and between two samples.
KNOWN, LEAD, STEP = 2.0 * DAY, 900.0, 10
#: Samples after a turn in which the head of before, or none, is no error.
SETTLING = 12
#: Severity from which an incident heads the page.
SERIOUS = 2
#: What should head the page: scope and name, or nothing that is shared.
Head = tuple[Scope, str]
TOPICS = {"topic.a": (0.6, 1.0), "topic.b": (0.3, 1.0), "topic.c": (0.1, 1.0)}


@dataclass(frozen=True)
class Phase:
    """What is right from ``start`` (s after the fleet's) on.

    ``heads``: any of them; empty: no shared trouble. ``named``: consumers, one of whom is named
    where nothing is shared; empty: any or none.
    """

    start: float
    heads: tuple[Head, ...] = ()
    named: tuple[str, ...] = ()


@dataclass
class Fleet:
    """Ten daemons of two hosts, and what befalls them. Times in s after the start."""

    scenario: str
    seed: int
    daemons: dict[str, Episode] = field(default_factory=dict)
    hosts: dict[str, str] = field(default_factory=dict)
    phases: list[Phase] = field(default_factory=list)
    dependencies: tuple[Dependency, ...] = ()
    #: From and to when no samples of a host are stored, by host.
    silent: dict[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Return the consumers."""
        return list(self.daemons)


@dataclass
class FleetResult:
    """Samples by kind: right, none (nothing shared is named), wrong; those that settle apart."""

    scenario: str
    seed: int
    counts: dict[str, int] = field(default_factory=dict)
    #: (seconds since the start, headline) of wrong heads.
    examples: list[tuple[float, str]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return plain types for JSON."""
        return asdict(self)


class FleetDraw:
    """One seed's fleet: A to J, six on host one, four on host two."""

    def __init__(self, scenario: str, seed: int, known: float = KNOWN) -> None:
        self.rng = random.Random(f"{scenario}/{seed}")
        self.fleet = Fleet(scenario, seed)
        self.start = MONDAY + 9.0 * HOUR + self.rng.randrange(0, 3 * HOUR, 10)
        self.parts: dict[str, list[Part]] = {}
        for place, name in enumerate("ABCDEFGHIJ"):
            workers = self.rng.choice((1, 1, 2, 4))
            rate, load = self.rng.uniform(0.15, 0.6), self.rng.uniform(0.1, 0.4)
            traffic = Traffic(rate, load * workers / rate, workers, topics=TOPICS)
            seeded = self.rng.randrange(10**6)
            episode = Episode(scenario, seeded, traffic, self.start, self.start, STEP, known=known)
            self.fleet.daemons[name] = episode
            self.fleet.hosts[name] = "one" if place < 6 else "two"
            self.parts[name] = [Part(0.0)]

    def load(self, name: str) -> float:
        """Return a daemon's usual utilisation."""
        traffic = self.fleet.daemons[name].traffic
        return traffic.rate * traffic.service / traffic.workers

    def act(self, names: Iterable[str], start: float, seconds: float, **what: Any) -> None:
        """Let something act on daemons; ``rate`` and ``service`` are multiples of their capacity
        for the first, of what they can cope with for the second."""
        for name in names:
            changed = dict(what)
            for key in ("rate", "service"):
                if key in what:
                    changed[key] = what[key] / self.load(name)
            self.parts[name].append(Part(self.start + start, **changed))
            self.parts[name].append(Part(self.start + start + seconds))

    def build(self, end: float, *phases: Phase, **more: Any) -> Fleet:
        """Return the fleet."""
        for name, episode in self.fleet.daemons.items():
            parts = sorted(self.parts[name], key=lambda part: part.start)
            traffic = replace(episode.traffic, parts=tuple(parts))
            self.fleet.daemons[name] = replace(episode, traffic=traffic, end=self.start + end)
        self.fleet.phases = [Phase(0.0), *phases]
        return replace(self.fleet, **more)


def mass_rebuild(seed: int) -> Fleet:
    """All receive many times as much, of one topic; most cannot follow."""
    draw = FleetDraw("mass rebuild", seed)
    mix = {"topic.a": 0.9, "topic.b": 0.07, "topic.c": 0.03}
    draw.act("ABCDEFGH", LEAD, 600, rate=draw.rng.uniform(1.5, 3), mix=mix)
    draw.act("IJ", LEAD, 600, rate=0.9, mix=mix)
    heads = ((Scope.BUS, ""), (Scope.TOPIC, "topic.a"))
    return draw.build(LEAD + 700, Phase(LEAD, heads), Phase(LEAD + 600))


def rebuild_coped_with(seed: int) -> Fleet:
    """All receive several times as much; only one cannot follow."""
    draw = FleetDraw("mass rebuild, one cannot follow", seed)
    draw.act("A", LEAD, 600, rate=2.0)
    draw.act("BCDEFGHIJ", LEAD, 600, rate=0.95)
    heads = ((Scope.BUS, ""),)
    return draw.build(LEAD + 700, Phase(LEAD, heads), Phase(LEAD + 600))


def topic_flood(seed: int) -> Fleet:
    """Three that receive one topic cannot follow; the others do not receive it."""
    draw = FleetDraw("flood of one topic", seed)
    mix = {"topic.a": 0.02, "topic.b": 0.02, "topic.c": 0.96}
    draw.act("ADH", LEAD, 600, rate=draw.rng.uniform(1.5, 4), mix=mix)
    heads = ((Scope.TOPIC, "topic.c"),)
    return draw.build(LEAD + 700, Phase(LEAD, heads), Phase(LEAD + 600))


def slow_database(seed: int) -> Fleet:
    """Two of ten share a database that becomes slow, and it is declared."""
    draw = FleetDraw("slow database, declared", seed)
    draw.act("BI", LEAD, 600, service=draw.rng.uniform(1.5, 5))
    shared = (Dependency("db", ("*/hub/B", "*/hub/I")),)
    heads = ((Scope.DEPENDENCY, "db"),)
    return draw.build(LEAD + 700, Phase(LEAD, heads), Phase(LEAD + 600), dependencies=shared)


def slow_database_undeclared(seed: int) -> Fleet:
    """The same, and nobody has said what they share: no host is to blame."""
    draw = FleetDraw("slow database, not declared", seed)
    draw.act("BI", LEAD, 600, service=draw.rng.uniform(1.5, 5))
    return draw.build(LEAD + 700, Phase(LEAD, (), ("B", "I")), Phase(LEAD + 600))


def slow_host(seed: int) -> Fleet:
    """All four of host two take several times as long; one of them keeps up."""
    draw = FleetDraw("slow host", seed)
    draw.act("GHI", LEAD, 600, service=draw.rng.uniform(1.5, 4))
    draw.parts["J"] += [Part(draw.start + LEAD, service=2.4), Part(draw.start + LEAD + 600)]
    heads = ((Scope.HOST, "two"),)
    return draw.build(LEAD + 700, Phase(LEAD, heads), Phase(LEAD + 600))


def restarted_host(seed: int) -> Fleet:
    """Host two is restarted: two minutes without numbers, then all begin anew."""
    draw = FleetDraw("restart of a host", seed)
    for name in "GHIJ":
        episode = draw.fleet.daemons[name]
        draw.fleet.daemons[name] = replace(episode, restarts=(draw.start + LEAD + 120,))
    heads = ((Scope.HOST, "two"),)
    return draw.build(
        LEAD + 600, Phase(LEAD, heads), Phase(LEAD + 130), silent={"two": (LEAD, LEAD + 120)}
    )


def silent_collectd(seed: int) -> Fleet:
    """No numbers of host one are stored any more."""
    draw = FleetDraw("collectd silent on a host", seed)
    heads = ((Scope.HOST, "one"),)
    return draw.build(LEAD + 500, Phase(LEAD, heads), silent={"one": (LEAD, LEAD + 9999)})


def one_young(seed: int) -> Fleet:
    """A daemon that began minutes ago is slow; the nine old ones are well."""
    draw = FleetDraw("one young daemon is slow", seed)
    draw.fleet.daemons["C"] = replace(draw.fleet.daemons["C"], known=0.0)
    draw.act("C", LEAD, 600, service=draw.rng.uniform(2, 5))
    return draw.build(LEAD + 700, Phase(LEAD, (), ("C",)), Phase(LEAD + 600))


def two_at_once(seed: int) -> Fleet:
    """One receives too much, another is slow, on one host: they have nothing in common."""
    draw = FleetDraw("two unrelated", seed)
    draw.act("A", LEAD, 600, rate=draw.rng.uniform(1.5, 4))
    draw.act("D", LEAD + 60, 540, service=draw.rng.uniform(1.5, 4))
    return draw.build(LEAD + 700, Phase(LEAD, (), ("A", "D")), Phase(LEAD + 600))


def surge_then_database(seed: int) -> Fleet:
    """All are flooded; when it has ended and drains, the database that two share is slow."""
    draw = FleetDraw("flood, then slow database", seed)
    draw.act("ABCDEFGHIJ", LEAD, 300, rate=draw.rng.uniform(1.3, 2))
    begin = LEAD + 300 + draw.rng.uniform(100, 400)
    draw.act("BI", begin, 600, service=draw.rng.uniform(2, 4))
    shared = (Dependency("db", ("*/hub/B", "*/hub/I")),)
    return draw.build(
        begin + 700,
        Phase(LEAD, ((Scope.BUS, ""),)),
        Phase(LEAD + 300),
        Phase(begin, ((Scope.DEPENDENCY, "db"),)),
        Phase(begin + 600),
        dependencies=shared,
    )


def database_then_surge(seed: int) -> Fleet:
    """Two share a slow database; it recovers, and all are flooded."""
    draw = FleetDraw("slow database, then flood", seed)
    draw.act("BI", LEAD, 400, service=draw.rng.uniform(2, 4))
    begin = LEAD + 400 + draw.rng.uniform(30, 300)
    draw.act("ABCDEFGHIJ", begin, 400, rate=draw.rng.uniform(1.5, 3))
    shared = (Dependency("db", ("*/hub/B", "*/hub/I")),)
    return draw.build(
        begin + 500,
        Phase(LEAD, ((Scope.DEPENDENCY, "db"),)),
        Phase(LEAD + 400),
        Phase(begin, ((Scope.BUS, ""),)),
        Phase(begin + 400),
        dependencies=shared,
    )


def young_fleet(seed: int) -> Fleet:
    """All began minutes ago: a flood that only one cannot follow, then that one is slow."""
    draw = FleetDraw("young fleet: flood, then one is slow", seed, known=0.0)
    lead = draw.rng.uniform(100, 400)
    draw.act("A", lead, 60, rate=draw.rng.uniform(3, 9))
    for name in "BCDEFGHIJ":
        # Many messages at once are handled in batches: each takes a small part of its time.
        more = draw.rng.uniform(50, 300)
        part = Part(draw.start + lead, rate=more, service=0.5 / draw.load(name) / more)
        draw.parts[name] += [part, Part(draw.start + lead + 60)]
    begin = lead + 60 + draw.rng.uniform(200, 900)
    draw.act("A", begin, 400, service=draw.rng.uniform(2, 6))
    return draw.build(
        begin + 500,
        Phase(lead, ((Scope.BUS, ""),), ("A",)),
        Phase(lead + 60),
        Phase(begin, (), ("A",)),
        Phase(begin + 400),
    )


def failing_dependency(seed: int) -> Fleet:
    """All that use a declared service fail."""
    draw = FleetDraw("failing service, declared", seed)
    draw.act("CFH", LEAD, 900, failing=draw.rng.uniform(0.5, 1))
    shared = (Dependency("api", ("*/hub/C", "*/hub/F", "*/hub/H")),)
    heads = ((Scope.DEPENDENCY, "api"),)
    return draw.build(LEAD + 900, Phase(LEAD, heads), dependencies=shared)


SCENARIOS: Sequence[Callable[[int], Fleet]] = (
    mass_rebuild,
    rebuild_coped_with,
    topic_flood,
    slow_database,
    slow_database_undeclared,
    slow_host,
    restarted_host,
    silent_collectd,
    one_young,
    two_at_once,
    surge_then_database,
    database_then_surge,
    young_fleet,
    failing_dependency,
)


def judged(fleet: Fleet) -> Iterable[tuple[float, str, Judgement]]:
    """Yield (epoch seconds, headline, judgement) at each sample from shortly before the lead on."""
    daemons = []
    start = next(iter(fleet.daemons.values())).start
    end = next(iter(fleet.daemons.values())).end
    for name, episode in fleet.daemons.items():
        store, _, _ = stored(episode)
        store.daemon = daemon = Daemon(
            fleet.hosts[name], "hub", name, store.daemon.files, store.daemon.by_topic
        )
        judge = Judge(store, Baselines(store, zone=timezone.utc))
        window = Window(int(start) - HOUR, int(end), 1)
        daemons.append((daemon, judge, judge.columns(daemon, window), judge.topics(daemon, window)))
    for now in range(int(start) + 60, int(end), STEP):
        views: list[Seen] = []
        for daemon, judge, columns, topics in daemons:
            begin, stop = fleet.silent.get(daemon.host, (0.0, 0.0))
            into = now - start
            hidden = (
                {
                    metric: series
                    and replace(
                        series,
                        points=[
                            None
                            if begin <= series.start + k * series.step - start < stop
                            else point
                            for k, point in enumerate(series.points)
                        ],
                    )
                    for metric, series in columns.items()
                }
                if begin <= into <= stop + HOUR and stop
                else columns
            )
            views.append(judge.look(daemon, hidden, lambda topics=topics: topics, now))
        whole = judgement(now, [view.judged for view in views], fleet.dependencies)
        yield now, _headline(views, whole, now), whole


def _headline(views: Sequence[Seen], whole: Judgement, now: float) -> str:
    home = {name: incident for incident in whole.incidents for name in incident.members}
    rows = [describe(view, home.get(view.daemon.id), now) for view in views]
    rows.sort(key=lambda row: (-row["severity"], -(row["backlog"] or 0)))
    return str(summary(rows, whole.incidents, now)["headline"])


def evaluate_fleet(fleet: Fleet) -> FleetResult:
    """Count what heads the page at each sample."""
    result, counts = FleetResult(fleet.scenario, fleet.seed), Counter[str]()
    start = next(iter(fleet.daemons.values())).start
    for now, headline, whole in judged(fleet):
        at = max(k for k, phase in enumerate(fleet.phases) if start + phase.start < now)
        phase = fleet.phases[at]
        settled = now - start - phase.start > SETTLING * STEP
        heads = {(i.scope, i.name) for i in _heading(whole.incidents)[:1]}
        allowed = set(phase.heads)
        if not settled and at:
            allowed |= set(fleet.phases[at - 1].heads)
        if heads - allowed:
            kind = "wrong"
            if len(result.examples) < 3:
                result.examples.append((now - start, headline))
        elif heads or not phase.heads:
            kind = "right"
            if (
                not heads
                and settled
                and phase.named
                and not any(n in headline for n in phase.named)
            ):
                kind = "none"
        else:
            kind = "none"
        counts[kind if settled or kind == "wrong" else "settling"] += 1
    result.counts = dict(counts)
    return result


def _heading(incidents: Sequence[Incident]) -> list[Incident]:
    """Return the shared incidents that may head the page, as ``fleet_rows.together`` does."""
    least = SERIOUS if any(i.severity >= SERIOUS for i in incidents) else 0
    return [i for i in incidents if i.shared and i.severity >= least]


def table(rows: Iterable[dict[str, Any]]) -> str:
    """Return samples by scenario: right, none, wrong, in percent of those that are settled."""
    by: dict[str, Counter[str]] = {}
    for row in rows:
        for name in (row["scenario"], "ALL"):
            by.setdefault(name, Counter()).update(row["counts"])
    lines = [f"{'scenario':40} {'samples':>8} {'right':>6} {'none':>6} {'wrong':>6}"]
    for name, counts in sorted(by.items(), key=lambda pair: pair[0] == "ALL"):
        total = sum(counts[kind] for kind in ("right", "none", "wrong"))
        shares = (100 * counts[kind] / max(1, total) for kind in ("right", "none", "wrong"))
        lines.append(f"{name:40} {total:8} " + " ".join(f"{share:6.1f}" for share in shares))
    return "\n".join(lines)
