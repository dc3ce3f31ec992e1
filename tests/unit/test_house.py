"""The layout, read from the sources: which room may import what, and what stays pure."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {"collectd_fedmsg": "collectd_fedmsg", "collectd_fedmsg_dashboard": "dashboard"}
#: What a pure module reaches neither itself nor through another module.
FORBIDDEN = {
    "zmq",
    "collectd",
    "rrdtool",
    "flask",
    "moksha",
    "fedmsg",
    "twisted",
    "socket",
    "threading",
    "subprocess",
    "urllib.request",
    "http.client",
    "sqlite3",
}
#: Rooms that are pure, by their path.
PURE = (
    "collectd_fedmsg/protocol",
    "collectd_fedmsg/diagnosis",
    "collectd_fedmsg/alerts",
    "dashboard/grid",
    "dashboard/draw/panels.py",
)
#: Modules in pure rooms that open something: alerts have to be kept and sent.
EDGES = (
    "collectd_fedmsg/alerts/actions.py",
    "collectd_fedmsg/alerts/delivery.py",
    "collectd_fedmsg/alerts/service.py",
    "collectd_fedmsg/alerts/state_db.py",
    "collectd_fedmsg/alerts/outbox.py",
    "collectd_fedmsg/alerts/sqlite_file.py",
    "collectd_fedmsg/alerts/outputs/",
)
#: Which rooms of the package each room may import; ground is the modules beside the doors.
ROOMS = {
    "protocol": {"ground"},
    "diagnosis": {"ground", "protocol"},
    "alerts": {"ground", "protocol", "diagnosis"},
    "hub": {"ground", "protocol"},
    "reader": {"ground", "protocol"},
    "collector": {"ground", "protocol", "reader", "diagnosis", "alerts"},
    "commands": {"ground", "protocol", "reader", "diagnosis", "alerts", "collector", "hub"},
}
DOORS = {
    "cli",
    "hub_plugin",
    "explicit_hubs",
    "collectd_plugin",
    "collectd_alerts",
    "counting",
    "fedora_messaging_plugin",
    "celery_plugin",
}
#: Folders whose names say what they hold, besides the packages.
NAMED = ("examples", "benchmarks", "tests", "docs", "packaging")
#: Names that do not say what they hold: the noun for it does.
VAGUE = {"one", "found", "told", "said", "seen", "given", "beside", "dear", "doom", "lot", "anew"}


def sources(*folders: str) -> list[Path]:
    """Return the modules below these folders."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    """Return a file's module name as it is imported."""
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    parts[0] = {folder: package for package, folder in PACKAGES.items()}[parts[0]]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def file_of(name: str) -> Path | None:
    """Return the file of one of our modules, None for a name that is none."""
    top, *rest = name.split(".")
    if top not in PACKAGES:
        return None
    base = ROOT.joinpath(PACKAGES[top], *rest)
    files = [path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()]
    return files[0] if files else None


