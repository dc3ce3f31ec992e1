"""The hour of the week is a clock's on the wall: summer time shifts no baseline."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

pytest.importorskip("flask")

from collectd_fedmsg_dashboard.config import Settings
from collectd_fedmsg_dashboard.judge.usual_ranges import same_hour

from benchmarks.diagnosis.episodes import local_batch
from benchmarks.diagnosis.evaluate import evaluate
from collectd_fedmsg.diagnosis import Baseline
from collectd_fedmsg.diagnosis.hours import hour_of_week
from collectd_fedmsg.errors import ConfigError

BERLIN = ZoneInfo("Europe/Berlin")
#: Sunday 2023-10-29 01:00 UTC: summer time ends; 2024-03-31 01:00 UTC: it begins.
ENDS, BEGINS = 1_698_541_200, 1_711_846_800
DAY = 86400


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param(ENDS - 2 * DAY, 4 * 24 + 3, id="friday-before-the-end"),
        pytest.param(ENDS + 5 * DAY + 3600, 4 * 24 + 3, id="friday-after-the-end"),
        pytest.param(BEGINS - 2 * DAY, 4 * 24 + 2, id="friday-before-the-beginning"),
        pytest.param(BEGINS + 5 * DAY - 3600, 4 * 24 + 2, id="friday-after-the-beginning"),
        pytest.param(ENDS - 3600, 6 * 24 + 2, id="the-hour-that-comes-twice"),
        pytest.param(ENDS, 6 * 24 + 2, id="the-same-again"),
    ],
)
def test_the_hour_follows_the_clock(moment, expected):
    assert hour_of_week(BERLIN)(moment) == expected


def test_without_a_zone_the_host_s_clock_counts(monkeypatch):
    """cron runs by it, too."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert hour_of_week()(0) == 3 * 24 + 9  # Thursday 09:00
    finally:
        monkeypatch.undo()
        os.environ.pop("TZ", None)
        time.tzset()


@pytest.mark.parametrize("seed", [3, 5])
def test_a_batch_by_local_time_is_usual_after_the_clocks_changed(seed):
    """In its own zone it is as usual in the first nights after; by UTC it would be a surge."""
    episode = local_batch(seed)
    assert 0 < episode.start - ENDS < 3 * DAY
    verdicts = {
        zone: {
            pair.split("|")[1] for pair in evaluate("", replace(episode, zone=zone), every=6).pairs
        }
        for zone in ("Europe/Berlin", "UTC")
    }
    assert "SURGE" not in verdicts["Europe/Berlin"]
    assert "SURGE" in verdicts["UTC"]


@pytest.mark.parametrize(
    "hour", [pytest.param(ENDS - 3 * DAY, id="before"), pytest.param(ENDS + 3 * DAY, id="after")]
)
def test_the_drawn_range_is_of_the_same_hour_by_the_clock(hour):
    """What was usual at an hour of last week is looked up at that clock's hour of this week."""
    baseline = Baseline((), hour_of_week(BERLIN))
    ahead = same_hour(baseline, hour, ENDS + 10 * DAY)
    assert baseline.hour_of_week(ahead) == baseline.hour_of_week(hour)
    assert ahead >= ENDS + 10 * DAY - 3600


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../../etc/passwd", "/etc/localtime", "x\0"])
def test_a_zone_that_is_none_is_refused(name):
    with pytest.raises(ConfigError, match="timezone"):
        Settings.of({"timezone": name})


def test_a_zone_is_known_by_name():
    assert Settings.of({"timezone": "Europe/Berlin"}).zone() == BERLIN
    assert Settings.of({}).zone() is None
