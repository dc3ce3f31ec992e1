"""One JSON object to a frame of bytes and back, and checks of the values in it.

Refuses what is too long, not JSON, of another version, or a value of another type or range.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from ..errors import DecodeError

VERSION = 1
#: Most a total can be: RRD and collectd keep DERIVE as a signed 64-bit integer.
MAX_TOTAL = 2**63 - 1
#: Characters of a name.
MAX_NAME = 1024


@dataclass
class Dropped:
    """Fields and rows of a frame that were not usable and are passed over."""

    count: int = 0
    #: The first of them, in words.
    first: str = ""

    def note(self, error: Exception) -> None:
        """Count one more."""
        self.count += 1
        self.first = self.first or str(error)


def each(  # noqa: PLR0917 - how the items of one list are read
    frame: bytes, field: str, listed: object, most: int, read: Callable[[Any], Any],
    dropped: Dropped,
) -> tuple[Any, ...] | None:  # fmt: skip
    """Return what ``read`` makes of each item; items that it refuses are dropped.

    None when there is no list, or one of more than ``most`` items.
    """
    if listed is None:
        return None
    items = []
    try:
        if not isinstance(listed, list) or len(listed) > most:
            refuse(frame, field, listed)
    except DecodeError as error:
        dropped.note(error)
        return None
    for item in listed:
        try:
            items.append(read(item))
        except DecodeError as error:
            dropped.note(error)
    return tuple(items)


def row_of(frame: bytes, field: str, value: object, places: int) -> list[Any]:
    """Return a row of at least ``places`` places: more are of a later edition.

    Raises:
        DecodeError: it is none.
    """
    if not isinstance(value, list) or len(value) < places:
        refuse(frame, field, value)
    return value


def clean(name: object, limit: int = MAX_NAME) -> str:
    """Return a name that every reader takes: UTF-8, not empty, not too long."""
    return str(name).encode("utf-8", "replace").decode("utf-8")[:limit] or "?"


def dump(value: object) -> bytes:
    """Return a value as JSON, the shortest way."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def load(frame: bytes, limit: int) -> dict[str, Any]:
    """Return the object in a frame of at most ``limit`` bytes.

    Raises:
        DecodeError: it is longer, not JSON, no object, or of another version.
    """
    if len(frame) > limit:
        raise DecodeError(f"{len(frame)}-byte frame: longer than {limit}")
    try:
        raw = json.loads(frame.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"{len(frame)}-byte frame: {error}") from error
    if not isinstance(raw, dict):
        refuse(frame, "frame", raw)
    if type(raw.get("v")) is not int or raw["v"] != VERSION:
        raise DecodeError(f"{len(frame)}-byte frame: version {raw.get('v')!r:.40} is not {VERSION}")
    return raw


def number(  # noqa: PLR0917 - value and bounds, as in low <= value <= high
    frame: bytes,
    name: str,
    value: Any,
    kind: type = float,
    low: float = 0,
    high: float = float(MAX_TOTAL),
) -> Any:
    """Return a finite number within bounds; a bool, NaN and infinity are none.

    Raises:
        DecodeError: it is none.
    """
    legal = (int,) if kind is int else (int, float)
    if type(value) not in legal or not low <= value <= high:
        refuse(frame, name, value)
    return kind(value)


def text(frame: bytes, name: str, value: Any) -> str:
    """Return a name: not empty, not too long, UTF-8.

    Raises:
        DecodeError: it is none.
    """
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME:
        refuse(frame, name, value)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        refuse(frame, name, value)
    return str(value)


def refuse(frame: bytes, name: str, value: object) -> NoReturn:
    """Say which value of which frame is refused.

    Raises:
        DecodeError: always.
    """
    raise DecodeError(f"{len(frame)}-byte frame: {name} = {value!r:.80} is refused")
