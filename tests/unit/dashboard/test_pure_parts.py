"""The dashboard's pure parts: bounds, gaps, consolidation, states, figures."""

from __future__ import annotations

import math

import pytest

pytest.importorskip("flask")
pytest.importorskip("rrdtool")

from collectd_fedmsg_dashboard import json_bytes as as_json
from collectd_fedmsg_dashboard.judge import plain_words as words
from collectd_fedmsg_dashboard.judge.row import drain_seconds
from collectd_fedmsg_dashboard.judge.stored_history import history
from collectd_fedmsg_dashboard.store.series import (
    Series,
    Window,
    clip,
    consolidate,
    overlay,
    regrid,
)
from collectd_fedmsg_dashboard.web import query
from collectd_fedmsg_dashboard.web import static_files as assets

from collectd_fedmsg.diagnosis.judgement import judge
from collectd_fedmsg.errors import BadQuery

NOW = 1_000_000.0


def test_window_of_a_preset():
    """A preset ends now."""
    assert query.window({"span": "hour"}, NOW) == Window(996_400, 1_000_000)


@pytest.mark.parametrize(
    ("args", "start"),
    [
        pytest.param({"start": "-900"}, 999_100, id="seconds"),
        pytest.param({"start": "-2h"}, 992_800, id="unit"),
        pytest.param({"start": "999990"}, 999_990, id="absolute"),
    ],
)
def test_window_starts(args, start):
    assert query.window(args, NOW).start == start


@pytest.mark.parametrize(
    "args",
    [
        {"start": "now"},
        {"end": "2000000"},
        {"start": "-9999999w"},
        {"step": "1", "start": "-9d"},
        {"start": "٣"},
        {"span": ""},
        {"start": "-1" + "0" * 20},
        {"end": "nan"},
    ],
)
def test_window_refuses(args):
    """Empty, unbounded and senseless spans are refused with words."""
    with pytest.raises(BadQuery):
        query.window(args, NOW)


@pytest.mark.parametrize(
    ("cf", "expected"),
    [("AVERAGE", [1.5, None, 9.0]), ("MAX", [2.0, None, 9.0]), ("MIN", [1.0, None, 9.0])],
)
def test_consolidate(cf, expected):
    """Half known counts; wholly unknown stays unknown."""
    series = Series(100, 10, [1.0, 2.0, None, None, 9.0, None])
    assert consolidate(series, 20, cf) == Series(100, 20, expected)


def test_consolidation_keeps_the_count():
    """A day of counts at ten seconds, drawn at three minutes, still sums up to the message."""
    counts = [(index * 7919) % 13 for index in range(8640)]
    series = Series(0, 10, [count / 10 for count in counts])
    coarse = consolidate(series, 180, "AVERAGE")
    assert round(sum(coarse.points) * 180) == sum(counts)
    assert abs(sum(coarse.points) * 180 - sum(counts)) < 0.5


def test_clip_fills_with_unknown():
    assert clip(Series(100, 10, [1.0, 2.0]), 80, 140).points == [None, None, 1, 2, None, None]
    assert clip(Series(100, 10, [1.0, 2.0]), 300, 320).points == [None, None]
    assert clip(Series(100, 10, [1.0, 2.0]), 50, 70).points == [None, None]


def test_regrid_of_steps_that_do_not_divide():
    """Each new step has the mean of what lies in it: the count stays, 60 messages here."""
    assert regrid(Series(0, 10, [1.0, 2.0, 3.0]), 15).points == pytest.approx([4 / 3, 8 / 3])
    assert regrid(Series(0, 10, [1.0, 2.0, 3.0]), 15, "MAX").points == [2, 3]
    assert regrid(Series(0, 10, [1.0, None, 3.0]), 15).points == [1, 3]


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        pytest.param(5, [1, 1, None, None, 3, 3], id="held-in-each-finer-step"),
        pytest.param(10, [1, None, 3], id="its-own"),
    ],
)
def test_regrid_of_a_coarser_series(step, expected):
    assert regrid(Series(0, 10, [1.0, None, 3.0]), step).points == expected


def test_overlay_prefers_the_newer():
    newer, older = Series(0, 10, [None, 2.0]), Series(0, 10, [7.0, 7.0])
    assert overlay(newer, older).points == [7, 2]


@pytest.mark.parametrize(
    ("received", "processed", "backlog", "late", "expected"),
    [
        pytest.param([2.0] * 60, [2.0] * 60, [0.0] * 60, 5, "OK", id="empty"),
        pytest.param([2.0] * 60, [2.0] * 60, [0.0] * 60, 30, "OK", id="three-intervals-old"),
        pytest.param([2.0] * 60, [2.0] * 60, [0.0] * 60, 31, "UNKNOWN", id="older"),
        pytest.param([None] * 60, [2.0] * 60, [0.0] * 60, 5, "UNKNOWN", id="no-rates"),
        pytest.param([2.0] * 60, [2.0] * 60, [None] * 60, 5, "UNKNOWN", id="never-known"),
        pytest.param(
            [2.0] * 60,
            [2.0] * 30 + [0.0] * 30,
            [0.0] * 30 + [20.0 * i for i in range(30)],
            5,
            "STALLED",
            id="nothing-ends",
        ),
    ],
)
def test_verdict(received, processed, backlog, late, expected):
    """The diagnosis names the state; absence is never health."""
    columns = {
        "received": Series(0, 10, received),
        "processed": Series(0, 10, processed),
        "backlog": Series(0, 10, backlog),
    }
    assert judge(history(columns, "X"), 600 + late).findings[0].verdict.name == expected


