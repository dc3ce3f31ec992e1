"""The protocol between a daemon and its readers, as bytes; see docs/protocol.rst.

A request asks for the samples after a sequence number; a reply carries them, oldest first.
JSON, one frame each way, versioned. Refuses what is too big, too deep, of another version,
or not exactly of this shape; never guesses. No socket, clock or thread.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from .errors import DecodeError
from .sample import Sample

VERSION = 1
#: Bytes of a request; the longest legal one is below 200.
MAX_REQUEST = 1024
#: Bytes of a reply; a full hour of a busy hub takes several pages.
MAX_REPLY = 1 << 20
#: Most a total can be: RRD and collectd keep DERIVE as a signed 64-bit integer.
MAX_TOTAL = 2**63 - 1
MAX_TOPICS = 64
MAX_NAME = 1024

TOTALS = (
    *("received", "processed", "waiting", "in_progress"),
    *("failed", "rejected", "busy", "workers"),
)
GAUGES = ("oldest", "delay", "service_p50", "service_p95", "service_p99", "service_max")
FIELDS = ("seq", "time", "consumer", *TOTALS, *GAUGES, "observable", "topics")


@dataclass(frozen=True)
class Request:
    """Ask for every sample of run ``run`` after number ``after``; None: from the ring's start."""

    run: str | None = None
    after: int | None = None


@dataclass(frozen=True)
class Origin:
    """Who answers: the daemon's name, process and this run of it.

    ``started`` is wall time, ``interval`` and ``monotonic`` are seconds.
    """

    service: str
    host: str
    pid: int
    run: str
    started: float
    interval: float


@dataclass(frozen=True)
class Reply:
    """Samples with their sequence numbers, oldest first; ``more`` when a page is not all.

    ``oldest`` is the first number still in the ring, ``newest`` the last one taken (-1: none).
    """

    origin: Origin
    wall: float
    monotonic: float
    oldest: int
    newest: int
    more: bool
    samples: Sequence[tuple[int, Sample]]


def encode_request(request: Request) -> bytes:
    """Return the frame of a request."""
    return _dump({"v": VERSION, "run": request.run, "after": request.after})


def decode_request(frame: bytes) -> Request:
    """Return the request in a frame.

    Raises:
        DecodeError: too long, not JSON, another version, or a field of another type.
    """
    raw = _load(frame, MAX_REQUEST)
    run, after = raw.get("run"), raw.get("after")
    if run is not None:
        _text(frame, "run", run)
    if after is not None:
        _number(frame, "after", after, int, low=-1)
    return Request(run, after)


def encode_row(seq: int, sample: Sample) -> bytes:
    """Return one sample as the JSON array that a reply holds, fields in ``FIELDS``' order."""
    return _dump(
        [
            seq,
            sample.time,
            sample.consumer,
            *(getattr(sample, name) for name in TOTALS),
            *(_rounded(getattr(sample, name)) for name in GAUGES),
            sample.observable,
            dict(sample.topics),
        ]
    )


def encode_reply(
    origin: Origin, wall: float, monotonic: float, page: tuple[int, int, bool, Sequence[bytes]]
) -> bytes:
    """Return the frame of a reply; ``page`` is oldest, newest, more and the encoded rows."""
    oldest, newest, more, rows = page
    head = _dump(
        {
            "v": VERSION,
            "service": origin.service,
            "host": origin.host,
            "pid": origin.pid,
            "run": origin.run,
            "started": origin.started,
            "interval": origin.interval,
            "wall": wall,
            "monotonic": monotonic,
            "oldest": oldest,
            "newest": newest,
            "more": more,
            "fields": FIELDS,
        }
    )
    return b"".join((head[:-1], b',"rows":[', b",".join(rows), b"]}"))


