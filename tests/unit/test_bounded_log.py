"""A repeated line is written now and then; all lines together are bounded."""

from __future__ import annotations

from collectd_fedmsg.bounded_log import MAX_LINES, REPEAT_SECONDS, BoundedLog


def test_one_subject_once() -> None:
    """Again after the period."""
    log = BoundedLog()
    assert log.lines("a", "x", 0.0) == ["x"]
    assert log.lines("a", "x", REPEAT_SECONDS - 1) == []
    assert log.lines("a", "x", REPEAT_SECONDS) == ["x"]


def test_many_subjects_are_bounded_and_counted() -> None:
    """A thousand subjects are as many lines as allowed, and one that says how many were not."""
    log = BoundedLog()
    lines = [line for n in range(1000) for line in log.lines(f"s{n}", "x", n / 10)]
    assert len(lines) == MAX_LINES
    assert log.lines("s", "y", REPEAT_SECONDS) == [
        f"{1000 - MAX_LINES} more lines were left out",
        "y",
    ]


def test_a_line_is_one_line() -> None:
    """Line ends and signs that turn writing around are shown, not sent."""
    assert BoundedLog().lines("a", "x\n\u202ey", 0.0) == ["x\\n\\u202ey"]
