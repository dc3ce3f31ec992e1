"""The command as it is run, with a real rrdcached: values still in its memory are shown."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("flask")
rrdtool = pytest.importorskip("rrdtool")

from collectd_fedmsg_dashboard import create_app  # noqa: E402

from collectd_fedmsg.commands import doctor_steps  # noqa: E402
from tests.conftest import new_short_folder  # noqa: E402
from tests.integration.test_store_rrd import HOST, STEP, write  # noqa: E402
from tests.listening import is_connectable  # noqa: E402

pytestmark = pytest.mark.skipif(not shutil.which("rrdcached"), reason="no rrdcached here")


@pytest.fixture
def cache(tmp_path):
    """Run rrdcached that would keep values for an hour; yields (folder, address, process)."""
    with rrdcached(tmp_path) as (address, process):
        yield tmp_path, address, process


@contextlib.contextmanager
def rrdcached(folder, *options):
    """Run rrdcached over a folder, keeping values for an hour; yields (address, process)."""
    # A socket's path holds 107 bytes at most; a test's own folder may be longer.
    with new_short_folder() as short:
        socket, hour = short / "s", "3600"
        process = subprocess.Popen(
            [
                "rrdcached",
                "-g",
                *options,
                "-l",
                f"unix:{socket}",
                "-w",
                hour,
                "-b",
                str(folder),
                "-p",
                f"{short}/pid",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            end = time.monotonic() + 60
            while not is_connectable(socket):
                assert time.monotonic() < end
                time.sleep(0.02)
            yield f"unix:{socket}", process
        finally:
            process.terminate()
            process.wait(60)


@pytest.fixture
def served(cache):
    """Run the command; yields its address."""
    folder, address, _ = cache
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "collectd_fedmsg_dashboard.serve",
            "--data-dir",
            str(folder),
            "--rrdcached",
            address,
            "--port",
            "0",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    yield process.stdout.readline().split()[-1]
    process.terminate()
    process.wait(60)


def test_values_in_the_cache_are_shown_and_its_absence_is_503(cache, served):
    """Reading flushes first; without rrdcached the answer is 503, never old numbers as new."""
    folder, address, process = cache
    now = int(time.time()) // STEP * STEP
    path = write(folder, "backlog", dict.fromkeys(range(now - 100, now - 10, STEP), 1))
    rrdtool.update(str(path), "--daemon", address, f"{now - 10}:7", f"{now}:7")
    series_url = f"{served}api/v1/series?daemon={HOST}/hub/Archiver&metrics=backlog"
    with urllib.request.urlopen(series_url, timeout=60) as answer:
        assert 7.0 in json.load(answer)["daemons"][0]["series"]["backlog"]
    process.terminate()
    process.wait(60)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(series_url, timeout=60)
    assert refused.value.code == 503


def updated(cache, now: int, folder: Path | None = None) -> Path:
    """Give rrdcached a minute of samples that no file has; return the folder."""
    real, address, _ = cache
    for metric, value in (("received", 5), ("processed", 5), ("backlog", 7)):
        path = write(real, metric, dict.fromkeys(range(now - 600, now - 60, STEP), 5))
        name = str((folder or real) / path.relative_to(real))
        rrdtool.update(
            name, "--daemon", address, *[f"{t}:{value}" for t in range(now - 60, now + 1, STEP)]
        )
    return real


def test_the_environments_rrdcached_is_asked(cache, monkeypatch):
    """librrd would ask it file by file; one that is not there is a 503, not a file's fault."""
    now = int(time.time()) // STEP * STEP
    folder = updated(cache, now)
    monkeypatch.setenv("RRDCACHED_ADDRESS", cache[1])
    (row,) = (
        create_app({"data_dir": folder}).test_client().get("/api/v1/daemons").get_json()["daemons"]
    )
    assert (row["backlog"], row["last_sample"]) == (7, now)
    monkeypatch.setenv("RRDCACHED_ADDRESS", "unix:/nowhere/s")
    assert create_app({"data_dir": folder}).test_client().get("/api/v1/daemons").status_code == 503


def test_a_linked_folder_is_as_fresh(cache, tmp_path):
    """collectd writes to the folder itself, the page reads over a link: two spellings."""
    now = int(time.time()) // STEP * STEP
    folder = updated(cache, now)
    link = tmp_path.with_name(f"{tmp_path.name}-link")
    link.symlink_to(folder)
    (row,) = (
        create_app({"data_dir": link, "rrdcached": cache[1]})
        .test_client()
        .get("/api/v1/daemons")
        .get_json()["daemons"]
    )
    assert (row["backlog"], row["last_sample"]) == (7, now)


def test_a_refused_flush_is_an_error(tmp_path):
    """Readable, and old: rrdcached will not write out what it holds."""
    now = int(time.time()) // STEP * STEP
    with rrdcached(tmp_path, "-P", "UPDATE,PING,STATS") as (address, _):
        for metric in ("received", "processed", "backlog"):
            write(tmp_path, metric, dict.fromkeys(range(now - 600, now + 1, STEP), 5))
        (row,) = (
            create_app({"data_dir": tmp_path, "rrdcached": address})
            .test_client()
            .get("/api/v1/daemons")
            .get_json()["daemons"]
        )
        assert row["state"] == "UNKNOWN"
        assert "rrdcached refuses to write it out: Permission denied" in row["text"]
        assert not row["silent"]
        findings = list(doctor_steps.rrdcached(address, 5))
        assert [finding.good for finding in findings] == [True, False]
