"""What fedmsg.d may say about us, checked; the daemon's side of the configuration."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ConfigError

PREFIX = "collectd_fedmsg."
#: sun_path of unix(7) has 108 bytes with its NUL.
LONGEST_SOCKET = 107
LONGEST_HISTORY = 7 * 86400
_SERVICE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,59}\Z")


@dataclass(frozen=True)
class Settings:
    """The daemon's side: names, where to listen, how often to sample (seconds)."""

    service: str
    run_folder: Path = Path("/run/fedmsg-health")
    group: str | None = None
    interval: int = 10
    history: int = 3600
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
    if ours.pop("enabled", False) is not True:
        return None
    known = Settings.__dataclass_fields__
    for key, value in ours.items():
        if key not in known:
            raise _error(key, value, f"unknown; known are enabled, {', '.join(known)}")
    service = ours.get("service") or default_service(program or sys.argv[0])
    if not isinstance(service, str) or not _SERVICE.match(service):
        raise _error("service", service, "letters, digits, '_', '.' and '-', at most 60")
    endpoint = ours.get("endpoint")
    keys = ours.get("curve_keys")
    _check_endpoint(endpoint, keys)
    return Settings(
        service=service,
        run_folder=_folder("run_folder", ours.get("run_folder", Settings.run_folder)),
        group=ours.get("group"),
        interval=_whole("interval", ours.get("interval", Settings.interval), 1, 3600),
        history=_whole("history", ours.get("history", Settings.history), 60, LONGEST_HISTORY),
        endpoint=endpoint,
        curve_keys=None if keys is None else _folder("curve_keys", keys),
    )


def default_service(program: str) -> str:
    """Return ``hub`` for ``/usr/bin/fedmsg-hub-3``: the command without what all have.

    Also for what is no command's name, as in ``python -c``.
    """
    name = re.sub(r"\.py$|-[23](\.\d+)?$", "", Path(program).name)
    name = re.sub(r"[^A-Za-z0-9_.-]", "_", name.removeprefix("fedmsg-"))
    return name if _SERVICE.match(name) else "hub"


def _check_endpoint(endpoint: Any, keys: Any) -> None:
    if endpoint is None:
        return
    if not isinstance(endpoint, str) or not re.match(r"tcp://[^:/]+:\d+\Z", endpoint):
        raise _error("endpoint", endpoint, "must look like tcp://192.0.2.1:9941")
    if keys is None:
        raise _error(
            "endpoint", endpoint, "TCP needs collectd_fedmsg.curve_keys, a folder of CURVE keys"
        )


def _whole(key: str, value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise _error(key, value, f"must be whole seconds, {low} to {high}")
    return value


def _folder(key: str, value: Any) -> Path:
    if not isinstance(value, (str, Path)) or not Path(value).is_absolute():
        raise _error(key, value, "must be an absolute path")
    return Path(value)


def _error(key: str, value: Any, reason: str) -> ConfigError:
    return ConfigError("fedmsg.d", PREFIX + key, value, reason)
