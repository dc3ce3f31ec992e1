"""Why a daemon falls behind, in words with evidence; no I/O, no clock."""

from __future__ import annotations

from .baseline import Baseline
from .diagnose import diagnose
from .history import History, Restart
from .split import Split
from .verdict import Diagnosis, Drain, Finding, Verdict

__all__ = [
    "Baseline",
    "Diagnosis",
    "Drain",
    "Finding",
    "History",
    "Restart",
    "Split",
    "Verdict",
    "diagnose",
]
