"""Keys of TCP that cannot be used: they cost TCP alone, and leave nothing open in the daemon."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from collectd_fedmsg.commands.keys import make
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.server import Server
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader.collect import Reader
from collectd_fedmsg.reader.requester import Requester
from examples.processes import free_port, wait_for

Spoil = Callable[[Path], object]


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


#: What may stand in a key's file.
SPOILT = [
    pytest.param(lambda path: path.write_bytes(b""), id="empty"),
    pytest.param(lambda path: path.write_bytes(os.urandom(300)), id="bytes"),
    pytest.param(lambda path: path.write_text("public-key\nsecret-key"), id="no-values"),
    pytest.param(lambda path: path.write_text('public-key = "~~~"'), id="no-z85"),
    pytest.param(lambda path: path.write_text(f'public-key = "{"#" * 40}"'), id="too-large"),
    pytest.param(lambda path: path.write_bytes(b" " * 70_000), id="too-long"),
    pytest.param(Path.unlink, id="gone"),
    pytest.param(pipe, id="pipe"),
    pytest.param(folder, id="folder"),
]


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    make(tmp_path / "keys")
    return tmp_path / "keys"


def settings(where: Path, keys: Path, name: str = "d") -> Settings:
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    return Settings(name, where, interval=1, endpoint=endpoint, curve_keys=keys / "daemon")


def count(what: str) -> int:
    """Return how many descriptors or threads this process has."""
    return len(list(Path("/proc/self", what).iterdir()))


def public_as_secret(path: Path) -> None:
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line for line in lines if "secret-key" not in line))


def of_another_pair(path: Path) -> None:
    other = path.parent / "other"
    make(other)
    secret = next(line for line in (other / "daemon/server.key_secret").read_text().splitlines()
                  if "secret-key" in line)  # fmt: skip
    public_as_secret(path)
    path.write_text(f"{path.read_text()}\n{secret}\n")


@pytest.mark.parametrize(
    "spoil",
    [
        *SPOILT,
        pytest.param(public_as_secret, id="the-public-key-alone"),
        pytest.param(of_another_pair, id="another-pair-s"),
        pytest.param(lambda path: shutil.rmtree(path.parent / "clients"), id="no-clients"),
    ],
)
def test_a_daemon_with_wrong_keys_serves_its_socket_file(
    keys: Path, short_folder: Path, spoil: Spoil, caplog: pytest.LogCaptureFixture
) -> None:
    """Each try to bind again would otherwise leave threads and descriptors in the daemon."""
    spoil(keys / "daemon/server.key_secret")
    server = Server(settings(short_folder, keys), os.getpid(), bytes)
    server.open()
    try:
        opened = count("fd"), count("task")
        for _ in range(3):
            server.repair()
        # Each try left 11 and 3; what earlier tests have still open may end meanwhile.
        assert count("fd") < opened[0] + 11
        assert count("task") < opened[1] + 3
        assert (short_folder / f"d.{os.getpid()}.sock").is_socket()
    finally:
        server.close()
    (line,) = {text for text in caplog.messages if text.startswith("no health reports at tcp")}
    assert str(keys / "daemon") in line


def test_spoilt_keys_of_some_readers_keep_out_no_other(keys: Path, short_folder: Path) -> None:
    for number, case in enumerate(SPOILT):
        path = keys / f"daemon/clients/{number}.key"
        path.write_text("")
        (spoil,) = case.values
        spoil(path)  # type: ignore[operator]
    where = settings(short_folder, keys)
    daemon = Responder(where, lambda at: [Sample("C", at, 5, 5, 0, 0)])
    daemon.start()
    requester = Requester(keys / "reader")
    reader = Reader([str(where.endpoint)], requester)
    try:
        wait_for("an answer", lambda: bool(reader.collect(1, time.time()).heads), 20)
    finally:
        requester.close()
        daemon.stop()


@pytest.mark.parametrize("spoil", [*SPOILT, pytest.param(public_as_secret, id="no-secret")])
def test_a_reader_with_wrong_keys_reads_socket_files(
    keys: Path, short_folder: Path, spoil: Spoil
) -> None:
    """The endpoint is an error that names the file; it has not ended."""
    spoil(keys / "reader/client.key_secret")
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    daemon = Responder(Settings("d", short_folder), lambda at: [Sample("C", at, 5, 5, 0, 0)])
    daemon.start()
    requester = Requester(keys / "reader")
    reader = Reader([endpoint, f"{short_folder}/*.sock"], requester)
    try:
        wait_for("an answer", lambda: bool(reader.collect(1, time.time()).heads), 20)
        harvest = reader.collect(1, time.time())
    finally:
        requester.close()
        daemon.stop()
    assert len(harvest.heads) == 1
    assert str(keys / "reader/client.key_secret") in harvest.errors[endpoint]
    assert harvest.ended == []
