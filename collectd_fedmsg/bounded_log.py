"""Log each complaint once per period, and all complaints at a bounded rate; reads no clock.

Whoever sends us garbage must not fill the disk with our complaints.
"""

from __future__ import annotations

from .names import printable

#: Seconds between two lines about the same subject.
REPEAT_SECONDS = 300.0
#: Lines within ``REPEAT_SECONDS``; then one that says how many were left out.
MAX_LINES = 50
MAX_LINE = 500


class BoundedLog:
    """Decides which lines are worth writing."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}
        self._began = -REPEAT_SECONDS
        self._left_out = 0

    def lines(self, about: str, line: str, now: float) -> list[str]:
        """Return what to write now, each one line of visible ASCII: usually one, often none.

        Args:
            about: the subject, one of which is written about once in ``REPEAT_SECONDS``.
            line: what there is to say.
            now: monotonic seconds.
        """
        out: list[str] = []
        if now - self._began >= REPEAT_SECONDS:
            if self._left_out:
                out.append(f"{self._left_out} more lines were left out")
            self._began, self._left_out, self._said = now, 0, {}
        if about in self._said:
            return out
        if len(self._said) >= MAX_LINES:
            self._left_out += 1
            return out
        self._said[about] = now
        return [*out, printable(line)[:MAX_LINE]]
