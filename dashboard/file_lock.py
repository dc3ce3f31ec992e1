"""One process at a time, by a lock on a file beside what is written; a crash releases it."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from collectd_fedmsg.errors import StoreError


@contextmanager
def file_lock(path: Path, seconds: float = 5.0) -> Iterator[None]:
    """Hold a lock file that only one process or thread has at a time (flock(2)).

    Raises:
        StoreError: it cannot be made, or another has it for longer than ``seconds``.
    """
    end = time.monotonic() + seconds
    try:
        with path.open("ab") as lock:
            while True:
                with suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                if time.monotonic() > end:
                    raise StoreError(f"{path.name}: another process holds it")
                time.sleep(0.01)
            yield
    except OSError as error:
        raise StoreError(f"{path.name}: {error.strerror}") from error
