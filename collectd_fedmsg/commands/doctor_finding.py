"""What ``doctor`` found out about one thing; nothing here looks."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing looked at: good, bad or (None) not to be known from here; how to mend it."""

    good: bool | None
    what: str
    mend: str = ""
