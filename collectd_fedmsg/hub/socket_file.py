"""The two socket files of one daemon: create them, set mode and group, watch and remove them.

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
import re
import secrets
import socket
import stat
from pathlib import Path

from ..protocol.sockets import MAX_SOCKET_PATH, parse_socket_name, root_path, socket_path
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


class SocketFiles:
    """Where one daemon listens, for its readers and for root; ``open`` as often as it is lost.

    Args:
        pid: of the daemon, for the files' names.
    """

    def __init__(self, settings: Settings, pid: int) -> None:
        self._settings = settings
        self._pid = pid
        self._path = socket_path(settings.run_folder, settings.service, pid)
        #: Device and inode of each file that was made.
        self._made: dict[Path, tuple[int, int]] = {}
        self._warned: set[str] = set()
        self._asked = False
        self._readers: int | None = None

    @property
    def path(self) -> Path:
        """Where the readers' socket is, or should be."""
        return self._path

    def open(self) -> tuple[socket.socket, socket.socket]:
        """Return two new listening sockets: for the readers' group, and for root alone.

        Raises:
            OSError: they cannot be made.  ValueError: their path is too long.
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
            self.remove()
            remove_stale(folder, self._settings.service)
            public, root = self._bind(name)
            try:
                public.listen(BACKLOG)
                root.listen(BACKLOG)
                alone = _root(self._path)
                self._made[alone] = _admit(descriptor, alone.name, 0o600, None)
                self._made[self._path] = _admit(descriptor, self._path.name, 0o660, group)
            except BaseException:
                public.close()
                root.close()
                raise
            return public, root
        finally:
            os.close(descriptor)

    def lost(self) -> bool:
        """Return whether a file was removed or replaced since it was made."""
        return not self._made or any(_status(path) != made for path, made in self._made.items())

    def remove(self) -> None:
        """Remove the files that still are ours."""
        for path, made in self._made.items():
            if _status(path) == made:
                with contextlib.suppress(OSError):
                    path.unlink()
        self._made = {}

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

    def _bind(self, name: Path) -> tuple[socket.socket, socket.socket]:
        for _ in range(MAX_TRIES):
            bound: list[socket.socket] = []
            try:
                # Root's first: if the other name is taken, nobody sees what is left of this try.
                bound.append(_bound(_root(name)))
                bound.append(_bound(name))
            except OSError as error:
                for listener in bound:
                    listener.close()
                if error.errno != errno.EADDRINUSE:
                    raise
                taken, mark = name, secrets.token_hex(4)
                name = socket_path(taken.parent, self._settings.service, self._pid, mark)
                log.warning("%s is taken by another process: %s is used", taken, name.name)
                continue
            self._path = name
            root, public = bound
            return public, root
        raise OSError(errno.EADDRINUSE, f"{MAX_TRIES} names in {name.parent} are taken")


def _root(path: Path) -> Path:
    return Path(root_path(str(path)))


def _bound(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # The file gets this mode, less the umask: nobody but its user and root, until _admit.
        os.fchmod(listener.fileno(), 0o600)
        listener.bind(str(path))
    except BaseException:
        listener.close()
        raise
    return listener


def remove_stale(folder: Path, service: str) -> None:
    """Remove this user's sockets of this service on which nobody listens any more.

    Not by the pid in the name: it may be of another pid namespace, or of a stranger by now.
    """
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        for number, entry in enumerate(entries):
            named = parse_socket_name(re.sub(r"\.root\Z", ".sock", entry.name))
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


def _status(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _admit(folder: int, name: str, mode: int, group: int | None) -> tuple[int, int]:
    """Set mode and group of a socket file that was just bound; return its device and inode.

    Raises:
        OSError: the name is another file's by now.
    """
    descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        # A descriptor of O_PATH has no fchmod; this link leads to its file and no other.
        itself = f"/proc/self/fd/{descriptor}"
        status = os.fstat(descriptor)
        ours = stat.S_ISSOCK(status.st_mode) and status.st_uid == os.geteuid()
        if not ours or status.st_nlink != 1:
            raise OSError(errno.EEXIST, f"{name} was replaced by another file")
        if group is not None and status.st_gid != group:
            try:
                os.chown(itself, -1, group)
            except PermissionError as error:
                log.warning("%s: its readers' group is not set: is this daemon's user in it? %s",
                            name, error)  # fmt: skip
        os.chmod(itself, mode)  # noqa: PTH101 - a descriptor's link
        return status.st_dev, status.st_ino
    finally:
        os.close(descriptor)
