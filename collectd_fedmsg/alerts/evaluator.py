"""Observations → alerts and notices: the one step of alerting; ``now`` is a parameter.

The same state, observations and ``now`` give the same notices with the same ids: what is made
again after a crash is recognised. Refuses to read a clock, a store or a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..diagnosis.fleet.incident import Incident
from ..errors import described
from ..humanize import duration
from .clock import MAX_SKEW
from .conditions import BY_CLOCK, readings
from .explain import explained, foreseen
from .grouping import tell
from .lifecycle import Event, Track, close, step
from .observation import Observation
from .records import Alert, Subject
from .rules import Rule, RuleSet
from .state import Actions, Key, Outcome, State, Transition, set_back

NO_ACTIONS = Actions()


def evaluate(
    state: State,
    observations: Iterable[Observation],
    rules: RuleSet,
    now: float,
    actions: Actions = NO_ACTIONS,
    *,
    incidents: Iterable[Incident] = (),
) -> Outcome:
    """Return the state after ``now`` (epoch seconds), what changed, and the notices that are due.

    Args:
        state: what the last step returned; ``State()`` in the beginning.
        observations: of every consumer, and of every host (a subject without a service).
        rules: in force now; they may differ from the last step's.
        now: seconds since the epoch.
        actions: what people did until now.
        incidents: shared incidents; each becomes one notice.
    """
    state, late = set_back(state, now)
    present = {
        observation.subject: observation
        for observation in observations
        if observation.last is not None and now - observation.last <= rules.forget
    }
    step = _Step(
        state,
        rules,
        now,
        _newest_of_hosts(present, rules),
        {name: incident for incident in incidents if incident.shared for name in incident.members},
    )
    for observation in present.values():
        step.judge(observation)
    step.keep_absent(present)
    tracks = {
        key: replace(track, alert=acked(track.alert, actions)) if track.alert else track
        for key, track in step.tracks.items()
    }
    newest = {
        subject: min(observation.history.end, now)
        for subject, observation in present.items()
        if observation.history
    }
    opened = [track.alert for track in tracks.values() if track.alert]
    cleared = [
        transition.alert for transition in step.transitions if transition.event is Event.CLEARED
    ]
    hushed = frozenset(alert.id for alert in (*opened, *cleared) if muted(alert, actions, now))
    groups, notices = tell(state.groups, opened, cleared, hushed, grouping=rules.grouping, now=now)
    return Outcome(
        State(tracks, {**_still(state, rules, now), **newest}, groups),
        tuple(step.transitions),
        notices,
        _troubles(late, present, step.failed, now),
    )


def _troubles(
    late: float, present: Mapping[Subject, Observation], failed: Mapping[Subject, str], now: float
) -> dict[str, str]:
    """Return what kept a step from judging everything: kind → a sentence."""
    troubles = {}
    if late:
        troubles["clock"] = (
            f"times up to {duration(late)} ahead were brought back to now: the clock was set back"
        )
    future = {
        subject.id: observation.last - now
        for subject, observation in present.items()
        if observation.last is not None and observation.last - now > MAX_SKEW
    }
    if future:
        worst = max(future, key=lambda name: future[name])
        troubles["future"] = (
            f"{len(future)} have samples ahead of this clock, {worst} by {duration(future[worst])}"
        )
    if failed:
        subject, error = next(iter(failed.items()))
        troubles["subjects"] = f"{len(failed)} could not be judged; {subject.id}: {error}"
    return troubles


def _newest_of_hosts(present: Mapping[Subject, Observation], rules: RuleSet) -> dict[str, float]:
    """Return the newest sample's time by host, of hosts that a rule watches as a whole."""
    newest: dict[str, float] = {}
    for subject, observation in present.items():
        newest[subject.host] = max(observation.last or 0.0, newest.get(subject.host, 0.0))
    whole = [rule for rule in rules.rules if rule.kind == "collectd_silent"]
    return {
        host: last
        for host, last in newest.items()
        if Subject(host) in present and any(rules.rule_for(rule, Subject(host)) for rule in whole)
    }


