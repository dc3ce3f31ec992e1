"""An answer of series as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

#: A spreadsheet takes what begins so for a formula (OWASP: CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def heading(name: str) -> str:
    """Return a column's name that no spreadsheet runs."""
    return f"'{name}" if name.startswith(FORMULA) else name


def text(answer: Mapping[str, Any]) -> str:
    """Return the first daemon's series: a row per step, its end in UTC, unknown left empty."""
    daemon = answer["daemons"][0]
    columns = {
        **daemon["series"],
        **{f"topic {name}": points for name, points in daemon.get("topics", {}).items()},
        **{f"busy {name}": points for name, points in daemon.get("topic_busy", {}).items()},
        **daemon.get("tied", {}),
    }
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n").writerow
    write(["time", *map(heading, columns)])
    for index in range((answer["end"] - answer["start"]) // answer["step"]):
        end = answer["start"] + (index + 1) * answer["step"]
        moment = datetime.fromtimestamp(end, timezone.utc)
        write(
            [
                f"{moment:%Y-%m-%dT%H:%M:%SZ}",
                *("" if points[index] is None else points[index] for points in columns.values()),
            ]
        )
    return out.getvalue()
