"""The site builds without a warning, names no file that is not there, and is spelt right."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGES = [*(ROOT / "docs").rglob("*.rst"), *ROOT.glob("*.rst")]
FOLDERS = "collectd_fedmsg|dashboard|tests|benchmarks|packaging|examples|docs"
#: A file of the project; patterns and placeholders are none.
FILE = re.compile(rf"(?<![\w/])(?:{FOLDERS})/[\w./-]+\.[a-z]{{2,5}}\b")
PARTS = ("Tutorial", "How to", "Reference", "Explanation")


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Build it as ``make docs`` does."""
    pytest.importorskip("sphinx")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-q",
            "-W",
            "--keep-going",
            "-n",
            "-b",
            "html",
            str(ROOT / "docs"),
            str(folder),
        ],
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_it_has_its_four_parts_and_every_link_leads_somewhere(site: Path):
    """Links to pages, to parts of pages and to pictures; what is on the network is not asked."""
    start = (site / "index.html").read_text("utf-8")
    captions = re.findall(r'class="caption-text">([^<]+)<', start)
    assert [part for part in PARTS if part not in captions] == []
    broken = [
        f"{page.relative_to(site)}: {link}"
        for page in site.rglob("*.html")
        for link in set(re.findall(r'(?:href|src)="([^"]+)"', page.read_text("utf-8")))
        if not leads_somewhere(page, link)
    ]
    assert broken == []


def leads_somewhere(page: Path, link: str) -> bool:
    """Return whether a link's file, and its place in the file, exist."""
    if re.match(r"[a-z]+:", link):
        return True
    path, _, place = link.partition("#")
    target = (page.parent / path.partition("?")[0]) if path else page
    if not target.is_file():
        return False
    return not place or f'id="{place}"' in target.read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_a_page_names_is_there(page: Path):
    """A file that was moved or taken away must leave the pages too."""
    text = page.read_text("utf-8")
    if page.name == "CHANGELOG.rst":  # it tells of what was
        pytest.skip("history")
    assert [name for name in set(FILE.findall(text)) if not (ROOT / name).exists()] == []


def test_spelling():
    """codespell finds the usual mistakes; pyproject.toml has the words that are none."""
    pytest.importorskip("codespell_lib")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "codespell_lib",
            "docs",
            "collectd_fedmsg",
            "dashboard",
            "examples",
            "packaging",
            *(page.name for page in ROOT.glob("*.rst")),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
