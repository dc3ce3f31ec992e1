"""What the store would hold under a fault of the telemetry; seeded."""

from __future__ import annotations

import random

from collectd_fedmsg.diagnosis import History, Restart

from .settings import END
from .simulator import Columns, history

#: A clock off by five minutes, s.
OFF = 300.0
#: Points at the end that are silent or copies: beyond three, which may be late polls.
GONE = 6
FLOWS = ("received", "processed", "failed", "busy")
WINDOW = 3600.0


def stored(columns: Columns, by_topic: dict[str, Columns], how: str, step: float, *,
           seed: int, returned: float | None = None) -> History:
    """Return the last hour as a reader would have it; ``returned``: seconds since a restart."""
    points = int(WINDOW / step)
    kept: Columns = {n: list(c[-points:]) for n, c in columns.items()}
    topics = {k: {n: c[-points:] for n, c in by.items()} for k, by in by_topic.items()}
    end = END
    more: dict[str, object] = {"alive": how != "down", "observable": how != "blocking", **topics}
    if how == "missing":
        _lose(kept, 0.2, random.Random(seed))
    elif how in ("silent", "down"):
        for column in kept.values():
            column[-GONE:] = [None] * GONE
    elif how == "frozen":
        for name, column in kept.items():
            column[-GONE:] = [0.0 if name in FLOWS else column[-GONE - 1]] * GONE
    elif how == "blind":
        # As the store has it: no backlog, no ages, 0 workers; arrivals are what was taken.
        kept.update(backlog=[None] * points, oldest=[None] * points, workers=[0.0] * points,
                    received=list(kept["processed"]))
    elif how == "three":
        kept = {n: kept[n] for n in ("received", "processed", "backlog")}
        more.update(topics={}, topic_busy={})
    elif how == "restart" and returned is not None:
        more["restarts"] = (Restart(END - returned, 12.0),)
    elif how.startswith(("ahead", "behind")):
        end += OFF if how.startswith("ahead") else -OFF
        more["clock_ahead"] = -OFF if how == "behind, known" else 0.0
    return history(kept, step, end, **more)


def _lose(columns: Columns, share: float, rng: random.Random) -> None:
    """Lose whole samples: a point of every series at once, as a lost reply does."""
    for i in range(len(columns["received"])):
        if rng.random() < share:
            for column in columns.values():
                column[i] = None
