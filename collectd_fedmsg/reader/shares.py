"""The bytes that each user's daemons may send in one round, and whose turn it is.

Users do not share one pool of bytes: a user whose daemons answer first, or with most bytes, uses up
that user's share only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from itertools import chain, zip_longest

#: Bytes of replies in one round: after an outage a large fleet comes over several rounds.
MAX_ROUND = 8 << 20


class Shares:
    """The users of one round: each gets an equal part, and at least one frame.

    Users are names of any kind: a uid of this host, or all hosts over TCP together.
    """

    def __init__(self) -> None:
        self._octets: Counter[str] = Counter()

    def enter(self, user: str) -> None:
        """Note a user of whom at least one daemon is asked."""
        self._octets[user] += 0

    def count(self, user: str, octets: int) -> None:
        """Note bytes that were received from a user's daemon, of a whole frame or not."""
        self._octets[user] += octets

    def part(self) -> int:
        """Return the bytes that each user may send."""
        return MAX_ROUND // max(1, len(self._octets))

    def left(self, user: str) -> int:
        """Return the bytes that a user may still send; 0 or less: nothing more is read."""
        return self.part() - self._octets[user]


def in_turn(users: Mapping[str, str], first: Collection[str] = ()) -> list[str]:
    """Return endpoints so that users take turns; of one user's the ``first`` come first.

    Args:
        users: endpoint → user.
    """
    by_user: dict[str, list[str]] = defaultdict(list)
    for endpoint in sorted(users, key=lambda endpoint: endpoint not in first):
        by_user[users[endpoint]].append(endpoint)
    return by_turns(by_user.values())


def by_turns(queues: Iterable[Collection[str]]) -> list[str]:
    """Return the first of each queue, then the second of each, and so on."""
    turns = chain.from_iterable(zip_longest(*queues))
    return [member for member in turns if member is not None]
