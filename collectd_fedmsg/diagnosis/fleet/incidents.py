"""Which daemons suffer together, and from what they share: siblings are the control group.

Judges no daemon, it is handed their diagnoses; reads no store and no clock. A daemon that
nothing is known of is no witness, neither for nor against.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median_low

from ...humanize import ratio, waits
from ..verdict import Verdict
from .groups import LEAST, Count, Dependency, Group, Total, Witnesses, counted, groups
from .incident import Incident, Scope
from .members import FAILING, SILENT, SLOW, STARVED, SURGE, SYMPTOMS, Member, Symptom

#: Daemons with much spare capacity fall behind later (s): half an hour is still one event.
TOGETHER = 1800.0


def incidents(
    members: Iterable[Member], dependencies: Sequence[Dependency] = ()
) -> tuple[Incident, ...]:
    """Return what ails the fleet, worst first: every ailing daemon is in exactly one incident.

    Args:
        members: all daemons, the well ones too: they are the control group.
        dependencies: what daemons are declared to share (one database).
    """
    fleet = list(members)
    left = {member.id: member for member in fleet if not member.diagnosis.verdict.healthy}
    joint: list[Incident] = []
    looked: dict[str, Witnesses] = {}
    for symptom in SYMPTOMS:
        ailing = [member for member in fleet if member.id in left and symptom.ails(member)]
        if not ailing:
            continue
        begins = [member.since for member in ailing if member.since is not None]
        now = [member.over(median_low(begins) if begins else None) for member in fleet]
        witnesses = looked[symptom.name] = {member.id: symptom.seen_by(member) for member in now}
        for scope in symptom.scopes:
            candidates = groups(scope, now, dependencies, symptom)
            for group, count in _suffering(candidates, symptom, witnesses):
                together = [m for m in _at_once(group.members, symptom) if m.id in left]
                if len(together) >= LEAST or (together and scope is not Scope.TOPIC):
                    joint.append(_incident(symptom, group, together, count))
                    for member in together:
                        del left[member.id]
    totals = {name: Total.of(witnesses) for name, witnesses in looked.items()}
    joint += [_lonely(member, totals) for member in left.values()]
    return tuple(
        sorted(
            joint,
            key=lambda incident: (
                -incident.severity,
                -len(incident.members),
                -(incident.waiting or 0.0),
                incident.id,
            ),
        )
    )


def _suffering(
    candidates: Iterable[Group], symptom: Symptom, witnesses: Witnesses
) -> list[tuple[Group, Count]]:
    """Return the groups that suffer together, the clearest first."""
    total = Total.of(witnesses)
    fitting = []
    for group in candidates:
        count = counted(group, witnesses, total)
        if count.together and any(symptom.ails(member) for member in group.members):
            fitting.append((group, count))
    return sorted(
        fitting, key=lambda pair: (-pair[1].certainty, len(pair[0].members), pair[0].name)
    )


def _at_once(members: Sequence[Member], symptom: Symptom) -> list[Member]:
    """Return the ailing whose trouble began within ``TOGETHER`` of the middle one's beginning."""
    ailing = [member for member in members if symptom.ails(member)]
    begins = [member.since for member in ailing if member.since is not None]
    if not begins:
        return ailing
    middle = median_low(begins)
    return [m for m in ailing if m.since is None or abs(m.since - middle) <= TOGETHER]


def _incident(symptom: Symptom, group: Group, ailing: Sequence[Member], count: Count) -> Incident:
    verdicts = [symptom.verdict_of(member) for member in ailing]
    cause = max(
        set(verdicts), key=lambda verdict: (verdicts.count(verdict), verdict.severity, verdict.name)
    )
    begins = [member.since for member in ailing if member.since is not None]
    waiting = [member.waiting for member in ailing if member.waiting is not None]
    words = sentence(symptom, group, ailing, count)
    return Incident(
        scope=group.scope,
        name=group.name,
        cause=cause,
        members=tuple(sorted(member.id for member in ailing)),
        severity=max(member.diagnosis.severity for member in ailing),
        affected=count.affected,
        of=count.of,
        others_affected=count.others_affected,
        others_of=count.others_of,
        since=min(begins, default=None),
        waiting=sum(waiting) if waiting else None,
        certainty=count.certainty,
        sentence=words,
        action=action(group, cause),
        sibling_note=words,
    )


