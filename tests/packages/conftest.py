"""Everything is built once, from the tracked files, as a release is."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from collectd_fedmsg import __version__
from tests.conftest import ROOT

BUILDERS = ROOT / "packaging" / "builders"
#: Seconds; a build takes a few, and many times that on a loaded machine.
TIMEOUT_SECONDS = 400


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let a test wait for the builds, whichever comes first."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(900))


def build(builder: str, folder: Path) -> None:
    """Run a builder; its last lines are in the error when it fails."""
    done = subprocess.run(
        [BUILDERS / f"{builder}.sh", folder],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="session")
def python_packages(tmp_path_factory) -> Path:
    """Return the folder with the sdist and the wheel."""
    folder = tmp_path_factory.mktemp("dist")
    build("python", folder)
    return folder


@pytest.fixture(scope="session")
def debs(python_packages) -> Path:
    """Return the folder with the Debian packages."""
    build("deb", python_packages)
    return python_packages


@pytest.fixture(scope="session")
def rpms(python_packages) -> Path:
    """Return the folder with the RPMs."""
    build("rpm", python_packages)
    return python_packages


@pytest.fixture(scope="session")
def in_copy() -> Callable[..., str]:
    """Return a function that runs a command in a throw-away copy of this machine."""

    def run(*command: str | Path, real: tuple[Path, ...] = ()) -> str:
        if os.geteuid() != 0:
            pytest.skip("installing system packages wants root")
        done = subprocess.run(
            [ROOT / "tests/packages/overlay.sh", ROOT, *real, "--", *command],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode == 99:
            pytest.skip("this kernel or container gives root no mounts of its own")
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    return run


@pytest.fixture(scope="session")
def version() -> str:
    """Return the one version."""
    return __version__
