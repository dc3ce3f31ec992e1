"""archiver-doom: as many messages as ever, each slower than the one before; and three ways out."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import psycopg

from examples import postgres
from examples.archive import schema
from examples.chain import ROOT, Daemon
from examples.postgres import Postgres
from examples.processes import free_port
from examples.story.script import Expect, Need, Outcome, Phase, Story
from examples.story.stage import Stage

from . import remedies
from .ageing import Ageing, lately
from .asking import PATHS, Asking, blocks

#: Messages/s, always.
RATE = 20
#: What is noted when the reader begins; a verdict names it.
COPY = "a copy of the archive begins"
#: Share of the archiver's time at which it creeps, and at which it cannot follow any more.
CREEPING, DOOMED = 0.93, 1.3
#: Seconds that the page needs for telling a creep from a moment.
HELD = 40.0
#: The job rewrites one of this number of rows: far from the end, and near it.
FEW, MANY = 1, 8
#: Messages that wait when somebody does something about it.
ALARMING = 80
#: At full length they look at it for longer, so that the page shows how it recovers.
LATE = 400
#: Years that go by in any case, for a busy machine is slow without them; and that are enough to
#: doom any machine: no more are tried.
FEWEST, YEARS = 20, 400


def daemons(stage: Stage) -> Sequence[Daemon]:
    """Start the database, old and without maintenance, and its query API."""
    server = Postgres(stage.chain.folder / "pg", stage.chain.processes, autovacuum="off")
    server.start()
    dsn = server.create("archive")
    server.run(schema.TABLES, "archive")
    ageing = Ageing(dsn)
    ageing.fill()
    port = free_port()
    stage.notes.update(server=server, dsn=dsn, ageing=ageing, port=port)
    serve(stage, dsn)
    return [
        Daemon(
            "archiver",
            "examples.archive.consumers:Archiver",
            config={"archive.archiver.enabled": True, "archive.dsn": dsn},
        )
    ]


def serve(stage: Stage, dsn: str) -> None:
    """Start the query API on this database."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    stage.chain.processes.start(
        "query",
        [
            sys.executable,
            "-m",
            "examples.archive.query",
            "--dsn",
            dsn,
            "--port",
            str(stage.notes["port"]),
        ],
        env,
        stage.chain.folder,
    )


def calm(stage: Stage) -> None:
    """Let an ordinary hour go by; people use the query API."""
    stage.notes["asking"] = Asking(stage, f"http://127.0.0.1:{stage.notes['port']}")
    stage.publish("everyday", "--rate", str(RATE), "--profile", "constant")
    stage.calm(110, least=22)
    record_times(stage, "calm")


def age(stage: Stage) -> None:
    """Let years go by until the archiver is busy nearly always; at full length let it be so."""
    stage.mark(COPY, "archiver")
    stage.notes["asking"].copy()
    grow(stage, CREEPING)
    if stage.pace < 1:
        return
    end = stage.watch.now() + HELD
    while stage.watch.now() < end:
        if RATE * lately(stage) < CREEPING:
            stage.notes["ageing"].year(MANY)
        stage.pause(1)


def overload(stage: Stage) -> None:
    """Let more years go by until it cannot follow."""
    grow(stage, DOOMED)
    backlog = LATE if stage.pace >= 1 else ALARMING
    stage.until("many messages wait", lambda: stage.newest()["archiver"].backlog > backlog)
    stage.pause(20, least=3)
    record_times(stage, "doom")


def grow(stage: Stage, share: float) -> None:
    """Let a year go by each second until the archiver is busy for this share of its time."""
    ageing: Ageing = stage.notes["ageing"]
    while (load := RATE * lately(stage)) < share or ageing.years < FEWEST:
        ageing.year(FEW if load < 0.6 * share else MANY)
        stage.pause(1, least=0.3)
        if ageing.years > YEARS:
            raise RuntimeError("this database does not age")
    rows, size = ageing.size()
    stage.tell(
        f"  {ageing.years} years later: {rows:,} rows, {size} MB; "
        f"{1000 * lately(stage):.0f} ms each, {RATE} a second"
    )


def repack(stage: Stage) -> None:
    """End the copying that kept the dead rows; rewrite the table."""
    stage.notes["asking"].copied()
    remedies.repack(stage.notes["dsn"])
    stage.pause(20, least=5)
    record_times(stage, "repacked")


def split(stage: Stage) -> None:
    """Split the table by age."""
    remedies.split(stage.notes["dsn"])
    stage.pause(20, least=5)
    stage.until("nothing waits", lambda: stage.waiting("archiver") < 3)
    record_times(stage, "split")


