"""The RPMs: clean, complete, and their payload runs."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT

from .conftest import BUILDERS

RPMLINTRC = ROOT / "packaging" / "rpm" / "rpmlintrc"


def test_rpmlint_finds_nothing_unexplained(rpms: Path):
    """Every exception stands in packaging/rpm/rpmlintrc, with its reason."""
    done = subprocess.run(
        ["/usr/bin/rpmlint", "--rpmlintrc", RPMLINTRC, *rpms.glob("*.rpm"), *rpms.glob("*.spec")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "specfiles checked" in done.stdout, done.stdout
    # One version finds what another does not; its filter is then unused.
    unused = "unused-rpmlintrc-filter"
    findings = [line for line in done.stdout.splitlines() if re.search(r": [EW]: ", line)]
    assert [line for line in findings if unused not in line] == []


def unpack(rpms: Path, name: str, folder: Path) -> None:
    """Unpack the package of this name and version into a folder."""
    packed = subprocess.run(
        ["rpm2cpio", next(rpms.glob(f"{name}-*.noarch.rpm"))],
        capture_output=True,
        timeout=60,
        check=True,
    ).stdout
    subprocess.run(
        ["cpio", "--extract", "--make-directories", "--quiet"],
        input=packed,
        cwd=folder,
        timeout=60,
        check=True,
    )


def test_payload_runs(rpms: Path, tmp_path: Path, version: str):
    """Unpacked, under the distribution's Python, the commands work and the page answers."""
    for name in ("collectd-fedmsg", "collectd-fedmsg-dashboard"):
        unpack(rpms, f"{name}-{version}", tmp_path)
    site = next(tmp_path.glob("usr/lib/python3*/site-packages"))
    command = ["/usr/bin/python3", BUILDERS / "smoke.py", tmp_path / "usr/bin", version]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(site)},
    )
    assert done.returncode == 0, done.stderr
    for path in (
        "usr/lib/systemd/system/collectd-fedmsg-dashboard.service",
        "usr/lib/sysusers.d/collectd-fedmsg-dashboard.conf",
        "usr/lib/tmpfiles.d/collectd-fedmsg.conf",
        "usr/share/man/man1/collectd-fedmsg.1.gz",
        "usr/lib/systemd/system/collectd-fedmsg-alerts.service",
        "etc/collectd-fedmsg/dashboard.toml",
        "etc/collectd-fedmsg/alerts.toml",
    ):
        assert (tmp_path / path).is_file(), path
    assert (tmp_path / "etc/collectd.d/fedmsg-health.conf").resolve().is_file()
    assert (tmp_path / "etc/fedmsg.d/collectd_fedmsg.py").resolve().is_file()


def test_erase_leaves_nothing(rpms: Path, in_copy: Callable[..., str]):
    """Installed and erased in a copy of this machine, no file of them is left."""
    script = f"""
        rpm --install --nodeps {rpms}/*fedmsg-[0-9]*.noarch.rpm {rpms}/*-dashboard-*.noarch.rpm
        test -e /etc/collectd.d/fedmsg-health.conf
        rpm --erase --nodeps collectd-fedmsg collectd-fedmsg-dashboard
        cd /run/changed && find . -name '*fedmsg*'"""
    assert in_copy("/bin/sh", "-euc", script, real=(rpms,)) == ""


@pytest.mark.soak
def test_selinux_module_links_with_a_policy(rpms: Path, in_copy: Callable[..., str]):
    """Loaded into Debian's policy (of a copy of this machine) it gives what is wanted."""
    script = f"""
        exec 3>&1 >/tmp/log 2>&1
        apt-get --yes --no-install-recommends install selinux-policy-default policycoreutils setools
        cd /tmp
        rpm2cpio {rpms}/collectd-fedmsg-selinux-*.noarch.rpm | cpio --extract --make-directories
        semodule -s default -n -i usr/share/selinux/packages/collectd_fedmsg.pp
        policy=$(echo /etc/selinux/default/policy/policy.*)
        sesearch -A -s collectd_t -t fedmsg_health_var_run_t -c sock_file -p write $policy >&3
        sesearch -A -s collectd_t -t initrc_t -c unix_stream_socket -p connectto $policy >&3
        grep fedmsg-health /etc/selinux/default/contexts/files/file_contexts >&3
        semodule -s default -n -r collectd_fedmsg"""
    output = in_copy("/bin/sh", "-euc", script, real=(rpms,))
    assert "allow collectd_t fedmsg_health_var_run_t:sock_file { getattr write };" in output
    assert "allow collectd_t initrc_t:unix_stream_socket connectto;" in output
    assert "/run/fedmsg-health(/.*)?" in output


def test_selinux_module_is_compiled_from_its_source(rpms: Path, tmp_path: Path, version: str):
    """The module in the package names the domains and the folder that its source names."""
    unpack(rpms, f"collectd-fedmsg-selinux-{version}", tmp_path)
    module = (tmp_path / "usr/share/selinux/packages/collectd_fedmsg.pp").read_bytes()
    assert all(
        name in module
        for name in (b"collectd_t", b"fedmsg_health_var_run_t", b"/run/fedmsg-health")
    )
