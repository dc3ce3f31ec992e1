"""Folders that tests make in /tmp: named for their process, removed when it is gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.conftest import new_short_folder, remove_abandoned


def test_folders_of_ended_processes_are_removed(tmp_path: Path) -> None:
    """Those of running ones stay, and what others made under such a name."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait(60)
    names = {"abandoned": f"cf{child.pid}_a", "in use": f"cf{os.getpid()}_b", "foreign": "cfg_c"}
    for name in names.values():
        (tmp_path / name / "inside").mkdir(parents=True)
    remove_abandoned(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {names["in use"], names["foreign"]}


def test_a_short_folder_is_gone_afterwards() -> None:
    with new_short_folder() as folder:
        assert folder.name.startswith(f"cf{os.getpid()}_")
        (folder / "file").touch()
    assert not folder.exists()
