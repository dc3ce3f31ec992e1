"""Locks, atomic writes and the limit of open files; the one place for each.

Refuses to follow a symbolic link where it writes: whoever owns the folder could plant one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path

#: Seconds between two attempts to get a lock that another process holds.
LOCK_POLL_SECONDS = 0.01
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW


def lock_file(path: Path, seconds: float = 0.0, mode: int = 0o640) -> int:
    """Return the descriptor of an exclusive lock on a file; it ends when that is closed.

    Args:
        path: the lock file, made when it is not there.
        seconds: how long to wait for another process.
        mode: of a new file.

    Raises:
        BlockingIOError: another process holds it.
        OSError: the file cannot be made or opened.
    """
    end = time.monotonic() + seconds
    lock = os.open(path, os.O_RDWR | os.O_CREAT | _FLAGS, mode)
    try:
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
def locked(path: Path, seconds: float = 5.0, mode: int = 0o640) -> Iterator[None]:
    """Hold an exclusive lock on a file within a ``with`` block; errors as in ``lock_file``."""
    lock = lock_file(path, seconds, mode)
    try:
        yield
    finally:
        os.close(lock)


def atomic_write(path: Path, content: bytes, mode: int = 0o644, *, durable: bool = True) -> None:
    """Write a file whole or not at all; ``durable``: it also survives a power cut.

    Raises:
        OSError: the folder or the disk does not take it; the old file is as it was.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    with contextlib.suppress(FileNotFoundError):
        temporary.unlink()
    try:
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FLAGS, mode)
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


def raise_file_limit() -> int:
    """Let this process open as many files as the system allows; return how many these are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            soft = hard
    return soft
