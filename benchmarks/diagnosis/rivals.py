"""Rules that people use, run on the same series; each answers a verdict's name."""

from __future__ import annotations

from collectd_fedmsg.diagnosis import History

#: Backlog that Fedora's Nagios checks warned at, messages.
FIXED = 1000


def fixed(h: History, usual: float, service: float) -> str:
    """Return SLOW above the threshold, for lack of any cause."""
    return "SLOW" if (h.backlog[-1] or 0) > FIXED else "OK"


def burrow(h: History, usual: float, service: float) -> str:
    """Return LinkedIn Burrow's status over a window of 10, in our names."""
    lag, done, got = h.backlog[-10:], h.processed[-10:], h.received[-1]
    if got is None and lag[-1] is None:
        return "DOWN"
    known = [x for x in lag if x is not None]
    if not known or known[-1] == 0:
        return "OK"
    if not any(done) and min(known) > 0:
        return "STALLED"
    return "SLOW" if min(known) > 0 and all(
        b >= a for a, b in zip(known, known[1:])) else "OK"


def deriv(h: History, usual: float, service: float) -> str:
    """Return SURGE when the backlog rose over each of the last five minutes' samples' mean."""
    part = [x for x in h.backlog[-max(3, int(300 / h.step)):] if x is not None]
    return "SURGE" if len(part) > 1 and part[-1] > part[0] else "OK"


def ratio(h: History, usual: float, service: float) -> str:
    """Return SURGE when the last five minutes' arrivals are 3 times the long mean."""
    part = [x for x in h.received[-max(3, int(300 / h.step)):] if x is not None]
    return "SURGE" if part and sum(part) / len(part) >= 3 * usual else "OK"


def clear(h: History, usual: float, service: float) -> str:
    """Return SLOW when backlog × mean service time is over five minutes."""
    return "SLOW" if (h.backlog[-1] or 0) * service > 300 else "OK"


RIVALS = {"fixed threshold": fixed, "Burrow": burrow, "deriv > 0": deriv, "ratio 3×": ratio,
          "seconds to clear": clear}
