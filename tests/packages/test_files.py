"""Man pages, completion, configuration, role and container file, each by its own checker."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import jinja2
import pytest
import tomllib

from collectd_fedmsg.cli import COMMANDS
from collectd_fedmsg.commands import config as snippets
from collectd_fedmsg.commands.config import STATE_FILE
from tests.conftest import ROOT

BIN = Path(sys.executable).parent
RUN_FOLDER = "/run/fedmsg-health"


@pytest.fixture(scope="module")
def source(python_packages: Path, tmp_path_factory) -> Path:
    """Return the unpacked sdist."""
    folder = tmp_path_factory.mktemp("source")
    with tarfile.open(next(python_packages.glob("*.tar.gz"))) as packed:
        packed.extractall(folder)
    return next(folder.iterdir())


def test_man_page_names_every_command(source: Path):
    """Made from the parsers by way of the docs: no command can be missing."""
    page = (source / "man/collectd-fedmsg.1").read_text().replace("\\-", "-").upper()
    assert [name for name in COMMANDS if f"COLLECTD-FEDMSG {name.upper()}" not in page] == []
    assert (
        "--HASH-PASSWORD"
        in (source / "man/collectd-fedmsg-dashboard.1").read_text().replace("\\-", "-").upper()
    )


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("collectd-fedmsg do", "doctor", id="a-command"),
        pytest.param("collectd-fedmsg top --on", "--once", id="an-option-of-a-command"),
        pytest.param("collectd-fedmsg-dashboard --pro", "--prometheus", id="an-option"),
    ],
)
def test_bash_completes(source: Path, line: str, expected: str):
    """The script defines a function that finds what was begun."""
    command, *typed = line.split()
    script = f"""
        source {source}/completions/bash/{command}
        function=$(complete -p {command} | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        COMP_WORDS=({line}); COMP_CWORD={len(typed)}
        $function {command} {typed[-1]} x; echo "${{COMPREPLY[@]}}" """
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == [expected]


def test_daemon_s_snippet_does_no_harm_without_the_package(source: Path):
    """What is left in fedmsg.d when the package is gone, or another Python's, breaks no daemon."""
    done = subprocess.run(
        ["/usr/bin/python3", "-IS", source / "packaging/etc/fedmsg.py"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_ansible_role():
    """ansible-lint finds nothing and the example's syntax is right."""
    folder = ROOT / "packaging" / "ansible"
    env = {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "ANSIBLE_HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_ROLES_PATH": str(folder / "roles"),
    }
    for command in (
        ["ansible-playbook", "--syntax-check", "-i", "localhost,", "example.yml"],
        ["ansible-lint", "--offline", "--strict", "--profile", "production"],
    ):
        done = subprocess.run(
            [str(BIN / command[0]), *command[1:]],
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            timeout=150,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rrdcached", ["", "unix:/run/rrdcached.sock"])
def test_ansible_writes_what_the_command_prints(rrdcached):
    """The role's templates are the snippets of `collectd-fedmsg config`, interval and all."""
    values = {
        "ansible_managed": "x",
        "collectd_fedmsg_interval": 30,
        "collectd_fedmsg_timeout": 2,
        "collectd_fedmsg_rrdcached": rrdcached,
    }
    templates = ROOT / "packaging/ansible/roles/collectd_fedmsg/templates"
    for name, text in (
        ("collectd.conf.j2", snippets.collectd_block(RUN_FOLDER, STATE_FILE, 30, [], rrdcached)),
        ("fedmsg.py.j2", snippets.fedmsg_snippet(RUN_FOLDER, 30)),
    ):
        written = jinja2.Template((templates / name).read_text(), trim_blocks=True).render(values)
        assert written.splitlines()[1:] == text.splitlines()[1:], name


def test_container_file():
    """hadolint finds nothing; no container can be built here."""
    done = subprocess.run(
        [BIN / "hadolint", ROOT / "packaging/container/Containerfile"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_every_package_names_the_same_place():
    """pyproject.toml says where the project and its maintainers are; nothing says otherwise."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    home, (maintainer,) = project["urls"]["Homepage"], project["maintainers"]
    sender = f"{maintainer['name']} <{maintainer['email']}>"
    control = (ROOT / "packaging/deb/control").read_text()
    spec = (ROOT / "packaging/rpm/collectd-fedmsg.spec.in").read_text()
    assert f"\nMaintainer: {sender}\nHomepage: {home}\n" in control
    assert re.search(rf"^URL: +{re.escape(home)}$", spec, re.M)
    assert f"* @DATE@ {sender} - @VERSION@-1" in spec
    assert {"Issues", "Security"} <= set(project["urls"])
    assert "*Security*" in (ROOT / "SECURITY.rst").read_text()


def test_every_example_of_the_documentation_is_packed():
    """A page that names packaging/NAME/file is true of an installed package."""
    pages = [ROOT / "README.rst", *(ROOT / "docs").glob("*.rst")]
    folders = {
        name for page in pages for name in re.findall(r"``packaging/(\w+)/?", page.read_text())
    } - {"lock", "requirements"}
    assert {"ansible", "container", "grafana", "icinga", "nagios", "prometheus"} <= folders
    deb = (ROOT / "packaging/deb/collectd-fedmsg.install").read_text()
    spec = (ROOT / "packaging/rpm/collectd-fedmsg.spec.in").read_text()
    for name in folders:
        assert f"packaging/{name} " in deb, name
        assert re.search(rf"^%doc .*packaging/{name}\b", spec, re.M), name
