"""Numbers as a tired reader wants them; pure."""

from __future__ import annotations


def age(seconds: float | None) -> str:
    """Return a duration given in seconds with its two leading units' worth, or a dash."""
    if seconds is None:
        return "–"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size * 2:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def amount(value: float | None) -> str:
    """Return a count or a rate with three leading digits, or a dash when unknown."""
    if value is None:
        return "–"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1000 if unit == 'k' else size):.3g} {unit}"
    return f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.2g}"


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


def plain(state: str) -> str:
    """Return a verdict's name in plain words; a new one as its name reads."""
    return PLAIN.get(state) or state.replace("_", " ").capitalize()
