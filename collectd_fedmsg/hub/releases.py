"""Which distribution, and which version of it, a consumer's code comes from.

Reads what is installed once, on the plugin's own thread, and looks at a bounded number of
distributions. Refuses to guess: a module that belongs to no distribution has no release.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distributions
from itertools import islice
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import unquote, urlsplit

from ..protocol.about import MAX_RELEASES, Release

#: Distributions that are looked at, and characters of one's list of files.
MAX_DISTRIBUTIONS, MAX_FILES = 2000, 4_000_000


def releases_of(
    consumers: Iterable[tuple[str, str]], installed: Iterable[Distribution] | None = None
) -> tuple[Release, ...]:
    """Return the release of each consumer whose distribution is known.

    Args:
        consumers: the name that each is reported under, and the module of its class.
        installed: the distributions that there are; this process's by default.
    """
    known = list(islice(distributions() if installed is None else installed, MAX_DISTRIBUTIONS))
    by_module: dict[str, Distribution | None] = {}
    releases = []
    for name, module in islice(consumers, MAX_RELEASES):
        if module not in by_module:
            by_module[module] = distribution_of(module, known)
        distribution = by_module[module]
        if distribution is not None:
            releases.append(Release(name, _name(distribution), distribution.version or "?"))
    return tuple(releases)


def distribution_of(module: str, known: Iterable[Distribution]) -> Distribution | None:
    """Return the distribution that a module was installed by, None where none claims it.

    In this order: its list of files has the module; the module is within the folder of an
    editable installation; it is named as the module's package, or is the only one that names the
    top package.
    """
    known = list(known)
    file = getattr(sys.modules.get(module), "__file__", None) or ""
    relative = _relative(file)
    tops = []
    for distribution in known:
        if relative and _lists(distribution, "RECORD", relative):
            return distribution
        if _lists(distribution, "top_level.txt", module.partition(".")[0]):
            tops.append(distribution)
    editable = [
        distribution
        for distribution in known
        if file and (folder := _source(distribution)) and folder in file
    ]
    if editable:
        return max(editable, key=lambda distribution: len(_source(distribution)))
    named = {_plain(_name(distribution)): distribution for distribution in known}
    for package in _packages(module):
        if _plain(package) in named:
            return named[_plain(package)]
    return tops[0] if len(tops) == 1 else None


def _relative(file: str) -> str:
    """Return a module's file as lists of files name it: below the longest folder of sys.path."""
    folders = [entry for entry in sys.path if entry and file.startswith(f"{entry.rstrip('/')}/")]
    return PurePath(file).relative_to(max(folders, key=len)).as_posix() if folders else ""


def _lists(distribution: Distribution, name: str, item: str) -> bool:
    """Return whether a line of a metadata file begins with an item, up to a comma or its end."""
    content = distribution.read_text(name) or ""
    at = content.find(item) if len(content) <= MAX_FILES else -1
    while at >= 0:
        if content[at - 1 : at] in ("", "\n") and content[at + len(item) : at + len(item) + 1] in (
            "",
            ",",
            "\n",
        ):
            return True
        at = content.find(item, at + 1)
    return False


def _source(distribution: Distribution) -> str:
    """Return the folder of an editable installation, with a slash at its end; else empty."""
    content = distribution.read_text("direct_url.json") or ""
    place = re.search(r'"url":\s*"(file:[^"]+)"', content)
    if place is None or not re.search(r'"editable":\s*true', content):
        return ""
    return f"{Path(unquote(urlsplit(place[1]).path))}/"


def _packages(module: str) -> Iterator[str]:
    """Yield a module's name and those of its packages, the innermost first."""
    while module:
        yield module
        module = module.rpartition(".")[0]


def _name(distribution: Distribution) -> str:
    metadata: Any = distribution.metadata
    return str(metadata["Name"] or "?")


def _plain(name: str) -> str:
    """Return a distribution's name in the normal form: PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()
