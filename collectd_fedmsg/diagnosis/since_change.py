"""Say which change a trouble follows: "since 40 s after datanommer.consumer 1.4.2 → 1.5.0".

Refuses to call it the cause: it says what came before, and how long before.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..humanize import duration
from ..protocol.changes import KINDS, RESTART, Change

#: Seconds that a trouble may begin after a change to be named with it, and before it: the
#: beginning of a trouble is found to a few samples.
MAX_AFTER, MAX_BEFORE = 1800.0, 30.0


def change_before(changes: Sequence[Change], since: float) -> Change | None:
    """Return the change that a trouble which began at ``since`` (epoch seconds) follows.

    The latest one; of those within a minute of it the most telling kind: a changed version comes
    with a restart.
    """
    near = [change for change in changes if -MAX_BEFORE <= since - change.time <= MAX_AFTER]
    if not near:
        return None
    latest = max(change.time for change in near)
    together = [change for change in near if latest - change.time <= 60.0]
    return min(together, key=lambda change: (KINDS.index(change.kind), -change.time))


def since_change(changes: Sequence[Change], since: float | None) -> str:
    """Return the words that say which change a trouble follows, empty when none is near."""
    change = None if since is None else change_before(changes, since)
    if change is None or since is None:
        return ""
    what = "its restart" if change.kind == RESTART else change.text
    delay = since - change.time
    return f"since {duration(delay)} after {what}" if delay >= 1 else f"since {what}"
