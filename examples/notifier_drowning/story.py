"""notifier-drowning: too slow from its first day; rewritten; restarted at the wrong moment."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from typing import Any

import psycopg

from examples import postgres
from examples.chain import Daemon
from examples.postgres import Postgres
from examples.story.script import Expect, Need, Outcome, Phase, Story
from examples.story.stage import Stage
from examples.story.watch import get

from . import database, engines
from .rules import Filter, Preference, Rule

PEOPLE = 100
#: Messages/s, always.
RATE = 80
#: Messages of a big event, and how long the rewrite may take for them (s).
EVENT, QUICK = 3000, 60.0
#: Messages of the event in which it is restarted: more than are handled until then.
RESTARTED = 5000
NOTIFIER = "examples.notifier_drowning.consumer:Notifier"
#: Somebody who wants to know about the wiki, and says so only later.
LATE = Preference("latecomer", "email", (Filter((Rule("topic", "*.wiki.*"),)),))


def daemons(stage: Stage) -> Sequence[Daemon]:
    """Start the database of rules; the notifier is started by the story itself."""
    server = Postgres(stage.chain.folder / "pg", stage.chain.processes)
    server.start()
    dsn = server.create("rules")
    server.run(database.TABLES, "rules")
    with psycopg.connect(dsn) as connection:
        database.fill(connection, PEOPLE)
    stage.notes.update(dsn=dsn)
    return []


def launch(stage: Stage) -> None:
    """Start the notifier into the running traffic."""
    stage.publish("everyday", "--rate", str(RATE), "--profile", "constant")
    stage.until("messages come", lambda: stage.newest()["relay"].received > 2 * RATE)
    stage.join(
        Daemon(
            "notifier",
            NOTIFIER,
            config={"notifier.enabled": True, "archive.dsn": stage.notes["dsn"]},
        )
    )
    stage.pause(60, least=20)


def rewrite(stage: Stage) -> None:
    """Switch the rewrite on."""
    with psycopg.connect(stage.notes["dsn"], autocommit=True) as connection:
        connection.execute("UPDATE settings SET engine = 'remembering'")


def edit(stage: Stage) -> None:
    """Let somebody write rules; the bus says so, and the next message is for them."""
    if stage.pace < 1:
        # A busy machine handles little more than what comes every day: it would never be done.
        stage.quiet("everyday")
    stage.until("nothing waits", lambda: stage.waiting("notifier") < 3)
    with psycopg.connect(stage.notes["dsn"], autocommit=True) as connection:
        database.write(connection, LATE)
    changed = engines.RULES_CHANGED
    messages = [
        (changed, {"person": LATE.user}),
        ("org.fedoraproject.prod.wiki.article.edit", {"title": "Rewritten", "user": "ralph"}),
    ]
    send(stage, "edit", messages)
    stage.until("the latecomer is notified", lambda: _notified(stage) > 0)
    stage.notes["edited"] = True


def event(stage: Stage) -> None:
    """Publish a big event's messages as fast as it goes; look at the clock until all are done."""
    stage.publish("event", "--kind", "builds", "--count", str(stage.messages(EVENT)))
    began = time.monotonic()
    stage.done("event")
    stage.until("all of the event is handled", lambda: stage.newest()["notifier"].backlog < 3)
    stage.notes["event"] = (stage.messages(EVENT), time.monotonic() - began)
    stage.pause(10, least=2)


def restart(stage: Stage) -> None:
    """Restart the notifier in the middle of another event."""
    stage.publish("event2", "--kind", "builds", "--count", str(RESTARTED))
    stage.done("event2")
    stage.notes["lost"] = stage.restart("notifier")
    stage.tell(f"  {stage.notes['lost']:,} messages were in its memory")


