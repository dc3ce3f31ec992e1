"""The sdist and the wheel: complete, reproducible, installable."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import tomllib

from tests.conftest import ROOT

from .conftest import BUILDERS, build


def test_every_package_is_listed():
    """A folder of modules that pyproject.toml does not name would be missing in the wheel."""
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    packages = {
        str(path.parent.relative_to(ROOT)).replace("/", ".")
        for top in ("collectd_fedmsg", "dashboard")
        for path in (ROOT / top).rglob("*.py")
    }
    assert sorted(listed) == sorted(
        name.replace("dashboard", "collectd_fedmsg_dashboard")
        if name.startswith("dashboard")
        else name
        for name in packages
    )


def test_wheel_holds_what_runs(python_packages: Path, version: str):
    """Both packages under their own names, typed, with the page's files packed beforehand."""
    with zipfile.ZipFile(next(python_packages.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    assert {name.split("/")[0] for name in names} == {
        "collectd_fedmsg",
        "collectd_fedmsg_dashboard",
        f"collectd_fedmsg-{version}.dist-info",
    }
    page = "collectd_fedmsg_dashboard/static/page.js"
    assert {
        "collectd_fedmsg/py.typed",
        "collectd_fedmsg_dashboard/py.typed",
        "collectd_fedmsg_dashboard/templates/base.html",
        page,
        f"{page}.br",
        f"{page}.gz",
        f"collectd_fedmsg-{version}.dist-info/licenses/LICENSE",
    } <= names


def test_metadata_is_what_an_index_takes(python_packages: Path):
    """twine finds nothing, the long description included."""
    files = [*python_packages.glob("*.whl"), *python_packages.glob("*.tar.gz")]
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", *files],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_wheel_works_with_debian_s_libraries(python_packages: Path, tmp_path: Path, version: str):
    """In a separate environment with the distribution's Flask, rrdtool and zmq it serves."""
    wheel = next(python_packages.glob("*.whl"))
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PIP_NO_INDEX": "1"}
    for command in (
        [
            "/usr/bin/python3",
            "-m",
            "venv",
            "--system-site-packages",
            "--without-pip",
            tmp_path / "v",
        ],
        [sys.executable, "-m", "pip", "--python", tmp_path / "v/bin/python", "install", wheel],
        [tmp_path / "v/bin/python", BUILDERS / "smoke.py", tmp_path / "v/bin", version],
    ):
        done = subprocess.run(
            command,
            env=clean,
            capture_output=True,
            text=True,
            timeout=150,
            cwd=tmp_path,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.soak
def test_the_same_source_gives_the_same_bytes(tmp_path: Path, monkeypatch):
    """Built twice, at other times and in other folders: sdist, wheel, deb, rpm and src.rpm."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1790000000")
    outs = [tmp_path / "one", tmp_path / "two"]
    for folder in outs:
        for builder in ("python", "deb", "rpm"):
            build(builder, folder)
    first, second = ({path.name: path.read_bytes() for path in folder.iterdir()} for folder in outs)
    assert len(first) == 9
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name] != second[name]] == []


def test_builders_are_sound_shell():
    """shellcheck finds nothing in the scripts that build, install and test."""
    scripts = [
        path for folder in ("packaging", "tests/packages") for path in (ROOT / folder).rglob("*.sh")
    ]
    done = subprocess.run(
        [
            "shellcheck",
            "--severity=warning",
            "--external-sources",
            "--source-path=SCRIPTDIR",
            *scripts,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    assert done.returncode == 0, done.stdout
