"""The page on the architecture is what the files are."""

from __future__ import annotations

import ast
import re

import pytest

from docs import room_tree
from tests.conftest import ROOT

PAGE = room_tree.PAGE.read_text("utf-8")
WAY = PAGE[PAGE.index(".. way begins") : PAGE.index(".. way ends")]


def test_the_tree_has_a_line_for_each_file() -> None:
    """``python -m docs.room_tree`` writes it."""
    assert room_tree.tree() in PAGE


def test_each_module_says_what_it_does() -> None:
    silent = [
        line
        for line in room_tree.lines()
        if re.fullmatch(r"\s*\S+", line) and not line.strip().startswith("static/")
    ]
    assert silent == []


@pytest.mark.parametrize("hop", re.findall(r"``([^`]+\.py:\w+)``", WAY))
def test_each_hop_of_the_way_exists(hop: str) -> None:
    path, _, name = hop.partition(":")
    names = {
        node.name
        for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8")))
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }
    assert name in names
