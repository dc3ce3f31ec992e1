"""Add what daemons say of themselves to a judgement that is made within collectd."""

from __future__ import annotations

from dataclasses import replace

from ..diagnosis.judgement import Judgement
from ..diagnosis.where import with_evidence
from ..reader.evidence_files import DaemonEvidence, Daemons


def explained(whole: Judgement, daemons: Daemons) -> Judgement:
    """Return a judgement with what its daemons say of the causes themselves."""
    nothing = DaemonEvidence()
    judged = []
    for known in whole.daemons:
        daemon = daemons.get((known.host, known.service), nothing)
        samples = daemon.recent(known.consumer, whole.now)
        diagnosis = with_evidence(known.diagnosis, samples, daemon.changes)
        judged.append(replace(known, diagnosis=diagnosis))
    return replace(whole, daemons=tuple(judged))
