"""Find the daemons' socket files, at most a bounded number per user."""

from __future__ import annotations

import contextlib
import errno
import fnmatch
import glob
import os
import random
import re
import socket
import stat
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from ..protocol.sockets import parse_socket_name
from .shares import by_turns

#: Entries of one folder above which it is named as too full; they are looked at all the same.
MANY_ENTRIES = 65_536
#: Endpoints that are asked in one round, and those of one user that is not root.
MAX_ENDPOINTS, MAX_PER_USER = 8192, 2048


@dataclass
class Found:
    """The ``ipc://`` endpoints to ask, and what is wrong, by place.

    ``gone``: endpoints that answered before, and whose socket file is there no more.
    """

    endpoints: list[str] = field(default_factory=list)
    wrong: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)


class _OfUser:
    """The endpoints of one user: those that answered before, then a random choice of the others."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.known: list[str] = []
        self._others: list[str] = []
        self._count = 0

    def add(self, endpoint: str) -> None:
        """Add one that did not answer before; above ``most`` each has the same chance to stay."""
        self._count += 1
        if len(self._others) < self._most:
            self._others.append(endpoint)
            return
        place = random.randrange(self._count)  # noqa: S311 - nobody gains by guessing it
        if place < self._most:
            self._others[place] = endpoint

    def count(self) -> int:
        """Return how many there are, asked or not."""
        return len(self.known) + self._count

    def chosen(self, *, shuffled: bool) -> list[str]:
        """Return the endpoints to ask, by name; the others ``shuffled`` where not all can be."""
        left = max(0, self._most - len(self.known))
        others = sorted(random.sample(self._others, min(left, len(self._others))))
        if shuffled:
            random.shuffle(others)
        return [*self.known[: self._most], *others]


def sockets_in(
    patterns: Sequence[str],
    known: Collection[str] = (),
    limit: int = MAX_ENDPOINTS,
    seconds: float = 60.0,
) -> Found:
    """Return the endpoints that glob patterns name.

    Users take turns, so that one of them who makes names without end keeps nobody else out; of
    one user whoever answered before comes first, whether a listing gets as far as its file or not.

    Args:
        known: endpoints that answered before.
        limit: endpoints at most.
        seconds: after which no more files are looked at, but those that answered before.
    """
    known = set(known)
    sockets, deadline = Found(), time.monotonic() + seconds
    users: dict[int, _OfUser] = {}

    def of(user: int) -> _OfUser:
        return users.setdefault(user, _OfUser(MAX_PER_USER if user else MAX_ENDPOINTS))

    for endpoint, user in _known_sockets(patterns, known, sockets):
        of(user).known.append(endpoint)
    for endpoint, user in _listed_sockets(patterns, deadline, sockets.wrong):
        if endpoint not in known:
            of(user).add(endpoint)
    for user, endpoints in users.items():
        if user and endpoints.count() > MAX_PER_USER:
            sockets.wrong[f"uid {user}"] = (
                f"{endpoints.count()} sockets: only {MAX_PER_USER} are asked"
            )
    number = sum(endpoints.count() for endpoints in users.values())
    if number > limit:
        sockets.wrong["sockets"] = f"{number} socket files, only {limit} are asked"
    shuffled = number > limit
    turns = by_turns(endpoints.chosen(shuffled=shuffled) for endpoints in users.values())
    sockets.endpoints = turns[:limit]
    return sockets


def _known_sockets(
    patterns: Sequence[str], known: Collection[str], sockets: Found
) -> Iterator[tuple[str, int]]:
    """Yield those that answered before, and their files' owners, without listing any folder."""
    for endpoint in sorted(known):
        path = endpoint.removeprefix("ipc://")
        if path == endpoint:
            continue
        if not any(PurePath(path).match(pattern) for pattern in patterns):
            sockets.gone.add(endpoint)  # by the configuration
            continue
        try:
            status = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            sockets.gone.add(endpoint)
        except OSError as error:
            sockets.wrong[str(Path(path).parent)] = f"{error.strerror}: are you in its group?"
        else:
            if stat.S_ISSOCK(status.st_mode):
                yield endpoint, status.st_uid
            else:
                sockets.gone.add(endpoint)


def _listed_sockets(
    patterns: Sequence[str], deadline: float, wrong: dict[str, str]
) -> Iterator[tuple[str, int]]:
    """Yield the sockets in folders, and their owners; other files are skipped."""
    folders = list(_folders(patterns).items())
    random.shuffle(folders)  # so that one without an end does not come first each time
    for folder, names in folders:
        number = 0
        try:
            with os.scandir(folder) as entries:
                for number, entry in enumerate(entries, 1):
                    if time.monotonic() > deadline:
                        wrong[folder] = f"{number} files and more: not all can be looked at in time"
                        return
                    # What the listing says of an entry's type costs no call.
                    if not names.match(entry.name) or _is_other(entry):
                        continue
                    with contextlib.suppress(OSError):
                        # Links are not followed: they would lead to anything.
                        status = os.lstat(entry.path)
                        if stat.S_ISSOCK(status.st_mode) and parse_socket_name(entry.path):
                            yield f"ipc://{entry.path}", status.st_uid
        except PermissionError as error:
            wrong[folder] = f"may not be read: {error.strerror}; are you in its group?"
        except OSError:
            continue  # it is not there
        if number > MANY_ENTRIES:
            wrong[folder] = f"{number} files, more than {MANY_ENTRIES}: remove what is no socket"


def _is_other(entry: os.DirEntry[str]) -> bool:
    return (
        entry.is_symlink()
        or entry.is_file(follow_symlinks=False)
        or entry.is_dir(follow_symlinks=False)
    )


def _folders(patterns: Sequence[str]) -> dict[str, re.Pattern[str]]:
    """Return which names patterns have in each folder, as glob(3) has them."""
    names: dict[str, list[str]] = defaultdict(list)
    for pattern in patterns:
        head, name = os.path.split(pattern)
        # A leading dot is matched by none but a dot.
        hidden = "" if name.startswith(".") else r"(?!\.)"
        for folder in glob.iglob(head) if glob.has_magic(head) else [head]:  # noqa: PTH207
            names[os.path.normpath(folder)].append(hidden + fnmatch.translate(name))
    return {folder: re.compile("|".join(parts)) for folder, parts in names.items()}


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
