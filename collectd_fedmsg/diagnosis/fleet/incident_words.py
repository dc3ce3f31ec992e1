"""The sentences about an incident: who suffers, from what, what to do first; judges nothing."""

from __future__ import annotations

from collections.abc import Sequence

from ...humanize import ratio, waits
from ..verdict import Verdict
from .groups import Count, Group
from .incident import Scope
from .members import FAILING, SILENT, SLOW, STARVED, SURGE, Member, Symptom

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
    topic = _one_topic(ailing) if (symptom, group.scope) == (SURGE, Scope.BUS) else None
    if topic is not None:
        title = f"{title} of {topic}"
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


def _one_topic(ailing: Sequence[Member]) -> str | None:
    """Return the topic that is blamed by all who ail, None when there is no such topic."""
    topics = {member.topic for member in ailing}
    return topics.pop() if len(topics) == 1 else None


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


def action(symptom: Symptom, group: Group, ailing: Sequence[Member], cause: Verdict) -> str:
    """Return what to do first."""
    if symptom is SURGE and group.scope is Scope.BUS and (topic := _one_topic(ailing)):
        return ACTION[Scope.TOPIC].format(name=topic)
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
