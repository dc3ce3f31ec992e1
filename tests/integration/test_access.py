"""Who may ask a daemon: the socket's group, and over TCP whoever has a key."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectd_fedmsg.cli import main
from collectd_fedmsg.errors import ConfigError
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings, read
from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.sample import Sample, encode_row
from collectd_fedmsg.protocol.sockets import socket_path
from collectd_fedmsg.protocol.wire import Request
from collectd_fedmsg.reader.collect import latest
from collectd_fedmsg.reader.requester import Requester
from examples.processes import free_port, wait_for
from tests.listening import is_admitting
from tests.played_daemons import Served, listen


def sample(at: float) -> list[Sample]:
    return [Sample("C", at, 3, 2, 1, 0)]


@pytest.fixture
def started() -> Iterator[list[Responder]]:
    running: list[Responder] = []
    yield running
    for responder in running:
        responder.stop()


def serve(running: list[Responder], settings: Settings) -> Path:
    responder = Responder(settings, sample)
    running.append(responder)
    responder.start()
    path = socket_path(settings.run_folder, settings.service, os.getpid())
    wait_for(f"{path} is there", lambda: is_admitting(path))
    return path


def answers(endpoint: str, keys: Path | None = None, seconds: float = 60.0) -> bool:
    requester = Requester(keys)
    try:
        return endpoint in requester.ask({endpoint: Request()}, seconds).replies
    finally:
        requester.close()


def test_only_the_group_gets_in(short_folder: Path, started: list[Responder]) -> None:
    """Mode 0660 in a folder 0750: another user can neither read nor bind."""
    folder = short_folder / "health"
    short_folder.chmod(0o755)
    path = serve(started, Settings("d", folder))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750
    wait_for("its mode is set", lambda: stat.S_IMODE(path.stat().st_mode) == 0o660)
    assert answers(f"ipc://{path}")
    if os.geteuid():
        pytest.skip("only root can try as another user")
    for attempt in (f"connect({str(path)!r})", f"bind({str(folder / 'x.1.sock')!r})"):
        code = f"import socket; socket.socket(socket.AF_UNIX).{attempt}"
        done = subprocess.run(
            ["/usr/bin/python3", "-c", code], user=65534, group=65534, extra_groups=[],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert "PermissionError" in done.stderr


def test_tcp_wants_the_right_key(short_folder: Path, started: list[Responder]) -> None:
    """The reader with a listed key is answered; a stranger with keys of his own is not."""
    for name in ("ours", "theirs"):
        assert main(["keys", str(short_folder / name)]) == 0
    assert main(["keys", str(short_folder / "ours")]) == 1, "never overwritten"
    secret = short_folder / "ours" / "reader" / "client.key_secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    endpoint = f"tcp://127.0.0.1:{free_port()}"
    keys = short_folder / "ours" / "daemon"
    serve(started, Settings("d", short_folder / "h", endpoint=endpoint, curve_keys=keys))
    assert answers(endpoint, short_folder / "ours" / "reader")
    stranger = short_folder / "theirs" / "reader"
    (stranger / "server.key").write_text(
        (short_folder / "ours" / "reader" / "server.key").read_text()
    )
    assert not answers(endpoint, stranger, 1.0)
    assert answers(endpoint, short_folder / "ours" / "reader"), "and goes on for the others"


def test_plain_tcp_is_refused_at_start() -> None:
    """The error names the key."""
    with pytest.raises(ConfigError, match=r"collectd_fedmsg\.endpoint"):
        read({"collectd_fedmsg.enabled": True, "collectd_fedmsg.endpoint": "tcp://0.0.0.0:9941"})


def test_a_dead_daemon_s_socket_is_removed(short_folder: Path, started: list[Responder]) -> None:
    """The next daemon of that name takes away what a kill -9 left."""
    ended = subprocess.Popen(["/bin/true"])
    ended.wait(60)
    stale = socket_path(short_folder, "d", ended.pid)
    with socket.socket(socket.AF_UNIX) as unused:
        unused.bind(str(stale))
    serve(started, Settings("d", short_folder))
    wait_for("the stale socket is gone", lambda: not stale.exists())


def test_an_answer_may_take_longer_than_an_interval(short_folder: Path) -> None:
    """A sample that was taken after the question is none of the future."""

    def answer(frame: bytes) -> Iterator[bytes]:
        time.sleep(1.1)
        now = time.time()
        origin = wire.Origin("d", "h", os.getpid(), "run", now, 1)
        page = (0, 0, False, [encode_row(0, Sample("C", now, 9, 9, 0, 0))])
        yield wire.encode_reply(origin, now, 1.0, page)

    served = Served()
    served.add(listen(socket_path(short_folder, "d", os.getpid())), answer)
    with served.in_thread():
        harvest = latest([f"{short_folder}/*.sock"], 30.0, time.time())
    assert harvest.errors == {}
    [(_, _, [sample])] = harvest.fresh
    assert sample.received == 9


def test_a_fork_reports_for_itself(short_folder: Path) -> None:
    """A child that works as a daemon reports as its new pid, and the parent's socket ends."""
    code = f"""
import os, sys, time
from pathlib import Path
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.hub.settings import Settings
responder = Responder(Settings("d", Path({str(short_folder)!r})),
                      lambda at: [Sample("C", at, 3, 2, 1, 0)])
responder.start()
os.register_at_fork(after_in_child=responder.forget_in_child)
if os.fork():
    os._exit(0)
responder.serve_in_child()
print(os.getpid(), flush=True)
time.sleep(600)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE, text=True,
    ) as parent:  # fmt: skip
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        try:
            path = socket_path(short_folder, "d", child)
            wait_for("the child listens", lambda: is_admitting(path))
            assert answers(f"ipc://{path}")
        finally:
            os.kill(child, 9)


def test_a_claim_to_be_another_daemon_is_not_believed(
    short_folder: Path, started: list[Responder]
) -> None:
    """The socket's name says who may answer there."""
    path = serve(started, Settings("honest", short_folder))
    pretended = socket_path(short_folder, "victim", os.getpid())
    path.rename(pretended)
    harvest = latest([str(pretended)], 30.0, time.time())
    assert not harvest.fresh
    assert "claims to be" in harvest.errors[f"ipc://{pretended}"]
