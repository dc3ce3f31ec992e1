"""Sphinx directives that write the reference's tables from the code: no row can be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from collectd_fedmsg_dashboard.web.openapi import description
from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList

from collectd_fedmsg.metrics import BY_NAME, TOPIC_METRICS


def metric_rows() -> Iterator[tuple[str, ...]]:
    """Yield name, kind, collectd type, unit and meaning of each metric."""
    for metric in BY_NAME.values():
        yield (
            f"``{metric.name}``",
            metric.kind.value,
            f"``{metric.collectd_type}``",
            metric.unit,
            metric.help,
        )


def topic_rows() -> Iterator[tuple[str, ...]]:
    """Yield type instance, unit and meaning of each total that is kept by topic."""
    for metric in TOPIC_METRICS:
        yield f"``<Consumer>{metric.mark}<topic>``", metric.unit, metric.help


def api_rows() -> Iterator[tuple[str, ...]]:
    """Yield request, meaning, parameters and answers of each operation, from the description."""
    for path, methods in description()["paths"].items():
        for method, operation in methods.items():
            names = ", ".join(
                f"``{parameter['name']}``" for parameter in operation.get("parameters", ())
            )
            yield (
                f"``{method.upper()} {path}``",
                operation["summary"],
                names or "none",
                ", ".join(sorted(operation["responses"])),
            )


TABLES: dict[str, tuple[Any, tuple[str, ...]]] = {
    "metric-table": (metric_rows, ("Name", "Kind", "Type", "Unit", "Meaning")),
    "topic-table": (topic_rows, ("Type instance", "Unit", "Meaning")),
    "api-table": (api_rows, ("Request", "What it does", "Parameters", "Answers")),
}


def as_list_table(name: str) -> list[str]:
    """Return the lines of a reST list-table."""
    rows, heads = TABLES[name]
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: auto", ""]
    for row in (heads, *rows()):
        lines += [f"   {'* -' if not number else '  -'} {cell}" for number, cell in enumerate(row)]
    return lines


class Table(Directive):
    """``.. metric-table::`` and the others of ``TABLES``."""

    def run(self) -> list[Any]:
        """Parse the table where the directive stands."""
        holder = nodes.container()
        self.state.nested_parse(
            StringList(as_list_table(self.name), self.name), self.content_offset, holder
        )
        return holder.children


def setup(app: Any) -> dict[str, bool]:
    """Tell Sphinx of the directives."""
    for name in TABLES:
        app.add_directive(name, Table)
    return {"parallel_read_safe": True}
