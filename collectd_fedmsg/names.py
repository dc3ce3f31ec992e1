"""Escape names of hosts, services, consumers and topics; reversible, without collisions.

Letters, digits, ``.``, ``_`` and ``-`` stand for themselves; any other byte of the UTF-8
form is ``~`` and two hex digits, so no name holds a slash, a space, a quote or a line end,
and none can leave a folder. A name too long for collectd (127 bytes a part, cut silently)
is cut to its head and a digest, ``~~`` between: one way only, but still without collisions.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

#: collectd cuts each part of an identifier at DATA_MAX_NAME_LEN = 128 bytes with the NUL;
#: the rest is for the metric's own ending.
LIMIT = 60
_DIGEST_BYTES = 12
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
_ESCAPED = re.compile(r"(?:~[0-9a-f]{2})+")


def escape(name: str, limit: int = LIMIT, also: str = "") -> str:
    """Return a name of at most ``limit`` ASCII characters, safe in a path and an identifier.

    ``also`` holds further characters that shall not stand for themselves.
    """
    octets = name.encode("utf-8", "surrogatepass")
    plain = _PLAIN - frozenset(also.encode("ascii"))
    safe = "".join(chr(octet) if octet in plain else f"~{octet:02x}" for octet in octets)
    if safe.startswith("."):
        safe = f"~2e{safe[1:]}"
    if safe.startswith("-"):
        safe = f"~2d{safe[1:]}"
    if len(safe) <= limit:
        return safe
    digest = hashlib.sha256(octets).hexdigest()[: 2 * _DIGEST_BYTES]
    head = re.sub(r"~.?$", "", safe[: limit - len(digest) - 2])
    return f"{head}~~{digest}"


def unescape(safe: str) -> str:
    """Return the name behind ``escape``; a shortened or foreign one is returned unchanged.

    Foreign is also what ``escape`` never makes, such as ``~41`` for ``A``: two files must not
    become one name.
    """
    if "~" not in safe or "~~" in safe:
        return safe
    try:
        name = _ESCAPED.sub(_octets, safe)
    except UnicodeDecodeError:
        return safe
    return name if safe in (escape(name, len(safe)), escape(name, len(safe), "-")) else safe


def printable(text: str) -> str:
    """Return a text as one line of visible ASCII, for logs, mails and notifications.

    What is not comes as Python writes it, so a name ends no line and turns no writing around.
    """
    return _shown(text, lambda char: " " <= char <= "~")


def visible(text: str) -> str:
    """Return a text as one line in any script, for people: a mail, a message.

    Letters stay; line ends, controls, marks that turn writing around and what is no character
    come as Python writes them.
    """
    return _shown(text, str.isprintable)


def _shown(text: str, plain: Callable[[str], bool]) -> str:
    return "".join(
        char if plain(char) else char.encode("unicode_escape").decode("ascii") for char in text
    )


def _octets(match: re.Match[str]) -> str:
    return bytes.fromhex(match.group().replace("~", "")).decode("utf-8", "surrogatepass")
