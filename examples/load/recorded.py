"""Traffic from a file: one bus message as JSON a line, sent at the pace of its timestamps.

Refuses, with the file's name and the line, what is no message of a bus.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: Parts of a topic before the part that fedmsg adds nothing to: org.fedoraproject.prod.
PREFIX = 3


def recorded(path: Path, speed: float = 1.0) -> Iterator[tuple[float, str, dict[str, Any]]]:
    """Yield (seconds from the first message, topic below the environment, message).

    Args:
        path: lines with ``topic``, ``timestamp`` (epoch seconds, not falling) and ``msg``, as
            fedmsg sends them and an archive keeps them.
        speed: how many times faster than it was.

    Raises:
        ValueError: a line is no such message; names the file, the line and the key.
        OSError: the file cannot be read.
    """
    first = before = None
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            time, topic, message = _read(line, f"{path}, line {number}")
            if before is not None and time < before:
                raise ValueError(f"{path}, line {number}: timestamp: {time} is before {before}")
            first, before = (time if first is None else first), time
            yield (time - first) / speed, topic, message


def _read(line: str, place: str) -> tuple[float, str, dict[str, Any]]:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f"{place}: no JSON: {error}") from error
    if not isinstance(entry, dict):
        raise ValueError(f"{place}: an object is wanted, not {line[:40]!r}")
    time, topic, message = (entry.get(key) for key in ("timestamp", "topic", "msg"))
    if isinstance(time, bool) or not isinstance(time, (int, float)):
        raise ValueError(f"{place}: timestamp: {time!r} is not seconds since the epoch")
    if not isinstance(topic, str) or topic.count(".") < PREFIX + 1:
        raise ValueError(f"{place}: topic: {topic!r} is not like org.project.prod.git.receive")
    if not isinstance(message, dict):
        raise ValueError(f"{place}: msg: an object is wanted")
    return float(time), topic.split(".", PREFIX)[PREFIX], message
