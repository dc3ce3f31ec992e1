"""A Debian 12 of nothing but what our packages ask for, booted with its own systemd."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(os.geteuid() != 0, reason="booting a system wants root"),
]
UNIT = """
[Unit]
After=multi-user.target
[Service]
ExecStart={script} {root}
ExecStopPost=/usr/bin/systemctl poweroff
TimeoutStartSec=300
[Install]
WantedBy=multi-user.target
"""
NEEDED = "systemd,systemd-sysv,curl,python3-apt,rrdtool,fonts-dejavu-core"


def _run(*command: str | Path, seconds: int = 600) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture
def booted(debs: Path, tmp_path: Path) -> dict[str, list[str]]:
    """Install, boot, let the story run; its lines by their first word."""
    system = tmp_path / "system"
    _run("mmdebstrap", "--variant=minbase", f"--include={NEEDED}", "bookworm", system)
    (system / "packages").mkdir()
    for path in debs.glob("*.deb"):
        shutil.copy(path, system / "packages")
    unit = system / "etc/systemd/system/story.service"
    unit.write_text(UNIT.format(script=ROOT / "tests/packages/boot_story.sh", root=ROOT))
    container = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--directory", system]
    # The packages of the mirror are newer than this machine's lists.
    script = (
        "apt-get --quiet update && DEBIAN_FRONTEND=noninteractive apt-get --yes"
        " --no-install-recommends install /packages/*.deb && systemctl enable story.service"
    )
    _run(*container, "--pipe", "/bin/sh", "-c", script)
    _run(*container, "--private-network", f"--bind-ro={ROOT}", "--boot", seconds=400)
    output = (system / "root/story.out").read_text()
    print(output)
    lines: dict[str, list[str]] = {}
    for first, _, value in (line.partition(" ") for line in output.splitlines()):
        lines.setdefault(first, []).append(value)
    return lines


@pytest.mark.timeout(1500)
def test_services_run_under_their_confinement(booted: dict[str, list[str]]):
    """Dependencies suffice, the page is up, alerts wait; the role works, once."""
    assert json.loads(booted["health"][0])["ok"] is True
    assert booted["dashboard"] == ["active enabled 0"]
    assert booted["alerts"] == ["inactive disabled", "active 0"]
    assert booted["picture"] == ["PNG"]
    assert "failed=0" in booted["first"][0]
    assert "changed=0" in booted["second"][0]
    assert "failed=0" in booted["second"][0]
    assert json.loads(booted["moved"][0])["ok"] is True
    assert "fedmsg-health" in booted["group"][0].split()
    assert booted["purged"] == ["0 "]
