"""The client of rrdcached against answers that are none, and names that would be commands."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from collectd_fedmsg.commands.doctor_steps import rrdcached
from collectd_fedmsg.rrdcached import Presence, Rrdcached, command
from tests.played_servers import Talk, by_line, played, without_end


def half(client: object) -> None:
    client.recv(100)  # type: ignore[attr-defined]
    client.sendall(b"0 PO")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "talk",
    [
        pytest.param(without_end(b"x" * 65536), id="a-line-without-end"),
        pytest.param(without_end(b"0 PONG\n" * 9000), id="answers-without-end"),
        pytest.param(without_end(b"999999999 lines\n" + b"a\n" * 9000), id="lines-without-end"),
        pytest.param(half, id="half-a-line"),
    ],
)
def test_what_is_no_rrdcached_is_away(talk: Talk, short_folder: Path) -> None:
    """Long before its time limit, and without memory for what it sends."""
    path = short_folder / "rrdcached.sock"
    with played(talk, path):
        client = Rrdcached(f"unix:{path}")
        assert client.look(30) is Presence.AWAY
        assert client.restore({"h/a": [(1, 2.0)]}, 30) == (0, False)
        with pytest.raises(OSError, match=r"rrdcached|reset|pipe"):
            client.last("/a.rrd", 30)


@pytest.mark.parametrize("answer", [b"0 nan\n", b"0 1e999\n", b"0 -inf\n", b"\xff\xfe\x00\n"])
def test_a_time_that_is_none_is_not_a_time(answer: bytes, short_folder: Path) -> None:
    path = short_folder / "rrdcached.sock"
    with played(by_line(lambda _: answer), path):
        assert Rrdcached(f"unix:{path}").last("/a.rrd", 10) is None


def test_further_lines_of_an_answer_are_no_answers(short_folder: Path) -> None:
    """STATS has a dozen lines; the next request's answer comes after them."""
    path = short_folder / "rrdcached.sock"
    answers = {b"STATS\n": b"2 Statistics follow\nQueueLength: 0\nTreeDepth: 1\n"}
    with played(by_line(lambda line: answers.get(line, b"0 1234\n")), path):
        client = Rrdcached(f"unix:{path}")
        assert client.ask([b"STATS\n"], time.monotonic() + 10) == [b"2 Statistics follow"]
        assert client.last("/a.rrd", 10) == 1234
        client.close()
        assert [finding.good for finding in rrdcached(f"unix:{path}", 10)] == [True]


@pytest.mark.parametrize("end", ["\n", "\r", "\0"])
def test_a_name_is_no_second_command(end: str) -> None:
    """A host's name may come over the network, and becomes a folder's."""
    with pytest.raises(ValueError, match="line end"):
        command("FLUSH", f"/rrd/h{end}FLUSHALL/a.rrd")


def test_a_name_is_one_word() -> None:
    name = os.fsdecode(b"/r d/a\\b\xff.rrd")
    assert command("UPDATE", name, "1:2") == b"UPDATE /r\\ d/a\\\\b\xff.rrd 1:2\n"
