"""What topics cost and which messages were slow: on real files, in the API and on the page."""

from __future__ import annotations

import time
from html import unescape
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("rrdtool")
pytest.importorskip("flask")

from collectd_fedmsg_dashboard import create_app

from collectd_fedmsg.protocol import wire
from collectd_fedmsg.protocol.about import About, SlowMessage
from collectd_fedmsg.protocol.evidence_file import encode
from tests.integration.test_store_rrd import HOST, STEP, write

ARCHIVER = f"{HOST}/hub/Archiver"
SPAN = 900
BUILD, EDIT = "org.fedoraproject.prod.buildsys.build", "org.fedoraproject.prod.wiki.edit"
ODD = '"><script>&id=../{id}'


@pytest.fixture
def now() -> int:
    return int(time.time()) // STEP * STEP


def stored(root: Path, now: int) -> None:
    """Two messages/s of a topic at 0.3 s each, one of another at 0.1 s; all of it known."""
    times = range(now - SPAN, now + 1, STEP)
    write(root, "backlog", dict.fromkeys(times, 0))
    write(root, "received", {t: (t - now + SPAN) * 3 for t in times})
    for topic, rate, busy in ((BUILD, 2, 600_000), (EDIT, 1, 100_000)):
        for mark, each in (("topic", rate), ("tdone", rate), ("tbusy", busy)):
            name = f"derive-Archiver_{mark}-{topic}"
            write(root, "received", {t: (t - now + SPAN) * each for t in times}, name=name)


def evidence(folder: Path, now: float, *slowest: SlowMessage) -> str:
    origin = wire.Origin("hub", HOST, 7, "ab", now - 100, 10)
    page: tuple[int, int, bool, list[bytes]] = (0, -1, False, [])
    frame = wire.encode_reply(origin, now, 1.0, page, about_now=About("3.11.2", (), slowest))
    (folder / "x.evidence").write_bytes(encode(now, {}, [frame]))
    return f"{folder}/*.evidence"


def app(root: Path, now: int, **settings: Any) -> Any:
    return create_app({"data_dir": root, "evidence": "", **settings}).test_client()


def query(now: int) -> str:
    return f"daemon={ARCHIVER}&start={now - SPAN}&end={now}"


def test_topics_by_what_they_cost(tmp_path: Path, now: int) -> None:
    """Time, messages, time a message and share; the most expensive first."""
    stored(tmp_path, now)
    body = app(tmp_path, now).get(f"/api/v1/costs?{query(now)}").get_json()
    build, edit = body["topics"]
    assert (build["topic"], edit["topic"]) == (BUILD, EDIT)
    assert build["share"] == pytest.approx(6 / 7, abs=0.001)
    assert build["seconds"] == pytest.approx(0.6 * SPAN, rel=0.03)
    assert build["per_message"] == pytest.approx(0.3)
    assert edit["messages"] == pytest.approx(SPAN, rel=0.03)
    assert body["slowest"] is None


def test_time_by_topic_as_series(tmp_path: Path, now: int) -> None:
    """In busy workers, on the grid of all the others; drawn on the daemon's own page."""
    stored(tmp_path, now)
    browser = app(tmp_path, now)
    address = f"/api/v1/series?{query(now)}&metrics=received&topics=1"
    [daemon] = browser.get(address).get_json()["daemons"]
    busy = [value for value in daemon["topic_busy"][BUILD] if value is not None]
    assert busy == pytest.approx([0.6] * len(busy))
    assert len(daemon["topic_busy"][BUILD]) == len(daemon["series"]["received"])
    page = browser.get(f"/daemon/{ARCHIVER}").text
    assert 'data-metric="topic_busy"' in page
    assert "buildsys.build</bdi></td><td>" in page


def test_slow_messages_are_listed_and_linked(tmp_path: Path, now: int) -> None:
    """By an address that is written in the settings; the id is escaped, whatever it is."""
    stored(tmp_path, now)
    slow = (SlowMessage("Archiver", BUILD, "2026-1 a", 12.5, now - 60.0),
            SlowMessage("Other", BUILD, "of another", 9.0, now - 50.0),
            SlowMessage("Archiver", EDIT, ODD, 3.0, now - 40.0),
            SlowMessage("Archiver", EDIT, "", 2.0, now - 30.0))  # fmt: skip
    settings = {"evidence": evidence(tmp_path, now, *slow),
                "message_url": "https://archive.example.org/id?id={id}&size=1"}  # fmt: skip
    browser = app(tmp_path, now, **settings)
    rows = browser.get(f"/api/v1/costs?{query(now)}").get_json()["slowest"]
    assert [(row["id"], row["seconds"], row["link"]) for row in rows] == [
        ("2026-1 a", 12.5, "https://archive.example.org/id?id=2026-1%20a&size=1"),
        (ODD, 3.0, "https://archive.example.org/id?id="
                   "%22%3E%3Cscript%3E%26id%3D..%2F%7Bid%7D&size=1"),
        ("", 2.0, None),
    ]  # fmt: skip
    page = browser.get(f"/daemon/{ARCHIVER}").text
    assert "<script>&id" not in page
    assert rows[1]["link"] in unescape(page)
    assert "without an id" in page
    del settings["message_url"]
    rows = app(tmp_path, now, **settings).get(f"/api/v1/costs?{query(now)}").get_json()["slowest"]
    assert {row["link"] for row in rows} == {None}


def test_what_is_not_known_is_named(tmp_path: Path, now: int) -> None:
    """Without evidence, and with a daemon that reports that nothing was slow."""
    stored(tmp_path, now)
    page = app(tmp_path, now).get(f"/daemon/{ARCHIVER}").text
    assert "Which messages were slow is not known" in page
    page = app(tmp_path, now, evidence=evidence(tmp_path, now)).get(f"/daemon/{ARCHIVER}").text
    assert "No message of the last hour took 10 ms or longer." in page


@pytest.mark.parametrize("query", ["", "daemon=no/such/one", "daemon=a&daemon=b"])
def test_bad_questions(tmp_path: Path, now: int, query: str) -> None:
    stored(tmp_path, now)
    assert app(tmp_path, now).get(f"/api/v1/costs?{query}").status_code in (400, 404)
