"""``python -m tests.faults.backtracking SECONDS [METHOD PATTERN]``: make patterns backtrack.

Without a pattern: all of ours, each in the way that it is used, what shell patterns become, and
the page's routes. What needs more processor time is ended by SIGXCPU, whatever else is running.
"""

from __future__ import annotations

import ast
import contextlib
import fnmatch
import itertools
import re
import re._constants as op  # type: ignore[import-not-found]
import re._parser as sre  # type: ignore[import-not-found]
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from collectd_fedmsg_dashboard import create_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RoutingException

from collectd_fedmsg import collectd_config
from examples.chain import ROOT

#: Characters of an attack: what is linear takes a millisecond, what is quadratic 10^9 steps.
LONG = 50_000
#: The one place where a pattern is no literal, and the patterns there.
BY_TABLE = {"collectd_config.py": [row[1] for row in collectd_config._PAIRS.values()]}

#: As alert rules and checks may have them.
GLOBS = ("*", "*a*a*a*b", "*[ab]*?b", "a*/*")


def ours() -> list[tuple[str, str]]:
    """Return every method and pattern in the sources; fail where reading them cannot find one."""
    found, compiled, calls = [], {}, []
    for folder in ("collectd_fedmsg", "dashboard"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Assign) and is_use(node.value) == ("re", "compile"):
                    compiled[node.targets[0].id] = node.value.args[0].value
                elif is_use(node):
                    calls.append((path.name, *is_use(node), node))
    for file, owner, method, node in calls:
        if owner in compiled:
            found.append((method, compiled[owner]))
        elif owner == "re" and method != "compile":
            literal = isinstance(node.args[0], ast.Constant)
            patterns = [node.args[0].value] if literal else BY_TABLE[file]
            found += [(method, pattern) for pattern in patterns]
    used = {pattern for _, pattern in found}
    assert used >= set(compiled.values()), "one is used in no way that can be seen"
    return [*found, *(("match", fnmatch.translate(one)) for one in GLOBS)]


def is_use(node: ast.AST) -> tuple[str, str] | None:
    """Return ``name, method`` of a call such as ``re.sub(…)`` or ``_NUMBER.match(…)``."""
    function = node.func if isinstance(node, ast.Call) else None
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.value.id, function.attr
    return None


def letters(parsed: Any) -> Iterator[str]:
    """Yield a character for each set, range or literal in a parsed pattern."""
    for kind, value in parsed:
        if kind in (op.LITERAL, op.NOT_LITERAL):
            yield chr(value)
        elif kind is op.RANGE:
            yield chr(value[0])
        elif kind is op.CATEGORY:
            yield {op.CATEGORY_DIGIT: "1", op.CATEGORY_SPACE: " "}.get(value, "a")
        elif kind is op.ANY:
            yield "a"
        elif kind is op.IN:
            yield from letters(value)
        elif kind is op.BRANCH:
            for one in value[1]:
                yield from letters(one)
        elif kind in (op.SUBPATTERN, op.MAX_REPEAT, op.MIN_REPEAT, op.ASSERT):
            yield from letters(value[-1])
        elif kind is op.ATOMIC_GROUP:
            yield from letters(value)


def attack(method: str, pattern: str) -> int:
    """Try long repetitions of what a pattern likes, with an end it does not; return how many."""
    compiled, alphabet = re.compile(pattern), sorted(set(letters(sre.parse(pattern))))[:9]
    texts = [start + unit * (LONG // len(unit)) + "\0"
             for unit in (*alphabet, *map("".join, itertools.permutations(alphabet, 2)))
             for start in ("", alphabet[0])]  # fmt: skip
    for text in texts:
        if method == "sub":
            compiled.sub("", text)
        else:
            getattr(compiled, method)(text)
    return len(texts)


def attack_routes() -> int:
    """Look long paths up as the page does; return how many."""
    with tempfile.TemporaryDirectory() as folder:
        rules = create_app({"data_dir": Path(folder)}).url_map
    found = rules.bind("localhost")
    texts = [start + unit * (LONG // len(unit)) + end
             for start in sorted({rule.rule.partition("<")[0] for rule in rules.iter_rules()})
             for unit in ("a", "/", "a/", "//a", "%2f", "..", ".png")
             for end in ("", "/", "\0", "/series.csv")]  # fmt: skip
    for text in texts:
        with contextlib.suppress(HTTPException, RoutingException):
            found.match(text)
    return len(texts)


if __name__ == "__main__":
    # On top of what the imports took.
    seconds = int(time.process_time()) + int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    given = [(sys.argv[2], sys.argv[3])] if sys.argv[2:] else ours()
    texts = sum(attack(*one) for one in given)
    print(len(given), texts + (0 if sys.argv[2:] else attack_routes()))
