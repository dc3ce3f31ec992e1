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
    hold(whole(raw.get("v")) and raw["v"] == 1)
    return dict(raw)


def whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def real(value: Any, least: float = 0, most: float = 2**63) -> bool:
    """Tell whether it is a finite number in bounds; written so that NaN is none."""
    if whole(value):
        return bool(least <= value <= most)
    return isinstance(value, float) and math.isfinite(value) and least <= value <= most


def word(value: Any) -> bool:
    if not isinstance(value, str) or not 1 <= len(value) <= 1024:
        return False
    return not any(0xD800 <= ord(one) <= 0xDFFF for one in value)


def request(frame: bytes) -> tuple[str | None, int | None]:
    """Return the run and the number that a request names.

    Raises:
        RefusedError: a daemon must not answer it.
    """
    raw = read(frame, 1024)
    run, after = raw.get("run"), raw.get("after")
    hold(run is None or word(run))
    hold(after is None or (whole(after) and -1 <= after <= 2**63))
    return run, after


def reply(frame: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the head of a reply, and its rows by the names of their places.

    Raises:
        RefusedError: a reader must refuse all of it.
    """
    raw = read(frame, 1024 * 1024)
    hold(all(word(raw.get(name)) for name in ("service", "host", "run")))
    hold(all(real(raw.get(name)) for name in ("started", "wall", "monotonic")))
    hold(real(raw.get("interval"), 1, 86400))
    hold(all(whole(raw.get(name)) and real(raw[name]) for name in ("pid", "oldest")))
    hold(whole(raw.get("newest")) and real(raw["newest"], -1))
    hold(raw.get("more") is True or raw.get("more") is False)
    roster(raw)
    places = raw.get("fields")
    # A place of a later edition may have any name, if one can call it by that.
    hold(isinstance(places, list) and not any(isinstance(one, (list, dict)) for one in places))
    hold(set(places) >= FIRST)
    hold(isinstance(raw.get("rows"), list))
    return raw, [row(places, one) for one in raw["rows"]]


def roster(raw: dict[str, Any]) -> None:
    consumers, producers = raw.get("consumers"), raw.get("producers")
    if consumers is not None:
        hold(isinstance(consumers, list) and len(consumers) <= 64 and all(map(word, consumers)))
    if producers is not None:
        hold(isinstance(producers, list) and len(producers) <= 64)
        for one in producers:
            hold(isinstance(one, list) and len(one) >= 5 and word(one[0]))
            hold(all(moment is None or real(moment) for moment in one[1:3]))
            hold((one[3] is True or one[3] is False) and whole(one[4]) and real(one[4]))


def row(places: list[str], raw: Any) -> dict[str, Any]:
    hold(isinstance(raw, list) and len(raw) == len(places))
    one = dict(zip(places, raw))
    hold(all(whole(one[name]) and 0 <= one[name] <= MOST for name in ("seq", *TOTALS)))
    hold(all(one[name] is None or real(one[name], 0, CENTURY) for name in GAUGES))
    hold(word(one["consumer"]) and real(one["time"]))
    hold(one["observable"] is True or one["observable"] is False)
    topics = one["topics"]
    hold(isinstance(topics, dict) and len(topics) <= 64 and all(map(word, topics)))
    hold(all(whole(total) and 0 <= total <= MOST for total in topics.values()))
    for name in BY_TOPIC:
        totals = one.get(name)
        if totals is not None:
            hold(isinstance(totals, list) and len(totals) == len(topics))
            hold(all(n is None or (whole(n) and 0 <= n <= MOST) for n in totals))
    hold(one["received"] == one["processed"] + one["waiting"] + one["in_progress"])
    return one
