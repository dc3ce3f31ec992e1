"""The sentences of incidents; decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from ..humanize import times, waits
from .fleet.groups import Group
from .fleet.incident import Scope
from .fleet.members import Member
from .symptoms import FAILING, SILENT, SLOW, STARVED, SURGE, Symptom
from .verdict import Verdict
from .witnesses import Count

#: What is said of the daemons that see a symptom.
SEE = {"silence": "send no numbers", "nothing arrives": "receive nothing",
       "surge": "receive more than usual", "slowness": "handle messages more slowly",
       "failures": "fail unusually often"}
TITLE = {
    (SURGE, Scope.BUS): "bus-wide surge", (SURGE, Scope.TOPIC): "surge of {name}",
    (SLOW, Scope.BUS): "slowness everywhere", (SLOW, Scope.HOST): "slowness on host {name}",
    (SLOW, Scope.DEPENDENCY): "slowness of what shares {name}",
    (FAILING, Scope.BUS): "failures everywhere", (FAILING, Scope.HOST): "failures on host {name}",
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


def sentence(symptom: Symptom, group: Group, ailing: Sequence[Member], seen: Count) -> str:
    """Return e.g. ``bus-wide surge: 5 of 5 daemons receive more than usual (2×-5×) …``."""
    title = TITLE[symptom, group.scope].format(name=group.name)
    more = _how_much(symptom, group.members)
    said = [f"{title}: {seen.seen} of {seen.of} daemons {SEE[symptom.name]}{more}"]
    if group.scope is not Scope.BUS:
        said.append(f"{seen.others_seen} of {seen.others_of} others do" if seen.others_of
                    else "there are no others to compare with")
    if symptom in (SURGE, SLOW) and len(ailing) < seen.seen:
        said.append(f"{len(ailing)} cannot keep up")
    waiting = sum(member.waiting or 0.0 for member in ailing)
    if symptom is not SILENT and waiting >= 1:
        said.append(waits(waiting))
    return "; ".join(said)


def _how_much(symptom: Symptom, members: Sequence[Member]) -> str:
    ratios = [ratio for member in members if symptom.seen_by(member)
              for ratio in [member.arrivals if symptom is SURGE else member.service]
              if ratio is not None and ratio > 1]
    if symptom not in (SURGE, SLOW) or not ratios:
        return ""
    low, high = times(min(ratios)), times(max(ratios))
    return f" ({low} usual)" if low == high else f" ({low} to {high} usual)"


def action(group: Group, cause: Verdict) -> str:
    """Return what to do first."""
    return ACTION[group.scope].format(name=group.name) if group.scope in ACTION else cause.action


def alone(member: Member) -> str:
    """Return one daemon's trouble in a sentence."""
    evidence = member.diagnosis.findings[0].evidence
    return evidence[0] if evidence else member.diagnosis.verdict.meaning


def siblings(symptom: Symptom | None, others: Count) -> str:
    """Return how one daemon's trouble stands beside its siblings; nothing when they cannot tell."""
    if symptom is None or not others.others_of:
        return ""
    see = SEE[symptom.name]
    if not others.others_seen:
        return f"local: none of {others.others_of} others {see}"
    return f"{others.others_seen} of {others.others_of} others {see}, too"
