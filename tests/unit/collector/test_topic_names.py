"""Series of topics are bounded for the life of the data folder; none of their messages is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from collectd_fedmsg.collector.series import SeriesTable
from collectd_fedmsg.collector.topic_names import FIRST_TOPICS, MAX_TOPICS, MIN_SAMPLES, TopicNames
from collectd_fedmsg.metrics import TOPIC_METRICS
from collectd_fedmsg.protocol.sample import OTHER, Sample

KEY = ("h", "hub", "C")


def sample(number: int, received: int, topics: dict[str, int]) -> Sample:
    return Sample(
        "C",
        1e9 + number,
        received,
        received,
        0,
        0,
        busy=received,
        topics=topics,
        topic_processed=topics,
        topic_busy=topics,
    )


def test_topics_with_an_id_stay_bounded_over_restarts(tmp_path: Path):
    """20 restarts of collectd, 4,000 topics: 61 series of each kind, every message in one."""
    files: set[str] = set()
    path = tmp_path / "topics.json"
    received = stored = 0
    for restart in range(20):
        names = TopicNames()
        names.load(path)
        series = SeriesTable(100, TOPIC_METRICS, names).find(*KEY)
        assert series is not None
        before: dict[str, float] = {}
        for number in range(10):
            topics = {f"org.x.build.{restart}-{number}-{topic}": 5 for topic in range(20)}
            received += 100
            totals = {
                instance: value
                for _, instance, value in series.values(sample(number, received, topics))
                if "_topic-" in instance
            }
            if before:
                stored += sum(value - before.get(instance, 0) for instance, value in totals.items())
            before.update(totals)
            files |= set(totals)
        names.save(path)
    assert len(files) <= MAX_TOPICS + 1
    assert stored == 100 * 9 * 20


def test_the_other_topics_total_only_grows_as_topics_come_and_go():
    names = TopicNames()
    series = SeriesTable(1, TOPIC_METRICS[:1], names).find(*KEY)
    assert series is not None
    names.note(KEY, [f"t{n}" for n in range(FIRST_TOPICS)])
    rows = [
        ({"t0": 10, "new": 5, OTHER: 3}, 100),
        ({"t0": 20, "newer": 5, OTHER: 9}, 130),
        ({"t0": 20, "new": 9}, 135),
        ({"t0": 4, "new": 1}, 5),
        ({"t0": 6, "new": 4}, 10),
    ]
    other_totals = []
    for number, (topics, received) in enumerate(rows):
        values = {
            instance: value
            for _, instance, value in series.values(sample(number, received, topics))
            if "_topic-" in instance
        }
        other_totals.append(values.get(f"C_topic-{OTHER}", 0))
    assert other_totals == [0, 20, 25, 25, 28], "of 30, 5, a restart, 5: what t0 has not"


def test_a_steady_topic_gets_a_series_later_and_a_passing_one_does_not():
    names = TopicNames()
    names.note(KEY, [f"t{n}" for n in range(FIRST_TOPICS)])
    for n in range(MIN_SAMPLES - 1):
        assert "steady" not in names.note(KEY, ["steady", f"passing-{n}"])
    assert "steady" in names.note(KEY, ["steady"])
    assert "passing-1" not in names.note(KEY, ["passing-1"])


def test_few_topics_are_as_the_daemon_says():
    series = SeriesTable(1, TOPIC_METRICS[:1]).find(*KEY)
    assert series is not None
    totals = {
        instance: value
        for _, instance, value in series.values(sample(1, 50, {"a": 30, OTHER: 20}))
        if "_topic-" in instance
    }
    assert totals == {"C_topic-a": 30, f"C_topic-{OTHER}": 20}


def test_storing_again_counts_nothing_twice():
    """After an outage of rrdcached samples are stored once more, out of order."""
    names = TopicNames()
    names.note(KEY, [f"t{n}" for n in range(FIRST_TOPICS)])
    series = SeriesTable(1, TOPIC_METRICS[:1], names).find(*KEY)
    assert series is not None
    for number, received in enumerate((100, 150)):
        list(series.values(sample(number, received, {"new": received})))
    repeated = [
        value
        for value in series.values(sample(0, 100, {"t1": 7, "new": 100}), again=True)
        if "_topic-" in value[1]
    ]
    assert repeated == [("derive", "C_topic-t1", 7)]
    (other_total,) = [
        value
        for _, instance, value in series.values(sample(2, 160, {"new": 160}))
        if instance == f"C_topic-{OTHER}"
    ]
    assert other_total == 60


@pytest.mark.parametrize("content", ["", "5", "[[1]]", "[[1, 2, 3, 4]]", "{", '[["a","b","c"]]'])
def test_a_file_that_is_not_ours_is_refused(tmp_path: Path, content: str):
    path = tmp_path / "topics.json"
    path.write_text(content)
    with pytest.raises(ValueError, match=str(path)):
        TopicNames().load(path)
