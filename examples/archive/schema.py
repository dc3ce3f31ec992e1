"""The archive's tables: a message, and the packages and people that it is about. SQL only."""

from __future__ import annotations

from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS messages (
    id bigserial NOT NULL, msg_id text NOT NULL, sent timestamptz NOT NULL,
    topic text NOT NULL, category text NOT NULL, body jsonb NOT NULL);
CREATE TABLE IF NOT EXISTS people (id bigserial PRIMARY KEY, name text UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS packages (id bigserial PRIMARY KEY, name text UNIQUE NOT NULL);
CREATE TABLE IF NOT EXISTS by_person (person bigint NOT NULL, message bigint NOT NULL);
CREATE TABLE IF NOT EXISTS by_package (package bigint NOT NULL, message bigint NOT NULL);
CREATE INDEX IF NOT EXISTS by_person_both ON by_person (person, message);
CREATE INDEX IF NOT EXISTS by_package_both ON by_package (package, message);
"""
INDEXES = """
CREATE UNIQUE INDEX IF NOT EXISTS messages_msg_id ON messages (msg_id, sent);
CREATE INDEX IF NOT EXISTS messages_sent ON messages (sent);
CREATE INDEX IF NOT EXISTS messages_id ON messages (id);
"""
#: Rows of messages of the past two days to eight years ago; for an archive that is not new.
PAST = """INSERT INTO messages (msg_id, sent, topic, category, body)
SELECT 'past-' || md5(random()::text), now() - interval '2 days' - random() * interval '2900 days',
    'org.fedoraproject.prod.buildsys.build.state.change', 'buildsys',
    jsonb_build_object('name', 'kernel', 'owner', 'ralph', 'build_id', i, 'text', repeat('x', 150))
FROM generate_series(1, %s) i"""
#: The time is part of the question, so that only the part of the archive that has it is asked.
KNOWN = "SELECT 1 FROM messages WHERE msg_id = %s AND sent = to_timestamp(%s)"
INSERT = """INSERT INTO messages (msg_id, sent, topic, category, body)
VALUES (%s, to_timestamp(%s), %s, %s, %s) RETURNING id"""
GET = "SELECT id FROM {table} WHERE name = %s"
MAKE = "INSERT INTO {table} (name) VALUES (%s) ON CONFLICT (name) DO NOTHING"
LINK = "INSERT INTO {table} VALUES (%s, %s)"
#: Keys of a message's fields that name a person, and a package.
PERSON = ("owner", "user", "username", "author", "agent")
PACKAGE = ("name", "repo", "package")


def first_named(message: Any, keys: tuple[str, ...]) -> str | None:
    """Return what a message names under one of the keys, one level down at most."""
    if not isinstance(message, dict):
        return None
    for part in (message, *(value for value in message.values() if isinstance(value, dict))):
        for key in keys:
            if isinstance(part.get(key), str):
                return str(part[key])
    return None
