"""Observations → who is told what: the one step of alerting; pure, ``now`` is a parameter.

The same state, observations and ``now`` give the same notices with the same ids: what is made
again after a crash is recognised. Refuses to read a clock, a store or a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..diagnosis.fleet.incident import Incident
from .conditions import BY_CLOCK, readings
from .explain import explained, foreseen
from .grouping import Group, tell
from .lifecycle import Event, Track, close, step
from .observation import Observation
from .records import Ack, Alert, Notice, Subject
from .rules import Rule, RuleSet, Silence

Key = tuple[str, Subject]


@dataclass(frozen=True)
class State:
    """All that is remembered between two steps. What is not in ``tracks`` is calm."""

    tracks: Mapping[Key, Track] = field(default_factory=dict)
    #: Epoch seconds of the newest sample judged, by subject.
    seen: Mapping[Subject, float] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Return the open alerts."""
        return tuple(track.alert for track in self.tracks.values() if track.alert)


@dataclass(frozen=True)
class Orders:
    """What people said: acknowledgements by alert id, and silences."""

    acks: Mapping[str, Ack] = field(default_factory=dict)
    silences: Sequence[Silence] = ()


@dataclass(frozen=True)
class Transition:
    """One alert was raised, became worse or cleared."""

    event: Event
    alert: Alert


@dataclass(frozen=True)
class Outcome:
    """What a step made of it."""

    state: State
    transitions: tuple[Transition, ...]
    notices: tuple[Notice, ...]


NOBODY = Orders()


def evaluate(state: State, observations: Iterable[Observation], rules: RuleSet, now: float,
             orders: Orders = NOBODY, *, incidents: Iterable[Incident] = ()) -> Outcome:
    """Return the state after ``now`` (epoch seconds), what changed, and whom to tell what.

    Args:
        state: what the last step returned; ``State()`` in the beginning.
        observations: of every consumer, and of every host (a subject without a service).
        rules: in force now; they may differ from the last step's.
        now: seconds since the epoch.
        orders: what people said until now.
        incidents: who suffers together; one notice tells of all of one.
    """
    present = {seen.subject: seen for seen in observations
               if seen.last is not None and now - seen.last <= rules.forget}
    hosts = _newest_of_hosts(present, rules)
    together = {name: one for one in incidents if one.shared for name in one.members}
    tracks: dict[Key, Track] = {}
    transitions: list[Transition] = []
    judged: set[Key] = set()
    for subject, seen in present.items():
        for rule in rules.rules:
            found = rules.rule_for(rule, subject)
            if found is None:
                continue
            judged.add((rule.name, subject))
            track, changes = _follow(state.tracks.get((rule.name, subject)) or _fresh(
                state, found, subject), found, seen, rules, now=now,
                host_last=hosts.get(subject.host), incident=together.get(subject.id))
            transitions += changes
            if not track.idle:
                alert = acked(track.alert, orders) if track.alert else None
                tracks[rule.name, subject] = replace(track, alert=alert)
    transitions += _left(state, judged, present, rules, now, tracks)
    newest = {subject: seen.history.end for subject, seen in present.items() if seen.history}
    opened = [track.alert for track in tracks.values() if track.alert]
    cleared = [one.alert for one in transitions if one.event is Event.CLEARED]
    hushed = frozenset(one.id for one in (*opened, *cleared) if muted(one, orders, now))
    groups, notices = tell(state.groups, opened, cleared, hushed, grouping=rules.grouping, now=now)
    return Outcome(State(tracks, {**_still(state, rules, now), **newest}, groups),
                   tuple(transitions), notices)


def _newest_of_hosts(present: Mapping[Subject, Observation],
                     rules: RuleSet) -> dict[str, float]:
    """Return the newest of anything, by host; only of hosts that a rule watches as a whole."""
    newest: dict[str, float] = {}
    for subject, seen in present.items():
        newest[subject.host] = max(seen.last or 0.0, newest.get(subject.host, 0.0))
    whole = [rule for rule in rules.rules if rule.kind == "collectd_silent"]
    return {host: last for host, last in newest.items() if Subject(host) in present
            and any(rules.rule_for(rule, Subject(host)) for rule in whole)}


def _fresh(state: State, rule: Rule, subject: Subject) -> Track:
    """Return a calm track: it goes on after the newest sample that was judged."""
    return Track() if rule.kind in BY_CLOCK else Track(at=state.seen.get(subject, Track.at))


def _follow(track: Track, rule: Rule, seen: Observation, rules: RuleSet, *, now: float,
            host_last: float | None, incident: Incident | None) -> tuple[Track, list[Transition]]:
    subject = seen.subject
    changes: list[Transition] = []
    reason = foreseen(rule.kind, seen, incident)
    if reason is not None and track.alert is None:
        track = replace(track, reason=reason)
    for reading in readings(rule, seen, now, track.at, every=rules.every, host_last=host_last):
        track, event = step(track, reading, rule, subject, rules.flapping)
        if event is None or track.alert is None:
            continue
        alert = explained(track.alert, seen, incident, now)
        if event is Event.WORSE:
            # By the clock that acknowledgements go by, not by the sample's time.
            alert = replace(alert, worse_since=now)
        changes.append(Transition(event, alert))
        track = close(track) if event is Event.CLEARED else replace(track, alert=alert)
    if track.alert and not changes:
        track = replace(track, alert=explained(track.alert, seen, incident, now))
    if track.since is None and track.reason is not None:
        track = replace(track, reason=None)
    return track, changes


def _left(state: State, judged: set[Key], present: Mapping[Subject, Observation],  # noqa: PLR0917
          rules: RuleSet, now: float, tracks: dict[Key, Track]) -> Iterator[Transition]:
    """Keep the tracks of who is away for a while; close those of who or what is gone."""
    names = {rule.name for rule in rules.rules}
    for key, track in state.tracks.items():
        name, subject = key
        if key in judged:
            continue
        ruled_out = name not in names or subject in present
        if not ruled_out and now - track.at <= rules.forget:
            tracks[key] = track
        elif track.alert is not None:
            note = ("the rules do not ask for it any more" if ruled_out else
                    "nothing was seen of it for so long that it counts as taken away")
            yield Transition(Event.CLEARED, replace(track.alert, cleared=now, note=note))


def _still(state: State, rules: RuleSet, now: float) -> dict[Subject, float]:
    return {subject: at for subject, at in state.seen.items() if now - at <= rules.forget}


def acked(alert: Alert, orders: Orders) -> Alert:
    """Return the alert as acknowledged now: not when it became worse since."""
    ack = orders.acks.get(alert.id)
    if ack is not None and alert.worse_since is not None and ack.at < alert.worse_since:
        ack = None  # what was acknowledged was milder
    return alert if ack == alert.ack else alert.with_ack(ack)


def muted(alert: Alert, orders: Orders, now: float) -> bool:
    """Return whether a silence covers the alert at ``now`` (epoch seconds)."""
    return any(one.covers(alert.subject, alert.rule, now) for one in orders.silences)
