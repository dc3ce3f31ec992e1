"""Find series whose newest sample is later than now: a clock was set back since.

RRD takes nothing older than its last update, so until the clock has passed it again, the steps
of the present hold what was measured the first time round. That is not the present.
"""

from __future__ import annotations

from collectd_fedmsg.diagnosis import Diagnosis, Finding, Verdict

from .store.base import Daemon, Selector, Store

#: Seconds that clocks of two hosts may differ, and a sample be early.
TOLERANCE = 60.0


def ahead(store: Store, daemon: Daemon, now: float) -> Diagnosis | None:
    """Return what is to be said of a daemon whose samples are from the future, None of others.

    Raises:
        StoreError: the store cannot answer.
    """
    ref = daemon.files.get("backlog")
    if ref is None or isinstance(ref, Selector):
        return None
    last = store.newest(ref)
    if last is None or last[0] <= now + TOLERANCE:
        return None
    said = (
        f"its newest sample is {last[0] - now:.0f} s in the future: a clock was set back,"
        " and nothing can be stored until that moment has come",
    )
    missing = ("samples", "whether the process lives")
    return Diagnosis(now, (Finding(Verdict.UNKNOWN, 1.0, said, missing),), missing=missing)