@pytest.mark.parametrize(
    ("workers", "late", "says"),
    [
        pytest.param(0.0, 5, "blocking mode", id="moksha-blocks"),
        pytest.param(None, 5, "does not tell what waits", id="another-bus"),
        pytest.param(0.0, 60, "no numbers for 65 s", id="silent"),
    ],
)
def test_an_unseen_backlog_is_never_well(workers, late, says):
    """UNKNOWN names the true backlog, and says what is seen all the same."""
    rates = Series(0, 10, [2.0] * 6)
    columns = {
        "received": rates,
        "processed": rates,
        "delay": Series(0, 10, [7.0] * 6),
        "workers": Series(0, 10, [workers] * 6),
        "backlog": Series(0, 10, [None] * 6),
    }
    diagnosis = judge(history(columns, "X"), 60 + late + (5 if late > 5 else 0))
    assert (diagnosis.findings[0].verdict.name, says in " ".join(diagnosis.evidence)) == (
        "UNKNOWN",
        True,
    )
    assert "the true backlog" in diagnosis.missing
    assert late > 5 or "they arrive 7 s after they were sent" in diagnosis.evidence


def test_times_by_topic_reach_the_diagnosis():
    """Worker-seconds per second and messages/s by topic, on the steps of the rest."""
    rates = Series(0, 10, [2.0] * 6)
    columns = {"received": rates, "processed": rates, "backlog": Series(0, 10, [0.0] * 6)}
    by_topic = {
        "received": {"t": Series(0, 10, [2.0] * 6), "coarse": Series(0, 60, [2.0])},
        "topic_busy": {"t": Series(0, 10, [500_000.0] * 6)},
        "topic_processed": {"t": Series(0, 10, [None, *[1.0] * 5])},
    }
    past = history(columns, "X", by_topic)
    assert past is not None
    assert past.topics == {"t": [2.0] * 6}
    assert past.topic_busy == {"t": [0.5] * 6}
    assert past.topic_processed == {"t": [None, *[1.0] * 5]}


def test_drain():
    assert drain_seconds(10, 1, 2) == 10
    assert drain_seconds(10, 2, 2) is None
    assert drain_seconds(0, 2, 2) == 0
    assert drain_seconds(None, 1, 2) is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"a": [1, 2.5, None, True], "é": "λ<&"}, id="text-and-numbers"),
        pytest.param([1e300, 0.1, -0.0, 12345678901234567], id="odd-numbers"),
        pytest.param({"x": (math.nan, [math.inf])}, id="what-json-does-not-know-is-null"),
    ],
)
def test_json_is_the_same_without_orjson(body):
    """Where orjson is missing (Debian 12), the standard library writes the same values."""
    orjson = pytest.importorskip("orjson")
    assert as_json.loads(as_json.plain_dumps(body)) == orjson.loads(orjson.dumps(body))


def test_static_files_packed_beforehand_are_served(tmp_path, monkeypatch):
    """A release's packed files are taken as they are, and are no files of their own."""
    (tmp_path / "a.js").write_bytes(b"1;" * 100)
    (tmp_path / "a.js.br").write_bytes(assets.packed(b"1;" * 100, "br", 11))
    monkeypatch.setattr(assets, "FOLDER", tmp_path)
    # What other tests have loaded is of the real folder.
    monkeypatch.setattr(assets, "_kept", assets._kept.__wrapped__)
    monkeypatch.setattr(assets, "_names", assets._names.__wrapped__)
    assert assets.load("a.js", "br")[0] == (tmp_path / "a.js.br").read_bytes()
    assert assets.load("a.js", "")[0] == b"1;" * 100
    assert assets.load("a.js.br", "") is None
    assert [path.name for path in assets.sources(tmp_path)] == ["a.js"]


WORST = {"consumer": "Archiver", "service": "hub", "state": "SLOW"}
WORST_QUEUE = {**WORST, "consumer": "Consumer", "service": "archiver-amqp"}


