"""Decide whether a new connection is accepted and which is closed for it; no clock, no system call.

Root's reader is never refused in favour of another user. Otherwise the user with the most
connections loses one: the one that has waited longest for a whole request. Even a busy connection
is closed for a user who has fewer; else many users who connect in a loop would keep one user out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from .reader_connection import Connection

#: Connections of all users but root, and of one user; fewer where the limit of files is low.
MAX_CONNECTIONS, MAX_PER_USER = 64, 16
#: Connections that root always has.
MIN_OF_ROOT = 4
#: The share of the limit of open files that connections may take.
FILES_SHARE = 16
#: Seconds in which a newcomer's first request should come; it gives way to no equal meanwhile.
GRACE_SECONDS = 1.0
#: Descriptors below the limit that stay free, but for one connection and those of root.
HEADROOM = 32


@dataclass(frozen=True)
class Limits:
    """Connections at most: of all users but root, of one of them, of root."""

    others: int
    user: int
    root: int


def limits(soft: int | None, number: int) -> Limits:
    """Return the limits for a newcomer with this descriptor.

    Args:
        soft: the limit of open files, None where there is none.
    """
    others = MAX_CONNECTIONS
    if soft is not None:
        if number >= soft - HEADROOM:
            return Limits(1, 1, MIN_OF_ROOT)
        others = max(2, min(MAX_CONNECTIONS, soft // FILES_SHARE))
    user = max(1, others * MAX_PER_USER // MAX_CONNECTIONS)
    return Limits(others, user, max(MIN_OF_ROOT, user))


def first_to_go(
    readers: Iterable[Connection], now: float, *, for_root: bool, for_fewer: bool = False
) -> Connection | None:
    """Return the connection to close first; None when none may be.

    One whose request waits for us, or may still be on its way, is closed only for root, and then
    it is none of root's, or for a user with fewer connections.

    Args:
        now: monotonic seconds.
        for_fewer: these are one user's, and the newcomer's user has fewer with the new one.
    """

    def may_go(reader: Connection) -> bool:
        if reader.root != for_root:
            return for_root
        late = for_fewer or reader.answered or now - reader.began > GRACE_SECONDS
        return late and (for_fewer or reader.request is None)

    return min(
        filter(may_go, readers),
        key=lambda reader: (
            reader.root, reader.request is not None, len(reader.output) > 0, reader.began,
        ),
        default=None,
    )  # fmt: skip


def closed_for(
    newcomer: Connection, readers: Collection[Connection], most: Limits, now: float
) -> list[Connection] | None:
    """Return the connections to close for a newcomer; None: it is refused."""
    closing: list[Connection] = []
    staying = list(readers)
    while True:
        users = Counter(reader.user for reader in staying)
        users[newcomer.user] += 1
        if users[newcomer.user] > (most.root if newcomer.root else most.user):
            crowd = newcomer.user
        elif not newcomer.root and sum(users.values()) - users[0] > most.others:
            crowd = max((user for user in users if user), key=lambda user: users[user])
        else:
            return closing
        of_crowd = [reader for reader in staying if reader.user == crowd]
        fewer = users[newcomer.user] < users[crowd]
        reader = first_to_go(of_crowd, now, for_root=newcomer.root, for_fewer=fewer)
        if reader is None:
            return None
        closing.append(reader)
        staying.remove(reader)
