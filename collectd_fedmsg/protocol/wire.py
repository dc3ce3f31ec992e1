"""The protocol between a daemon and its readers, as bytes; see docs/protocol.rst.

A request asks for the samples after a sequence number; a reply carries them, oldest first. JSON,
one frame each way, versioned. Refuses a frame that is too big, too deep, of another version, or
without its head. An invalid field or row is dropped and counted; fields that a later version added
may be missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import DecodeError
from . import about, roster
from .about import About
from .frames import VERSION, Dropped, clean, dump, load, number, refuse, text
from .roster import Roster
from .sample import EVIDENCE, FIELDS, LATER, Sample, decode_row

#: Bytes of a request; the longest legal one is below 200.
MAX_REQUEST = 1024
#: Bytes of a reply; a full hour of a busy hub takes several pages.
MAX_REPLY = 1 << 20


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
    ``last`` is the highest number among the rows, those without a sample included (-1: none).
    """

    origin: Origin
    wall: float
    monotonic: float
    oldest: int
    newest: int
    more: bool
    samples: Sequence[tuple[int, Sample]]
    roster: Roster = field(default_factory=Roster)
    about: About = field(default_factory=About)
    last: int = -1
    dropped: Dropped = field(default_factory=Dropped)


def encode_request(request: Request) -> bytes:
    """Return the frame of a request."""
    return dump({"v": VERSION, "run": request.run, "after": request.after})


def decode_request(frame: bytes) -> Request:
    """Return the request in a frame.

    Raises:
        DecodeError: too long, not JSON, another version, or a field of another type.
    """
    raw = load(frame, MAX_REQUEST)
    run, after = raw.get("run"), raw.get("after")
    if run is not None:
        text(frame, "run", run)
    if after is not None:
        number(frame, "after", after, int, low=-1)
    return Request(run, after)


def encode_reply(  # noqa: PLR0917 - the parts of a reply, in their order
    origin: Origin,
    wall: float,
    monotonic: float,
    page: tuple[int, int, bool, Sequence[bytes]],
    roster_now: Roster | None = None,
    about_now: About | None = None,
) -> bytes:
    """Return the frame of a reply; ``page`` is oldest, newest, more and the encoded rows."""
    oldest, newest, more, rows = page
    head = dump(
        {
            "v": VERSION,
            "service": clean(origin.service),
            "host": clean(origin.host),
            "pid": origin.pid,
            "run": origin.run,
            "started": origin.started,
            "interval": origin.interval,
            "wall": wall,
            "monotonic": monotonic,
            "oldest": oldest,
            "newest": newest,
            "more": more,
            **(roster_now or Roster()).to_dict(),
            **(about_now or About()).to_dict(),
            "fields": [*FIELDS, *LATER, *EVIDENCE],
        }
    )
    return b"".join((head[:-1], b',"rows":[', b",".join(rows), b"]}"))


def decode_reply(frame: bytes) -> Reply:
    """Return the reply in a frame; fields that this version does not know are ignored.

    ``dropped`` counts what was not usable.

    Raises:
        DecodeError: too long, not JSON, another version, or a field of the head is missing or
            cannot be.
    """
    raw = load(frame, MAX_REPLY)
    dropped = Dropped()
    try:
        origin = Origin(
            service=text(frame, "service", raw["service"]),
            host=text(frame, "host", raw["host"]),
            pid=number(frame, "pid", raw["pid"], int),
            run=text(frame, "run", raw["run"]),
            started=number(frame, "started", raw["started"]),
            interval=number(frame, "interval", raw["interval"], low=1, high=86400),
        )
        fields = raw["fields"]
        if not isinstance(fields, list) or not set(FIELDS) <= set(fields):
            refuse(frame, "fields", fields)
        if not isinstance(raw["rows"], list) or not isinstance(raw["more"], bool):
            refuse(frame, "rows", type(raw["rows"]).__name__)
        rows = [decode_row(frame, fields, row, dropped) for row in raw["rows"]]
        return Reply(
            origin=origin,
            wall=number(frame, "wall", raw["wall"]),
            monotonic=number(frame, "monotonic", raw["monotonic"]),
            oldest=number(frame, "oldest", raw["oldest"], int),
            newest=number(frame, "newest", raw["newest"], int, low=-1),
            more=raw["more"],
            samples=[(seq, sample) for seq, sample in rows if seq is not None and sample],
            roster=roster.decode(frame, raw, dropped),
            about=about.decode(frame, raw, dropped),
            last=max((seq for seq, _ in rows if seq is not None), default=-1),
            dropped=dropped,
        )
    except DecodeError:
        raise
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise DecodeError(f"{len(frame)}-byte reply: {type(error).__name__}: {error}") from error
