"""Many small sources as one file each: the page's style sheet and its scripts.

A browser asks once instead of forty times. The scripts keep to a part of the language: imports and
exports are by name, at the begin of a line, and nothing that is exported is assigned again.
"""

from __future__ import annotations

import re
from pathlib import Path

#: The sheets in their order: a later one overrides an earlier one.
SHEETS = ("tokens", "frame", "rows", "drawing", "evidence", "alerts", "modes", "plotly")
STYLE = "style.css"
#: What follows an entry module's name in the name of the script that holds all it needs.
ENDING = ".bundle.js"
#: Modules that a page begins with.
ENTRIES = ("page", "alerts", "help")
_IMPORT = re.compile(
    r'^import (?:\* as (?P<whole>\w+)|\{(?P<names>[^}]*)\}) from "\./(?P<module>\w+)\.js";\n', re.M
)
_EXPORT = re.compile(r"^export (?=(?:(?:async )?function|const|class)\b)", re.M)
_EXPORTED = re.compile(r"^export (?:(?:async )?function\*?|const|class) (\w+)", re.M)


def names() -> tuple[str, ...]:
    """Return the names of the files that are made of others."""
    return (STYLE, *(entry + ENDING for entry in ENTRIES))


def made(folder: Path, name: str) -> bytes:
    """Return one of ``names()``, made of the sources in a folder.

    Raises:
        ValueError: a script that cannot be joined: a circle, or a form that is not known.
    """
    if name == STYLE:
        return b"".join((folder / f"{sheet}.css").read_bytes() for sheet in SHEETS)
    return joined(folder, name.removesuffix(ENDING)).encode()


def joined(folder: Path, entry: str) -> str:
    """Return a module and all that it needs as one script, each module in a function's scope.

    Raises:
        ValueError: see ``made``.
    """
    texts: dict[str, str] = {}
    order: list[str] = []
    _visit(folder, entry, texts, order, ())
    wanted: dict[str, set[str]] = {name: {*_EXPORTED.findall(texts[name])} for name in order}
    for text in texts.values():
        for statement in _IMPORT.finditer(text):
            wanted[statement["module"]].update(part.split(" as ")[0] for part in _named(statement))
    return "".join(_scoped(name, texts[name], sorted(wanted[name])) for name in order)


def _visit(
    folder: Path, name: str, texts: dict[str, str], order: list[str], above: tuple[str, ...]
) -> None:
    """Read a module and what it imports; ``order`` grows by it after those."""
    if name in above:
        raise ValueError(f"{name}.js imports itself: {' > '.join(above)}")
    if name in texts:
        return
    text = texts[name] = (folder / f"{name}.js").read_text("utf-8")
    for statement in _IMPORT.finditer(text):
        _visit(folder, statement["module"], texts, order, (*above, name))
    order.append(name)


def _named(statement: re.Match[str]) -> list[str]:
    return [part.strip() for part in (statement["names"] or "").split(",") if part.strip()]


def _import(statement: re.Match[str]) -> str:
    if statement["whole"]:
        return f"const {statement['whole']} = ${statement['module']};\n"
    names = ", ".join(part.replace(" as ", ": ") for part in _named(statement))
    return f"const {{ {names} }} = ${statement['module']};\n"


def _scoped(name: str, text: str, exported: list[str]) -> str:
    body = _EXPORT.sub("", _IMPORT.sub(_import, text))
    left = re.search(r"^(?:import|export)\b.*", body, re.M)
    if left:
        raise ValueError(f"{name}.js: this cannot be joined: {left[0]}")
    return f"const ${name} = (() => {{\n{body}return {{ {', '.join(exported)} }};\n}})();\n"
