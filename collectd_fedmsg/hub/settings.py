"""Our keys of fedmsg.d, checked; the daemon's side of the configuration."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..config_check import Checker, Key, Table
from ..config_values import absolute_path, flag, matching, optional, tcp_endpoint, text, whole

PREFIX = "collectd_fedmsg."
MAX_HISTORY = 7 * 86400
_SERVICE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,59}\Z")

#: All that fedmsg.d may say, without ``PREFIX``.
KEYS: Table = {
    "enabled": Key(flag),
    "service": Key(
        optional(matching(_SERVICE.pattern, "letters, digits, '_', '.' and '-', at most 60"))
    ),
    "run_folder": Key(absolute_path),
    "group": Key(optional(text)),
    "interval": Key(whole(1, 3600, "seconds")),
    "history": Key(whole(60, MAX_HISTORY, "seconds")),
    "stacks": Key(flag),
    "endpoint": Key(optional(tcp_endpoint)),
    "curve_keys": Key(optional(absolute_path)),
}


@dataclass(frozen=True)
class Settings:
    """The daemon's side: names, where to listen, how often to sample (seconds)."""

    service: str
    run_folder: Path = Path("/run/fedmsg-health")
    group: str | None = None
    interval: int = 10
    history: int = 3600
    #: Whether the stacks of threads with a message in hand are looked at.
    stacks: bool = True
    #: A ``tcp://`` address besides the socket in ``run_folder``; wants ``curve_keys``.
    endpoint: str | None = None
    #: Folder with ``server.key_secret`` and ``clients/*.key``.
    curve_keys: Path | None = None


def read(config: Mapping[str, Any], program: str | None = None) -> Settings | None:
    """Return the settings in a hub's configuration, None where they are not switched on.

    Args:
        config: moksha's, which holds all that fedmsg.d says.
        program: the command's path, for the service's name; the process's own by default.

    Raises:
        ConfigError: a key is unknown or its value not usable.
    """
    ours = {key[len(PREFIX) :]: config[key] for key in config if key.startswith(PREFIX)}
    checker = Checker("fedmsg.d")
    enabled = ours.get("enabled", False)
    if enabled is False:
        return None
    values = checker.table(ours, KEYS, PREFIX.rstrip("."))
    if enabled is not True:
        checker.finish()
    service = values.get("service") or default_service(program or sys.argv[0])
    if values.get("endpoint") and not values.get("curve_keys"):
        checker.wrong(
            f"{PREFIX}endpoint",
            values["endpoint"],
            f"TCP needs {PREFIX}curve_keys, a folder of CURVE keys",
        )
    checker.finish()
    values.pop("enabled")
    return Settings(**{**values, "service": service})


def default_service(program: str) -> str:
    """Return ``hub`` for ``/usr/bin/fedmsg-hub-3``: the command without what all have.

    Also for what is no command's name, as in ``python -c``.
    """
    name = re.sub(r"\.py$|-[23](\.\d+)?$", "", Path(program).name)
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", name.removeprefix("fedmsg-"))
    return name if _SERVICE.match(name) else "hub"
