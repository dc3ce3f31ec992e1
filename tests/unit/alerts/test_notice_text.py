"""The words of notices: what, since when, how bad, why, what next; short enough for collectd."""

from __future__ import annotations

from dataclasses import replace

import pytest

from collectd_fedmsg.alerts.notice_text import body, headline, link, one_line, payload, short
from collectd_fedmsg.alerts.records import Ack, Alert, Notice, Subject

NOW = 1_000_000.0
ONE = Alert(
    id="a1",
    rule="backlog",
    kind="backlog",
    subject=Subject("bus01", "hub", "A/b"),
    severity="critical",
    since=NOW - 720,
    raised=NOW - 420,
    unit="messages",
    value=1234.0,
    limit=0.0,
    peak=5000.0,
    affected=9876.0,
    cause="SLOW",
    why=("SLOW: Each message takes longer.", "17 ms → 280 ms per message"),
    action="Look at its database.",
)
OVER = replace(ONE, cleared=NOW - 120)


def notice(kind="raised", alerts=(ONE,), over=()):
    return Notice("n1", "g1", kind, NOW, "critical", tuple(alerts), tuple(over), ("a1",))


def test_a_notice_says_it_all():
    text = body(notice(), "http://d")
    for part in (
        "What:    A/b of hub on bus01: 1,234 messages wait (limit 0) [critical, new]",
        "Since:   1970-01-12 13:34 UTC (12 min)",
        "How bad: peak 5,000 messages, 9,876 messages affected so far",
        "Why:     SLOW: Each message takes longer.\n         17 ms → 280 ms",
        "Next:    Look at its database.",
        "http://d/daemon/bus01/hub/A~2fb?start=998380&end=1000000",
    ):
        assert part in text


def test_an_end_says_how_long_how_bad_and_how_many():
    text = body(notice("cleared", (), (OVER,)), "http://d")
    for part in ("over after 10 min", "peak 5,000 messages", "9,876 messages affected"):
        assert part in text
    assert headline(notice("cleared", (), (OVER,))) == (
        "[OK] over: SLOW: A/b of hub on bus01: over after 10 min"
    )


def test_thirty_are_one_headline_and_a_bounded_text():
    alerts = [replace(ONE, id=f"a{i}") for i in range(300)]
    message = notice(alerts=alerts)
    assert headline(message).endswith(" and 299 more")
    text = body(message, "http://d")
    assert text.count("What: ") == 10
    assert "And 290 more: " in text
    assert len(text) < 20_000


@pytest.mark.parametrize("name", ["A", "ü" * 120, "x\ny" * 30])
def test_short_fits_collectd(name):
    """255 bytes, whole characters, one line; the link whole or not at all."""
    alert = replace(ONE, subject=Subject("h" * 60, "hub", name))
    for version in (alert, replace(alert, cleared=NOW)):
        line = short(version, "http://dashboard", NOW)
        assert len(line.encode()) <= 255
        assert "\n" not in line
        assert "http" not in line or line.endswith(link(version, "http://dashboard", NOW))


@pytest.mark.parametrize(
    ("kind", "value", "phrase"),
    [
        ("oldest", 1000.0, "the oldest message waits for 17 min"),
        ("verdict", 3.0, "the diagnosis is SLOW"),
        ("daemon_silent", 130.0, "silent for 2 min 10 s"),
        ("lost", 7.0, "7 messages lost at a restart"),
        ("saturation", 3 * 86400.0, "the workers are full in 3 d"),
    ],
)
def test_every_kind_has_words(kind, value, phrase):
    assert phrase in one_line(replace(ONE, kind=kind, value=value))


def test_flapping_and_acknowledgements_are_in_the_text():
    alert = replace(ONE, flapping=5, ack=Ack("me", NOW, "on it"))
    text = body(notice("reminder", (alert,)), "")
    assert "flapping: raised 5 times" in text
    assert "acknowledged by me: on it" in text
    assert "http" not in text


def test_a_payload_is_json_and_keeps_its_id():
    import json

    body = json.loads(json.dumps(payload(notice(), "http://d")))
    assert (body["id"], body["alerts"][0]["id"], body["fresh"]) == ("n1", "a1", ["a1"])
