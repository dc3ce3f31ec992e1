"""Names are escaped reversibly; identities parse back; README's table is the code's."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectd_fedmsg import metrics, names

ROOT = Path(__file__).resolve().parents[2]


@given(st.text(min_size=1, max_size=40))
def test_escape_is_reversible_and_safe(name: str) -> None:
    """Any name comes back, and its safe form has only harmless characters."""
    safe = names.escape(name, limit=1000)
    assert names.unescape(safe) == name
    assert not set(safe) & set("/ \"'<>\n\0") and safe[0] not in ".-"


@given(st.text(min_size=61, max_size=300), st.text(min_size=61, max_size=300))
def test_long_names_do_not_collide(one: str, two: str) -> None:
    """A name that is cut stays within the limit and differs from any other."""
    assert len(names.escape(one)) <= names.LIMIT
    assert (names.escape(one) == names.escape(two)) == (one == two)


@pytest.mark.parametrize("metric", metrics.METRICS, ids=lambda metric: metric.name)
def test_identity_parses_back(metric: metrics.Metric) -> None:
    """Type and type instance name the metric again, whatever the consumer is called."""
    for consumer in ("Archiver", "in_progress", "a/b", "X_received", "é"):
        found = metrics.parse_instance(metric.collectd_type, metric.type_instance(consumer))
        assert found == metrics.Identity(consumer, metric.name)


@pytest.mark.parametrize("metric", metrics.TOPIC_METRICS, ids=lambda metric: metric.name)
def test_identity_of_a_topic_parses_back(metric: metrics.TopicMetric) -> None:
    """So does a topic's; whatever the names, collectd cuts none of them."""
    topic = "org.fedoraproject.prod.buildsys.build.state.change"
    for consumer in ("Archiver", "in_progress", "a/b", "X_received", "é"):
        found = metrics.parse_instance(metrics.TOPIC_TYPE, metric.type_instance(consumer, topic))
        assert found == metrics.Identity(consumer, metric.name, topic)
    assert len(metric.type_instance("x" * 99, "y" * 99)) <= 127


def test_readme_has_the_table() -> None:
    """README's metric table and metrics.py agree."""
    readme = (ROOT / "README.rst").read_text()
    for metric in metrics.METRICS:
        assert f"``{metric.name}``" in readme, metric.name
        assert metric.help.split(";")[0] in readme, metric.name


def test_the_core_imports_no_edge() -> None:
    """The pure modules import neither zmq nor moksha, collectd, rrdtool or flask."""
    edges = {"zmq", "moksha", "collectd", "rrdtool", "flask", "fedmsg"}
    core = ["sample", "cells", "delays", "counts", "ages", "topics", "histogram", "wire", "ring",
            "frames", "rows", "roster", "rates", "metrics", "names", "errors", "cursors",
            "settings", "collectd_config", "snippets"]  # fmt: skip
    paths = [ROOT / "collectd_fedmsg" / f"{name}.py" for name in core]
    for path in [*paths, *(ROOT / "collectd_fedmsg" / "diagnosis").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                found = [str(node.module)]
            assert not {name.split(".")[0] for name in found} & edges, path
