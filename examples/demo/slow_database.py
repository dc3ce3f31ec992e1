"""Make an archive's inserts slow, as a careless trigger does."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

_QUERY = "SELECT count(*) FROM careless a, careless b WHERE a.n * b.n % 7 = 3"
#: Rows that the cost of a row pair is measured with.
_TRIED = 500


def slow_down(path: Path, seconds: float, each: float = 0.4) -> None:
    """Let every insert into ``messages`` also run a query that has no index.

    The trigger knows its own end: a database that is this busy may never let it be dropped.

    Args:
        path: the archive's file.
        seconds: how long.  each: about how long one insert takes then, seconds.

    Raises:
        sqlite3.OperationalError: the database is locked for a minute.
    """
    database = sqlite3.connect(path, timeout=60, isolation_level=None)
    try:
        _fill(database, _TRIED)
        # The cost grows with the square of the rows.
        _fill(database, int(_TRIED * (each / _cost(database)) ** 0.5))
        until = int(time.time() + seconds)
        database.execute(
            "CREATE TRIGGER careless_insert AFTER INSERT ON messages"
            f" WHEN CAST(strftime('%s', 'now') AS INTEGER) < {until} BEGIN {_QUERY}; END"
        )
    finally:
        database.close()


def _cost(database: sqlite3.Connection) -> float:
    """Return the processor time (s) of the query: on a busy machine it waits, and costs no more."""
    costs = []
    for _ in range(3):
        began = time.thread_time()
        database.execute(_QUERY).fetchone()
        costs.append(time.thread_time() - began)
    return max(min(costs), 0.001)


def _fill(database: sqlite3.Connection, rows: int) -> None:
    database.execute("DROP TRIGGER IF EXISTS careless_insert")
    database.execute("CREATE TABLE IF NOT EXISTS careless (n)")
    database.execute("BEGIN IMMEDIATE")
    database.execute("DELETE FROM careless")
    database.executemany("INSERT INTO careless VALUES (?)", ((n,) for n in range(rows)))
    database.execute("COMMIT")
