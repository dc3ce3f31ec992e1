"""Hostile names on the whole way: real collectd, RRD, page, Nagios line, notification, rrdtool."""

from __future__ import annotations

import json
import os
import time
import urllib.parse
import urllib.request
from pathlib import Path

import pytest

from collectd_fedmsg.cli import main
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.metrics import escape_consumer
from collectd_fedmsg.names import LIMIT
from collectd_fedmsg.protocol.sample import Sample
from examples.chain import Chain
from examples.processes import wait_for
from tests.conftest import Figure

playwright = pytest.importorskip("playwright.sync_api")

NAMES = (
    "a/b", "..", "../../escaped", ".hidden", "-n", "a b", "it's", 'say "x"', "a\nPUTVAL x/y/z 1:2",
    "nul\0l", "x" * 300, "x" * 299 + "y", "😀🦆", "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">", "abc\u202edcba", "\u200f\u2066x", "a|b;c`id`",
    "$(id)", "%s%n%x", "DEF:x=/etc/passwd:v:AVERAGE", "a:b\\c", "~41", "A", "X_topic-y", "X",
    "é", "e\u0301", "{{7*7}}", "x" * 126 + "é", "\x7f\x1b[31m", "Subject: x\r\nBcc: y",
)  # fmt: skip
DRAWN = "Number(document.body.dataset.drawn) > 0 && document.querySelector('.panel') !== null"
SERVICE = "se rv'ice<b>\u202e😀"


