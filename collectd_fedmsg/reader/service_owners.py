"""Which user owns a service's name: no other user may take it while it is remembered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

#: Seconds after its last answer for which a service's name is kept for its user.
OWNER_SECONDS = 86400.0
#: Services whose users are remembered.
MAX_SERVICES = 10_000


class ServiceOwners:
    """Of each service the user whose daemon it was last, and when (epoch seconds).

    Args:
        users: what was saved of ``users``.

    Raises:
        TypeError, ValueError: it is no such thing.
    """

    def __init__(self, users: Mapping[str, Any] | None = None) -> None:
        self.users = {
            str(key): (int(user), float(heard)) for key, (user, heard) in (users or {}).items()
        }

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
        self.users.pop(key, None)
        self.users[key] = (user, now)
        if len(self.users) > MAX_SERVICES:
            del self.users[next(iter(self.users))]
        return ""
