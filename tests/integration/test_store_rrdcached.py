"""The command as it is run, beside a real rrdcached: values still in its memory are shown."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("flask")
rrdtool = pytest.importorskip("rrdtool")

from tests.integration.test_store_rrd import HOST, STEP, write  # noqa: E402

pytestmark = pytest.mark.skipif(not shutil.which("rrdcached"), reason="no rrdcached here")


@pytest.fixture
def cache(tmp_path):
    """Run rrdcached that would keep values for an hour; yields (folder, address, process)."""
    # A socket's path holds 107 bytes at most; a test's own folder may be longer.
    with tempfile.TemporaryDirectory() as short:
        socket = Path(short) / "s"
        process = subprocess.Popen(["rrdcached", "-g", "-l", f"unix:{socket}", "-w", "3600",
                                    "-b", str(tmp_path), "-p", f"{short}/pid"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while not socket.exists():
            assert time.monotonic() < end
            time.sleep(0.02)
        yield tmp_path, f"unix:{socket}", process
        process.terminate()
        process.wait(10)


@pytest.fixture
def served(cache):
    """Run the command; yields its address."""
    folder, address, _ = cache
    process = subprocess.Popen(
        [sys.executable, "-m", "collectd_fedmsg_dashboard.serve", "--data-dir", str(folder),
         "--rrdcached", address, "--port", "0"], stdout=subprocess.PIPE, text=True)
    yield process.stdout.readline().split()[-1]
    process.terminate()
    process.wait(10)


def test_values_in_the_cache_are_shown_and_its_absence_is_503(cache, served):
    """Reading flushes first; without rrdcached the answer is 503, never old numbers as new."""
    folder, address, process = cache
    now = int(time.time()) // STEP * STEP
    path = write(folder, "backlog", dict.fromkeys(range(now - 100, now - 10, STEP), 1))
    rrdtool.update(str(path), "--daemon", address, f"{now - 10}:7", f"{now}:7")
    where = f"{served}api/v1/series?daemon={HOST}/hub/Archiver&metrics=backlog"
    with urllib.request.urlopen(where, timeout=10) as answer:
        assert 7.0 in json.load(answer)["daemons"][0]["series"]["backlog"]
    process.terminate()
    process.wait(10)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(where, timeout=10)
    assert refused.value.code == 503
