"""One SQLite file with transactions; every failure is a StoreError."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import StoreError
from ..files import lock_file

#: Seconds to wait for another process's write.
TIMEOUT_SECONDS = 30.0


class NotOurs(StoreError):  # noqa: N818 - what happened
    """The file can be read, and what is in it cannot be understood."""


class SqliteFile:
    """A connection to one file; each thread opens its own.

    Args:
        path: the file.
        schema: statements that create the missing tables.
        create: whether the file may be made.
        read_only: for who may read the file and not write it.

    Raises:
        StoreError: from every method: the file cannot be used now, or holds what is not ours.
    """

    def __init__(self, path: Path, schema: str, *, create: bool, read_only: bool = False) -> None:
        self.path = path
        with self.translated():
            if not create and not path.exists():
                raise StoreError(f"{path}: is not there; does `collectd-fedmsg alerts run` run?")
            if path.exists() and not path.is_file():
                # sqlite would wait for the other end of a named pipe.
                raise StoreError(f"{path}: is no regular file")
            address = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
            self.base = sqlite3.connect(
                address,
                timeout=TIMEOUT_SECONDS,
                isolation_level=None,
                check_same_thread=False,
                uri=True,
            )
            if read_only:
                return
            try:
                # FULL: what was committed is on the disk, also after a power cut.
                self.base.execute("PRAGMA journal_mode = WAL")
                self.base.execute("PRAGMA synchronous = FULL")
                self.base.executescript(schema)
            except BaseException:
                self.base.close()
                raise

    def close(self) -> None:
        """Close the file."""
        self.base.close()

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Turn what sqlite, the system and the decoding of rows raise into a StoreError."""
        try:
            yield
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror or error}") from error
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from error
        except (
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            OverflowError,
            RecursionError,
        ) as error:
            raise NotOurs(f"{self.path}: holds what is not ours: {error!r:.200}") from error

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection within a transaction."""
        with self.translated():
            self.base.execute("BEGIN IMMEDIATE")
            try:
                yield self.base
                self.base.execute("COMMIT")
            except BaseException:
                if self.base.in_transaction:
                    self.base.execute("ROLLBACK")
                raise


def only_one(path: Path) -> int:
    """Return the descriptor of a lock that ends with this process.

    Raises:
        StoreError: another evaluator uses this file; two would send every notice twice.
    """
    lock = path.parent / f"{path.name}.lock"
    try:
        return lock_file(lock)
    except BlockingIOError as error:
        raise StoreError(f"{path}: another evaluator uses it") from error
    except OSError as error:
        raise StoreError(f"{lock}: {error.strerror}") from error
