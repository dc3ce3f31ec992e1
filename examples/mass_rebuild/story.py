"""mass-rebuild: everything is asked for at once, nothing is slower than before."""

from __future__ import annotations

import time
from collections.abc import Sequence

from examples import postgres
from examples.archive import schema
from examples.chain import Daemon
from examples.postgres import Postgres
from examples.story.script import Expect, Need, Outcome, Phase, Story
from examples.story.stage import Stage
from examples.story.times import service_time

BUILDS = 10_000
#: Messages/s while the builds come: more than twice what the archiver takes.
BURST = 500
TOPIC = "org.fedoraproject.prod.buildsys.build.state.change"
#: Microseconds that each commit waits for, as for a disk that turns. The wait is PostgreSQL's own
#: and needs no processor, so other work on the machine hardly changes it.
DISK = 4000
#: BOTH is right too, but only where each message did take longer: see ``slower_indeed``.
WORDS = ("SURGE", "BOTH")
#: From so much more time per message on it may be called slower.
SLOWER = 1.1
#: Seconds whose time per message is compared; a verdict looks at no fewer samples.
LOOKED_AT = 6
#: A time to drain is right when it is off by no more than this share of it, or these seconds.
OFF, OFF_SECONDS = 0.35, 5.0
#: The last samples before the end say little of it.
BEFORE_END = 3.0


def daemons(stage: Stage) -> Sequence[Daemon]:
    """Start the archive's database; return the archiver, badges, which ask it, and notifier."""
    server = Postgres(
        stage.chain.folder / "pg",
        stage.chain.processes,
        commit_delay=str(DISK),
        commit_siblings="0",
    )
    server.start()
    dsn = server.create("archive")
    server.run(schema.TABLES + schema.INDEXES, "archive")
    module = "examples.archive.consumers"
    return [
        Daemon("archiver", f"{module}:Archiver", config={
            "archive.archiver.enabled": True, "archive.dsn": dsn}),
        Daemon("badges", f"{module}:Badges", config={
            "archive.badges.enabled": True, "archive.dsn": dsn}),
        Daemon("notifier", "examples.demo.consumers:Notifier", config={
            "demo.notifier.enabled": True}),
    ]  # fmt: skip


def calm(stage: Stage) -> None:
    """Let an ordinary hour go by: what is usual is learned from it."""
    stage.publish("everyday", "--rate", "8")
    stage.calm(60, least=16)
    stage.notes["calm"] = int(time.time())


def rebuild(stage: Stage) -> None:
    """Publish the builds."""
    stage.publish(
        "builds",
        "--kind",
        "builds",
        "--rate",
        str(BURST),
        "--profile",
        "constant",
        "--count",
        str(stage.messages(BUILDS)),
        "--seed",
        "2",
    )
    stage.done("builds")
    stage.notes["sent"] = stage.watch.now()


def drain(stage: Stage) -> None:
    """Wait until nothing is left of it."""
    stage.until("the archiver has nothing left to do", lambda: stage.waiting("archiver") < 3, 480)
    stage.notes["empty"] = stage.watch.now()


def checks(stage: Stage) -> Sequence[Outcome]:
    """Look for the topic, for the incident of the whole bus and for the time to drain."""
    row = stage.watch.first(0.0, lambda row: row.matches("archiver", WORDS, TOPIC))
    wide = next(
        (
            (at, incident)
            for at, incident in stage.watch.incidents()
            if incident["scope"] == "BUS" and incident["cause"] in WORDS
        ),
        None,
    )
    return [
        Outcome(
            "the topic of the surge is named",
            row is not None,
            f"{TOPIC} at {row.at:.0f} s" if row else "not",
        ),
        Outcome(
            "one incident of the whole bus",
            wide is not None,
            f"{wide[1]['sentence']} at {wide[0]:.0f} s" if wide else "none",
        ),
        slower_indeed(stage),
        drained_as_forecast(stage),
    ]


def slower_indeed(stage: Stage) -> Outcome:
    """Compare the reported time per message with the measured one, before and since.

    Since: in the slowest seconds, for a machine that is busy for a moment is slower for a moment.
    """
    excused = any(
        "BOTH" in row.verdicts for row in stage.watch.since() if row.service == "archiver"
    )
    calm_until = stage.notes["calm"]
    before = service_time(stage, "archiver", stage.since, calm_until)
    since = max(
        service_time(stage, "archiver", start, start + LOOKED_AT)
        for start in range(calm_until + 1, int(time.time()) - LOOKED_AT, LOOKED_AT // 2)
    )
    return Outcome(
        "slow processing is reported only where it was",
        not excused or since > SLOWER * before,
        f"{1000 * before:.1f} → {1000 * since:.1f} ms per message, "
        f"{'BOTH' if excused else 'no BOTH'} was said",
    )


def drained_as_forecast(stage: Stage) -> Outcome:
    """Compare the time to drain, as it was forecast half-way, with when it was over.

    In a short story there only has to be one: other work on the machine changes a drain of seconds.
    """
    empty = stage.notes["empty"]
    forecasts = [
        (row.at, row.row["drain"])
        for row in stage.watch.since()
        if row.service == "archiver" and row.row["drain"] and row.at < empty - BEFORE_END
    ]
    expected = "the time to drain, forecast half-way, is right"
    if not forecasts:
        return Outcome(expected, False, "there was none")
    middle = (forecasts[0][0] + empty) / 2
    at, drain_ = min(forecasts, key=lambda forecast: abs(forecast[0] - middle))
    forecast, actual = drain_["seconds"], empty - at
    near = stage.pace < 1 or abs(forecast - actual) <= max(OFF * actual, OFF_SECONDS)
    return Outcome(expected, near, f"said {forecast:.0f} s, took {actual:.0f} s")


STORY = Story(
    name="mass-rebuild",
    title="Ten thousand build messages at once: a surge, everywhere, that passes",
    daemons=daemons,
    needs=(Need("PostgreSQL", postgres.installed,
                "a commit that waits for a slow disk is its own setting; "
                "SQLite is as fast as the disk is"),),
    phases=(
        Phase("calm", "an ordinary hour, eight messages a second", calm, (
            Expect("archiver", ("OK",), 120), Expect("badges", ("OK", "IDLE"), 120))),
        Phase("rebuild", "a mass rebuild: received jumps in every row, processed does not fall",
              rebuild, (Expect("archiver", WORDS, 120, says="excess arrivals"),)),
        Phase("drain", "the builds are over; the archiver works off what waits and says how long",
              drain, (Expect("archiver", ("RECOVERING",), 240), Expect("archiver", ("OK",), 300))),
    ),
    checks=checks,
)  # fmt: skip
