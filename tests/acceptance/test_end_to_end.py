"""The whole way of one number, on real parts: bus → hub → collectd → rrdcached → page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.reader import collect as reader
from examples.chain import ROOT, Chain, Daemon
from examples.processes import wait_for

N = 1500


def daemons(folder: Path) -> list[Daemon]:
    module = "examples.demo.consumers"
    return [
        Daemon(
            "archiver",
            f"{module}:Archiver",
            workers=2,
            config={
                "demo.archiver.enabled": True,
                "demo.archiver.database": str(folder / "archive.db"),
            },
        ),
        Daemon("notifier", f"{module}:Notifier", config={"demo.notifier.enabled": True}),
        Daemon("badges", f"{module}:Badges", config={"demo.badges.enabled": True}),
        Daemon("laggard", "tests.acceptance.slow:Slow", config={"slow.enabled": True}),
    ]


def publish(chain: Chain, count: int) -> int:
    """Publish through the real relay in a process of its own; return how many it sent."""
    command = [sys.executable, "-m", "examples.load", "--count", str(count)]
    done = subprocess.run(
        [*command, "--config", str(chain.config_file("relay"))],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "ignore"},
        cwd=chain.folder,
        capture_output=True,
        timeout=60,
        check=True,
    )
    return int(json.loads(done.stdout.splitlines()[-1])["sent"])


def newest(chain: Chain) -> dict[str, Sample]:
    """Return the last sample of each consumer, from the daemons themselves."""
    harvest = reader.latest([f"{chain.run_folder}/*.sock"], 30.0, time.time())
    return {sample.consumer: sample for _, _, samples in harvest.fresh for sample in samples}


def get(chain: Chain, path: str, **query: Any) -> Any:
    url = f"{chain.url}{path}?{urllib.parse.urlencode(query, doseq=True)}"
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


def total(series: list[float | None], step: float) -> float:
    return sum(rate for rate in series if rate is not None) * step


@pytest.mark.acceptance
@pytest.mark.timeout(400)
def test_every_message_is_on_the_page(short_folder: Path, artifacts: Path) -> None:
    """N messages through the relay integrate to exactly N, for every consumer."""
    with Chain(short_folder, daemons(short_folder), interval=1) as chain:
        consumers = {"Archiver", "Notifier", "Badges", "Slow", "RelayConsumer"}

        def warm() -> bool:
            publish(chain, 1)
            now = newest(chain)
            return all(name in now and now[name].received > 0 for name in consumers)

        wait_for("every daemon is subscribed", warm, 60)
        before = settle(chain, {})
        began = int(time.time())
        assert publish(chain, N) == N
        after = settle(chain, {name: before[name].received + N for name in consumers})
        ended = int(max(sample.time for sample in after.values()))

        ids = stored(chain, consumers, ended)
        by_id: dict[str, dict[str, list[float | None]]] = {}

        def are_whole() -> bool:
            """Tell whether all adds up; one series may be written a moment after another."""
            answer = get(
                chain, "/api/v1/series", daemon=sorted(ids.values()),
                metrics="received,processed,backlog", start=began - 1, end=ended, step=1,
            )  # fmt: skip
            by_id.update({daemon["id"]: daemon["series"] for daemon in answer["daemons"]})
            totals = {
                (name, metric): total(by_id[ids[name]][metric], answer["step"])
                for name in consumers for metric in ("received", "processed")
            }  # fmt: skip
            print(totals)
            return all(number == pytest.approx(N, abs=1e-3) for number in totals.values())

        wait_for(f"each series adds up to {N}", are_whole)
        backlog = [value for value in by_id[ids["Slow"]]["backlog"] if value is not None]
        assert max(backlog) > 0
        assert backlog[-1] == 0

        ask_the_doctor(chain)
        look(chain, len(ids), artifacts / "end-to-end.png")
        chain.processes.check()


def settle(chain: Chain, expected: dict[str, int]) -> dict[str, Sample]:
    """Return the samples once all is processed, ``wanted`` is received and nothing moves."""
    last_counts: list[dict[str, int]] = [{}]

    def still() -> bool:
        now = newest(chain)
        counts = {name: sample.received for name, sample in now.items()}
        unchanged = counts == last_counts[0] and not any(sample.backlog for sample in now.values())
        last_counts[0] = counts
        time.sleep(1.1)
        return unchanged and all(counts[name] == number for name, number in expected.items())

    try:
        wait_for(f"all processed, received: {expected}", still, 60)
    except TimeoutError as error:
        raise TimeoutError(f"{error}; seen last: {last_counts[0]}") from None
    return newest(chain)


def stored(chain: Chain, consumers: set[str], until: int) -> dict[str, str]:
    """Return each consumer's id in the API once its samples up to ``until`` are stored."""
    ids: dict[str, str] = {}

    def is_stored() -> bool:
        for daemon in get(chain, "/api/v1/daemons")["daemons"]:
            if daemon["consumer"] in consumers and (daemon["last_sample"] or 0) >= until:
                ids[daemon["consumer"]] = daemon["id"]
        return set(ids) == consumers

    wait_for("the store has the last samples", is_stored)
    return ids


def ask_the_doctor(chain: Chain) -> None:
    """With everything running, nothing is wrong; without the sockets, the doctor says so."""
    config = chain.config_file("archiver")
    command = [
        sys.executable, "-m", "collectd_fedmsg.cli", "doctor", "--data-dir",
        str(chain.folder / "rrd"), "--rrdcached", f"unix:{chain.folder}/rrdcached.sock",
        "--collectd-conf", str(chain.folder / "config" / "collectd.conf"),
        "--url", chain.url, "--timeout", "60", "--run-folder",
    ]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT), "FEDMSG_CONFIG": str(config)}
    for folder, wrong, says in (
        (chain.run_folder, 0, "nothing is wrong"),
        (chain.folder / "elsewhere", 1, "No such file or directory"),
    ):

        def complains(folder: Path = folder, wrong: int = wrong, says: str = says) -> bool:
            """Samples are a second apart here: on a busy machine one may be late."""
            done = subprocess.run(
                [*command, str(folder)], env=env, cwd=config.parent.parent,
                capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip
            print(done.stdout, done.stderr)
            return (done.returncode, says in done.stdout) == (wrong, True)

        wait_for(f"the doctor says that {says}", complains)


def look(chain: Chain, rows: int, picture: Path) -> None:
    """Open the page in Chromium; every row has three panels with drawn traces."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1400, "height": 1600})
        page.goto(chain.url)

        def is_drawn() -> bool:
            step = page.evaluate(
                """() => [...document.querySelectorAll('.panel')].filter(
                    panel => [...panel.querySelectorAll('.area path.line')]
                        .some(line => (line.getAttribute('d') || '').length > 10)
                ).map(panel => panel.dataset.daemon + ' ' + panel.dataset.metric)"""
            )
            return len(set(step)) >= 3 * rows

        wait_for("three drawn panels a row", is_drawn)
        page.screenshot(path=str(picture), full_page=True)
        browser.close()
