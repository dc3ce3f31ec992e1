"""The rules of the diagnosis, in the order of their evaluation.

What comes first explains what comes after it: a daemon that is gone is asked nothing else, hung
workers make a backlog that no slowness made, and only what nothing explains is unexplained.
"""

from __future__ import annotations

from typing import Callable, Union

from ..facts import Facts
from ..verdict import Finding
from . import blocking, capacity, consuming, failing, growth, presence, work

Rule = Callable[[Facts], Union[Finding, "tuple[Finding, ...]", None]]
#: Rules that, when they fire, leave nothing for the others to judge.
FINAL: tuple[Rule, ...] = (
    presence.down,
    consuming.backlog_only,
    presence.silent,
    presence.frozen,
    consuming.paused,
)
#: The others: the first finding is the cause, the rest are its effects or worth knowing.
RULES: tuple[Rule, ...] = (
    # Nobody works, or the work does not end.
    consuming.no_consumer,
    consuming.poison,
    work.stalled,
    work.workers_lost,
    failing.failures,
    # The backlog grows, or is left of what made it grow.
    growth.growth,
    blocking.always_busy,
    growth.recovering,
    capacity.saturated,
    # Nothing comes, or something was lost.
    presence.starved,
    capacity.unexplained_backlog,
    presence.restarted,
    presence.unjudgeable,
    # Nothing waits yet.
    capacity.creep,
)
