"""Which distribution a consumer comes from, on real metadata in folders of a test's own."""

from __future__ import annotations

import sys
from importlib.metadata import distributions
from pathlib import Path
from types import ModuleType

import pytest

from collectd_fedmsg.hub.releases import releases_of
from collectd_fedmsg.protocol.about import Release


def install(folder: Path, name: str, version: str, **files: str) -> None:
    """Write a distribution's metadata; each keyword is a file of it."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    for file, content in files.items():
        (info / file).write_text(content)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of installed packages that Python looks into."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def module(monkeypatch: pytest.MonkeyPatch, name: str, file: Path) -> None:
    new_module = ModuleType(name)
    new_module.__file__ = str(file)
    monkeypatch.setitem(sys.modules, name, new_module)


def test_of_a_shared_namespace_the_one_with_the_file(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """datanommer.consumer and datanommer.models share a top package."""
    for part, version in (("models", "1.0"), ("consumer", "1.5.0"), ("commands", "2.0")):
        record = f"datanommer/{part}/__init__.py,sha256=x,1\ndatanommer/{part}/a.py,,\n"
        install(site, f"datanommer.{part}", version, RECORD=record)
    module(monkeypatch, "datanommer.consumer", site / "datanommer/consumer/__init__.py")
    releases = releases_of([("Nommer", "datanommer.consumer")], distributions(path=[str(site)]))
    assert releases == (Release("Nommer", "datanommer.consumer", "1.5.0"),)


def test_without_a_list_of_files(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Distributions that a system's packages installed: by their name, then by the top package."""
    install(site, "fmn-lib", "1", **{"top_level.txt": "fmn\n"})
    install(site, "fmn.consumer", "2", **{"top_level.txt": "fmn\n"})
    install(site, "Tahrir-API", "3", **{"top_level.txt": "tahrir_api\n"})
    for name in ("fmn.consumer.late", "tahrir_api.dbapi", "fmn.other"):
        module(monkeypatch, name, site / f"{name.replace('.', '/')}.py")
    releases = releases_of(
        [("A", "fmn.consumer.late"), ("B", "tahrir_api.dbapi"), ("C", "fmn.other")],
        distributions(path=[str(site)]),
    )
    # Of two that share the top package neither is named.
    assert releases == (Release("A", "fmn.consumer", "2"), Release("B", "Tahrir-API", "3"))


def test_an_editable_installation(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its sources are elsewhere; the metadata says where."""
    source = site / "checkout"
    url = f'{{"url": "file://{source}", "dir_info": {{"editable": true}}}}'
    install(site, "badges", "0.9", **{"direct_url.json": url})
    module(monkeypatch, "fedbadges.consumer", source / "fedbadges/consumer.py")
    releases = releases_of([("Badges", "fedbadges.consumer")], distributions(path=[str(site)]))
    assert releases == (Release("Badges", "badges", "0.9"),)


def test_without_a_distribution_there_is_no_release() -> None:
    """The standard library, and a name that is no module."""
    assert releases_of([("B", "json"), ("C", "no.such.module"), ("D", "")]) == ()
