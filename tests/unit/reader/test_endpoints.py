"""Which socket files are asked, whatever else lies in their folder."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest

from collectd_fedmsg.hub.ring import Ring
from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader.collect import Reader
from collectd_fedmsg.reader.endpoints import MAX_PER_USER, sockets_in
from collectd_fedmsg.reader.requester import Requester

HOME = "collectd_fedmsg.reader.endpoints"


def bind(*paths: Path) -> list[str]:
    """Bind sockets at paths without listening; return their endpoints."""
    for path in paths:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(str(path))
    return [f"ipc://{path}" for path in paths]


def owned(monkeypatch: pytest.MonkeyPatch, owners: dict[str, int]) -> None:
    """Have the files of endpoints belong to users."""
    real = os.lstat

    def lstat(path: str) -> os.stat_result:
        fields = list(real(path))
        fields[4] = owners.get(f"ipc://{path}", 0)
        return os.stat_result(fields)

    monkeypatch.setattr(f"{HOME}.os.lstat", lstat)


def test_names_without_end(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users take turns, of one whoever answered before comes first; none has more than a share."""
    monkeypatch.setattr(f"{HOME}.MAX_PER_USER", 20)
    crowd = bind(*(short_folder / f"a{number:02}.7.sock" for number in range(30)))
    (ordinary,) = bind(short_folder / "b.7.sock")
    for number in range(30):
        (short_folder / f"c{number}.7.sock").touch()
    owned(monkeypatch, {**dict.fromkeys(crowd, 1001), ordinary: 1002})
    sockets = sockets_in([f"{short_folder}/*.sock"], [crowd[28]], 10)
    assert len(sockets.endpoints) == 10
    assert set(sockets.endpoints[:2]) == {crowd[28], ordinary}
    assert "30 sockets: only 20" in sockets.wrong["uid 1001"]
    assert "31 socket files, only 10 are asked" in sockets.wrong["sockets"]
    # Those that answered before are not all of the places either.
    sockets = sockets_in([f"{short_folder}/*.sock"], crowd, 10)
    assert ordinary in sockets.endpoints
    assert sockets.gone == set()
    assert MAX_PER_USER > 1000, "a large host's daemons are one user's"


def test_no_name_is_always_left_out(short_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one user has too many, chance decides who is asked, and another time another."""
    monkeypatch.setattr(f"{HOME}.MAX_PER_USER", 2)
    endpoints = bind(*(short_folder / f"{letter}.7.sock" for letter in "abcdef"))
    owned(monkeypatch, dict.fromkeys(endpoints, 1001))
    rounds = [sockets_in([f"{short_folder}/*.sock"], endpoints[4:5]).endpoints for _ in range(200)]
    assert {names[0] for names in rounds} == {endpoints[4]}
    assert len({names[1] for names in rounds}) == 5


@pytest.mark.parametrize("seconds", [-1.0, 60.0], ids=["no time", "time"])
def test_files_that_are_no_sockets(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """They take no socket's place; who answered before is asked though nothing can be listed."""
    monkeypatch.setattr(f"{HOME}.MANY_ENTRIES", 8)
    for number in range(10):
        (short_folder / f"a{number}.7.sock").touch()
    (short_folder / "b.7.sock").mkdir()
    (short_folder / "c.7.sock").symlink_to(short_folder / "d.7.sock")
    os.mkfifo(short_folder / "e.7.sock")
    known, new = bind(short_folder / "d.7.sock", short_folder / "f.7.sock")
    bind(short_folder / ".hidden.7.sock", short_folder / "nopid.sock")
    sockets = sockets_in([f"{short_folder}/*.sock"], [known], seconds=seconds)
    assert sockets.gone == set()
    if seconds > 0:
        assert sockets.endpoints == [known, new]
        assert sockets.wrong == {
            str(short_folder): "17 files, more than 8: remove what is no socket"
        }
    else:
        assert sockets.endpoints == [known]
        assert "not all can be looked at in time" in sockets.wrong[str(short_folder)]


def test_patterns_as_glob_has_them(short_folder: Path) -> None:
    """In folders that are named by a pattern too; a file that two patterns name is one."""
    for name in ("x", "y"):
        (short_folder / name).mkdir()
    first, second, hidden = bind(
        short_folder / "x/a.1.sock", short_folder / "y/b.2.sock", short_folder / "y/.c.3.sock"
    )
    (short_folder / "plain").touch()
    patterns = [f"{short_folder}/*/*.sock", f"{short_folder}/x/[a-c].?.sock"]
    assert set(sockets_in(patterns).endpoints) == {first, second}
    assert len(sockets_in(patterns).endpoints) == 2
    assert sockets_in([f"{short_folder}/y/.*.sock"]).endpoints == [hidden]
    assert sockets_in([f"{short_folder}/x/a.1.sock"]).endpoints == [first]
    assert sockets_in([f"{short_folder}/none/*.sock"]).wrong == {}


def test_only_what_is_not_there_has_gone(short_folder: Path) -> None:
    """A file that is removed or replaced, or a pattern; not one that is not listed."""
    pattern = f"{short_folder}/*.sock"
    unchanged, removed, replaced = bind(*(short_folder / f"{name}.7.sock" for name in "abc"))
    (short_folder / "b.7.sock").unlink()
    (short_folder / "c.7.sock").unlink()
    (short_folder / "c.7.sock").touch()
    known = [unchanged, removed, replaced, "ipc:///elsewhere/d.7.sock", "tcp://localhost:1"]
    sockets = sockets_in([pattern], known, 0, seconds=-1.0)
    assert sockets.endpoints == []
    assert sockets.gone == {removed, replaced, "ipc:///elsewhere/d.7.sock"}


def test_who_could_not_be_asked_is_silent_and_not_ended(short_folder: Path) -> None:
    """More sockets than can be asked: a daemon that is left out keeps its backlog."""
    requester = Requester()
    reader = Reader([f"{short_folder}/*.sock"], requester)
    (endpoint,) = bind(short_folder / "d.7.sock")
    ring = Ring(rounds=2)
    ring.add([Sample("C", 1e9, 9, 7, 2, 0)])
    frame = wire.encode_reply(wire.Origin("d", "h", 7, "r", 1.0, 1), 1e9, 1.0, ring.after(None))
    reader.cursors.accept(endpoint, wire.decode_reply(frame))
    requester.limit = 0
    harvest = reader.collect(2.0, time.time())
    assert (harvest.ended, harvest.silent) == ([], [endpoint])
    (short_folder / "d.7.sock").unlink()
    harvest = reader.collect(2.0, time.time())
    requester.close()
    assert [(ended.service, ended.lost) for ended in harvest.ended] == [("d", {"C": 2})]
    assert harvest.silent == []