def sample(name: str, at: float, total: int) -> Sample:
    topics = {"y_received": total // 2, f"t\n{name[:60]}": total - total // 2}
    return Sample(name, at, total, total, 0, 0, topics=topics)


@pytest.fixture
def chain(short_folder: Path):
    """A chain whose one daemon has all these consumers, under a name that is no better."""
    chain = Chain(short_folder, [], interval=1)
    total = [0]

    def take(at: float) -> list[Sample]:
        total[0] += 5
        return [sample(name, at, total[0]) for name in NAMES]

    responder = Responder(Settings(SERVICE, chain.run_folder, interval=1), take)
    responder.start()
    try:
        chain.start_rrdcached()
        chain.start_collectd()
        chain.start_dashboard()
        yield chain
    finally:
        responder.stop()
        chain.processes.stop_all()


def get(chain: Chain, path: str, **query: str) -> bytes:
    url = f"{chain.url}{path}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.read()


@pytest.mark.timeout(400)
def test_names_are_only_ever_names(
    chain: Chain, figure: Figure, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each comes back from the store as it was, none leaves its place, none is run or merged."""
    outside = set(chain.folder.iterdir())

    def consumers_shown() -> set[str]:
        rows = json.loads(get(chain, "/api/v1/daemons"))["daemons"]
        return {row["consumer"] for row in rows if row["backlog"] is not None}

    # What is longer than an identifier comes back as its head and a digest.
    short = {name for name in NAMES if len(escape_consumer(name)) < LIMIT}
    wait_for(
        "all are stored",
        lambda: short <= consumers_shown() and len(consumers_shown()) == len(NAMES),
        90,
    )
    files = list((chain.folder / "rrd").rglob("*.rrd"))
    for path in files:
        relative = str(path.relative_to(chain.folder / "rrd"))
        assert len(path.relative_to(chain.folder / "rrd").parts) == 3
        assert relative.isascii() and relative.isprintable()
        assert not set(relative) & set(" \"'<>|;`$%:\\*?&")
        assert all(len(part) <= 127 + len("response_time-.rrd") for part in path.parts[-3:])
    assert set(chain.folder.iterdir()) == outside
    log = (chain.folder / "logs/collectd.log").read_text()
    assert "PUTVAL x/y/z" not in log and "\x1b" not in log
    served_as_text(chain)
    one_nagios_line(chain, capsys)
    looked_at(chain)
    figure(
        f"{len(NAMES)} hostile names on the whole way",
        f"{len(files)} files, none elsewhere; none merged, none run in page, CSV, check or log",
    )


def served_as_text(chain: Chain) -> None:
    """JSON, CSV, Prometheus' text and pictures take each of them."""
    parser = pytest.importorskip("prometheus_client.parser")
    ids = [daemon["id"] for daemon in json.loads(get(chain, "/api/v1/daemons"))["daemons"]]
    assert len(set(ids)) == len(NAMES)
    for name in ids:
        assert b"<script>" not in get(chain, f"/daemon/{name}").replace(b"<script src=", b"")
        header, *rows = get(chain, "/api/v1/series.csv", daemon=name, topics="1").splitlines()
        assert header.startswith(b"time,") and rows
    for name in ids[::6]:
        assert get(chain, f"/daemon/{name}/panel.png", metric="backlog").startswith(b"\x89PNG")

    def exported() -> set[str]:
        """Return whose newest sample is exported: not older than three steps of a second."""
        text = get(chain, "/metrics").decode()
        return {
            sample.labels["consumer"]
            for family in parser.text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == "fedmsg_backlog_messages"
        }

    wait_for("each is exported", lambda: len(exported()) == len(NAMES))


def one_nagios_line(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    """The check says one line; a bar or a line end of a name is not one of it."""
    capsys.readouterr()
    assert main(["check", "backlog", "-w", "0", "--endpoints", f"{chain.run_folder}/*.sock"]) == 0
    output = capsys.readouterr().out
    assert output.count("\n") == 1
    assert output.count("|") == 1
    assert not set(output) & set("\0\x1b\r\u202e\u200f\u2066")


def looked_at(chain: Chain) -> None:
    """In Chromium nothing of a name is markup, and the policy has nothing to report."""
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: faults.append(dialog.message))
        page.add_init_script(
            "document.addEventListener('securitypolicyviolation',"
            " event => (window.reports ??= []).push(event.violatedDirective))"
        )
        name = next(daemon["id"] for daemon in json.loads(get(chain, "/api/v1/daemons"))["daemons"]
                    if "script" in daemon["consumer"])  # fmt: skip
        for path in ("/", f"/daemon/{name}"):
            page.goto(f"{chain.url}{path}")
            # Not by wait_for_function: the page's policy forbids eval, even to its testers.
            wait_for("all is drawn", lambda: page.evaluate(DRAWN), 60)
            assert page.title() != "owned"
            assert page.evaluate("document.querySelectorAll('img[src=x]').length") == 0
            assert page.evaluate("window.reports ?? []") == []
            assert faults == []
        assert "<script>document.title=" in page.evaluate("document.body.innerText")
        browser.close()


def test_a_mad_file_name_stops_no_read(short_folder: Path, figure: Figure) -> None:
    """A socket whose name is no UTF-8, or has a line end, is one line of the log; others go on."""
    chain = Chain(short_folder, [], interval=1)
    chain.run_folder.mkdir(mode=0o750)
    for odd in (b"\xff\xfe.%d.sock", b"two\nlines.%d.sock", b"\x1b[31m.%d.sock", b".%d.sock"):
        (Path(os.fsdecode(bytes(chain.run_folder) + b"/" + odd % os.getpid()))).touch()
    total = [0]

    def take(at: float) -> list[Sample]:
        total[0] += 5
        return [Sample("Good", at, total[0], total[0], 0, 0)]

    responder = Responder(Settings("good", chain.run_folder, interval=1), take)
    responder.start()
    try:
        chain.start_rrdcached()
        chain.start_collectd()
        path = chain.folder / "rrd/localhost/fedmsg-good/derive-Good_received.rrd"
        wait_for("the good one is stored", path.exists, 60)
        began = time.time()
        cursors = chain.folder / "cursors.json"

        def last() -> float:
            if not cursors.exists():  # a value may be stored a moment before they are
                return 0.0
            return max(json.loads(cursors.read_text())["times"].values(), default=0)

        wait_for("and goes on", lambda: last() > began + 2, 60)
    finally:
        responder.stop()
        chain.processes.stop_all()
    log = (chain.folder / "logs/collectd.log").read_text(errors="replace")
    own_lines = [line for line in log.splitlines() if "collectd_fedmsg" in line]
    assert all(line.startswith("[") for line in log.splitlines()), "no line of a name's own"
    assert len(own_lines) < 20
    figure(
        "socket files with names of bytes", f"{len(own_lines)} lines in the log; the others read on"
    )
