"""One finding of ``doctor``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DoctorFinding:
    """One check: good, bad or (None) not visible from here, and a hint how to fix it."""

    good: bool | None
    what: str
    hint: str = ""
