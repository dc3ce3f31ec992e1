"""Locks exclude, writes are whole and follow no link."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from collectd_fedmsg.files import atomic_write, lock_file, locked


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


def test_a_write_replaces_and_follows_no_link(tmp_path: Path):
    victim, path = tmp_path / "victim", tmp_path / "state"
    victim.write_text("mine")
    (tmp_path / f"state.{os.getpid()}.new").symlink_to(victim)
    path.symlink_to(victim)
    atomic_write(path, b"new", 0o600)
    assert victim.read_text() == "mine"
    assert not path.is_symlink()
    assert path.read_bytes() == b"new"
    assert [one.name for one in tmp_path.iterdir() if "new" in one.name] == []


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path):
    path = tmp_path / "state"
    path.write_text("old")
    with pytest.raises(TypeError):
        atomic_write(path, None)  # type: ignore[arg-type]
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
