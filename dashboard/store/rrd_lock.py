"""Keep writers away from an RRD file while librrd reads it.

librrd refuses a file that is being written at that moment, and the binding of Debian 12 (0.1.10)
frees memory twice where ``fetch`` refuses, which ends the process. Refuses to wait for a writer
that does not end.

Source: rrd_open.c of RRDtool 1.7 (F_SETLK without waiting), fcntl(2).
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: What librrd says of a file that is being written.
LOCKED = "could not lock"
#: Seconds to wait for a writer; a write takes some 0.1 ms.
WRITER_SECONDS, PAUSE_SECONDS = 0.5, 0.001
#: struct flock: type, whence, start, length (0: to the end), pid.
_SHARED = struct.pack("@hhqqi", fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)


@contextmanager
def without_writers(name: str) -> Iterator[None]:
    """Share the lock of a regular file, so that librrd is not refused it.

    The lock is of an open file, not of the process: what librrd closes does not end it.

    Raises:
        OSError: a writer keeps it locked for ``WRITER_SECONDS``, or it cannot be locked.
    """
    file = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        _share(file)
        yield
    finally:
        os.close(file)


def _share(file: int) -> None:
    deadline = time.monotonic() + WRITER_SECONDS
    while True:
        try:
            fcntl.fcntl(file, fcntl.F_OFD_SETLK, _SHARED)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                raise
            if time.monotonic() > deadline:
                why = f"a writer has kept it locked for {WRITER_SECONDS:g} s"
                raise TimeoutError(why) from error
        else:
            return
        time.sleep(PAUSE_SECONDS)
