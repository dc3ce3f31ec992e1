"""Whether series may be rewound with nobody looking: which, how far, and is this clock right; pure.

Refuses to believe a clock that nobody keeps, that was stepped a moment ago, or that would take more
than a day away: what is "in the future" then may be the truth, and the clock wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: Seconds ahead that pass by themselves: nothing is cut and nothing stopped for them.
TINY = 60.0
#: Seconds ahead from which a person has to say that the clock is right now.
MOST = 86_400.0
#: Seconds that the clock has to go on without a step.
STEADY = 60
#: Seconds that two clocks may differ in a second without a step.
SLACK = 0.5
#: Copies of cut files that are kept, the latest ones.
COPIES = 3


@dataclass(frozen=True)
class Block:
    """What the plugin's block of collectd.conf says of files; empty where it says nothing."""

    state_file: str = ""
    rrdcached: str = ""
    data_dir: str = ""


def read_block(text: str) -> Block:
    """Return the block's paths, as collectd reads the snippet; comments and other keys pass by."""
    state = cache = data = ""
    for line in text.splitlines():
        found = re.fullmatch(r'(\w+)\s+"([^"]+)"(?:\s+"([^"]+)")?', line.strip())
        if found and found[1].lower() == "statefile":
            state = found[2]
        elif found and found[1].lower() == "rrdcached":
            cache, data = found[2], found[3] or ""
    return Block(state, cache, data)


def is_here(folder: str, host: str) -> bool:
    """Tell whether a folder of series is this host's: by its name, short or with a domain.

    Other hosts' series go by their own clocks, and are left alone.
    """
    return folder == host or folder.startswith(f"{host.partition('.')[0]}.")


def refusal(ahead: float, kept: bool, forced: bool) -> str:
    """Return why nothing may be cut that is ``ahead`` seconds in the future; empty: it may."""
    if forced:
        return ""
    if ahead > MOST:
        return f"the newest sample is {ahead / MOST:.1f} days ahead: is the clock right now?"
    return "" if kept else "nothing keeps this clock (NTP), so it may be the one that is wrong"


def wait_steady(
    clocks: Callable[[], tuple[float, float]],
    sleep: Callable[[float], object],
    synchronised: Callable[[], bool],
    steady: int,
    patience: int,
) -> bool:
    """Wait until the clock went on for ``steady`` seconds without a step, and is kept by somebody.

    Args:
        clocks: the wall clock and the monotonic one, seconds.
        sleep: waits that many seconds.
        synchronised: whether the clock is kept.
        steady, patience: whole seconds; no longer than ``patience`` is waited for a keeper.

    Returns whether it is kept.
    """
    quiet = waited = 0
    wall, monotonic = clocks()
    while quiet < steady or (waited < patience and not synchronised()):
        sleep(1.0)
        waited += 1
        later = clocks()
        stepped = abs((later[0] - wall) - (later[1] - monotonic)) > SLACK
        quiet = 0 if stepped else quiet + 1
        wall, monotonic = later
    return synchronised()


def too_many(copies: Sequence[str]) -> list[str]:
    """Return which copies, by names that sort by time, give way to a new one."""
    return sorted(copies)[: max(0, len(copies) - COPIES + 1)]
