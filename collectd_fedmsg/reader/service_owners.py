"""Which user owns a service's name: no other user may take it while it is remembered."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

#: Seconds after its last answer for which a service's name is kept for its user.
OWNER_SECONDS = 86400.0
#: Services of one user that are remembered; above it those that were heard of least lately go.
MAX_PER_USER = 2048


class ServiceOwners:
    """Of each service the user whose daemon it was last, and when (epoch seconds).

    Args:
        users: what was saved of ``users``.

    Raises:
        TypeError, ValueError: it is no such thing.
    """

    def __init__(self, users: Mapping[str, Any] | None = None) -> None:
        self.users: dict[str, tuple[int, float]] = {}
        #: Of each user its services, the longest unheard first.
        self._services: dict[int, dict[str, None]] = defaultdict(dict)
        for key, (user, heard) in (users or {}).items():
            self._keep(str(key), int(user), float(heard))

    def claim(self, place: str, service: str, user: int, now: float) -> str:
        """Return why a user's daemon may not have a service's name, empty when it has it now.

        A name is its last user's until OWNER_SECONDS after its last answer; root may take any.
        ``now``: seconds since the epoch.
        """
        key = json.dumps([place, service])
        owner, heard = self.users.get(key, (user, now))
        left = OWNER_SECONDS - abs(now - heard)
        if user not in (owner, 0) and left > 0:
            return (
                f"{service} is a daemon of uid {owner}: what uid {user} says of it is not believed"
                f" for another {left / 3600:.0f} h"
            )
        self._keep(key, user, now)
        return ""

    def user(self, place: str, service: str) -> str:
        """Return the name of a service's user, empty when it is not known."""
        known = self.users.get(json.dumps([place, service]))
        return "" if known is None else f"uid {known[0]}"

    def _keep(self, key: str, user: int, heard: float) -> None:
        """Note a service's user; more than MAX_PER_USER push out names of the same user only."""
        self._drop(key)
        self.users[key] = (user, heard)
        services = self._services[user]
        services[key] = None
        if len(services) > MAX_PER_USER:
            self._drop(next(iter(services)))

    def _drop(self, key: str) -> None:
        user, _ = self.users.pop(key, (None, 0.0))
        if user is None:
            return
        del self._services[user][key]
        if not self._services[user]:
            del self._services[user]
