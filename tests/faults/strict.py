"""What docs/protocol.rst admits, read a second time: it shares no line with what it judges.

Plain and slow: the oracle of the guided fuzz (``tests/faults/played.py``).
"""

from __future__ import annotations

import json
import math
from typing import Any

TOTALS = (
    *("received", "processed", "waiting", "in_progress"),
    *("failed", "rejected", "busy", "workers"),
)
GAUGES = ("oldest", "delay", "service_p50", "service_p95", "service_p99", "service_max")
FIRST = {"seq", "time", "consumer", *TOTALS, *GAUGES, "observable", "topics"}
BY_TOPIC = ("topic_processed", "topic_busy")
#: What an RRD of type DERIVE and collectd hold.
MOST = 2**63 - 1
CENTURY = 3_200_000_000


class RefusedError(Exception):
    """The frame is none of the protocol's."""


def hold(so: bool) -> None:
    if not so:
        raise RefusedError


def read(frame: bytes, longest: int) -> dict[str, Any]:
    hold(len(frame) <= longest)
    try:
        raw = json.loads(str(frame, "utf-8"))
    except (ValueError, RecursionError):
        raise RefusedError from None
    hold(isinstance(raw, dict))
    hold(is_integer(raw.get("v")) and raw["v"] == 1)
    return dict(raw)


def is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def real(value: Any, least: float = 0, most: float = 2**63) -> bool:
    """Tell whether it is a finite number in bounds; written so that NaN is none."""
    if is_integer(value):
        return bool(least <= value <= most)
    return isinstance(value, float) and math.isfinite(value) and least <= value <= most


def is_name(value: Any) -> bool:
    if not isinstance(value, str) or not 1 <= len(value) <= 1024:
        return False
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in value)


def request(frame: bytes) -> tuple[str | None, int | None]:
    """Return the run and the number that a request names.

    Raises:
        RefusedError: a daemon must not answer it.
    """
    raw = read(frame, 1024)
    run, after = raw.get("run"), raw.get("after")
    hold(run is None or is_name(run))
    hold(after is None or (is_integer(after) and -1 <= after <= 2**63))
    return run, after


Rows = list[tuple[Any, Any]]


def reply(frame: bytes) -> tuple[dict[str, Any], Rows]:
    """Return the head of a reply, and its rows: number and values by name, None if unusable.

    Raises:
        RefusedError: a reader must refuse all of it.
    """
    raw = read(frame, 1024 * 1024)
    hold(all(is_name(raw.get(name)) for name in ("service", "host", "run")))
    hold(all(real(raw.get(name)) for name in ("started", "wall", "monotonic")))
    hold(real(raw.get("interval"), 1, 86400))
    hold(all(is_integer(raw.get(name)) and real(raw[name]) for name in ("pid", "oldest")))
    hold(is_integer(raw.get("newest")) and real(raw["newest"], -1))
    hold(raw.get("more") is True or raw.get("more") is False)
    places = raw.get("fields")
    # A place of a later edition may have any name, if one can call it by that.
    hold(isinstance(places, list) and not any(isinstance(place, (list, dict)) for place in places))
    hold(set(places) >= FIRST)
    hold(isinstance(raw.get("rows"), list))
    return raw, [row(places, values) for values in raw["rows"]]


def total(value: Any) -> bool:
    return is_integer(value) and 0 <= value <= MOST


def row(places: list[str], raw: Any) -> tuple[Any, Any]:
    if not isinstance(raw, list) or len(raw) != len(places):
        return None, None
    fields = dict(zip(places, raw))
    number = fields["seq"] if total(fields["seq"]) else None
    sound = (
        number is not None and all(total(fields[name]) for name in TOTALS)
        and is_name(fields["consumer"]) and real(fields["time"])
        and (fields["observable"] is True or fields["observable"] is False)
        and fields["received"] == fields["processed"] + fields["waiting"] + fields["in_progress"]
    )  # fmt: skip
    if not sound:
        return number, None
    for name in GAUGES:
        fields[name] = fields[name] if real(fields[name], 0, CENTURY) else None
    by_topic(fields)
    return number, fields


def by_topic(fields: dict[str, Any]) -> None:
    """Drop what of the topics cannot be; the arrays follow the names that are left."""
    topics = (
        fields["topics"]
        if isinstance(fields["topics"], dict) and len(fields["topics"]) <= 64
        else None
    )
    if topics is None:
        fields.update({"topics": {}, **dict.fromkeys(BY_TOPIC)})
        return
    names = {name: value for name, value in topics.items() if is_name(name) and total(value)}
    for field in BY_TOPIC:
        totals = fields.get(field)
        sound = isinstance(totals, list) and len(totals) == len(topics)
        by_name = dict(zip(topics, totals)) if sound else {}
        by_name = {name: by_name[name] for name in names if by_name.get(name) is not None}
        fields[field] = (
            [by_name.get(name) for name in names] if all(map(total, by_name.values())) else None
        )
    fields["topics"] = names
