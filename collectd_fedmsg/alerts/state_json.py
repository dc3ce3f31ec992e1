"""The evaluator's state to JSON types and back; omits conditions that are calm."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from .grouping import Group
from .lifecycle import Track
from .records import Alert, Reason, Subject
from .state import State


def to_json(state: State) -> dict[str, Any]:
    """Return the state as lists, texts and finite numbers."""
    return {
        "tracks": [
            [rule, asdict(subject), _track(track)]
            for (rule, subject), track in state.tracks.items()
        ],
        "judged_until": [
            [s.host, s.service, s.consumer, at] for s, at in state.judged_until.items()
        ],
        "groups": [asdict(group) for group in state.groups.values()],
    }


def of_json(raw: Mapping[str, Any]) -> State:
    """Return the state that ``to_json`` gave.

    Raises:
        ValueError: it is not one.
    """
    try:
        tracks = {
            (rule, Subject(**subject)): _of_track(track) for rule, subject, track in raw["tracks"]
        }
        judged_until = {
            Subject(host, service, consumer): float(at)
            for host, service, consumer, at in raw["judged_until"]
        }
        groups = {row["key"]: _of_group(row) for row in raw["groups"]}
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a saved state: {error!r}") from error
    return State(tracks, judged_until, groups)


def _track(track: Track) -> dict[str, Any]:
    fields = asdict(track)
    # Infinity is not JSON; None stands for the beginning of time.
    fields["at"] = None if track.at == float("-inf") else track.at
    return fields


def _of_track(raw: dict[str, Any]) -> Track:
    at = float("-inf") if raw["at"] is None else raw["at"]
    alert = Alert.of_json(raw["alert"]) if raw["alert"] else None
    reason = raw.get("reason")  # an older state has none
    if reason:
        reason = Reason(**{**reason, "why": tuple(reason["why"])})
    return Track(
        **{**raw, "at": at, "alert": alert, "reason": reason, "raises": tuple(raw["raises"])}
    )


def _of_group(raw: dict[str, Any]) -> Group:
    return Group(
        **{
            **raw,
            "outputs": tuple(raw["outputs"]),
            "notified": tuple((name, severity) for name, severity in raw["notified"]),
            "over": tuple(Alert.of_json(row) for row in raw["over"]),
        }
    )
