"""Who may come in, and who gives way: one table."""

from __future__ import annotations

import socket

import pytest

from collectd_fedmsg.hub.admission import Limits, closed_for, first_to_go, limits
from collectd_fedmsg.hub.reader_connection import Connection

MOST = Limits(others=4, user=2, root=2)


def reader(mark: str, began: float = 0.0) -> Connection:
    """Return a connection of root (r) or user a, b…; ``a?`` waits for us, ``a!`` does not read,
    ``a*`` has just come."""
    own_end, peer = socket.socketpair()
    with own_end, peer:
        connection = Connection(own_end, began)
    connection.user = 0 if mark[0] == "r" else ord(mark[0])
    if mark[1:] == "?":
        connection.request = b"request"
    connection.answered = mark[1:] not in ("*", "?")
    if mark[1:] == "!":
        connection.output = memoryview(b"reply")
    return connection


@pytest.mark.parametrize(("newcomer", "present", "expected"), [
    pytest.param("a", "a b c", "", id="room"),
    pytest.param("a", "b a a", "a", id="own-first-of-a-user-with-all-of-his"),
    pytest.param("a", "a? a? b", None, id="own-wait-for-us"),
    pytest.param("c", "a b b a", "a", id="the-longest-of-the-largest"),
    pytest.param("e", "a b? b! c?", "b!", id="who-does-not-read-before-who-waits-for-us"),
    pytest.param("e", "a! a b c", "a", id="who-says-nothing-before-who-does-not-read"),
    pytest.param("e", "a? b? c? d?", None, id="all-wait-for-us"),
    pytest.param("e", "a* a* b* b*", "a*", id="who-has-none-before-all-who-have-just-come"),
    pytest.param("e", "a? a? b? b?", "a?", id="who-has-none-before-those-who-wait-for-us"),
    pytest.param("e", "a? a* b* c*", "a*", id="a-whole-request-is-kept-longer"),
    pytest.param("b", "a* a* b* c*", None, id="not-who-has-as-many"),
    pytest.param("r", "a? a? b? b? c?", "", id="root-counts-for-itself"),
    pytest.param("e", "a* b* c* d*", None, id="all-have-just-come"),
    pytest.param("a", "a* a b", "a", id="not-who-has-just-come"),
    pytest.param("r", "r r a", "r", id="root-gives-way-to-root"),
    pytest.param("a", "r r b b a c?", "b", id="root-never-to-another"),
])  # fmt: skip
def test_who_gives_way(newcomer: str, present: str, expected: str | None) -> None:
    """The user with most, its longest without a whole request; who waits for our answer or has
    just come only to a user with fewer."""
    readers = [reader(mark, 8.5 + number / 100) for number, mark in enumerate(present.split())]
    closing = closed_for(reader(newcomer, 9.0), readers, MOST, 9.0)
    if expected is None:
        assert closing is None
        return
    assert closing is not None
    marks = present.split()
    assert [marks[readers.index(connection)] for connection in closing] == expected.split()
    if closing:
        assert readers.index(closing[0]) == marks.index(expected), "the longest"


@pytest.mark.parametrize(("soft", "number", "expected"), [
    (None, 10_000, Limits(64, 16, 16)),
    (4096, 100, Limits(64, 16, 16)),
    (256, 100, Limits(16, 4, 4)),
    (256, 224, Limits(1, 1, 4)),
    (20, 5, Limits(1, 1, 4)),
])  # fmt: skip
def test_limits(soft: int | None, number: int, expected: Limits) -> None:
    """A sixteenth of the limit of files; one connection, and root's, near it."""
    assert limits(soft, number) == expected


def test_without_any_descriptor() -> None:
    """Root takes anybody's; others none that waits for us, and never root's."""
    waiting, silent, root = reader("a?"), reader("b", 5.0), reader("r", 1.0)
    assert first_to_go([waiting, silent, root], 9.0, for_root=True) is silent
    assert first_to_go([waiting, root], 9.0, for_root=True) is waiting
    assert first_to_go([root], 9.0, for_root=True) is root
    new = reader("r*", 8.9)
    assert first_to_go([new], 9.0, for_root=True) is None
    assert first_to_go([new], 10.0, for_root=True) is new
    assert first_to_go([waiting, root], 9.0, for_root=False) is None
