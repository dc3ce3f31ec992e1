"""The sockets' folder in other hands: what is planted, removed, posed or left there."""

from __future__ import annotations

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

from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.hub.socket_file import SocketFiles
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.protocol.sockets import socket_path
from collectd_fedmsg.protocol.wire import Request
from collectd_fedmsg.reader.collect import Reader, latest
from collectd_fedmsg.reader.requester import Requester
from examples.chain import ROOT
from examples.processes import wait_for
from tests.users import as_user

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
GROUP, DAEMON, MEMBER = 60, 2001, 2002
CODE = """
import sys, time
from pathlib import Path
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.protocol.sample import Sample
Responder(Settings("hub", Path(sys.argv[1]), interval=1),
          lambda at: [Sample("C", at, 9, 7, 2, 0)]).start()
time.sleep(600)
"""


@pytest.fixture
def shared(short_folder: Path) -> Path:
    """Return a folder that a group may write, without the sticky bit: the worst that works."""
    short_folder.chmod(0o755)
    folder = short_folder / "run"
    folder.mkdir()
    os.chown(folder, 0, GROUP)
    folder.chmod(0o2770)
    return folder


def start(folder: Path, user: int, code: str = CODE, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*as_user(user, GROUP), sys.executable, "-c", code, str(folder), *arguments], cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


def received(folder: Path) -> dict[int, int]:
    """Return what is received by each daemon, by its pid."""
    fresh = latest([f"{folder}/*.sock"], 30.0, time.time()).fresh
    return {origin.pid: samples[-1].received for _, origin, samples in fresh}


@pytest.fixture
def running() -> Iterator[list[subprocess.Popen[str]]]:
    """Yield a list of processes that end with the test."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait(60)


@as_root
def test_planted_names_keep_no_daemon_out(
    shared: Path, running: list[subprocess.Popen[str]]
) -> None:
    """Folders with the names of the coming pids: the daemon takes another name."""
    plant = "import os, sys\nfor n in range(int(sys.argv[2]), int(sys.argv[2]) + 2000):" \
            " os.mkdir(f'{sys.argv[1]}/hub.{n}.sock')\nprint()"  # fmt: skip
    member = start(shared, MEMBER, plant, str(os.getpid()))
    member.communicate(timeout=60)
    running.append(start(shared, DAEMON))
    wait_for("it is heard", lambda: received(shared) == {running[0].pid: 9})


@as_root
def test_another_user_poses_and_removes(shared: Path, running: list[subprocess.Popen[str]]) -> None:
    """He takes the daemon's name away and answers there: the daemon is heard again, he is not."""
    running.append(start(shared, DAEMON))
    pid = running[0].pid
    wait_for("it is heard", lambda: received(shared) == {pid: 9})
    pose = """
import os, sys, time
from pathlib import Path
import collectd_fedmsg.hub.responder as responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.protocol.sample import Sample
folder, pid = Path(sys.argv[1]), int(sys.argv[2])
for name in ("sock", "root"):
    (folder / f"hub.{pid}.{name}").unlink()
os.getpid = lambda: pid
responder.Responder(Settings("hub", folder, interval=1),
                    lambda at: [Sample("C", at, 10**9, 10**9, 0, 0)]).start()
while not (folder / f"hub.{pid}.sock").exists(): pass
(folder / f"hub.{pid}.sock").chmod(0o666)
print(flush=True)
time.sleep(600)
"""
    running.append(start(shared, MEMBER, pose, str(pid)))
    assert running[1].stdout is not None
    running[1].stdout.readline()
    wait_for("it is heard again", lambda: received(shared) == {pid: 9})
    error = f"process {running[1].pid} of uid {MEMBER} answers"
    wait_for(
        "who poses is named",
        lambda: error in str(latest([f"{shared}/*.sock"], 30.0, time.time()).errors),
    )


@as_root
def test_no_file_of_the_daemon_is_opened_by_a_link(
    shared: Path, running: list[subprocess.Popen[str]]
) -> None:
    """A member swaps each new socket for a link to a private file: its mode and group stay."""
    secret = shared.parent / "secret"
    secret.write_text("key")
    os.chown(secret, DAEMON, DAEMON)
    secret.chmod(0o600)
    swap = """
import os, sys
folder, secret = sys.argv[1:]
print(flush=True)
while True:
    for name in os.listdir(folder):
        try:
            os.unlink(f"{folder}/{name}")
            os.symlink(secret, f"{folder}/{name}")
        except OSError:
            pass
"""
    second_run = """
import sys
from pathlib import Path
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.hub.socket_file import SocketFiles
for number in range(100000, 100300):
    file = SocketFiles(Settings("hub", Path(sys.argv[1]), group="games"), number)
    try:
        for listener in file.open():
            listener.close()
    except OSError:
        pass
    file.remove()
"""
    running.append(start(shared, MEMBER, swap, str(secret)))
    assert running[0].stdout is not None
    running[0].stdout.readline()
    daemon = start(shared, DAEMON, second_run)
    assert daemon.wait(120) == 0
    assert (secret.stat().st_mode & 0o777, secret.stat().st_gid) == (0o600, DAEMON)


