"""What the evaluator knows of one subject at one moment; computes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from ..diagnosis import Diagnosis, History
from .records import Subject


@dataclass(frozen=True)
class Observation:
    """A consumer with its series and diagnosis, or a whole host with neither.

    ``history`` may reach back further than the last step: samples judged then are not judged
    again, and those missed (the evaluator was down) still count.
    """

    subject: Subject
    #: None: nothing was stored in the span looked at.
    history: History | None = None
    diagnosis: Diagnosis | None = None
    #: Epoch seconds of the newest sample (of a host: of its newest value of any kind); None: never.
    last: float | None = None