def decode_reply(frame: bytes) -> Reply:
    """Return the reply in a frame; fields that this version does not know are ignored.

    Raises:
        DecodeError: too long, not JSON, another version, a field missing or of another type,
            a number out of range, or a sample that does not balance.
    """
    raw = _load(frame, MAX_REPLY)
    try:
        origin = Origin(
            service=_text(frame, "service", raw["service"]),
            host=_text(frame, "host", raw["host"]),
            pid=_number(frame, "pid", raw["pid"], int),
            run=_text(frame, "run", raw["run"]),
            started=_number(frame, "started", raw["started"]),
            interval=_number(frame, "interval", raw["interval"], low=1, high=86400),
        )
        fields = raw["fields"]
        if not isinstance(fields, list) or not set(FIELDS) <= set(fields):
            _refuse(frame, "fields", fields)
        if not isinstance(raw["rows"], list) or not isinstance(raw["more"], bool):
            _refuse(frame, "rows", type(raw["rows"]).__name__)
        return Reply(
            origin=origin,
            wall=_number(frame, "wall", raw["wall"]),
            monotonic=_number(frame, "monotonic", raw["monotonic"]),
            oldest=_number(frame, "oldest", raw["oldest"], int),
            newest=_number(frame, "newest", raw["newest"], int, low=-1),
            more=raw["more"],
            samples=[_row(frame, fields, row) for row in raw["rows"]],
        )
    except DecodeError:
        raise
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DecodeError(f"{len(frame)}-byte reply: {type(error).__name__}: {error}") from error


def _row(frame: bytes, fields: Sequence[str], row: object) -> tuple[int, Sample]:
    if not isinstance(row, list) or len(row) != len(fields):
        _refuse(frame, "row", row)
    values: Mapping[str, Any] = dict(zip(fields, row))
    topics = values["topics"]
    if not isinstance(topics, dict) or len(topics) > MAX_TOPICS:
        _refuse(frame, "topics", topics)
    if not isinstance(values["observable"], bool):
        _refuse(frame, "observable", values["observable"])
    numbers: dict[str, Any] = {
        name: _number(frame, name, values[name], int, high=MAX_TOTAL) for name in TOTALS
    }
    gauges: dict[str, Any] = {
        name: None if values[name] is None else _number(frame, name, values[name])
        for name in GAUGES
    }
    seq = _number(frame, "seq", values["seq"], int, high=MAX_TOTAL)
    return seq, Sample(
        consumer=_text(frame, "consumer", values["consumer"]),
        time=_number(frame, "time", values["time"]),
        observable=values["observable"],
        topics={
            _text(frame, "topic", topic): _number(frame, "topic", total, int, high=MAX_TOTAL)
            for topic, total in topics.items()
        },
        **numbers,
        **gauges,
    )


def _load(frame: bytes, limit: int) -> dict[str, Any]:
    if len(frame) > limit:
        raise DecodeError(f"{len(frame)}-byte frame: longer than {limit}")
    try:
        raw = json.loads(frame.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"{len(frame)}-byte frame: {error}") from error
    if not isinstance(raw, dict):
        _refuse(frame, "frame", raw)
    if type(raw.get("v")) is not int or raw["v"] != VERSION:
        raise DecodeError(f"{len(frame)}-byte frame: version {raw.get('v')!r:.40} is not {VERSION}")
    return raw


def _number(  # noqa: PLR0917 - value and bounds, as in low <= value <= high
    frame: bytes,
    name: str,
    value: Any,
    kind: type = float,
    low: float = 0,
    high: float = float(MAX_TOTAL),
) -> Any:
    """Return a finite number within bounds; a bool, NaN and infinity are none."""
    legal = (int,) if kind is int else (int, float)
    if type(value) not in legal or not low <= value <= high:
        _refuse(frame, name, value)
    return kind(value)


def _text(frame: bytes, name: str, value: Any) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_NAME:
        _refuse(frame, name, value)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        _refuse(frame, name, value)
    return str(value)


def _refuse(frame: bytes, name: str, value: object) -> NoReturn:
    raise DecodeError(f"{len(frame)}-byte frame: {name} = {value!r:.80} is refused")


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 6)


def _dump(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")
