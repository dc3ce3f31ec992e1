"""Repack the table, split it by age, move it to a bigger server."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psycopg

from examples.archive import schema
from examples.archive.consumers import store
from examples.archive.spool import spooled
from examples.chain import Daemon
from examples.postgres import Postgres, program
from examples.story.stage import Lost, Stage

SPOOL = "examples.archive.spool:Spool"
SPLIT = """
BEGIN;
ALTER TABLE messages RENAME TO messages_whole;
CREATE TABLE messages (LIKE messages_whole INCLUDING DEFAULTS) PARTITION BY RANGE (sent);
CREATE TABLE messages_hot PARTITION OF messages
    FOR VALUES FROM ((now() - interval '1 day')) TO (MAXVALUE);
CREATE TABLE messages_warm PARTITION OF messages
    FOR VALUES FROM ((now() - interval '90 days')) TO ((now() - interval '1 day'));
CREATE TABLE messages_cold PARTITION OF messages
    FOR VALUES FROM (MINVALUE) TO ((now() - interval '90 days'));
INSERT INTO messages SELECT * FROM messages_whole;
ALTER SEQUENCE messages_id_seq OWNED BY NONE;
DROP TABLE messages_whole;
COMMIT;
ANALYZE messages;
"""


def repack(dsn: str) -> None:
    """Rewrite the table without its dead rows; it cannot be used meanwhile."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("VACUUM FULL ANALYZE messages")


def split(dsn: str) -> None:
    """Make the table partitions by age (hot, warm, cold) under its old name, in one go."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(SPLIT)


def move(stage: Stage, old: Postgres, new: Postgres) -> int:
    """Move the archive to another server while messages come; return how many were handed over.

    1. The temporary store takes everything; 2. the archiver ends what came before that, and stops;
    3. the archive is copied; 4. the archiver starts on the new server; 5. what the archive lacks
    of the temporary store is handed over.
    """
    file = stage.chain.folder / "spool.db"
    stage.chain.start_hub(
        Daemon(
            "spool", SPOOL, config={"archive.spool.enabled": True, "archive.spool.file": str(file)}
        )
    )
    stage.subscribed(["spool"])
    received = stage.newest()["archiver"].received
    stage.until(
        "the archiver has ended what came before",
        lambda: stage.newest()["archiver"].processed >= received,
    )
    rate = stage.row("archiver").get("arrival_rate") or 0.0
    stage.chain.processes.stop("archiver")
    at = time.time()
    copy(old, new)
    new.run(schema.INDEXES, "archive")
    archiver = next(daemon for daemon in stage.chain.daemons if daemon.service == "archiver")
    settings = {**archiver.config, "archive.dsn": new.dsn("archive")}
    stage.chain.start_hub(Daemon("archiver", archiver.consumer, config=settings))
    stage.subscribed(["archiver"])
    # Only now: what was published before the new archiver had subscribed must be in the spool.
    stage.chain.processes.stop("spool", signal.SIGTERM)
    newest = stage.newest()["archiver"].received
    stage.until(
        "the archiver has ended what both have",
        lambda: stage.newest()["archiver"].processed >= newest,
    )
    handed = hand_over(file, new.dsn("archive"))
    # What came between the archiver's last stored sample and its end is on no page.
    stage.ended.append(Lost("archiver", at, handed, 5 * rate))
    return handed


def copy(old: Postgres, new: Postgres) -> None:
    """Copy the archive from one server to another with PostgreSQL's own tools."""
    connection_options = ["-U", "postgres", "-h"]
    dump = subprocess.Popen(
        [program("pg_dump"), *connection_options, str(old.folder), "archive"],
        stdout=subprocess.PIPE,
        env=os.environ,
    )
    subprocess.run(
        [
            program("psql"),
            "-q",
            "-v",
            "ON_ERROR_STOP=1",
            *connection_options,
            str(new.folder),
            "archive",
        ],
        stdin=dump.stdout,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=300,
    )
    if dump.wait(60):
        raise RuntimeError(f"pg_dump ended with {dump.returncode}")


def hand_over(file: Path, dsn: str) -> int:
    """Store what the archive lacks of the temporary store; return how many messages that were."""
    with psycopg.connect(dsn) as connection:
        return sum(store(connection, body) for body in spooled(file))
