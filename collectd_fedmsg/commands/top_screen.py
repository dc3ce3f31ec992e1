"""The lines of ``top`` for a terminal of a given size."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from collectd_fedmsg.names import visible
from collectd_fedmsg.reader.collect import Harvest

from ..humanize import count, duration, short
from .top_rows import Row

#: From this severity on a second line explains the row.
EXPLAINED = 1
#: Characters of each column; the name has the rest of the line.
WIDTHS = {"STATE": 13, "RECEIVED": 9, "PROCESSED": 10, "BACKLOG": 8, "IN/s": 7, "OUT/s": 7,
          "OLDEST": 11}  # fmt: skip
#: Columns that a narrow window omits, in this order, until a name has ``MIN_NAME`` characters.
SPARED = ("RECEIVED", "PROCESSED", "OLDEST")
MIN_NAME = 14


@dataclass(frozen=True)
class Line:
    """A line of text; ``severity`` as in ``Row``, None for what is no row."""

    text: str
    severity: int | None = None
    #: Whether it heads the columns.
    head: bool = False


def view(
    rows: Sequence[Row], harvest: Harvest, now: float, width: int = 100, height: int = 0
) -> list[Line]:
    """Return the lines, worst first; at most ``height`` (0: all), each at most ``width`` long."""
    troubled = [Line(text) for text in troubles(harvest)]
    columns = _columns(width)
    name = max(8, width - sum(columns.values()))
    titles = {title: title for title in columns}
    lines = [Line(_summary(rows, now)), Line(_line("DAEMON", titles, columns, name), head=True)]
    room = height - len(troubled) - 1 if height else 0
    for number, row in enumerate(rows):
        own = [Line(_line(visible(row.name), _texts(row), columns, name), row.severity)]
        if row.severity >= EXPLAINED and row.evidence:
            own += [Line(f"    {text}") for text in _wrapped(visible(row.evidence), width - 4)]
        if height and len(lines) + len(own) > room:
            lines.append(Line(f"… {len(rows) - number} more"))
            break
        lines += own
    if not rows:
        lines.append(Line("no daemon answers: `collectd-fedmsg doctor` says why"))
    lines += troubled
    return [
        Line(line.text[:width].rstrip(), line.severity, line.head)
        for line in (lines[:height] if height else lines)
    ]


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, max(20, width), max_lines=2, placeholder=" …")


def _summary(rows: Sequence[Row], now: float) -> str:
    bad = sum(row.severity >= 2 for row in rows)
    waiting = sum(row.backlog or 0 for row in rows)
    moment = time.strftime("%H:%M:%S", time.localtime(now))
    return (
        f"{moment}  {len(rows)} consumers, {bad} in trouble, {count(waiting)} messages wait"
        "   q: quit"
    )


def _columns(width: int) -> dict[str, int]:
    columns = dict(WIDTHS)
    for title in SPARED:
        if width - sum(columns.values()) < MIN_NAME:
            del columns[title]
    return columns


def _texts(row: Row) -> dict[str, str]:
    return {
        "STATE": row.state, "RECEIVED": short(row.received), "PROCESSED": short(row.processed),
        "BACKLOG": short(row.backlog), "IN/s": short(row.arrival_rate),
        "OUT/s": short(row.completion_rate), "OLDEST": duration(row.oldest),
    }  # fmt: skip


def _line(first: str, texts: Mapping[str, str], columns: Mapping[str, int], name: int) -> str:
    # The state is a word and stands at the left of its column, numbers at the right.
    cells = [
        texts[title][: width - 1].ljust(width) if title == "STATE" else texts[title].rjust(width)
        for title, width in columns.items()
    ]
    return f"{first[: name - 1]:<{name}}{''.join(cells)}"


def troubles(harvest: Harvest) -> list[str]:
    """Return a line for each daemon that does not answer as it should."""
    return [f"silent: {visible(endpoint)}" for endpoint in harvest.silent] + [
        f"error: {visible(endpoint)}: {visible(error)}"
        for endpoint, error in harvest.errors.items()
    ]
