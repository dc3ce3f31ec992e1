"""Load the hub plugin where a command names its producers itself.

fedmsg-relay, fedmsg-gateway and fedmsg-irc hand moksha a fixed list of producers, and moksha
then looks at no entry point. The files of fedmsg.d are Python: one of them may call
``install``, which costs a publisher nothing and does nothing there.
"""

from __future__ import annotations

import sys
from typing import Any

_LOADER = "_CentralMokshaHub__init_producers"


def install() -> None:
    """Make hubs with a fixed list of producers load ours too; safe to call twice."""
    module = sys.modules.get("moksha.hub.hub")
    hub_class: Any = getattr(module, "CentralMokshaHub", None)
    original = getattr(hub_class, _LOADER, None)
    if original is None or getattr(original, "with_health", False):
        return

    def load(hub: Any) -> None:
        try:
            from .hub_plugin import HealthProducer  # noqa: PLC0415 - moksha must be there first

            fixed = hub._producers
            if fixed is not None and HealthProducer not in fixed:
                hub._producers = [*fixed, HealthProducer]
        finally:
            original(hub)

    load.with_health = True  # type: ignore[attr-defined]
    setattr(hub_class, _LOADER, load)
