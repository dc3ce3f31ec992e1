"""What alerting remembers between two steps, and what one step makes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .clock import ahead, brought_back
from .grouping import Group
from .lifecycle import Event, Track
from .records import Ack, Alert, Notice, Subject
from .rules import Silence

Key = tuple[str, Subject]


@dataclass(frozen=True)
class State:
    """All that is remembered between two steps. A subject without a track is calm."""

    tracks: Mapping[Key, Track] = field(default_factory=dict)
    #: Epoch seconds of the newest sample judged, by subject.
    judged_until: Mapping[Subject, float] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Return the open alerts."""
        return tuple(track.alert for track in self.tracks.values() if track.alert)


@dataclass(frozen=True)
class Actions:
    """What people did: acknowledgements by alert id, and silences."""

    acks: Mapping[str, Ack] = field(default_factory=dict)
    silences: Sequence[Silence] = ()


@dataclass(frozen=True)
class Transition:
    """One alert was raised, became worse or cleared."""

    event: Event
    alert: Alert


@dataclass(frozen=True)
class Outcome:
    """The result of a step."""

    state: State
    transitions: tuple[Transition, ...]
    notices: tuple[Notice, ...]
    #: What kept it from judging everything: kind → a sentence.
    troubles: Mapping[str, str] = field(default_factory=dict)


def set_back(state: State, now: float) -> tuple[State, float]:
    """Return a state without times ahead of ``now``, and by how many seconds they were ahead."""
    late = [ahead(state.judged_until, now)]
    tracks: dict[Key, Track] = {}
    for key, track in state.tracks.items():
        tracks[key], most = brought_back(track, now, ("at", "since", "raises"))
        alert, more = (
            brought_back(track.alert, now, ("since", "raised", "worse_since"))
            if (track.alert)
            else (None, 0.0)
        )
        tracks[key] = replace(tracks[key], alert=alert) if more else tracks[key]
        late += [most, more]
    groups: dict[str, Group] = {}
    for name, group in state.groups.items():
        groups[name], most = brought_back(group, now, ("began", "waiting", "last"))
        late.append(most)
    if not any(late):
        return state, 0.0
    judged_until = {subject: min(at, now) for subject, at in state.judged_until.items()}
    return State(tracks, judged_until, groups), max(late)
