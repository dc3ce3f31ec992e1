"""Where a daemon listens: a socket file of its own, and TCP with CURVE where configured.

A failure is one log line that says what to mend. Knows the file names that readers look for.
"""

from __future__ import annotations

import contextlib
import grp
import logging
import os
import re
import socket as sockets
import stat
from pathlib import Path
from typing import Any

import zmq
from zmq.auth import load_certificate
from zmq.auth.thread import ThreadAuthenticator

from ..protocol.wire import MAX_REQUEST
from .settings import LONGEST_SOCKET, Settings

log = logging.getLogger("collectd_fedmsg")
SOCKET_NAME = re.compile(r"(?P<service>.+)\.(?P<pid>\d+)\.sock\Z")


def socket_path(folder: Path, service: str, pid: int) -> Path:
    """Return the path of a daemon's socket file."""
    return folder / f"{service}.{pid}.sock"


def parse_socket_name(name: str) -> tuple[str, int] | None:
    """Return service and pid in a socket file's name, None for another file."""
    match = SOCKET_NAME.match(name)
    return (match["service"], int(match["pid"])) if match else None


def alive(pid: int) -> bool:
    """Return whether a process of this host has the pid."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def impostor(endpoint: str, pid: int) -> str:
    """Return why a socket file is not the named process's own, empty when it is or cannot be told.

    In a folder that several users' daemons share, one could bind a file with another's name.
    """
    try:
        owner = os.stat(endpoint.removeprefix("ipc://")).st_uid  # noqa: PTH116 - may be no UTF-8
        process = os.stat(f"/proc/{pid}").st_uid  # noqa: PTH116 - as above
    except OSError:
        return ""
    # A daemon that root started may have bound before it became another user.
    if owner in (process, 0):
        return ""
    return f"belongs to uid {owner}, but process {pid} to uid {process}"


class Served:
    """The sockets of one daemon; opens what it can, says what it cannot."""

    def __init__(self, context: zmq.Context[Any], settings: Settings, pid: int) -> None:
        self._context = context
        self._settings = settings
        self._path = socket_path(settings.run_folder, settings.service, pid)
        self._sockets: list[Any] = []
        self._bound = False
        self._guard: ThreadAuthenticator | None = None

    def open(self) -> list[Any]:
        """Return the sockets that could be bound."""
        self._try(self._open_file, str(self._path), "is the folder there and ours to write?")
        if self._settings.endpoint:
            advice = "is the address free, are the keys there?"
            self._try(self._open_tcp, self._settings.endpoint, advice)
        return self._sockets

    def close(self) -> None:
        """Close all and remove the socket file."""
        for socket in self._sockets:
            socket.close(linger=0)
        if self._guard:
            self._guard.stop()
        if self._bound:
            with contextlib.suppress(OSError):
                self._path.unlink()

    def _try(self, opening: Any, where: str, advice: str) -> None:
        try:
            opening()
        except (OSError, zmq.ZMQError, KeyError, ValueError) as error:
            log.error(
                "no health reports at %s: %s: %s (%s)", where, type(error).__name__, error, advice
            )

    def _open_file(self) -> None:
        folder, path = self._settings.run_folder, self._path
        if len(os.fsencode(path)) > LONGEST_SOCKET:
            raise ValueError(f"the path is longer than {LONGEST_SOCKET} bytes")
        # 0750 before the bind: nobody else gets in between bind and chmod.
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        group = None if self._settings.group is None else grp.getgrnam(self._settings.group).gr_gid
        if group is not None and folder.stat().st_gid != group:
            os.chown(folder, -1, group)
        if folder.stat().st_mode & stat.S_IWOTH:
            log.warning("%s can be written by anybody, who could pose as a daemon: 0750", folder)
        self._remove_stale(folder)
        if path.exists() and _answers(path):
            raise OSError(f"{path} is in use by another process")
        self._bind(f"ipc://{path}")
        self._bound = True
        if group is not None:
            os.chown(path, -1, group)
        path.chmod(0o660)

    def _open_tcp(self) -> None:
        keys = self._settings.curve_keys
        if keys is None:  # pragma: no cover - settings.read refuses it
            raise ValueError("TCP without keys")
        public, secret = load_certificate(keys / "server.key_secret")
        # Without an allowlist CURVE lets any stranger in: ZAP, RFC 27.
        self._guard = ThreadAuthenticator(self._context)
        self._guard.start()
        self._guard.configure_curve(domain="*", location=str(keys / "clients"))
        self._bind(str(self._settings.endpoint), (public, secret))

    def _bind(self, address: str, keys: tuple[bytes, bytes | None] | None = None) -> None:
        socket = self._context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_REQUEST)
        # A peer that never reads fills its own queue only: a few pages, then it is dropped.
        socket.setsockopt(zmq.SNDHWM, 8)
        socket.setsockopt(zmq.RCVHWM, 64)
        try:
            if keys:
                socket.curve_publickey, socket.curve_secretkey = keys
                socket.curve_server = True
            socket.bind(address)
        except zmq.ZMQError:
            socket.close()
            raise
        self._sockets.append(socket)

    def _remove_stale(self, folder: Path) -> None:
        """Remove what dead daemons of this name left."""
        for path in folder.glob(f"{self._settings.service}.*.sock"):
            found = parse_socket_name(path.name)
            if found and found[0] == self._settings.service and not alive(found[1]):
                with contextlib.suppress(OSError):
                    path.unlink()


def _answers(path: Path) -> bool:
    """Return whether something listens: zmq would steal the path silently."""
    with sockets.socket(sockets.AF_UNIX) as probe:
        probe.settimeout(0.2)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
