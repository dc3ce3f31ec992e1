"""A Python without rrdtool's binding: one sentence for RRD files, and a page of a Prometheus."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

#: As where no binding is installed: importing it fails.
WITHOUT = "import sys; sys.modules['rrdtool'] = None; "


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_rrd_files_cannot_be_served(tmp_path: Path) -> None:
    done = run(
        "from collectd_fedmsg_dashboard.serve import main;"
        f"sys.exit(main(['--data-dir', {str(tmp_path)!r}, '--port', '0']))"
    )
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert "python3-rrdtool" in line


def test_a_prometheus_can() -> None:
    done = run(
        "from collectd_fedmsg_dashboard import create_app;"
        "create_app({'prometheus': 'http://127.0.0.1:1'}); print('made')"
    )
    assert (done.returncode, done.stdout) == (0, "made\n"), done.stderr