@cache
def imports(path: Path, lazy: bool = False) -> frozenset[str]:
    """Return the modules that a file imports when it is loaded, or with those in functions."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = ast.walk(tree) if lazy else _at_load(tree.body)
    names: set[str] = set()
    package = name_of(path).split(".")
    if path.name != "__init__.py":
        package.pop()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            names |= {
                full if file_of(full := f"{module}.{alias.name}") else module
                for alias in node.names
            }
    return frozenset(names)


def _at_load(body: list[ast.stmt]) -> list[ast.stmt]:
    nodes: list[ast.stmt] = []
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        nodes.append(node)
        for part in ("body", "orelse", "handlers", "finalbody"):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                nodes += _at_load(getattr(node, part, []))
    return nodes


def reached(path: Path) -> dict[str, list[str]]:
    """Return what loading a file loads: outer packages by name, each with the way to it."""
    outer: dict[str, list[str]] = {}
    waiting, done = [(path, [name_of(path)])], {path}
    while waiting:
        file, way = waiting.pop()
        for name in imports(file):
            inner = file_of(name)
            if inner is None:
                outer.setdefault(name, way)
            elif inner not in done:
                done.add(inner)
                waiting.append((inner, [*way, name]))
    return outer


def room(name: str) -> str:
    """Return the room of a module of the package: a folder, ``ground`` or ``door``."""
    parts = name.split(".")
    if len(parts) > 1 and parts[1] in ROOMS:
        return parts[1]
    return "door" if len(parts) > 1 and parts[1] in DOORS else "ground"


@pytest.mark.parametrize(
    "path",
    [
        path
        for path in sources("collectd_fedmsg", "dashboard")
        if str(path.relative_to(ROOT)).startswith(PURE)
        and not str(path.relative_to(ROOT)).startswith(EDGES)
    ],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_pure_rooms_reach_nothing_outside(path: Path) -> None:
    """Neither by themselves nor through another module of ours."""
    outer = reached(path)
    assert {
        name: way for name, way in outer.items() if {name, name.split(".")[0]} & FORBIDDEN
    } == {}


@pytest.mark.parametrize(
    "path", sources("collectd_fedmsg"), ids=lambda path: str(path.relative_to(ROOT))
)
def test_imports_point_inward(path: Path) -> None:
    """A room imports the rooms listed for it; nothing in the package imports the dashboard."""
    names = {name for name in imports(path, lazy=True) if name.split(".")[0] in PACKAGES}
    assert not {name for name in names if name.startswith("collectd_fedmsg_dashboard")}
    own = room(name_of(path))
    if own == "ground":
        allowed = {"ground", "protocol"}
    else:
        allowed = {*ROOMS.get(own, {*ROOMS, "ground", "door"}), own}
    assert {name: room(name) for name in names if room(name) not in allowed} == {}


def test_imports_make_no_circle() -> None:
    """No module imports, however indirectly, the one that imports it."""
    state: dict[Path, int] = {}

    def visit(path: Path, way: tuple[str, ...]) -> None:
        state[path] = 1
        for name in sorted(imports(path)):
            inner = file_of(name)
            if inner is None or inner.name == "__init__.py":
                continue
            assert state.get(inner) != 1, (*way, name)
            if inner not in state:
                visit(inner, (*way, name))
        state[path] = 2

    for path in sources("collectd_fedmsg", "dashboard"):
        if path not in state:
            visit(path, (name_of(path),))


def test_no_file_name_stands_twice_in_a_package() -> None:
    """A newcomer who hears a file's name finds one file; a command's file is named as it."""
    for package in ("collectd_fedmsg", "dashboard"):
        names = [
            path.name
            for path in sources(package)
            if path.name != "__init__.py" and path.parent.name != "commands"
        ]
        assert sorted({name for name in names if names.count(name) > 1}) == []


def bound_names(tree: ast.AST) -> set[str]:
    """Return the names that a module gives to variables, arguments, fields and functions."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.add(node.name)
    return names


def test_variables_are_named_for_what_they_hold() -> None:
    """``alert`` and ``points`` rather than ``one`` and ``found``."""
    vague = {
        str(path.relative_to(ROOT)): sorted(VAGUE & bound_names(ast.parse(path.read_text("utf-8"))))
        for path in sources("collectd_fedmsg", "dashboard", *NAMED)
    }
    assert {name: names for name, names in vague.items() if names} == {}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("for one in alerts: pass", id="loop"),
        pytest.param("x = [one for one in y]", id="comprehension"),
        pytest.param("def f(one): pass", id="argument"),
        pytest.param("def one(): pass", id="function"),
        pytest.param("self.one = 1", id="attribute"),
        pytest.param("class A:\n    one: int", id="field"),
        pytest.param("f = lambda one: 1", id="lambda"),
        pytest.param("if (one := f()): pass", id="walrus"),
        pytest.param("with f() as one: pass", id="with"),
        pytest.param("try: f()\nexcept E as one: pass", id="except"),
    ],
)
def test_every_way_to_name_something_is_seen(text: str) -> None:
    """Whatever binds a name counts; a name that is only read was bound elsewhere."""
    assert "one" in bound_names(ast.parse(text))
    assert "one" not in bound_names(ast.parse("f(one, x.one)"))


@pytest.mark.parametrize(
    "path", sources("collectd_fedmsg/diagnosis"), ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_diagnosis_reads_no_clock(path: Path) -> None:
    """``now`` is a parameter."""
    assert "time" not in imports(path, lazy=True)


def test_only_the_rrd_store_loads_rrdtool() -> None:
    """One module of the dashboard knows the binding."""
    users = [path.name for path in sources("dashboard") if "rrdtool" in imports(path, lazy=True)]
    assert users == ["rrd.py"]
