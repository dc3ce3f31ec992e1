"""What all tests share."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# How long an example takes is the machine's business: no timed assertion in the tests.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Yield a folder with a path short enough for sockets (108 bytes, unix(7))."""
    folder = Path(tempfile.mkdtemp(prefix="cf"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def artifacts() -> Path:
    """Return the folder for what a test wants to show afterwards."""
    folder = ROOT / "artifacts"
    folder.mkdir(exist_ok=True)
    return folder
