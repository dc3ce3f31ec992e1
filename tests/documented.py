"""Blocks of the documentation, so that a test runs what a reader is told to type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import takewhile

from tests.conftest import ROOT


def block(page: str, first: str, replacements: Mapping[str, str] | None = None) -> str:
    """Return the literal block of ``docs/<page>.rst`` that begins with ``first``.

    ``here``: words of the page and what stands for them on this machine.

    Raises:
        LookupError: no such block, several, or a word of ``here`` is not in it.
    """
    text = (ROOT / "docs" / f"{page}.rst").read_text("utf-8")
    matching = [
        text_block.strip() + "\n" for text_block in literal(text) if text_block.startswith(first)
    ]
    if len(matching) != 1:
        raise LookupError(f"docs/{page}.rst has {len(matching)} blocks that begin with {first!r}")
    for original, instead in (replacements or {}).items():
        if original not in matching[0]:
            raise LookupError(f"the block {first!r} of docs/{page}.rst does not say {original!r}")
        matching[0] = matching[0].replace(original, instead)
    return matching[0]


def literal(text: str) -> Iterator[str]:
    """Yield what stands indented after each ``::``, blank lines within it kept."""
    for begin in re.finditer(r"::\n\n( +)(?=\S)", text):
        indent, tail = begin[1], text[begin.end() :].split("\n")
        lines = takewhile(lambda line, by=indent: not line or line.startswith(by), tail[1:])
        yield "\n".join([tail[0], *(line.removeprefix(indent) for line in lines)])