@as_root
@pytest.mark.parametrize(("first", "second"), [(25, 3), (3, 3)], ids=["pids", "equal-pids"])
def test_replicas_in_pid_namespaces(short_folder: Path, first: int, second: int) -> None:
    """Two hubs that see other pids than the reader share the folder: none deletes the other's."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare here")
    namespace = ["unshare", "-pf", "--kill-child", "--mount-proc"]
    tried = subprocess.run([*namespace, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:  # e.g. in a chroot whose root is no mount point
        pytest.skip(f"no pid namespace with a /proc here: {tried.stderr.strip()}")
    started = []
    try:
        for count, before in enumerate((first, second), 1):
            line = f"for i in $(seq {before}); do /bin/true; done; {sys.executable} -c \"$HUB\"" \
                   f" {short_folder} & wait"  # fmt: skip
            started.append(subprocess.Popen(
                ["unshare", "-pf", "--kill-child", "--mount-proc", "sh", "-c", line], cwd=ROOT,
                env={**os.environ, "HUB": CODE}))  # fmt: skip
            wait_for(
                f"{count} are read",
                lambda count=count: (
                    len(latest([f"{short_folder}/*.sock"], 30.0, time.time()).fresh) == count
                ),
            )
    finally:
        for process in started:
            process.kill()
            process.wait(60)


def test_it_comes_back(short_folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Its folder is removed under a living daemon: it is there again after the next sample."""
    daemon = Responder(Settings("hub", short_folder / "run", interval=1),
                       lambda at: [Sample("C", at, 9, 7, 2, 0)])  # fmt: skip
    daemon.start()
    try:
        for _ in range(2):
            wait_for("it is heard", lambda: received(short_folder / "run") == {os.getpid(): 9})
            shutil.rmtree(short_folder / "run")
        wait_for("it is heard again", lambda: received(short_folder / "run") == {os.getpid(): 9})
    finally:
        daemon.stop()
    assert not list((short_folder / "run").iterdir())
    assert not caplog.records


def test_a_umask_that_shuts_all_out(short_folder: Path) -> None:
    """The folder and the socket get the modes that their readers need, and no wider ones."""
    for number, umask in enumerate((0o077, 0o022, 0)):
        file = SocketFiles(Settings("hub", short_folder / f"run{number}"), os.getpid())
        before = os.umask(umask)
        try:
            listeners = file.open()
        finally:
            os.umask(before)
        assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o750
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o660
        assert stat.S_IMODE(file.path.with_suffix(".root").stat().st_mode) == 0o600
        for listener in listeners:
            listener.close()
        file.remove()
        assert not list(file.path.parent.iterdir())


def test_sockets_of_ended_daemons_are_removed(short_folder: Path) -> None:
    """A socket without a listener is removed, though its pid is another process's by now."""
    for pid in (1, 2**22 + 5, os.getpid()):
        name = socket_path(short_folder, "hub", pid)
        for path in (name, name.with_suffix(".root")):
            with socket.socket(socket.AF_UNIX) as unused:
                unused.bind(str(path))
    with socket.socket(socket.AF_UNIX) as living:
        path = socket_path(short_folder, "hub", 7)
        living.bind(str(path))
        living.listen()
        file = SocketFiles(Settings("hub", short_folder), os.getpid())
        listeners = file.open()
        names = sorted(entry.name for entry in short_folder.iterdir())
        own = [f"hub.{os.getpid()}.{kind}" for kind in ("root", "sock")]
        assert names == sorted(["hub.7.sock", *own])
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o660
        for listener in listeners:
            listener.close()
        file.remove()
        assert path.exists()


def test_a_dead_daemon_has_ended(short_folder: Path) -> None:
    """Its socket stays, its pid lives again: what was in its backlog is lost, not silent."""
    daemon = subprocess.Popen([sys.executable, "-c", CODE, str(short_folder)], cwd=ROOT)
    requester = Requester()
    reader = Reader([f"{short_folder}/*.sock"], requester)
    try:
        wait_for("it is heard", lambda: bool(reader.collect(2.0, time.time()).fresh))
    finally:
        daemon.kill()
        daemon.wait(60)
    harvest = reader.collect(2.0, time.time())
    requester.close()
    assert socket_path(short_folder, "hub", daemon.pid).exists()
    assert [(run.service, run.lost) for run in harvest.ended] == [("hub", {"C": 2})]
    assert (harvest.silent, harvest.errors) == ([], {})


def test_a_round_without_time_asks_no_daemon(short_folder: Path) -> None:
    """Those that could not be asked are silent; they have not ended."""
    with socket.socket(socket.AF_UNIX) as listener:
        path = socket_path(short_folder, "hub", os.getpid())
        listener.bind(str(path))
        listener.listen()
        requester = Requester()
        answers = requester.ask({f"ipc://{path}": Request()}, 0.0)
        requester.close()
    assert (answers.silent, answers.gone, answers.errors) == ([f"ipc://{path}"], [], {})
