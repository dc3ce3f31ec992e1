"""Who gets in and who is believed, beyond tests/integration/test_access.py."""

from __future__ import annotations

import ast
import contextlib
import os
import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import zmq

from collectd_fedmsg.cli import main
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.protocol.sockets import socket_path
from collectd_fedmsg.reader.collect import Reader, latest
from collectd_fedmsg.reader.requester import Requester
from examples.chain import ROOT
from examples.processes import free_port, wait_for
from tests.conftest import Figure
from tests.listening import is_admitting
from tests.users import as_user

NOBODY = 65534
RUNS = {"eval", "exec", "compile", "__import__", "pickle", "marshal", "shelve", "yaml",
        "system", "popen", "loads_unsafe"}  # fmt: skip


def sample(at: float) -> list[Sample]:
    return [Sample("C", at, 3, 2, 1, 0)]


def as_other_user(code: str) -> str:
    done = subprocess.run(
        ["/usr/bin/python3", "-c", code], user=NOBODY, group=NOBODY, extra_groups=[],
        capture_output=True, text=True, timeout=60, check=False, cwd="/",
    )  # fmt: skip
    return done.stdout + done.stderr


ANSWERS = """
import os, sys, time
from pathlib import Path
from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.sample import Sample, encode_row
from tests.played_daemons import Served, listen
served, path, pid = Served(), Path(sys.argv[1]), int(sys.argv[2])
def answer(frame):
    now = time.time()
    origin = wire.Origin("d", "h", pid, "run", now // 1, 1)
    page = (0, 0, False, [encode_row(0, Sample("C", now // 1, 9, 9, 0, 0))])
    yield wire.encode_reply(origin, now, 1.0, page)
listener = listen(path)
path.chmod(0o666)
served.add(listener, answer)
print("listens", flush=True)
while True:
    served.turn(1.0)
"""


@contextlib.contextmanager
def played_by_another_user(path: Path, pid: int) -> Iterator[int]:
    """Let another user answer at a path as process ``pid``, in the protocol's words."""
    child = subprocess.Popen(
        [*as_user(NOBODY, NOBODY), sys.executable, "-c", ANSWERS, str(path), str(pid)],
        cwd=ROOT, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        assert child.stdout.readline() == "listens\n"
        yield child.pid
    finally:
        child.kill()
        child.wait(60)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try as another user")
def test_another_user(short_folder: Path, figure: Figure) -> None:
    """He can list, read, bind, replace or remove nothing; a file of his own is not believed."""
    short_folder.chmod(0o755)
    folder = short_folder / "health"
    daemon = Responder(Settings("d", folder, interval=1), sample)
    daemon.start()
    path = socket_path(folder, "d", os.getpid())
    try:
        wait_for("it listens", lambda: path.exists() and stat.S_IMODE(path.stat().st_mode) == 0o660)
        tried = (
            f"socket.socket(socket.AF_UNIX).connect({str(path)!r})",
            f"socket.socket(socket.AF_UNIX).bind({str(folder / 'x.1.sock')!r})",
            f"os.listdir({str(folder)!r})",
            f"os.unlink({str(path)!r})",
            f"os.rename({str(path)!r}, '/tmp/x')",
            f"os.symlink('/tmp', {str(folder / 'y.1.sock')!r})",
        )
        for attempt in tried:
            assert "PermissionError" in as_other_user(f"import os, socket; {attempt}"), attempt
        # A folder that he may write, as several users' daemons may share one.
        shared = short_folder / "shared"
        shared.mkdir()
        shared.chmod(0o777)
        pretended = socket_path(shared, "d", os.getpid())
        with played_by_another_user(pretended, os.getpid()):
            harvest = latest([f"{shared}/*.sock"], 30.0, time.time())
        assert "of uid 65534 answers" in harvest.errors[f"ipc://{pretended}"]
        assert not harvest.fresh
    finally:
        daemon.stop()
    figure("another user of the host", f"{len(tried)} of {len(tried)} attempts refused; what he"
           " answers under a daemon's pid is not believed")  # fmt: skip


def test_a_folder_open_to_all_is_logged(
    short_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A daemon that finds its folder writable by anybody says so, and reports."""
    short_folder.chmod(0o777)
    daemon = Responder(Settings("d", short_folder, interval=1), sample)
    daemon.start()
    try:
        path = socket_path(short_folder, "d", os.getpid())
        wait_for("it listens", lambda: is_admitting(path))
    finally:
        daemon.stop()
    assert "can be written by anybody" in caplog.text


def test_a_server_without_the_right_key(short_folder: Path, figure: Figure) -> None:
    """A server with the address but other keys, or none, is not believed: it is silent."""
    for name in ("ours", "theirs"):
        assert main(["keys", str(short_folder / name)]) == 0
    reader = short_folder / "ours" / "reader"
    port = free_port()
    endpoint = f"tcp://127.0.0.1:{port}"
    # Someone else's daemon at the address: he lets our reader in, and has another key.
    keys = short_folder / "theirs" / "daemon"
    for public in (short_folder / "ours" / "daemon" / "clients").iterdir():
        shutil.copy(public, keys / "clients" / f"copied-{public.name}")
    settings = Settings("d", short_folder / "h", endpoint=endpoint, curve_keys=keys)
    daemon = Responder(settings, sample)
    daemon.start()
    context = zmq.Context()
    try:
        wait_for("it listens", lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
        requester = Requester(reader)
        answers = requester.ask({endpoint: wire.Request()}, 1.0)
        requester.close()
        assert not answers.replies
        assert answers.silent == [endpoint]
        # And one without any keys asks the daemon: no answer.
        plain = context.socket(zmq.DEALER)
        plain.setsockopt(zmq.LINGER, 0)
        plain.connect(endpoint)
        plain.send(wire.encode_request(wire.Request()))
        assert not plain.poll(1000)
    finally:
        daemon.stop()
        context.destroy(linger=0)
    without = Requester()
    assert "needs CurveKeys" in without.ask({endpoint: wire.Request()}, 0.2).errors[endpoint]
    without.close()
    figure("TCP: wrong server key, no key", "0 replies believed, 0 given")


def test_a_host_over_tcp_has_no_say_in_where_it_is_stored() -> None:
    """Not its words but our configuration, or its address, name the host."""
    requester = Requester()
    reader = Reader([], requester, hosts={"tcp://db01:9941": "database"})
    requester.close()
    assert reader.place("tcp://db01:9941") == "database"
    assert reader.place("tcp://192.0.2.7:9941") == "192.0.2.7"
    assert reader.place("tcp://127.0.0.1:9941") == ""
    assert reader.place("ipc:///run/x.1.sock") == ""


def test_nothing_runs_what_it_was_sent() -> None:
    """No module that reads frames or requests evaluates, unpickles or starts a shell."""
    files = 0
    for folder in ("collectd_fedmsg", "dashboard"):
        for path in (ROOT / folder).rglob("*.py"):
            files += 1
            for node in ast.walk(ast.parse(path.read_text())):
                names: set[str] = set()
                if isinstance(node, ast.Call):
                    function = node.func
                    if isinstance(function, ast.Name):
                        names = {function.id}
                    elif isinstance(function, ast.Attribute) and isinstance(
                        function.value, ast.Name
                    ):
                        names = (
                            {function.attr} if function.value.id == "os" else {function.value.id}
                        )
                    names |= {"system" for keyword in node.keywords if keyword.arg == "shell"}
                assert not names & RUNS, f"{path}:{getattr(node, 'lineno', 0)}"
    assert files > 50
