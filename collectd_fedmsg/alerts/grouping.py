"""Open and cleared alerts → notices: one notice for alerts that belong together.

Refuses to tell of an alert twice, or to end one that was told without saying so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .records import SEVERITIES, Alert, Notice, digest, worse
from .rules import Grouping


@dataclass(frozen=True)
class Group:
    """What was told of one group. Times in epoch seconds."""

    key: str
    outputs: tuple[str, ...]
    #: With the key the group's identity: a later surge is another group.
    began: float
    #: When the first change came that is not told yet; None: there is none.
    waiting: float | None = None
    last: float | None = None
    serial: int = 0
    #: Open alerts that were told of: id → severity as told.
    told: tuple[tuple[str, str], ...] = ()
    #: Cleared, not told yet.
    over: tuple[Alert, ...] = ()


def key_of(alert: Alert, by: Sequence[str]) -> str:
    """Return what alerts of one group have in common; outputs always: they are told together."""
    parts = {
        "cause": alert.incident or alert.cause,
        "rule": alert.rule,
        "severity": alert.severity,
        "host": alert.subject.host,
        "service": alert.subject.service,
        "consumer": alert.subject.consumer,
    }
    return "\0".join([*(parts[name] for name in by), *alert.outputs])


def tell(
    groups: Mapping[str, Group],
    opened: Sequence[Alert],
    cleared: Sequence[Alert],
    silenced: frozenset[str],
    *,
    grouping: Grouping,
    now: float,
) -> tuple[dict[str, Group], tuple[Notice, ...]]:
    """Return the groups after ``now`` (epoch seconds) and the notices that are due.

    Args:
        groups: as the last call returned them.
        opened: all open alerts.
        cleared: those that cleared since the last call.
        silenced: ids of alerts that nobody wants to hear of now.
        grouping: what belongs together, and how long to wait for it.
        now: the moment.
    """
    kept = dict(groups)
    home = {name: key for key, group in groups.items() for name, _ in group.told}
    members: dict[str, list[Alert]] = {key: [] for key in kept}
    for alert in (*opened, *cleared):
        # Where it was told it stays: its severity may have grown since.
        key = home.get(alert.id) or key_of(alert, grouping.by)
        group = kept.setdefault(key, Group(key, alert.outputs, now))
        if alert.cleared is None:
            members.setdefault(key, []).append(alert)
        elif alert.id in home or alert.id not in silenced:
            # Cleared before anybody was told: told as past, unless nobody wants to hear.
            kept[key] = replace(group, over=(*group.over, alert))
    notices = []
    for key, group in list(kept.items()):
        kept[key], notice = _tell_one(group, members.get(key, []), silenced, grouping, now)
        if notice:
            notices.append(notice)
        left = kept[key]
        if not left.told and not left.over and left.waiting is None:
            del kept[key]
    return kept, tuple(notices)


def _tell_one(
    group: Group, opened: list[Alert], silenced: frozenset[str], grouping: Grouping, now: float
) -> tuple[Group, Notice | None]:
    told = dict(group.told)
    heard = [one for one in opened if one.id not in silenced]
    fresh = [one for one in heard if one.id not in told]
    grown = [
        one
        for one in heard
        if one.id in told and SEVERITIES.index(one.severity) > SEVERITIES.index(told[one.id])
    ]
    changed = bool(fresh or grown or group.over)
    waiting = (group.waiting if group.waiting is not None else now) if changed else None
    group = replace(group, waiting=waiting)
    if not (
        _due(group, bool(grown), heard, grouping, now) if changed else _reminds(group, heard, now)
    ):
        return group, None
    kind = "raised" if fresh else "worse" if grown else "cleared" if group.over else "reminder"
    heard.sort(key=lambda one: (-SEVERITIES.index(one.severity), -one.value, one.subject.id))
    severity = "info"
    for one in (*heard, *group.over):
        severity = worse(severity, one.severity)
    identity = digest(group.key, group.began)
    notice = Notice(
        id=digest(group.key, group.began, group.serial),
        group=identity,
        kind=kind,
        at=now,
        severity=severity,
        alerts=tuple(heard),
        over=group.over,
        fresh=tuple(one.id for one in (*fresh, *grown)),
        outputs=group.outputs,
    )
    # The silenced ones that were told before stay, so that their end is told.
    still = {one.id: told[one.id] for one in opened if one.id in told}
    still.update({one.id: one.severity for one in heard})
    return replace(
        group, waiting=None, last=now, serial=group.serial + 1, over=(), told=tuple(still.items())
    ), notice


def _due(group: Group, grown: bool, heard: Sequence[Alert], grouping: Grouping, now: float) -> bool:
    if grown:
        return True
    ready = group.waiting is not None and now >= group.waiting + grouping.wait
    if group.last is None or not heard:
        return ready
    return ready and now >= group.last + grouping.interval


def _reminds(group: Group, heard: Sequence[Alert], now: float) -> bool:
    repeats = [one.repeat for one in heard if one.ack is None and one.repeat > 0]
    return bool(repeats) and group.last is not None and now >= group.last + min(repeats)
