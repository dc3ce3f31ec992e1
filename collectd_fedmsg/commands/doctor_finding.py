"""One finding of ``doctor``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DoctorFinding:
    """One thing looked at: good, bad or (None) not to be known from here; how to cure it."""

    good: bool | None
    what: str
    hint: str = ""
