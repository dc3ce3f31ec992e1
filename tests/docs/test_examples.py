"""What the pages tell one to type is understood by the parsers and the readers of settings."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from collectd_fedmsg.cli import parser
from collectd_fedmsg.collector import config as collectd_config
from collectd_fedmsg.hub import settings
from collectd_fedmsg.toml_file import tomllib
from tests.conftest import ROOT
from tests.documented import literal

dashboard = pytest.importorskip("collectd_fedmsg_dashboard.config")
serve = pytest.importorskip("collectd_fedmsg_dashboard.serve")

PAGES = {page.name: page.read_text("utf-8") for page in (ROOT / "docs").glob("*.rst")}
KEYS = "|".join(collectd_config.OPTIONS)


#: A command on a line of its own, and the lines that a backslash adds.
LINE = re.compile(r"^ +(collectd-fedmsg(?:-dashboard)? [^\\\n]+(?:\\\n[^\\\n]+)*)", re.MULTILINE)


def commands() -> list[str]:
    """Return each command line that stands on lines of its own, without its comment."""
    lines = []
    for text in PAGES.values():
        for line in LINE.findall(text):
            joined = line.replace("\\\n", " ").split(" # ")[0].replace("…", "/there")
            lines.append(" ".join(joined.split()))
    return sorted(set(lines))


@pytest.mark.parametrize("line", commands())
def test_command_is_understood(line: str):
    program, *arguments = shlex.split(line)
    command_parser = parser() if program == "collectd-fedmsg" else serve.parser()
    command_parser.parse_args(arguments)


def test_there_are_commands_to_look_at():
    assert len(commands()) >= 10


def blocks(beginning: str) -> list[str]:
    """Return the indented blocks of all pages that begin so."""
    return [
        literal_block
        for text in PAGES.values()
        for literal_block in literal(text)
        if literal_block.startswith(beginning)
    ]


def test_fedmsg_d_is_understood():
    """Each ``config = {…}`` is Python, and what is ours in it is taken."""
    code_blocks = blocks("config = {")
    assert len(code_blocks) >= 2
    for code in code_blocks:
        read: dict[str, Any] = {}
        exec(code, read)
        settings.read(read["config"], "fedmsg-hub")


def test_collectd_lines_are_understood():
    """Each line that begins with a key of our block; other plugins' blocks have such keys too."""
    howtos = [text for name, text in PAGES.items() if name.startswith("howto-")]
    lines = [
        line
        for text in howtos
        for pattern in (rf'^ +((?:{KEYS})(?: "[^"…]+")+)$', rf'``((?:{KEYS})(?: "[^"…]+")+)``')
        for line in re.findall(pattern, text, re.M)
    ]
    assert len(lines) >= 4
    for line in lines:
        key, *values = shlex.split(line)
        child = SimpleNamespace(key=key, values=values)
        collectd_config.read_block(SimpleNamespace(children=[child]))


def test_dashboard_toml_is_understood(tmp_path):
    toml_blocks = blocks("data_dir =")
    assert len(toml_blocks) == 2
    (tmp_path / "token").write_text("sixteen characters")
    (tmp_path / "token").chmod(0o600)
    for text in toml_blocks:
        settings = tomllib.loads(text)
        if "token_file" in settings:  # the only one that is read at once
            settings["token_file"] = tmp_path / "token"
        dashboard.Settings.of(settings)


#: Of other programs: the benchmarks', rpmbuild's, the configure script of CPython.
OTHERS = {"--quick", "--fleets", "--level", "--nodeps", "--disable-gil"}


def options(command_parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield every option of a parser and of its commands."""
    for action in command_parser._actions:
        yield from action.option_strings
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from options(inner)


@pytest.mark.parametrize("name", sorted(PAGES))
def test_no_page_names_an_option_that_is_not_there(name: str):
    """Each ``--option`` by itself or after our command is ours, or listed as another's."""
    known = {*options(parser()), *options(serve.parser()), *OTHERS}
    options_named = {
        option
        for quoted in re.findall(r"``((?:--|collectd-fedmsg)[^`]+)``", PAGES[name])
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", quoted)
    }
    assert options_named - known == set()
