"""Parse and bound a request's parameters: spans, steps, metrics. ``now`` is a parameter."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping

from collectd_fedmsg.errors import BadQuery
from collectd_fedmsg.metrics import BY_NAME

from .. import json_bytes as as_json
from ..grid.derived import DERIVED
from ..store.series import POINTS, Window

#: Seconds; the names of the span presets.
SPANS: Mapping[str, int] = {
    "now": 900,
    "hour": 3600,
    "6h": 21600,
    "day": 86400,
    "week": 604800,
    "month": 2678400,
    "year": 31622400,
}
MAX_SPAN = 10 * SPANS["year"]
#: Values in an answer, and series that it reads: 2 s and 100 MB.
MAX_VALUES, MAX_COLUMNS = 4_000_000, 6_000
#: Points of one series in an answer: an unbounded span once made 117 million rows.
MAX_POINTS = 20_000
#: Seconds after now that a span may reach.
MAX_AHEAD = 86400
DEFAULT_METRICS = ("received", "processed", "backlog")
_RELATIVE = re.compile(r"-(\d{1,9})(s|m|h|d|w|y)?", re.ASCII)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31622400, None: 1}


def moment(text: str, now: float, name: str) -> int:
    """Return seconds since the epoch from ``now``, ``-900``, ``-2h`` or an absolute number.

    Raises:
        BadQuery: none of these.
    """
    if text == "now":
        return math.floor(now)
    relative = _RELATIVE.fullmatch(text)
    if relative:
        return math.floor(now) - int(relative[1]) * _UNITS[relative[2]]
    if text.isascii() and text.isdigit() and len(text) <= 11:
        return int(text)
    raise BadQuery(f"{name}: {text[:40]!r} is not now, -seconds, -2h or seconds since the epoch")


def window(args: Mapping[str, str], now: float) -> Window:
    """Return the bounded window of a query's ``span``, or ``start``, ``end``, and ``step``.

    Raises:
        BadQuery: a bound is not a time, or the span or the number of points is too large.
    """
    if "span" in args:
        if args["span"] not in SPANS:
            raise BadQuery(f"span: {args['span'][:40]!r} is none of {', '.join(SPANS)}")
        start, end = math.floor(now) - SPANS[args["span"]], math.floor(now)
    else:
        start = moment(args.get("start", "-900"), now, "start")
        end = moment(args.get("end", "now"), now, "end")
    if end > now + MAX_AHEAD:
        raise BadQuery(f"end: {end} is more than a day ahead")
    if not 0 < end - start <= MAX_SPAN:
        raise BadQuery(f"start, end: a span of {end - start} s is not within 1 to {MAX_SPAN} s")
    step = number(args, "step", 0, 0, MAX_SPAN)
    if step and (end - start) / step > MAX_POINTS:
        raise BadQuery(f"step: {step} s makes more than {MAX_POINTS} points")
    return Window(start, end, step)


def bounded(columns: int, window: Window) -> None:
    """Refuse an answer that would hold or read too much, all its columns counted together.

    Args:
        columns: series read: metrics, what derived ones need, topics and tied ones.
        window: of each.

    Raises:
        BadQuery: too many of them, or too many points.
    """
    points = (window.end - window.start) // window.step if window.step else POINTS * 3 // 2
    if columns > MAX_COLUMNS or columns * points > MAX_VALUES:
        raise BadQuery(
            f"too much: {columns:,} series of {points:,} points; ask for fewer daemons,"
            " without topics, or at a coarser step"
        )


def number(args: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    """Return a whole number of the query within its bounds.

    Raises:
        BadQuery: not a number, or out of bounds.
    """
    text = args.get(name, "")
    if not text:
        return default
    digits = text.isascii() and text.isdigit() and len(text) <= 10
    if not digits or not least <= int(text) <= most:
        raise BadQuery(f"{name}: {text[:40]!r} is not a whole number from {least} to {most}")
    return int(text)


def metrics(text: str | None) -> tuple[str, ...]:
    """Return the metrics asked for, the three of every row by default.

    Raises:
        BadQuery: a metric that does not exist.
    """
    names = tuple(dict.fromkeys(text.split(","))) if text else DEFAULT_METRICS
    for name in names:
        if name not in BY_NAME and name not in DERIVED:
            known = ", ".join((*BY_NAME, *DERIVED))
            raise BadQuery(f"metrics: {name[:40]!r} is none of {known}")
    return names


def body(octets: bytes) -> object:
    """Return a request's JSON body.

    Raises:
        BadQuery: it is no JSON.
    """
    try:
        return as_json.loads(octets)
    except as_json.JSONDecodeError as error:
        raise BadQuery(f"the body is not JSON: {error}") from error


def flag(args: Mapping[str, str], name: str) -> bool:
    """Return whether a query's switch is on: ``1``; ``0`` or nothing is off.

    Raises:
        BadQuery: anything else.
    """
    return bool(number(args, name, 0, 0, 1))


def chosen(ids: Iterable[str], known: Mapping[str, object], most: int) -> tuple[str, ...]:
    """Return the ids asked for, each once.

    Raises:
        BadQuery: none, or more than ``most``.
        KeyError: an id that no daemon has.
    """
    wanted = tuple(dict.fromkeys(ids))
    if not 1 <= len(wanted) <= most:
        raise BadQuery(f"daemon: {len(wanted)} given, 1 to {most} wanted")
    for name in wanted:
        if name not in known:
            raise KeyError(name)
    return wanted
