"""Write the tree of rooms in docs/architecture.rst from the first sentence of each module.

``python -m docs.room_tree`` rewrites it; a test compares the two.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.rst"
BEGIN, END = ".. tree begins\n\n::\n\n", "\n.. tree ends\n"
FOLDERS = ("collectd_fedmsg", "dashboard")
#: Characters of a sentence that are shown.
MAX_SENTENCE = 88


def first_sentence(path: Path) -> str:
    """Return what a module says it does, on one line; its ways of refusing left out."""
    if path.suffix == ".js":
        comments = re.match(r"(?://.*\n)+", path.read_text("utf-8"))
        text = re.sub(r"//\s?", "", comments[0]) if comments else ""
    else:
        text = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    sentence = re.split(r"(?<=[^.A-Z])[.;](?:\s|$)|\n\n", text.strip() + "\n", maxsplit=1)[0]
    sentence = " ".join(sentence.replace("``", "").split()).rstrip(".")
    if len(sentence) > MAX_SENTENCE:
        sentence = sentence[:MAX_SENTENCE].rpartition(" ")[0].rstrip(",:") + " …"
    return sentence


def lines() -> Iterator[str]:
    """Yield the tree: a line a folder, then a line a file."""
    for top in FOLDERS:
        folders = sorted(
            {path.parent for kind in ("*.py", "*.js") for path in (ROOT / top).rglob(kind)}
        )
        for folder in folders:
            init = folder / "__init__.py"
            depth = len(folder.relative_to(ROOT).parts) - 1
            title = f"{'  ' * depth}{folder.name}/"
            yield f"{title:<26} {first_sentence(init) if init.exists() else ''}".rstrip()
            for path in sorted([*folder.glob("*.py"), *folder.glob("*.js")]):
                if path.name != "__init__.py" and not path.name.startswith("plotly"):
                    name = "  " * (depth + 1) + path.name
                    yield f"{name:<26} {first_sentence(path)}"


def tree() -> str:
    """Return the tree as it stands in the page."""
    return BEGIN + "".join(f"    {line}".rstrip() + "\n" for line in lines()) + END


def main() -> None:
    """Put today's tree into the page."""
    text = PAGE.read_text("utf-8")
    start, end = text.index(BEGIN), text.index(END) + len(END)
    PAGE.write_text(text[:start] + tree() + text[end:], "utf-8")


if __name__ == "__main__":
    main()
