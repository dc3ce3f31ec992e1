"""Locks, bounded reads, atomic writes and the limit of open files; the one place for each.

Refuses to follow a symbolic link where it writes, and to wait for what was planted in place of a
file: a named pipe, a device, a lock that somebody else may hold.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import resource
import secrets
import stat
import time
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import BinaryIO

#: Seconds between two attempts to get a lock that another process holds.
LOCK_POLL_SECONDS = 0.01
#: Bytes of a file that holds a password or token.
MAX_SECRET_BYTES = 4096
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW


@contextlib.contextmanager
def regular_file(path: Path | str, *, ours: bool = False) -> Iterator[BinaryIO]:
    """Yield a regular file that is open for reading; nothing else is waited for.

    Args:
        ours: whether it must belong to this user, to root or to the folder's owner, in a folder
            that others may write.

    Raises:
        OSError: it cannot be opened, is no regular file, or is somebody else's.
    """
    opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        # Before it becomes a file object: of a folder that fails, and leaves it open.
        _check(opened, path, ours=ours)
        file = os.fdopen(opened, "rb")
    except BaseException:
        os.close(opened)
        raise
    with file:
        yield file


def read_file(path: Path | str, most: int, *, ours: bool = False) -> bytes:
    """Return the content of a regular file of ``most`` bytes at most; ``ours`` as above.

    Raises:
        OSError: it cannot be read, is longer, is no regular file, or is somebody else's.
    """
    with regular_file(path, ours=ours) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"is longer than {most} bytes", str(path))
    return content


def _check(opened: int, path: Path | str, *, ours: bool) -> None:
    """Raise OSError for what is no regular file, or another user's where it must not be."""
    status = os.fstat(opened)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "is no regular file", str(path))
    folder = Path(path).parent.stat()
    shared = ours and folder.st_mode & 0o022
    if shared and status.st_uid not in (0, os.geteuid(), folder.st_uid):
        raise OSError(errno.EPERM, f"belongs to another user, uid {status.st_uid}", str(path))


def lock_file(path: Path, seconds: float = 0.0) -> int:
    """Return the descriptor of an exclusive lock on a file; it ends when that is closed.

    Only the file's owner and root may open it, so nobody else can hold it.

    Args:
        path: the lock file, made when it is not there.
        seconds: how long to wait for another process.

    Raises:
        BlockingIOError: another process holds it.
        OSError: the file cannot be made or opened, is no regular file, or is another user's.
    """
    end = time.monotonic() + seconds
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK | _FLAGS, 0o600)
    try:
        _check(lock, path, ours=True)
        status = os.fstat(lock)
        if status.st_uid == os.geteuid() and status.st_mode & 0o077:
            os.fchmod(lock, 0o600)
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return lock
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise
                time.sleep(LOCK_POLL_SECONDS)
    except BaseException:
        os.close(lock)
        raise


@contextlib.contextmanager
def locked(path: Path, seconds: float = 5.0) -> Iterator[None]:
    """Hold an exclusive lock on a file within a ``with`` block; errors as in ``lock_file``."""
    lock = lock_file(path, seconds)
    try:
        yield
    finally:
        os.close(lock)


def atomic_write(path: Path, content: bytes, mode: int = 0o644, *, durable: bool = True) -> None:
    """Write a file whole or not at all; ``durable``: it also survives a power cut.

    Raises:
        OSError: the folder or the disk does not take it; the old file is as it was.
    """
    # A name that nobody can know, and so not take, before.
    temporary = path.with_name(f"{path.name[:200]}.{secrets.token_hex(8)}.new")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, mode)
    try:
        with os.fdopen(file, "wb") as opened:
            opened.write(content)
            if durable:
                opened.flush()
                os.fsync(opened.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def real_path(path: Path) -> Path:
    """Return the path without links.

    Raises:
        OSError: it is not there, or a link leads to itself: for that Path.resolve() raises
            RuntimeError.
    """
    return Path(os.path.realpath(path, strict=True))


@contextlib.contextmanager
def folder_beneath(root: Path, relative: PurePath, *, make: bool = False) -> Iterator[int]:
    """Yield the descriptor of a folder below ``root``; no link on the way is followed.

    Whoever owns a folder may plant links in it: by descriptor nothing outside is reached, even
    when the names change meanwhile.

    Args:
        make: whether folders that are not there are made.

    Raises:
        OSError: one of the folders is a link, is none, or may not be entered.
    """
    opened = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in relative.parts:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=opened)
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | _FLAGS, dir_fd=opened)
            os.close(opened)
            opened = inner
        yield opened
    finally:
        os.close(opened)


@contextlib.contextmanager
def file_beneath(folder: int, name: str) -> Iterator[int]:
    """Yield the descriptor of a regular file in an open folder, for reading.

    Raises:
        OSError: it is not there, or may not be read.
        ValueError: it is a link, or no regular file.
    """
    try:
        # A named pipe would wait for its other end.
        opened = os.open(name, os.O_RDONLY | os.O_NONBLOCK | _FLAGS, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise ValueError("is a symbolic link: not followed") from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise ValueError("is no regular file")
        yield opened
    finally:
        os.close(opened)


def replace_beneath(folder: int, name: str, content: bytes, like: os.stat_result) -> None:
    """Replace a file in an open folder, with owner, mode and times of ``like``.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    temporary = f".{name[:200]}.{secrets.token_hex(4)}"
    made = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, 0o600, dir_fd=folder)
    try:
        with os.fdopen(made, "wb") as file:
            file.write(content)
            file.flush()
            if os.geteuid() == 0 or like.st_uid != os.geteuid():
                os.fchown(made, like.st_uid, like.st_gid)
            os.fchmod(made, stat.S_IMODE(like.st_mode))
            os.utime(made, ns=(like.st_atime_ns, like.st_mtime_ns))
            os.fsync(made)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def raise_file_limit() -> int:
    """Let this process open as many files as the system allows; return how many these are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return soft
