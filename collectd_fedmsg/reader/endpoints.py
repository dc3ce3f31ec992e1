"""Find the daemons' socket files, at most a bounded number per user."""

from __future__ import annotations

import errno
import glob
import os
import random
import socket
import stat
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice, zip_longest
from pathlib import Path

from ..protocol.sockets import parse_socket_name

#: Files that are looked at in one round.
MAX_ENTRIES = 65_536
#: Files of which not all may be looked at in time.
MANY_ENTRIES = 1024
#: Endpoints that are asked in one round, and those of one user that is not root.
MAX_ENDPOINTS, MAX_PER_USER = 8192, 2048


def sockets_in(
    patterns: Sequence[str],
    known: Collection[str] = (),
    limit: int = MAX_ENDPOINTS,
    seconds: float = 60.0,
) -> tuple[list[str], dict[str, str]]:
    """Return the ``ipc://`` endpoints that glob patterns name, and what is wrong, by place.

    Whoever answered before comes first; then users take turns, so that one of them who makes
    names without end keeps nobody else out.

    Args:
        known: endpoints that answered before.
        limit: endpoints at most.
        seconds: after which no more files are looked at, but those that answered before.
    """
    wrong: dict[str, str] = {}
    by_user: dict[int, list[str]] = defaultdict(list)
    first: list[str] = []
    for path, user in _socket_files(patterns, known, time.monotonic() + seconds, wrong):
        endpoint = f"ipc://{path}"
        (first if endpoint in known else by_user[user]).append(endpoint)
    for user, endpoints in by_user.items():
        if user and len(endpoints) > MAX_PER_USER:
            wrong[f"uid {user}"] = f"{len(endpoints)} sockets: only {MAX_PER_USER} are asked"
            del endpoints[MAX_PER_USER:]
    turns = chain.from_iterable(zip_longest(*by_user.values()))
    chosen = [*first, *(endpoint for endpoint in turns if endpoint is not None)]
    if len(chosen) > limit:
        wrong["sockets"] = f"{len(chosen)} socket files, only {limit} are asked"
    return chosen[:limit], wrong


def _socket_files(
    patterns: Sequence[str], known: Collection[str], deadline: float, wrong: dict[str, str]
) -> Iterator[tuple[str, int]]:
    paths: set[str] = set()
    for pattern in patterns:
        entries = list(islice(glob.iglob(pattern), MAX_ENTRIES + 1))  # noqa: PTH207 - no Path each
        if len(entries) > MAX_ENTRIES:
            wrong[pattern] = f"more than {MAX_ENTRIES} files: some are not looked at"
        if not entries:
            reason = _unreadable(pattern)
            if reason:
                wrong[pattern] = reason
        for path in _in_turn(entries[:MAX_ENTRIES], known):
            if path in paths or not parse_socket_name(path):
                continue
            paths.add(path)
            if time.monotonic() > deadline and f"ipc://{path}" not in known:
                wrong[pattern] = f"{len(entries)} files: not all can be looked at in time"
                break
            try:
                status = os.lstat(path)
            except OSError:
                continue
            # Links are not followed: they would lead to anything.
            if stat.S_ISSOCK(status.st_mode):
                yield path, status.st_uid


def _in_turn(paths: Sequence[str], known: Collection[str]) -> list[str]:
    """Return paths by name, known ones first; of very many another one is first each time."""
    ordered = sorted(paths)
    if len(ordered) > MANY_ENTRIES:
        begin = random.randrange(len(ordered))  # noqa: S311 - nobody gains by guessing it
        ordered = ordered[begin:] + ordered[:begin]
    return sorted(ordered, key=lambda path: f"ipc://{path}" not in known)


def _unreadable(pattern: str) -> str:
    """Return why a pattern's folder cannot be listed, empty when it can or is not there."""
    folder = Path(pattern).parent
    if glob.has_magic(str(folder)):
        return ""
    try:
        with os.scandir(folder):
            return ""
    except PermissionError as error:
        return f"{folder} may not be read: {error.strerror}; are you in its group?"
    except OSError:
        return ""


def listens(path: str | Path) -> bool | None:
    """Return whether a process listens on a socket file; None when that may not be tried."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            result = probe.connect_ex(str(path))
        except OSError:
            return False
    if result in (0, errno.EAGAIN):
        return True
    return None if result in (errno.EACCES, errno.EPERM) else False