@pytest.mark.parametrize(
    ("counts", "worst", "sentence"),
    [
        pytest.param({}, None, "No daemon yet", id="empty-store"),
        pytest.param({"well": 13}, None, "All 13 daemons are well", id="well"),
        pytest.param({"well": 1}, None, "The daemon is well", id="one-well"),
        pytest.param({"well": 12, "silent": 1}, None, "12 well, 1 silent", id="silent-is-not-well"),
        pytest.param(
            {"well": 11, "unknown": 2}, None, "11 well, 2 not known", id="heard-but-not-judged"
        ),
        pytest.param(
            {"well": 1, "silent": 2, "unknown": 1, "recovering": 3},
            None,
            "1 well, 3 recovering, 2 silent, 1 not known",
            id="each-kind",
        ),
        pytest.param({"unknown": 1}, None, "1 not known", id="only-unknown-is-not-silence"),
        pytest.param(
            {"well": 12, "attention": 1}, WORST, "Archiver: slow processing", id="one-ill"
        ),
        pytest.param(
            {"well": 12, "attention": 1},
            WORST_QUEUE,
            "archiver-amqp: slow processing",
            id="queue-without-a-consumer-s-name",
        ),
        pytest.param(
            {"well": 10, "attention": 3},
            WORST,
            "3 daemons need attention; worst: Archiver, slow processing",
            id="worst-of-three",
        ),
        pytest.param(
            {"silent": 2},
            None,
            "collectd has been silent for 3 h: the present is not known",
            id="all-silent",
        ),
    ],
)
def test_headline(counts, worst, sentence):
    """The fleet in one sentence; silence is never taken for health."""
    assert words.headline(counts, worst, 10800.0) == sentence


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        pytest.param([], "Bus-wide surge: 5 of 5 daemons receive more", id="alone"),
        pytest.param(
            [WORST],
            "Bus-wide surge: 5 of 5 daemons receive more; also Archiver: slow processing",
            id="another-trouble",
        ),
        pytest.param(
            [WORST, WORST_QUEUE],
            "Bus-wide surge: 5 of 5 daemons receive more; "
            "2 others need attention, worst: Archiver, slow processing",
            id="two-others",
        ),
    ],
)
def test_a_shared_trouble_does_not_hide_another(more, sentence):
    """What several daemons share comes first; what is not of it is named after it."""
    incident_sentence = (
        "bus-wide surge: 5 of 5 daemons receive more; 1 cannot keep up; 9 messages wait"
    )
    assert words.shared_headline(incident_sentence, more) == sentence


def row(**changes):
    return {
        "state": "SLOW",
        "severity": 3,
        "silent": False,
        "backlog": 100,
        "arrival_rate": 7.0,
        "completion_rate": 2.0,
        "drain": None,
        "drain_seconds": None,
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "pace", "end"),
    [
        pytest.param({}, "grows by 5/s", "", id="grows"),
        pytest.param(
            {"completion_rate": 9.0, "drain_seconds": 50.0},
            "drains by 2/s",
            "gone in 50 s at this pace",
            id="drains",
        ),
        pytest.param(
            {"completion_rate": 6.9}, "neither grows nor drains", "", id="within-two-percent"
        ),
        pytest.param(
            {
                "completion_rate": 9.0,
                "drain": {"seconds": 50.0, "earliest": 40.0, "latest": None, "claimed": False},
            },
            "drains by 2/s",
            "gone in 40 s or never",
            id="with-bounds",
        ),
        pytest.param(
            {
                "completion_rate": 500.0,
                "drain": {"seconds": 50.0, "earliest": 40.0, "latest": 60.0, "claimed": True},
            },
            "drains by 2/s",
            "gone in 50 s (40 s to 60 s)",
            id="pace-of-the-time-to-drain",
        ),
        pytest.param({"severity": 0}, "", "", id="well"),
        pytest.param({"silent": True}, "", "", id="silent"),
        pytest.param({"completion_rate": None}, "", "", id="rate-not-known"),
        pytest.param({"backlog": 0, "completion_rate": 8.0}, "", "", id="nothing-waits"),
    ],
)
def test_pace(changes, pace, end):
    """How fast a backlog grows or drains and when it is gone; what is not known is not said."""
    assert (words.pace(row(**changes)), words.gone(row(**changes))) == (pace, end)


@pytest.mark.parametrize(
    ("changes", "group"),
    [
        pytest.param({}, "attention", id="urgent"),
        pytest.param({"state": "CREEP", "severity": 2}, "attention", id="today"),
        pytest.param(
            {"state": "RESTART", "severity": 1, "backlog": 0},
            "recovering",
            id="nothing-waits-is-no-need",
        ),
        pytest.param({"state": "OK", "severity": 0}, "well", id="well"),
        pytest.param({"state": "UNKNOWN", "severity": 1}, "unknown", id="heard-but-not-judged"),
        pytest.param({"state": "UNKNOWN", "severity": 1, "silent": True}, "silent", id="silent"),
    ],
)
def test_group(changes, group):
    assert words.group(row(**changes)) == group


@pytest.mark.parametrize(
    ("state", "severity", "mark"),
    [
        ("OK", 0, "0"),
        ("RESTART", 1, "1"),
        ("CREEP", 2, "2"),
        ("STALLED", 3, "3"),
        ("UNKNOWN", 1, "none"),
    ],
)
def test_severity_mark(state, severity, mark):
    """The colour follows severity; UNKNOWN has another colour."""
    assert words.severity_mark({"state": state, "severity": severity}) == mark
