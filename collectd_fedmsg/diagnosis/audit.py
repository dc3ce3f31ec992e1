"""The conservation audit: Δbacklog = received - processed, or the counting is suspect."""

from __future__ import annotations

from .facts import Facts


def unexplained(facts: Facts) -> tuple[float, bool] | None:
    """Return (messages that appear or vanish, whether too many), None when not checkable.

    A store aligns rates to its steps but keeps gauges as they were: each run of known
    points may be off by one step's flow at either end, so two steps are allowed.
    """
    history = facts.history
    broken = [r.time for r in history.restarts]
    total, flow, peak, level = 0.0, 0.0, 0.0, None
    # From the point before the onset: a jump is the onset.
    for i in range(max(0, facts.span.start - 1), facts.span.stop):
        received, processed, now = history.received[i], history.processed[i], history.backlog[i]
        if received is None or processed is None or now is None:
            level = None
            continue
        time = history.time(i) if broken else 0.0
        if level is not None and not any(time - history.step <= b <= time for b in broken):
            total += now - level - (received - processed) * history.step
            flow += 1
            peak = max(peak, received, processed)
        level = now
    if not flow:
        return None
    return total, abs(total) > 2 * peak * history.step + 2
