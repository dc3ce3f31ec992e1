"""The socket file of one daemon: create it, set mode and group, watch it, remove it.

In a folder that other users may write nothing is changed by path once it is bound: mode and
group are set through a descriptor of the very file, after a look that it is our own socket.
A name that is taken by another process gives way to a marked one; what is removed or replaced
is made again.
"""

from __future__ import annotations

import contextlib
import errno
import grp
import logging
import os
import secrets
import socket
import stat
from pathlib import Path

from ..protocol.sockets import MAX_SOCKET_PATH, parse_socket_name, socket_path
from .settings import Settings

log = logging.getLogger("collectd_fedmsg")
#: The group that may read where the packages made the folder and no other group is set.
READERS = "fedmsg-health"
#: Connections that may wait to be accepted.
BACKLOG = 64
#: Files of a folder that are looked at for what dead daemons left.
MAX_ENTRIES = 65_536
#: Names that are tried where names are taken.
MAX_TRIES = 4


class SocketFile:
    """Where one daemon listens; ``open`` as often as it is lost.

    Args:
        pid: of the daemon, for the file's name.
    """

    def __init__(self, settings: Settings, pid: int) -> None:
        self._settings = settings
        self._pid = pid
        self._path = socket_path(settings.run_folder, settings.service, pid)
        self._identity: tuple[int, int] | None = None
        self._warned: set[str] = set()
        self._asked = False
        self._readers: int | None = None

    @property
    def path(self) -> Path:
        """Where it is, or should be."""
        return self._path

    def open(self) -> socket.socket:
        """Return a new listening socket that the readers' group can reach.

        Raises:
            OSError: it cannot be made.  ValueError: its path is too long.
            KeyError: there is no group of the configured name.
        """
        folder = self._settings.run_folder
        name = socket_path(folder, self._settings.service, self._pid)
        if len(os.fsencode(name)) > MAX_SOCKET_PATH:
            raise ValueError(f"the path is longer than {MAX_SOCKET_PATH} bytes")
        # 0750 before anything is bound: nobody else gets in.
        made = not folder.is_dir()
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            if made and os.fstat(descriptor).st_uid == os.geteuid():
                os.fchmod(descriptor, 0o750)  # whatever the daemon's umask
            group = self._group(descriptor)
            remove_stale(folder, self._settings.service)
            listener = self._bind(name)
            try:
                listener.listen(BACKLOG)
                self._identity = _admit(descriptor, self._path.name, group)
            except BaseException:
                listener.close()
                raise
            return listener
        finally:
            os.close(descriptor)

    def lost(self) -> bool:
        """Return whether the file was removed or replaced since it was made."""
        return self._identity is None or self._identity != _identity(self._path)

    def remove(self) -> None:
        """Remove the file, if it still is ours."""
        if not self.lost():
            with contextlib.suppress(OSError):
                self._path.unlink()
        self._identity = None

    def _group(self, descriptor: int) -> int | None:
        """Return the group that the socket gets, and give it the folder where that is ours."""
        folder = os.fstat(descriptor)
        ours = folder.st_uid == os.geteuid()
        if folder.st_mode & stat.S_IWOTH:
            self._warn("can be written by anybody, who could make sockets there: chmod o-w")
        elif folder.st_mode & stat.S_IWGRP and not folder.st_mode & stat.S_ISVTX:
            self._warn("lets whoever may write there remove this daemon's socket: chmod +t")
        if self._settings.group is None:
            return None if ours else self._default_group()
        group = grp.getgrnam(self._settings.group).gr_gid
        if ours and folder.st_gid != group:
            os.fchown(descriptor, -1, group)
        return group

    def _default_group(self) -> int | None:
        # Asked once: a directory of groups that hangs would hold up the samples each time.
        if not self._asked:
            self._asked = True
            with contextlib.suppress(KeyError):
                self._readers = grp.getgrnam(READERS).gr_gid
        return self._readers

    def _warn(self, what: str) -> None:
        if what not in self._warned:
            self._warned.add(what)
            log.warning("%s %s", self._settings.run_folder, what)

    def _bind(self, name: Path) -> socket.socket:
        for _ in range(MAX_TRIES):
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            # The file gets this mode, less the umask: nobody but its user, until _admit.
            os.fchmod(listener.fileno(), 0o600)
            try:
                listener.bind(str(name))
            except OSError as error:
                listener.close()
                if error.errno != errno.EADDRINUSE:
                    raise
                taken, mark = name, secrets.token_hex(4)
                name = socket_path(taken.parent, self._settings.service, self._pid, mark)
                log.warning("%s is taken by another process: %s is used", taken, name.name)
                continue
            self._path = name
            return listener
        raise OSError(errno.EADDRINUSE, f"{MAX_TRIES} names in {name.parent} are taken")


def remove_stale(folder: Path, service: str) -> None:
    """Remove this user's sockets of this service on which nobody listens any more.

    Not by the pid in the name: it may be of another pid namespace, or of a stranger by now.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for number, entry in enumerate(entries):
            named = parse_socket_name(entry.name)
            if number >= MAX_ENTRIES:
                return
            if not named or named[0] != service:
                continue
            with contextlib.suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                ours = stat.S_ISSOCK(status.st_mode) and status.st_uid == os.geteuid()
                if ours and not _listens(entry.path):
                    os.unlink(entry.path)  # noqa: PTH108 - a name from scandir


def _listens(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        return probe.connect_ex(path) != errno.ECONNREFUSED


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _admit(folder: int, name: str, group: int | None) -> tuple[int, int]:
    """Let the group connect; return the file's device and inode.

    Raises:
        OSError: the name is another file's by now.
    """
    descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        status = os.fstat(descriptor)
        ours = stat.S_ISSOCK(status.st_mode) and status.st_uid == os.geteuid()
        if not ours or status.st_nlink != 1:
            raise OSError(errno.EEXIST, f"{name} was replaced by another file")
        # A descriptor of O_PATH has no fchmod; this link leads to its file and no other.
        itself = f"/proc/self/fd/{descriptor}"
        if group is not None and status.st_gid != group:
            try:
                os.chown(itself, -1, group)
            except PermissionError as error:
                log.warning("%s: its readers' group is not set: is this daemon's user in it? %s",
                            name, error)  # fmt: skip
        os.chmod(itself, 0o660)  # noqa: PTH101 - a descriptor's link
        return status.st_dev, status.st_ino
    finally:
        os.close(descriptor)
