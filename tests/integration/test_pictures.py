"""Every panel as PNG by the real rrdtool, read back pixel by pixel."""

from __future__ import annotations

import struct
import time
import zlib
from collections import Counter

import pytest

rrdtool = pytest.importorskip("rrdtool")
pytest.importorskip("flask")

from collectd_fedmsg_dashboard import create_app  # noqa: E402
from collectd_fedmsg_dashboard.draw import panels as figures  # noqa: E402

from tests.integration.test_store_rrd import HOST, STEP, fleet, write  # noqa: E402

WHERE = f"/daemon/{HOST}/hub/Consumer0/panel.png"


def pixels(image: bytes) -> Counter:
    """Return how many pixels of each colour a PNG has (8 bits a channel, not interlaced)."""
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    packed, at, width, height, kind = b"", 8, 0, 0, 0
    while at < len(image):
        size, name = struct.unpack(">I4s", image[at : at + 8])
        chunk = image[at + 8 : at + 8 + size]
        if name == b"IHDR":
            width, height, depth, kind = struct.unpack(">IIBB", chunk[:10])
            assert depth == 8
        packed += chunk if name == b"IDAT" else b""
        at += size + 12
    raw, wide = zlib.decompress(packed), {2: 3, 6: 4}[kind]
    colours: Counter = Counter()
    before = bytes(width * wide)
    for row in range(height):
        start = row * (width * wide + 1)
        filter_type, line = raw[start], bytearray(raw[start + 1 : start + 1 + width * wide])
        for i in range(len(line)):
            left_byte, up = (line[i - wide] if i >= wide else 0), before[i]
            corner = before[i - wide] if i >= wide else 0
            near = left_byte + up - corner
            paeth = min((left_byte, up, corner), key=lambda value: abs(near - value))
            line[i] = (
                line[i] + (0, left_byte, up, (left_byte + up) // 2, paeth)[filter_type]
            ) % 256
        colours.update(line[i : i + 3].hex() for i in range(0, len(line), wide))
        before = bytes(line)
    return colours


def near(colours: Counter, colour: str, within: int = 40) -> int:
    """Return how many pixels are of a hue, lines being softened at their edges."""
    hue = bytes.fromhex(colour.lstrip("#"))
    return sum(
        count
        for name, count in colours.items()
        if sum(abs(a - b) for a, b in zip(bytes.fromhex(name), hue)) < within
    )


@pytest.fixture
def browser(tmp_path):
    """A client of a page with one daemon that has every metric, also a topic of an odd name."""
    end = int(time.time()) // STEP * STEP
    times = range(end - 900, end + 1, STEP)
    fleet(tmp_path, end)
    for metric, value in (
        ("delay", 1),
        ("workers", 2),
        ("oldest", 3),
        ("in_progress", 1),
        ("service_p50", 0.1),
        ("service_p95", 0.2),
        ("service_p99", 0.3),
        ("service_max", 1),
    ):
        write(tmp_path, metric, dict.fromkeys(times, value), consumer="Consumer0")
    for metric in ("failed", "rejected"):
        write(tmp_path, metric, {t: t - times[0] for t in times}, consumer="Consumer0")
    write(tmp_path, "busy", {t: (t - times[0]) * 500_000 for t in times}, consumer="Consumer0")
    for topic in ("other", "org.a:b", "%5C100%25 <i>", *(f"t{n}" for n in range(9))):
        write(
            tmp_path,
            "received",
            {t: (t - times[0]) * 2 for t in times},
            name=f"derive-Consumer0_topic-{topic}",
        )
    return create_app({"data_dir": tmp_path}).test_client()


@pytest.mark.parametrize(
    "panel", [*figures.PANELS, *figures.EXTRA, figures.TOPICS], ids=lambda panel: panel.metric
)
def test_every_panel_is_a_picture(browser, panel):
    """Each panel of the page is drawn in its colour, on a light ground and on a dark one."""
    on_light, on_dark = figures.PALETTE[panel.colour]
    for theme, hue, ground in (("light", on_light, "ffffff"), ("dark", on_dark, "151c25")):
        answer = browser.get(
            f"{WHERE}?metric={panel.metric}&span=now&width=200&height=60&theme={theme}"
        )
        assert answer.status_code == 200, answer.text
        colours = pixels(answer.data)
        assert colours.most_common(1)[0][0] == ground
        assert near(colours, hue) > 20


def test_unknown_is_tinted(tmp_path):
    """A gap in the samples is tinted for as long as it lasts."""
    end = int(time.time()) // STEP * STEP
    times = [t for t in range(end - 900, end + 1, STEP) if not end - 600 < t < end - 300]
    write(tmp_path, "received", {t: t - end + 900 for t in times}, consumer="Consumer0")
    colours = pixels(
        create_app({"data_dir": tmp_path})
        .test_client()
        .get(f"{WHERE}?metric=received&width=300&height=60&start={end - 900}&end={end}")
        .data
    )
    assert 0.25 * 300 * 60 < near(colours, "e9e8ec", 9) < 0.45 * 300 * 60


@pytest.mark.parametrize(
    ("since", "tinted"),
    [
        pytest.param(900, True, id="away-between-totals"),
        pytest.param(299, False, id="history-without-totals"),
    ],
)
def test_the_backlog_of_a_daemon_that_was_away_is_tinted(tmp_path, since, tinted):
    """RRD has its next value there, which was not measured; in 2014's files it cannot be known."""
    end = int(time.time()) // STEP * STEP
    times = [t for t in range(end - 900, end + 1, STEP) if not end - 600 < t < end - 300]
    totals = {t: t - end + (900 if t <= end - 600 else 300) for t in times if t >= end - since}
    write(tmp_path, "received", totals, consumer="Consumer0", heartbeat=3600)
    write(tmp_path, "backlog", dict.fromkeys(times, 4), consumer="Consumer0", heartbeat=3600)
    colours = pixels(
        create_app({"data_dir": tmp_path})
        .test_client()
        .get(f"{WHERE}?metric=backlog&width=300&height=60&start={end - 900}&end={end}")
        .data
    )
    assert (near(colours, "e9e8ec", 9) > 0.25 * 300 * 60) is tinted


def test_old_files_are_drawn_as_history(tmp_path):
    """A daemon that has Fedora's files of 2014 only: its pictures are drawn from them."""
    end = int(time.time()) // STEP * STEP
    write(
        tmp_path,
        "in",
        dict.fromkeys(range(end - 900, end + 1, STEP), 50),
        name="gauge-Consumer0_in",
    )
    browser = create_app({"data_dir": tmp_path}).test_client()
    answer = browser.get(f"{WHERE}?metric=received&span=now&width=200&height=60")
    assert near(pixels(answer.data), figures.PALETTE["blue"][0]) > 20
    assert 'class="line blue"' in browser.get("/").text


def test_files_with_averages_only(tmp_path):
    """Files of other hands, without MAX and MIN, are drawn by their averages."""
    end = int(time.time()) // STEP * STEP
    path = tmp_path / HOST / "fedmsg-hub" / "queue_length-Consumer0_backlog.rrd"
    path.parent.mkdir(parents=True)
    rrdtool.create(
        str(path),
        "-s",
        "10",
        "-b",
        str(end - 910),
        "DS:value:GAUGE:20:0:U",
        "RRA:AVERAGE:0.5:1:200",
    )
    rrdtool.update(str(path), *[f"{t}:5" for t in range(end - 900, end + 1, STEP)])
    answer = (
        create_app({"data_dir": tmp_path})
        .test_client()
        .get(f"{WHERE}?span=now&width=200&height=60")
    )
    assert near(pixels(answer.data), figures.PALETTE["orange"][0]) > 20


@pytest.mark.parametrize("query", ["theme=pink", "width=1e9", "height=9999", "span=eon"])
def test_bounds(browser, query):
    """What is out of bounds is refused with words."""
    assert browser.get(f"{WHERE}?{query}").status_code == 400


@pytest.mark.parametrize("address", [WHERE, f"/panel.png?daemon={HOST}/hub/Consumer0"])
def test_a_store_without_files_has_no_pictures(address):
    """Prometheus, there or not: said in words, and no error of the server."""
    browser = create_app({"prometheus": "http://127.0.0.1:9"}).test_client()
    answer = browser.get(address)
    assert answer.status_code == 404
    assert "Pictures are drawn from RRD files only" in answer.text
