"""The file in which collectd's plugin keeps what daemons said of themselves, as bytes.

Compressed lines of JSON: first what changed, by daemon; then replies as they travel, without the
totals by topic. Refuses a file that is too long or of another version; a line that cannot be read
is passed over.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import DecodeError
from .changes import KINDS, MAX_TEXT, Change
from .frames import clean, dump, load, number, refuse, text
from .wire import Reply, decode_reply

#: Bytes of a file, and of what is in it.
MAX_FILE, MAX_CONTENT = 16 << 20, 64 << 20
#: Changes that a file holds.
MAX_CHANGES = 2000
#: Host and service.
Daemon = tuple[str, str]


@dataclass(frozen=True)
class EvidenceFile:
    """What one collectd knows: when it was written (epoch seconds), changes, newest replies."""

    written: float
    changes: Mapping[Daemon, Sequence[Change]] = field(default_factory=dict)
    replies: Sequence[Reply] = ()


def encode(
    written: float, changes: Mapping[Daemon, Sequence[Change]], frames: Iterable[bytes]
) -> bytes:
    """Return the bytes of a file; ``frames``: of replies, whose host is the series'."""
    rows = [
        [clean(host), clean(service), round(change.time, 3), change.kind,
         clean(change.text, MAX_TEXT)]
        for (host, service), of_daemon in changes.items() for change in of_daemon
    ]  # fmt: skip
    head = dump({"v": 1, "written": round(written, 3), "changes": rows[-MAX_CHANGES:]})
    return zlib.compress(b"\n".join([head, *frames]), 1)


def decode(octets: bytes) -> EvidenceFile:
    """Return what a file says.

    Raises:
        DecodeError: too long, not compressed, or its first line is not legible.
    """
    if len(octets) > MAX_FILE:
        raise DecodeError(f"{len(octets)}-byte file: longer than {MAX_FILE}")
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(octets, MAX_CONTENT)
    except zlib.error as error:
        raise DecodeError(f"{len(octets)}-byte file: {error}") from error
    head, *lines = content.split(b"\n")
    raw = load(head, MAX_CONTENT)
    changes: dict[Daemon, list[Change]] = {}
    for row in raw["changes"] if isinstance(raw.get("changes"), list) else ():
        try:
            daemon, change = _change(head, row)
        except DecodeError:
            continue
        changes.setdefault(daemon, []).append(change)
    return EvidenceFile(number(head, "written", raw.get("written")), changes, _replies(lines))


def _change(head: bytes, row: object) -> tuple[Daemon, Change]:
    if not isinstance(row, list) or len(row) < 5 or row[3] not in KINDS:
        refuse(head, "changes", row)
    daemon = (text(head, "changes", row[0]), text(head, "changes", row[1]))
    time = number(head, "changes", row[2])
    return daemon, Change(time, row[3], text(head, "changes", row[4])[:MAX_TEXT])


def _replies(lines: Iterable[bytes]) -> list[Reply]:
    replies = []
    for line in lines:
        try:
            replies.append(decode_reply(line))
        except DecodeError:
            continue
    return replies
