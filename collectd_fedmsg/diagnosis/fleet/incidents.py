"""Which daemons suffer together, and from what they share: siblings are the control group.

Judges no daemon, it is handed their diagnoses; reads no store and no clock. A daemon that
nothing is known of is no witness, neither for nor against.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median_low

from .groups import LEAST, Count, Dependency, Group, Total, Witnesses, counted, groups
from .incident import Incident, Scope
from .incident_words import action, alone, sentence, siblings
from .members import SURGE, SYMPTOMS, Member, Symptom

#: Seconds between the beginnings of one trouble: daemons with spare capacity fall behind later.
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
                if len(together) >= least_ailing(symptom, scope):
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


def least_ailing(symptom: Symptom, scope: Scope) -> int:
    """Return how many must ail for a shared cause to be named.

    One is enough for a surge that nearly all receive: the others' arrivals are counted as surely.
    Slowness that others cope with is weaker evidence: two daemons must be slow by their verdict.
    """
    return 1 if symptom is SURGE and scope is Scope.BUS else LEAST


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
        action=action(symptom, group, ailing, cause),
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
