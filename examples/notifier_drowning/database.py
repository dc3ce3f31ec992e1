"""Where users keep their rules, groups and packages, and what was sent."""

from __future__ import annotations

import random
from typing import Any

import psycopg

from examples.load.traffic import PACKAGES

from .rules import Filter, Preference, Rule

TABLES = """
CREATE TABLE preferences (id serial PRIMARY KEY, person text NOT NULL, context text NOT NULL,
    UNIQUE (person, context));
CREATE TABLE filters (id serial PRIMARY KEY, preference int NOT NULL, enabled bool NOT NULL);
CREATE TABLE rules (id serial PRIMARY KEY, filter int NOT NULL, kind text NOT NULL,
    argument text NOT NULL, negated bool NOT NULL);
CREATE TABLE members (person text NOT NULL, team text NOT NULL);
CREATE TABLE access (team text NOT NULL, package text NOT NULL);
CREATE TABLE outbox (id bigserial PRIMARY KEY, person text NOT NULL, context text NOT NULL,
    msg_id text NOT NULL);
CREATE TABLE settings (engine text NOT NULL);
INSERT INTO settings VALUES ('asking');
CREATE INDEX ON filters (preference);
CREATE INDEX ON rules (filter);
CREATE INDEX ON members (person);
CREATE INDEX ON access (team);
"""
CONTEXTS = ("irc", "email")
TEAMS = 12
Connection = psycopg.Connection[Any]


def fill(connection: Connection, people: int, seed: int = 1) -> None:
    """Invent people with rules, some negated, some disabled, and teams with packages."""
    rng = random.Random(seed)
    for team in range(TEAMS):
        for package in rng.sample(PACKAGES, 3):
            connection.execute("INSERT INTO access VALUES (%s, %s)", [f"team{team}", package])
    for number in range(people):
        person = f"person{number}"
        for team in rng.sample(range(TEAMS), 3):
            connection.execute("INSERT INTO members VALUES (%s, %s)", [person, f"team{team}"])
        for context in CONTEXTS:
            write(
                connection,
                Preference(
                    person,
                    context,
                    (
                        Filter(
                            (
                                Rule("maintained"),
                                Rule("topic", "*.buildsys.*"),
                                Rule("package", rng.choice(PACKAGES), negated=rng.random() < 0.7),
                            )
                        ),
                        Filter((Rule("person"), Rule("topic", "*.bodhi.*", negated=True))),
                        Filter((Rule("topic", "*"),), enabled=False),
                    ),
                ),
            )


def write(connection: Connection, preference: Preference) -> None:
    """Add a person's preference of one context."""
    row = connection.execute(
        "INSERT INTO preferences (person, context) VALUES (%s, %s) RETURNING id",
        [preference.user, preference.context],
    ).fetchone()
    assert row is not None
    for each in preference.filters:
        filter_row = connection.execute(
            "INSERT INTO filters (preference, enabled) VALUES (%s, %s) RETURNING id",
            [row[0], each.enabled],
        ).fetchone()
        assert filter_row is not None
        for rule in each.rules:
            connection.execute(
                "INSERT INTO rules (filter, kind, argument, negated) VALUES (%s, %s, %s, %s)",
                [filter_row[0], rule.kind, rule.argument, rule.negated],
            )


def people(connection: Connection) -> list[str]:
    """Return everyone who has a preference."""
    return [
        row[0]
        for row in connection.execute("SELECT DISTINCT person FROM preferences ORDER BY person")
    ]


def preferences_of(connection: Connection, person: str) -> list[Preference]:
    """Return a person's preferences: one query for each of them, each filter and its rules."""
    preferences = []
    for number, context in connection.execute(
        "SELECT id, context FROM preferences WHERE person = %s ORDER BY id", [person]
    ).fetchall():
        filters = connection.execute(
            "SELECT id, enabled FROM filters WHERE preference = %s ORDER BY id", [number]
        ).fetchall()
        preferences.append(
            Preference(
                person,
                context,
                tuple(
                    Filter(
                        tuple(
                            Rule(*row)
                            for row in connection.execute(
                                "SELECT kind, argument, negated FROM rules WHERE filter = %s"
                                " ORDER BY id",
                                [filter_],
                            )
                        ),
                        enabled,
                    )
                    for filter_, enabled in filters
                ),
            )
        )
    return preferences


def access_of(connection: Connection, person: str) -> frozenset[str]:
    """Return the packages that a person may change: one query for the teams, one for each."""
    teams = connection.execute("SELECT team FROM members WHERE person = %s", [person]).fetchall()
    return frozenset(
        package
        for (team,) in teams
        for (package,) in connection.execute("SELECT package FROM access WHERE team = %s", [team])
    )


def engine(connection: Connection) -> str:
    """Return which engine the operators have switched on."""
    row = connection.execute("SELECT engine FROM settings").fetchone()
    assert row is not None
    return str(row[0])


def send(connection: Connection, msg_id: str, recipients: list[tuple[str, str]]) -> None:
    """Write notifications, on disk when this returns."""
    people_, contexts = [row[0] for row in recipients], [row[1] for row in recipients]
    connection.execute(
        "INSERT INTO outbox (person, context, msg_id) "
        "SELECT p, c, %s FROM unnest(%s::text[], %s::text[]) AS recipient (p, c)",
        [msg_id, people_, contexts],
    )