def move(stage: Stage) -> None:
    """Move to a bigger server while messages come."""
    bigger = Postgres(
        stage.chain.folder / "pg2", stage.chain.processes, "postgres-bigger", shared_buffers="256MB"
    )
    bigger.start()
    dsn = bigger.create("archive")
    stage.notes["handed"] = remedies.move(stage, stage.notes["server"], bigger)
    stage.chain.processes.stop("query")
    serve(stage, dsn)
    stage.notes["dsn"] = dsn
    stage.pause(20, least=5)
    record_times(stage, "moved")


def record_times(stage: Stage, name: str) -> None:
    """Keep and tell the archiver's and the query API's times of the last seconds, and the blocks
    of the database that each looks at."""
    asking: Asking = stage.notes["asking"]
    since = stage.watch.now() - 6
    figures = {"insert": 1000 * lately(stage)}
    for path in PATHS:
        waited = asking.waited(path, since)
        figures[path] = 1000 * waited if waited is not None else float("nan")
    stage.notes.setdefault("times", {})[name] = figures
    looked = stage.notes.setdefault("blocks", {})[name] = blocks(stage.notes["dsn"])
    stage.tell(
        f"  {name}: "
        + ", ".join(
            f"{key} {milliseconds:.1f} ms ({looked[key]:,} blocks)"
            for key, milliseconds in figures.items()
        )
    )


def checks(stage: Stage) -> Sequence[Outcome]:
    """Compare before and after each remedy; count what the archive has."""
    stage.notes["asking"].close()
    remedied = [
        ("repacked", "insert", 0.8),
        ("split", "insert", 0.5),
        ("moved", "insert", 0.5),
        *(("moved", path, 0.5) for path in PATHS),
    ]
    looked, times = stage.notes["blocks"], stage.notes["times"]
    outcomes = [_less(looked, *pair, "blocks") for pair in remedied]
    if stage.pace >= 1:
        # Told in any case, but other work on a machine changes times from one minute to the next.
        outcomes += [_less(times, *pair, "ms") for pair in remedied]
    sent = stage.sent.total()
    with psycopg.connect(stage.notes["dsn"]) as connection:
        row = connection.execute(
            "SELECT count(*), count(DISTINCT msg_id) FROM messages "
            "WHERE msg_id NOT LIKE 'past-%%' AND sent >= to_timestamp(%s)",
            [stage.since],
        ).fetchone()
    assert row is not None
    outcomes.append(
        Outcome(
            "the archive has every message sent, each once",
            row[0] == row[1] == sent,
            f"{sent:,} sent, {row[0]:,} stored, {stage.notes['handed']} of them handed over",
        )
    )
    return outcomes


def _less(
    figures: dict[str, dict[str, float]], after: str, query: str, share: float, unit: str
) -> Outcome:
    old, new = figures["doom"][query], figures[after][query]
    return Outcome(
        f"{query}: {after} takes at most {share:.0%} of doom's {unit}",
        new <= share * old,
        f"{old:,.1f} → {new:,.1f} {unit}",
    )


STORY = Story(
    name="archiver-doom",
    title="An archive for ever: slower with every year, at no more messages; and three ways out",
    daemons=daemons,
    needs=(Need("PostgreSQL", postgres.installed,
                "dead rows, snapshots, VACUUM FULL and partitions are its own; "
                "SQLite has none of them"),),
    phases=(
        Phase("calm", f"{RATE} messages a second, as always", calm, (
            Expect("archiver", ("OK",), 120),)),
        Phase("age", "a year a second: rows come, a job rewrites old ones, nobody vacuums, and a "
              "reader of the query API keeps a snapshot", age, (
                  Expect("archiver", ("CREEP",), 240, full=True),)),
        Phase("doom", "the same messages, but the archiver cannot follow any more", overload, (
            Expect("archiver", ("SLOW",), 240, says="slow processing"),
            # On a machine without a free processor waiting may look like computing.
            Expect("archiver", ("SLOW",), 240, says="in psycopg Connection"),
            Expect("archiver", ("SLOW",), 240, says=f"after “{COPY}”"))),
        Phase("repack", "the reader is stopped and the table repacked (VACUUM FULL)", repack, (
            Expect("archiver", ("RECOVERING", "OK"), 240),
            Expect("archiver", ("RECOVERING",), 240, full=True))),
        Phase("split", "the table is split by age behind the same query API", split, (
            Expect("archiver", ("OK",), 240),)),
        Phase("move", "it moves to a bigger server; a temporary store takes the messages of the "
              "outage", move, (Expect("archiver", ("RESTART",), 240),)),
    ),
    checks=checks,
)  # fmt: skip
