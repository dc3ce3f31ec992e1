"""Locks exclude, writes are whole and follow no link."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from collectd_fedmsg.files import atomic_write, lock_file, locked, read_file


def test_another_process_waits_for_the_lock(tmp_path: Path):
    path = tmp_path / "lock"
    code = (
        "import sys; from pathlib import Path; from collectd_fedmsg.files import lock_file\n"
        "try: lock_file(Path(sys.argv[1]))\n"
        "except BlockingIOError: sys.exit(7)"
    )
    with locked(path):
        assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == 7
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == 0


def test_a_lock_follows_no_link(tmp_path: Path):
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match=r"[Ll]oop|symbolic"):
        lock_file(tmp_path / "lock")


@pytest.mark.parametrize("kind", ["pipe", "folder", "socket", "device"])
def test_a_planted_pipe_or_device_blocks_nothing(tmp_path: Path, kind: str):
    """Neither reading nor locking waits for the other end of what is no file."""
    path = planted(tmp_path / "file", kind)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for use in (lambda: read_file(path, 100), lambda: lock_file(path, 5.0)):
        with pytest.raises(OSError, match=r"no regular file|directory|No such device") as caught:
            use()
        assert str(path) in str(caught.value)
    assert len(list(Path("/proc/self/fd").iterdir())) <= before


def planted(path: Path, kind: str) -> Path:
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    else:
        try:
            os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))
            os.close(os.open(path, os.O_RDONLY))
        except PermissionError:
            pytest.skip("no devices may be made or opened here")
    return path


def test_a_read_is_bounded(tmp_path: Path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_file(path, 5) == b"12345"
    with pytest.raises(OSError, match="longer than 4 bytes"):
        read_file(path, 4)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_whose_file_it_is(tmp_path: Path):
    """A file of another user in a folder that he may write is not taken for ours; root's is."""
    path = tmp_path / "file"
    path.write_bytes(b"1")
    os.chown(path, 65534, 65534)
    assert read_file(path, 5, ours=True) == b"1", "no other user may write there"
    tmp_path.chmod(0o1777)
    assert read_file(path, 5) == b"1"
    for use in (lambda: read_file(path, 5, ours=True), lambda: lock_file(path)):
        with pytest.raises(OSError, match="belongs to another user, uid 65534"):
            use()
    os.chown(tmp_path, 65534, 65534)
    assert read_file(path, 5, ours=True) == b"1", "the folder's owner has his own state there"


def test_no_other_user_can_hold_a_lock(tmp_path: Path):
    """Whoever may read a file can hold it for ever: flock(2) asks for no more."""
    old = tmp_path / "old"
    old.touch(0o644)
    for path in (old, tmp_path / "new"):
        os.close(lock_file(path))
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_write_replaces_and_follows_no_link(tmp_path: Path):
    """What stands at the name is replaced, whatever it is; other files stay."""
    victim, path = tmp_path / "victim", tmp_path / "state"
    victim.write_text("mine")
    (tmp_path / f"state.{os.getpid()}.new").mkdir()
    path.symlink_to(victim)
    atomic_write(path, b"new", 0o600)
    assert victim.read_text() == "mine"
    assert not path.is_symlink()
    assert path.read_bytes() == b"new"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [
        "state", f"state.{os.getpid()}.new", "victim",
    ]  # fmt: skip


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path):
    path = tmp_path / "state"
    path.write_text("old")
    with pytest.raises(TypeError):
        atomic_write(path, None)  # type: ignore[arg-type]
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
