"""The story notifier-drowning: never enough, rewritten, restarted with messages in its memory."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from examples import postgres
from examples.notifier_drowning import database
from examples.notifier_drowning.engines import RULES_CHANGED, Asking, Remembering
from examples.notifier_drowning.rules import Filter, News, Preference, Rule
from examples.notifier_drowning.story import STORY
from examples.processes import Processes
from tests.acceptance.stories import played_well

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not postgres.installed(), reason="PostgreSQL is not installed"),
]


@pytest.mark.timeout(600)
def test_notifier_drowning(short_folder: Path) -> None:
    """SATURATED, RECOVERING, OK, RESTART with the number lost; nothing unaccounted for."""
    played_well(STORY, short_folder, pace=0.3)


def test_both_engines_notify_the_same_people(short_folder: Path) -> None:
    """The rewrite is as right as what it replaces, once it has the messages of what changed."""
    processes = Processes(short_folder)
    server = postgres.Postgres(short_folder / "pg", processes)
    builds = [
        News("org.fedoraproject.prod.buildsys.build.state.change", package, "person3")
        for package in ("kernel", "bash", "firefox", "unheard-of")
    ]
    try:
        server.start()
        dsn = server.create("rules")
        server.run(database.TABLES, "rules")
        with psycopg.connect(dsn, autocommit=True) as connection:
            database.fill(connection, 20)
            clock = [0.0]
            asking = Asking(connection, keep=1.0, clock=lambda: clock[0])
            remembering = Remembering(connection)
            recipients = []
            for news in builds:
                clock[0] += 2.0  # longer than a list is kept: as in a round through everybody
                recipients.append(sorted(asking.recipients_of(news)))
            assert recipients == [sorted(remembering.recipients_of(news)) for news in builds]
            assert len(recipients[0]) > 2
            wiki = News("org.fedoraproject.prod.wiki.article.edit", None, None)
            database.write(
                connection, Preference("new", "irc", (Filter((Rule("topic", "*.wiki.*"),)),))
            )
            assert asking.recipients_of(wiki) == [("new", "irc")]
            assert remembering.recipients_of(wiki) == []
            remembering.take({"topic": RULES_CHANGED, "msg": {"person": "new"}})
            assert remembering.recipients_of(wiki) == [("new", "irc")]
    finally:
        processes.stop_all()