def send(stage: Stage, name: str, messages: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Publish these messages, from a file as recorded traffic is."""
    file = stage.chain.folder / f"{name}.jsonl"
    file.write_text(
        "".join(
            json.dumps({"topic": topic, "timestamp": number, "msg": message}) + "\n"
            for number, (topic, message) in enumerate(messages)
        ),
        "utf-8",
    )
    stage.publish(name, "--profile", "file", "--file", str(file))
    stage.done(name)


def _notified(stage: Stage) -> int:
    with psycopg.connect(stage.notes["dsn"], autocommit=True) as connection:
        row = connection.execute(
            "SELECT count(*) FROM outbox WHERE person = %s", [LATE.user]
        ).fetchone()
    return int(row[0]) if row else 0


def checks(stage: Stage) -> Sequence[Outcome]:
    """Compare what the event took, what was edited and what the page says was lost."""
    count, seconds = stage.notes["event"]
    lost = stage.notes["lost"]
    return [
        Outcome(
            "the rewrite handles a big event quickly",
            # A short story is played among tests that take the processors as well.
            seconds < QUICK or stage.pace < 1,
            f"{count:,} messages in {seconds:.0f} s",
        ),
        Outcome(
            "rules written meanwhile are heard of on the bus",
            bool(stage.notes.get("edited")),
            "the next message was for their author",
        ),
        _lost(stage, lost),
        *_costs(stage),
    ]


def _costs(stage: Stage) -> list[Outcome]:
    """Look at what the page says of the notifier's topics, slow messages and restart."""
    name = stage.row("notifier")["id"]
    body = get(f"{stage.chain.url}/api/v1/costs", daemon=name, span="hour")
    shares = [topic["share"] or 0.0 for topic in body["topics"]]
    slow = body["slowest"] or [{"seconds": 0.0, "topic": "", "id": ""}]
    marks = get(f"{stage.chain.url}/api/v1/marks", daemon=name, span="hour")["marks"]
    restarts = [mark for mark in marks if mark["kind"] == "restart"]
    return [
        Outcome(
            "the page says what each topic costs, in shares of the whole",
            len(shares) > 1 and abs(sum(shares) - 1) < 0.01,
            f"{len(shares)} topics, {body['topics'][0]['topic'] if shares else 'none'} first",
        ),
        Outcome(
            "the page names the slowest messages by their ids",
            all(row["id"] and row["seconds"] >= 0.01 for row in slow),
            f"{len(slow)}, the slowest {slow[0]['seconds']:.2f} s of {slow[0]['topic']}",
        ),
        Outcome("the restart is a mark by itself", len(restarts) == 1, f"{len(restarts)} marks"),
    ]


def _lost(stage: Stage, waiting: int) -> Outcome:
    """Compare what waited before the restart with what the page says was lost.

    The looks are at different seconds, and messages are handled in between.
    """
    expected = "the page says how many messages the restart lost"
    matches = [
        re.search(r"([\d,]+) messages lost", row.text)
        for row in stage.watch.since()
        if row.service == "notifier" and "RESTART" in row.verdicts
    ]
    numbers = [int(match[1].replace(",", "")) for match in matches if match]
    lost = numbers[-1] if numbers else 0
    # Beside the event, a minute of ordinary messages may have waited as well.
    return Outcome(
        expected,
        waiting / 4 < lost <= 2 * RESTARTED,
        f"{lost:,}; {waiting:,} waited at the daemon's last look",
    )


STORY = Story(
    name="notifier-drowning",
    title="A notifier that asks its database for every rule of everyone; its rewrite; a restart",
    daemons=daemons,
    needs=(Need("PostgreSQL", postgres.installed,
                "asking over a connection for every rule is what drowns it; "
                "SQLite answers within the process"),),
    phases=(
        Phase("launch", f"the notifier's first day: {RATE} messages a second, {PEOPLE} people, "
              "their rules asked for at every message", launch, (
                  Expect("notifier", ("SATURATED",), 240, says="never catch up"),
                  Expect("notifier", ("SATURATED",), 240, says="psycopg"))),
        Phase("rewrite", "all rules in memory from now on; bus messages say what has changed",
              rewrite, (Expect("notifier", ("RECOVERING",), 120),
                        Expect("notifier", ("OK",), 180))),
        Phase("edit", "somebody writes rules; the next message is for them", edit),
        Phase("event", "a big event, thousands of messages at once", event),
        Phase("restart", "somebody restarts it in the middle of the next one", restart, (
            Expect("notifier", ("RESTART",), 120, says="lost"),)),
    ),
    checks=checks,
)  # fmt: skip
