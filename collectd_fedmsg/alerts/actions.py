"""Check and record what people do: acknowledgements and silences. Writes to the state only."""

from __future__ import annotations

from ..errors import BadQuery
from .records import Ack
from .rules import Match, Silence
from .state_db import AlertDatabase

#: Seconds; a silence has an end that somebody remembers.
MAX_SILENCE_SECONDS = 30 * 86400.0
MAX_TEXT = 200


def acknowledge(book: AlertDatabase, name: str, by: str, comment: str, now: float) -> Ack:
    """Record an acknowledgement of an open alert.

    Raises:
        BadQuery: no open alert has this id, or a text is unusable.
    """
    if all(alert.id != name for alert in book.load()[0].alerts):
        raise BadQuery(f"id: no open alert has the id {name[:40]!r}")
    ack = Ack(line("by", by, 1), now, line("comment", comment, 0))
    book.acknowledge(name, ack)
    return ack


def silence(  # noqa: PLR0917
    match: Match, span: float, by: str, comment: str, now: float, name: str
) -> Silence:
    """Return a silence of ``span`` seconds from ``now`` (epoch seconds).

    Raises:
        BadQuery: it has no bounded end, matches everything, or a text is unusable.
    """
    if not 60 <= span <= MAX_SILENCE_SECONDS:
        raise BadQuery(f"a silence of {span:.0f} s is not within a minute and 30 days")
    if match == Match():
        raise BadQuery("host, service, consumer or rule: say what shall be silent")
    return Silence(name, match, now, now + span, line("by", by, 1), line("comment", comment, 0))


def line(name: str, text: object, least: int) -> str:
    """Return a text of one line.

    Raises:
        BadQuery: it is none, or is too long.
    """
    if not isinstance(text, str) or not least <= len(text.strip()) <= MAX_TEXT:
        raise BadQuery(f"{name}: {least} to {MAX_TEXT} characters are wanted")
    if not text.isprintable():
        raise BadQuery(f"{name}: one line without control characters is wanted")
    return text.strip()


def words(match: Match) -> str:
    """Return in words which alerts a silence covers."""
    parts = ((name, getattr(match, name)) for name in ("host", "service", "consumer", "rule"))
    return ", ".join(f"{name} {' or '.join(some)}" for name, some in parts if some != ("*",))