@dataclass
class _Step:
    """One evaluation, subject by subject; a subject that cannot be judged stays as it was."""

    state: State
    rules: RuleSet
    now: float
    #: The newest of anything, by host.
    hosts: Mapping[str, float]
    incidents: Mapping[str, Incident]
    tracks: dict[Key, Track] = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)
    judged: set[Key] = field(default_factory=set)
    failed: dict[Subject, str] = field(default_factory=dict)

    def judge(self, observation: Observation) -> None:
        """Follow every rule that applies to a subject."""
        subject = observation.subject
        for rule in self.rules.rules:
            effective = self.rules.rule_for(rule, subject)
            if effective is None:
                continue
            key = (rule.name, subject)
            self.judged.add(key)
            # A calm track goes on after the newest sample that was judged.
            before = self.state.tracks.get(key) or (
                Track()
                if effective.kind in BY_CLOCK
                else Track(at=self.state.judged_until.get(subject, Track.at))
            )
            try:
                track, changes = self._follow(before, effective, observation)
            except Exception as error:
                # A number that nobody expected takes this subject along, and no other.
                self.failed[subject] = described(error)[:200]
                track, changes = before, []
            self.transitions += changes
            if not track.idle:
                self.tracks[key] = track

    def _follow(
        self, track: Track, rule: Rule, observation: Observation
    ) -> tuple[Track, list[Transition]]:
        subject, now = observation.subject, self.now
        incident = self.incidents.get(subject.id)
        changes: list[Transition] = []
        reason = foreseen(rule.kind, observation, incident)
        if reason is not None and track.alert is None:
            track = replace(track, reason=reason)
        for reading in readings(
            rule,
            observation,
            now,
            track.at,
            every=self.rules.every,
            host_last=self.hosts.get(subject.host),
        ):
            if reading.at > now + MAX_SKEW:
                continue
            track, event = step(track, reading, rule, subject, self.rules.flapping)
            if event is None or track.alert is None:
                continue
            alert = explained(track.alert, observation, incident, now)
            if event is Event.WORSE:
                # By the clock that acknowledgements go by, not by the sample's time.
                alert = replace(alert, worse_since=now)
            changes.append(Transition(event, alert))
            track = close(track) if event is Event.CLEARED else replace(track, alert=alert)
        if track.alert and not changes:
            track = replace(track, alert=explained(track.alert, observation, incident, now))
        if track.since is None and track.reason is not None:
            track = replace(track, reason=None)
        return track, changes

    def keep_absent(self, present: Mapping[Subject, Observation]) -> None:
        """Keep the tracks of absent subjects for a while; close those of what is gone."""
        names = {rule.name for rule in self.rules.rules}
        for key, track in self.state.tracks.items():
            name, subject = key
            if key in self.judged:
                continue
            ruled_out = name not in names or subject in present
            if not ruled_out and self.now - track.at <= self.rules.forget:
                self.tracks[key] = track
            elif track.alert is not None:
                note = (
                    "the rules do not ask for it any more"
                    if ruled_out
                    else f"no sample for {duration(self.rules.forget)}: it counts as taken away"
                )
                ended = replace(track.alert, cleared=self.now, note=note)
                self.transitions.append(Transition(Event.CLEARED, ended))


def _still(state: State, rules: RuleSet, now: float) -> dict[Subject, float]:
    return {subject: at for subject, at in state.judged_until.items() if now - at <= rules.forget}


def acked(alert: Alert, actions: Actions) -> Alert:
    """Return the alert as acknowledged now: not when it became worse since."""
    ack = actions.acks.get(alert.id)
    if ack is not None and alert.worse_since is not None and ack.at < alert.worse_since:
        ack = None  # what was acknowledged was milder
    return alert if ack == alert.ack else alert.with_ack(ack)


def muted(alert: Alert, actions: Actions, now: float) -> bool:
    """Return whether a silence covers the alert at ``now`` (epoch seconds)."""
    return any(silence.covers(alert.subject, alert.rule, now) for silence in actions.silences)
