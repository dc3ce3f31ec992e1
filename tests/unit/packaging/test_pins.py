"""What is installed is what is pinned, and an audit without an answer is no success."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from examples.chain import ROOT

#: This project itself.
OWN = {"collectd-fedmsg"}
#: Not installed by setup: the distribution's binding is used, the others have files of their own.
APART = {"rrdtool-bindings", "atheris", "pip-audit"}


def normal(name: str) -> str:
    """Return a name as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locks() -> list[Path]:
    """Return the files that say what is installed."""
    return sorted((ROOT / "packaging/requirements").glob("*.txt"))


def pins(path: Path) -> dict[str, set[str]]:
    """Return name → versions, one for each range of Pythons; a line that is no pin fails."""
    versions: dict[str, set[str]] = {}
    text = path.read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            pin = re.fullmatch(
                r"([A-Za-z0-9._-]+)==(\S+)( ; [^#]*?)?"
                r"((?:\s+--hash=sha256:[0-9a-f]{64})+)",
                line.strip(),
            )
            assert pin, line[:100]
            versions.setdefault(normal(pin[1]), set()).add(pin[2])
    return versions


@pytest.mark.parametrize("path", locks(), ids=lambda path: path.stem)
def test_every_pin_has_its_hashes(path: Path) -> None:
    """What an index hands out is compared with what was locked."""
    assert pins(path)


def test_the_demo_is_installed_as_the_tests_are() -> None:
    """One version of each package, whichever of the two was set up."""
    folder = ROOT / "packaging/requirements"
    tests, demo = pins(folder / "test.txt"), pins(folder / "demo.txt")
    assert {name: pin for name, pin in demo.items() if tests.get(name) != pin} == {}


def test_nothing_unpinned_is_installed() -> None:
    """Everything in the environment is of the version that was audited."""
    pinned: dict[str, set[str]] = {}
    for path in locks():
        pinned.update(pins(path))
    places = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    installed = {
        normal(distribution.metadata["Name"]): distribution.version
        for distribution in importlib.metadata.distributions(path=places)
    }
    assert len(installed) > 20
    assert {
        name: version
        for name, version in installed.items()
        if name not in OWN and version not in pinned.get(name, ())
    } == {}


def test_all_that_is_asked_for_is_pinned() -> None:
    """Each requirement of ours, of any extra."""
    requirements = importlib.metadata.requires("collectd-fedmsg") or []
    names = {normal(re.match(r"[A-Za-z0-9._-]+", requirement)[0]) for requirement in requirements}  # type: ignore[index]
    assert len(names) > 20
    assert names - set(pins(ROOT / "packaging/requirements/test.txt")) <= OWN | APART


GOOD = {"name": "a", "version": "1", "vulns": []}
BAD = {"name": "b", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}
UNASKED = {"name": "c", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("dependencies", "code", "sentence"),
    [
        pytest.param([GOOD], 0, "1 pinned versions asked about, 0 vulnerabilities", id="clean"),
        pytest.param([GOOD, BAD], 1, "b 2: CVE-1, fixed in 3", id="vulnerable"),
        pytest.param([GOOD, UNASKED], 2, "NOT AUDITED: 1 could not be asked", id="one-unasked"),
        pytest.param([BAD, UNASKED], 1, "NOT AUDITED: 1 could not be asked", id="both"),
        pytest.param([], 2, "NOT AUDITED", id="nothing"),
    ],
)
def test_audit(dependencies: list[dict[str, Any]], code: int, sentence: str) -> None:
    """A package without an answer is never clean."""
    spec = importlib.util.spec_from_file_location("audit", ROOT / "packaging/audit.py")
    assert spec and spec.loader
    audit = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(audit)
    status, lines = audit.judged({"dependencies": dependencies})
    assert status == code
    assert sentence in "\n".join(lines)
