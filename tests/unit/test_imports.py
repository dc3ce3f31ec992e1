"""Imports point inward, read from the source: what is promised is what is there."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
#: Nothing that judges or counts opens anything.
OUTSIDE = {"zmq", "collectd", "rrdtool", "flask", "moksha", "fedmsg", "socket", "subprocess",
           "urllib", "twisted"}
#: What the dashboard takes of the package: the pure core and the records of alerting.
TAKEN = {"rrdcached", "metrics", "rates", "diagnosis", "errors", "names", "alerts", "__version__",
         "config_check", "toml_file", "files", "http_client", "humanize"}


def imported(path: Path) -> set[str]:
    """Return the dotted names that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                package = path.relative_to(ROOT).with_suffix("").parts[:-node.level]
                module = ".".join([*package, *([module] if module else [])])
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", files("collectd_fedmsg"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_package_does_not_import_the_dashboard(path):
    """Commands find what reads stored series by an entry point."""
    assert not {name for name in imported(path)
                if name.split(".")[0] in ("dashboard", "collectd_fedmsg_dashboard", "rrdtool")}


@pytest.mark.parametrize("path", files("collectd_fedmsg/diagnosis"), ids=lambda p: p.name)
def test_the_diagnosis_opens_nothing(path):
    """No socket, store, clock or framework in what judges."""
    names = {name.split(".")[0] for name in imported(path)}
    assert not names & (OUTSIDE | {"time", "threading"})


@pytest.mark.parametrize("path", files("dashboard"), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_dashboard_takes_the_core_only(path):
    taken = {name.split(".")[1] for name in imported(path)
             if name.split(".")[0] == "collectd_fedmsg"}
    assert taken <= TAKEN
    if path.name != "rrd.py":
        assert "rrdtool" not in imported(path)
