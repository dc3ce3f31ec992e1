"""Names are escaped reversibly; identities parse back; README's table is the code's."""

from __future__ import annotations

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
def test_long_names_do_not_collide(name: str, other_name: str) -> None:
    """A name that is cut stays within the limit and differs from any other."""
    assert len(names.escape(name)) <= names.LIMIT
    assert (names.escape(name) == names.escape(other_name)) == (name == other_name)


@given(st.text(min_size=1, max_size=400), st.text(min_size=1, max_size=400))
def test_no_two_series_share_an_identity(consumer: str, other_consumer: str) -> None:
    """Nor does a consumer's name pass for another one's topic; a part fits into collectd's 127."""
    instances = [
        *(
            metric.type_instance(name)
            for metric in metrics.BY_NAME.values()
            for name in {consumer, other_consumer}
        ),
        *(
            metric.type_instance(a, b)
            for metric in metrics.TOPIC_METRICS
            for a in {consumer, other_consumer}
            for b in {consumer, other_consumer}
        ),
    ]
    assert len(set(instances)) == len(instances)
    assert all(len(instance) <= 127 and instance.isascii() for instance in instances)


def test_a_consumer_is_not_taken_for_a_topic() -> None:
    """``X_topic-y`` counted as a consumer, and topic ``y_received`` of X, are two series."""
    consumer = metrics.BY_NAME["received"].type_instance("X_topic-y")
    topic = metrics.TOPIC_METRICS[0].type_instance("X", "y_received")
    assert metrics.parse_instance("derive", consumer) == metrics.Identity("X_topic-y", "received")
    assert metrics.parse_instance("derive", topic) == metrics.Identity(
        "X", "received", "y_received"
    )
    for metric in metrics.TOPIC_METRICS:
        for name in (topic_metric.mark for topic_metric in metrics.TOPIC_METRICS):
            identity = metrics.parse_instance("derive", metric.type_instance("X", f"a{name}b"))
            assert identity == metrics.Identity("X", metric.name, f"a{name}b")


@given(st.text(alphabet="~0123456789abcdefAB/", max_size=20), st.text(max_size=9))
def test_foreign_files_do_not_become_one_name(first: str, second: str) -> None:
    """What ``escape`` does not make stays as it is: two file names are never one name."""
    escaped = names.escape(second, 1000)
    assert (
        first == second
        or names.unescape(first) != names.unescape(escaped)
        or first in (escaped, names.escape(second, 1000, "-"))
    )


@given(st.text(max_size=50))
def test_printable_is_one_line_of_ascii(text: str) -> None:
    """Whatever a name holds, a log, a mail header or a check's output gets no line end of it."""
    line = names.printable(text)
    assert line.isascii() and line.isprintable()


@pytest.mark.parametrize("metric", metrics.BY_NAME.values(), ids=lambda metric: metric.name)
def test_identity_parses_back(metric: metrics.Metric) -> None:
    """Type and type instance name the metric again, whatever the consumer is called."""
    for consumer in ("Archiver", "in_progress", "a/b", "X_received", "é"):
        identity = metrics.parse_instance(metric.collectd_type, metric.type_instance(consumer))
        assert identity == metrics.Identity(consumer, metric.name)


@pytest.mark.parametrize("metric", metrics.TOPIC_METRICS, ids=lambda metric: metric.name)
def test_identity_of_a_topic_parses_back(metric: metrics.TopicMetric) -> None:
    """So does a topic's; whatever the names, collectd cuts none of them."""
    topic = "org.fedoraproject.prod.buildsys.build.state.change"
    for consumer in ("Archiver", "in_progress", "a/b", "X_received", "é"):
        identity = metrics.parse_instance(metrics.TOPIC_TYPE, metric.type_instance(consumer, topic))
        assert identity == metrics.Identity(consumer, metric.name, topic)
    assert len(metric.type_instance("x" * 99, "y" * 99)) <= 127


def test_readme_has_the_table() -> None:
    """README's metric table and metrics.py agree."""
    readme = (ROOT / "README.rst").read_text()
    for metric in metrics.BY_NAME.values():
        assert f"``{metric.name}``" in readme, metric.name
        assert metric.help.split(";")[0] in readme, metric.name
