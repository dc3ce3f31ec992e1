"""The Debian packages, installed with apt into a copy of this machine."""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from examples.processes import free_port
from tests.conftest import ROOT

#: What dpkg, apt and the creation of users keep after a purge; users stay, as Debian wants it.
KEPT = re.compile(
    r"var/(lib/(dpkg|apt|man-db)|cache/(apt|debconf)|log)/"
    r"|etc/(\.pwd\.lock|(passwd|group|shadow|gshadow)-?)$|usr/sbin/policy-rc\.d$"
)


@pytest.fixture(scope="module")
def story(debs: Path, in_copy: Callable[..., str]) -> dict[str, Any]:
    """Install, run a daemon, collectd and the page from them, remove them; what was seen."""
    ports = [str(free_port()) for _ in range(3)]
    output = in_copy(
        "/usr/bin/python3",
        ROOT / "tests/packages/deb_story.py",
        debs,
        sysconfig.get_path("platlib"),
        *ports,
        real=(debs,),
    )
    findings: dict[str, Any] = json.loads(output.splitlines()[-1])
    return findings


def test_it_carries_a_daemon_s_numbers_to_the_page(story: dict[str, Any], version: str):
    """After `apt install` an unmodified relay reports, collectd stores and the page shows it."""
    assert story["from"].startswith("/usr/lib/python3/dist-packages/")
    assert story["collectd-fedmsg"] == f"collectd-fedmsg {version}\n"
    assert story["collectd-fedmsg-dashboard"] == f"collectd-fedmsg-dashboard {version}\n"
    (row,) = story["daemons"]
    assert (row["id"], row["backlog"]) == ("here/relay/RelayConsumer", 0)
    assert "received" in row["metrics"]
    assert re.search(r"relay/RelayConsumer .* 1 +1 +0 ", story["top"])
    assert story["check"].startswith("FEDMSG OK")
    assert story["alerts"].startswith("Evaluating /etc/collectd-fedmsg/alerts.toml")


def test_units_are_sound_and_confined(story: dict[str, Any]):
    """systemd finds no fault; exposure is at most 2.0 of 10; the sockets are closed."""
    assert story["verify"] == ""
    assert set(story["exposure"]) == {
        "collectd-fedmsg-alerts.service",
        "collectd-fedmsg-dashboard.service",
    }
    assert max(story["exposure"].values()) <= 2.0
    assert story["folder"] == "1775"


def test_manual_pages_are_found(story: dict[str, Any]):
    """man shows both by name and has nothing to complain about."""
    assert story["man"] == ["", ""]


def test_removed_it_is_out_of_collectd_and_daemons(story: dict[str, Any]):
    """Removed, not purged: running processes continue, and what starts next finds nothing of it."""
    assert story["relay lives"] is True
    assert story["collectd test"] == ""
    assert story["daemon's config"] == "[]"


def test_purge_leaves_the_machine_as_it_was(debs: Path, in_copy: Callable[..., str]):
    """The lists of files before and after are the same, the package managers' own notes aside."""
    output = in_copy(ROOT / "tests/packages/install_and_purge.sh", debs, real=(debs,))
    phases = {
        part.split(" ==")[0].splitlines()[0]: part.splitlines()[1:]
        for part in output.split("== ")[1:]
    }
    remaining = {
        name: [line for line in lines if not KEPT.match(line[2:])] for name, lines in phases.items()
    }
    assert "l etc/collectd/collectd.conf.d/fedmsg-health.conf" in remaining["installed"]
    # Until the purge its configuration stays, what it wrote, and whether the unit was enabled.
    assert [line for line in remaining["removed"] if "systemd/" not in line] == [
        "f etc/collectd-fedmsg/alerts.toml",
        "f etc/collectd-fedmsg/collectd.conf",
        "f etc/collectd-fedmsg/dashboard.toml",
        "f etc/collectd-fedmsg/fedmsg.py",
        "f var/lib/collectd-fedmsg/marks",
        "f var/lib/collectd/collectd_fedmsg.json",
        "d etc/collectd-fedmsg",
        "d var/lib/collectd-fedmsg",
    ]
    assert remaining["purged"] == []


def test_collectd_s_python_library_is_there(debs: Path):
    """Debian's collectd only suggests it, and without it loads no python plugin and ends."""
    (package,) = debs.glob("collectd-fedmsg_*.deb")
    depends = subprocess.run(
        ["dpkg-deb", "--field", package, "Depends"],
        check=True,
        text=True,
        capture_output=True,
        timeout=60,
    ).stdout
    version = subprocess.run(
        ["/usr/bin/python3", "--version"], check=True, text=True, capture_output=True, timeout=60
    ).stdout
    assert f"libpython{version.split()[1].rpartition('.')[0]}" in depends.split(", ")