def _lonely(member: Member, totals: Mapping[str, Total]) -> Incident:
    """Return the incident of one daemon, compared with its siblings."""
    cause = member.diagnosis.findings[0]
    symptom = next(
        (
            known_symptom
            for known_symptom in SYMPTOMS
            if known_symptom.name in totals and known_symptom.ails(member)
        ),
        None,
    )
    # It is one of those who see it.
    total = totals[symptom.name] if symptom else Total(1, 0)
    count = Count(1, 1, total.yes - 1, total.yes - 1 + total.no)
    return Incident(
        scope=Scope.LOCAL,
        name=member.id,
        cause=cause.verdict,
        members=(member.id,),
        severity=member.diagnosis.severity,
        affected=1,
        of=1,
        others_affected=count.others_affected,
        others_of=count.others_of,
        since=member.since,
        waiting=member.waiting,
        certainty=cause.certainty,
        sentence=alone(member),
        action=cause.verdict.action,
        sibling_note=siblings(symptom, count),
    )


#: What is said of the daemons that see a symptom.
SEE = {
    "silence": "send no numbers",
    "nothing arrives": "receive nothing",
    "surge": "receive more than usual",
    "slowness": "handle messages more slowly",
    "failures": "fail unusually often",
}
TITLE = {
    (SURGE, Scope.BUS): "bus-wide surge",
    (SURGE, Scope.TOPIC): "surge of {name}",
    (SLOW, Scope.BUS): "slowness everywhere",
    (SLOW, Scope.HOST): "slowness on host {name}",
    (SLOW, Scope.DEPENDENCY): "slowness of what shares {name}",
    (FAILING, Scope.BUS): "failures everywhere",
    (FAILING, Scope.HOST): "failures on host {name}",
    (FAILING, Scope.DEPENDENCY): "failures of what shares {name}",
    (STARVED, Scope.BUS): "nothing arrives anywhere",
    (STARVED, Scope.HOST): "nothing arrives on host {name}",
    (SILENT, Scope.BUS): "no numbers from anywhere",
    (SILENT, Scope.HOST): "no numbers from host {name}",
}
ACTION = {
    Scope.BUS: "Look at what all daemons share (the bus, its senders, the network, collectd), "
    "not at single daemons.",
    Scope.HOST: "Look at the host {name} first: its load, disk, network and collectd.",
    Scope.DEPENDENCY: "Look at {name} first: the daemons that use it ail, the others do not.",
    Scope.TOPIC: "Find the sender of {name}.",
}


def sentence(symptom: Symptom, group: Group, ailing: Sequence[Member], counts: Count) -> str:
    """Return e.g. ``bus-wide surge: 5 of 5 daemons receive more than usual (2×-5×) …``."""
    title = TITLE[symptom, group.scope].format(name=group.name)
    more = _how_much(symptom, group.members)
    parts = [f"{title}: {counts.affected} of {counts.of} daemons {SEE[symptom.name]}{more}"]
    if group.scope is not Scope.BUS:
        parts.append(
            f"{counts.others_affected} of {counts.others_of} others do"
            if counts.others_of
            else "there are no others to compare with"
        )
    if symptom in (SURGE, SLOW) and len(ailing) < counts.affected:
        parts.append(f"{len(ailing)} cannot keep up")
    waiting = sum(member.waiting or 0.0 for member in ailing)
    if symptom is not SILENT and waiting >= 1:
        parts.append(waits(waiting))
    return "; ".join(parts)


def _how_much(symptom: Symptom, members: Sequence[Member]) -> str:
    ratios = [
        ratio
        for member in members
        if symptom.seen_by(member)
        for ratio in [member.arrivals if symptom is SURGE else member.service]
        if ratio is not None and ratio > 1
    ]
    if symptom not in (SURGE, SLOW) or not ratios:
        return ""
    low, high = ratio(min(ratios)), ratio(max(ratios))
    return f" ({low} usual)" if low == high else f" ({low} to {high} usual)"


def action(group: Group, cause: Verdict) -> str:
    """Return what to do first."""
    return ACTION[group.scope].format(name=group.name) if group.scope in ACTION else cause.action


def alone(member: Member) -> str:
    """Return one daemon's trouble in a sentence."""
    evidence = member.diagnosis.findings[0].evidence
    return evidence[0] if evidence else member.diagnosis.verdict.meaning


def siblings(symptom: Symptom | None, others: Count) -> str:
    """Return how many siblings show the same trouble; "" when that is unknown."""
    if symptom is None or not others.others_of:
        return ""
    see = SEE[symptom.name]
    if not others.others_affected:
        return f"local: none of {others.others_of} others {see}"
    return f"{others.others_affected} of {others.others_of} others {see}, too"
