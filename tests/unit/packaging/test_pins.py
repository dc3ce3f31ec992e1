"""What is installed is what is pinned, and an audit that asked nobody is no good news."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sysconfig
from typing import Any

import pytest

from examples.chain import ROOT

#: pip comes with the virtual environment, and ends with it; the other is this project.
OWN = {"pip", "collectd-fedmsg"}


def normal(name: str) -> str:
    """Return a name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins() -> dict[str, str]:
    """Return name → version; a line that is no exact pin fails."""
    lines = (ROOT / "packaging/constraints.txt").read_text().splitlines()
    found = [re.fullmatch(r"([A-Za-z0-9._-]+)==([A-Za-z0-9.+!]+)", line)
             for line in lines if line and not line.startswith("#")]
    assert None not in found, lines[found.index(None)]
    return {normal(one[1]): one[2] for one in found if one}


def test_nothing_unpinned_is_installed() -> None:
    """Everything in the environment is of the version that was audited."""
    pinned = pins()
    places = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    installed = {normal(one.metadata["Name"]): one.version
                 for one in importlib.metadata.distributions(path=places)}
    assert len(installed) > 20
    assert {name: version for name, version in installed.items()
            if name not in OWN and pinned.get(name) != version} == {}


def test_all_that_is_asked_for_is_pinned() -> None:
    """Each requirement of ours, of any extra."""
    asked = importlib.metadata.requires("collectd-fedmsg") or []
    names = {normal(re.match(r"[A-Za-z0-9._-]+", one)[0]) for one in asked}  # type: ignore[index]
    assert len(names) > 20
    assert names - set(pins()) <= OWN


GOOD = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
UNASKED = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        pytest.param([GOOD], 0, "1 pinned versions asked about, 0 vulnerabilities", id="clean"),
        pytest.param([GOOD, BAD], 1, "b 2: CVE-1, mended in 3", id="vulnerable"),
        pytest.param([GOOD, UNASKED], 2, "NOT AUDITED: 1 could not be asked", id="one-unasked"),
        pytest.param([BAD, UNASKED], 1, "NOT AUDITED: 1 could not be asked", id="both"),
        pytest.param([], 2, "NOT AUDITED", id="nothing"),
    ],
)
def test_audit(found: list[dict[str, Any]], code: int, said: str) -> None:
    """Who could not be asked about is never clean."""
    spec = importlib.util.spec_from_file_location("audit", ROOT / "packaging/audit.py")
    assert spec and spec.loader
    audit = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(audit)
    got, lines = audit.judged({"dependencies": found})
    assert got == code
    assert said in "\n".join(lines)
