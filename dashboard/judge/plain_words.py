"""Verdicts and the fleet's state in plain words; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: Verdicts as they are said to who has just been woken up.
PLAIN = {
    "OK": "Well", "IDLE": "Idle", "RECOVERING": "Catching up", "RESTART": "Restarted",
    "REPLAY": "Replaying", "CREEP": "Workers nearly full", "ERRORS": "Messages fail",
    "SURGE": "More messages than usual", "MIX": "Dearer messages than usual",
    "RETRIES": "Retries pile up", "SLOW": "Slower handling", "BOTH": "Surge and slower handling",
    "WORKERS_LOST": "Workers are gone", "SATURATED": "Beyond its capacity",
    "STARVED": "Receives nothing", "STALLED": "Stuck", "TELEMETRY_LOST": "Numbers do not arrive",
    "DOWN": "Down", "UNKNOWN": "Not known",
}


def headline(daemons: int, behind: int, silent: int, unknown: int,
             worst: Mapping[str, Any] | None) -> str:
    """Return the fleet in one sentence, for who looks at the page for a second.

    Args:
        daemons, behind, silent, unknown: how many there are, want a look, have no recent sample,
            have one and cannot be judged by it.
        worst: the row of the worst of those behind.
    """
    if not daemons:
        return "No daemon yet"
    if silent == daemons:
        return "collectd is silent: nothing is known of the present"
    if behind and worst is not None:
        what = f"{worst['consumer']}: {plain(worst['state']).lower()}"
        return what if behind == 1 else f"{behind} daemons want a look, first {what}"
    well = daemons - silent - unknown
    said = [f"{count} {one if count == 1 else more}" for count, one, more in (
        (well, "keeps up", "keep up"), (silent, "is silent", "are silent"),
        (unknown, "is not known", "are not known")) if count]
    if well < daemons:
        return ", ".join(said)
    return "It keeps up" if daemons == 1 else f"All {daemons} daemons keep up"


def unread(daemons: int) -> str:
    """Return the fleet in one sentence before it is judged for the first time."""
    return f"{daemons:,} daemons are being read: nothing is known yet"


def rank(row: Mapping[str, Any]) -> str:
    """Return how a row is coloured: 0 well, 2 a warning, 3 bad, "none" not known."""
    if row["state"] == "UNKNOWN":
        return "none"
    return "3" if row["severity"] >= 3 else "2" if row["severity"] >= 1 else "0"


def plain(state: str) -> str:
    """Return a verdict's name in plain words; a new one as its name reads."""
    return PLAIN.get(state) or state.replace("_", " ").capitalize()
