"""Open and cleared alerts → notices: one notice for alerts that belong together.

Refuses to report an alert twice, and to end a reported alert without a notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .records import SEVERITIES, Alert, Notice, digest, worse
from .rules import Grouping


@dataclass(frozen=True)
class Group:
    """What notices have said about one group of alerts. Times in epoch seconds."""

    key: str
    outputs: tuple[str, ...]
    #: With the key the group's identity: a later surge is another group.
    began: float
    #: When the first change came that no notice reports yet; None: there is none.
    waiting: float | None = None
    last: float | None = None
    serial: int = 0
    #: Open alerts that a notice has reported: id, and the severity it gave.
    notified: tuple[tuple[str, str], ...] = ()
    #: Cleared alerts that no notice reports yet.
    over: tuple[Alert, ...] = ()


def key_of(alert: Alert, by: Sequence[str]) -> str:
    """Return what alerts of one group have in common: always the outputs, for one notice."""
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
        silenced: ids of alerts that are muted now.
        grouping: what belongs together, and how long to wait for it.
        now: the moment.
    """
    kept = dict(groups)
    home = {name: key for key, group in groups.items() for name, _ in group.notified}
    members: dict[str, list[Alert]] = {key: [] for key in kept}
    for alert in (*opened, *cleared):
        # An alert stays in the group that reported it: its severity may have grown since.
        key = home.get(alert.id) or key_of(alert, grouping.by)
        group = kept.setdefault(key, Group(key, alert.outputs, now))
        if alert.cleared is None:
            members.setdefault(key, []).append(alert)
        elif alert.id in home or alert.id not in silenced:
            # Cleared before any notice: reported as past, unless it is muted.
            kept[key] = replace(group, over=(*group.over, alert))
    notices = []
    for key, group in list(kept.items()):
        kept[key], notice = _tell_one(group, members.get(key, []), silenced, grouping, now)
        if notice:
            notices.append(notice)
        left = kept[key]
        if not left.notified and not left.over and left.waiting is None:
            del kept[key]
    return kept, tuple(notices)


def _tell_one(
    group: Group, opened: list[Alert], silenced: frozenset[str], grouping: Grouping, now: float
) -> tuple[Group, Notice | None]:
    notified = dict(group.notified)
    audible = [alert for alert in opened if alert.id not in silenced]
    fresh = [alert for alert in audible if alert.id not in notified]
    grown = [
        alert
        for alert in audible
        if alert.id in notified
        and SEVERITIES.index(alert.severity) > SEVERITIES.index(notified[alert.id])
    ]
    changed = bool(fresh or grown or group.over)
    waiting = (group.waiting if group.waiting is not None else now) if changed else None
    group = replace(group, waiting=waiting)
    if not (
        _due(group, bool(grown), audible, grouping, now)
        if changed
        else _reminds(group, audible, now)
    ):
        return group, None
    kind = "raised" if fresh else "worse" if grown else "cleared" if group.over else "reminder"
    audible.sort(
        key=lambda alert: (-SEVERITIES.index(alert.severity), -alert.value, alert.subject.id)
    )
    severity = "info"
    for alert in (*audible, *group.over):
        severity = worse(severity, alert.severity)
    identity = digest(group.key, group.began)
    notice = Notice(
        id=digest(group.key, group.began, group.serial),
        group=identity,
        kind=kind,
        at=now,
        severity=severity,
        alerts=tuple(audible),
        over=group.over,
        fresh=tuple(alert.id for alert in (*fresh, *grown)),
        outputs=group.outputs,
    )
    # A muted alert that was reported earlier stays, so that its end is reported.
    still = {alert.id: notified[alert.id] for alert in opened if alert.id in notified}
    still.update({alert.id: alert.severity for alert in audible})
    return replace(
        group,
        waiting=None,
        last=now,
        serial=group.serial + 1,
        over=(),
        notified=tuple(still.items()),
    ), notice


def _due(group: Group, grown: bool, heard: Sequence[Alert], grouping: Grouping, now: float) -> bool:
    if grown:
        return True
    ready = group.waiting is not None and now >= group.waiting + grouping.wait
    if group.last is None or not heard:
        return ready
    return ready and now >= group.last + grouping.interval


def _reminds(group: Group, heard: Sequence[Alert], now: float) -> bool:
    repeats = [alert.repeat for alert in heard if alert.ack is None and alert.repeat > 0]
    return bool(repeats) and group.last is not None and now >= group.last + min(repeats)
