"""Blocks of the documentation, so that a test runs what a reader is told to type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import takewhile

from tests.conftest import ROOT


def block(page: str, first: str, here: Mapping[str, str] | None = None) -> str:
    """Return the literal block of ``docs/<page>.rst`` that begins with ``first``.

    ``here``: words of the page and what stands for them on this machine.

    Raises:
        LookupError: no such block, several, or a word of ``here`` is not in it.
    """
    text = (ROOT / "docs" / f"{page}.rst").read_text("utf-8")
    found = [whole.strip() + "\n" for whole in literal(text) if whole.startswith(first)]
    if len(found) != 1:
        raise LookupError(f"docs/{page}.rst has {len(found)} blocks that begin with {first!r}")
    for said, instead in (here or {}).items():
        if said not in found[0]:
            raise LookupError(f"the block {first!r} of docs/{page}.rst does not say {said!r}")
        found[0] = found[0].replace(said, instead)
    return found[0]


def literal(text: str) -> Iterator[str]:
    """Yield what stands indented after each ``::``, blank lines within it kept."""
    for begin in re.finditer(r"::\n\n( +)(?=\S)", text):
        indent, rest = begin[1], text[begin.end() :].split("\n")
        lines = takewhile(lambda line, by=indent: not line or line.startswith(by), rest[1:])
        yield "\n".join([rest[0], *(line.removeprefix(indent) for line in lines)])
