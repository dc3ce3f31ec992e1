"""The snippets are valid for the program that reads them; hostile arguments never get into them."""

from __future__ import annotations

import sys

import pytest

from collectd_fedmsg.cli import main
from collectd_fedmsg.hub import settings


def test_the_fedmsg_snippet_is_what_the_daemon_reads(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "fedmsg", "--interval", "5", "--group", "collectd"]) == 0
    space: dict[str, dict[str, object]] = {}
    exec(compile(capsys.readouterr().out, "fedmsg.d", "exec"), space)
    read = settings.read({**space["config"]}, "/usr/bin/fedmsg-hub")
    assert read == settings.Settings("hub", interval=5, group="collectd")


def test_each_part_alone_and_both(capsys: pytest.CaptureFixture[str]) -> None:
    parts = []
    for part in ([], ["collectd"], ["fedmsg"]):
        assert main(["config", *part]) == 0
        parts.append(capsys.readouterr().out)
    assert parts[0] == parts[1] + parts[2]
    assert 'Import "collectd_fedmsg.collectd_plugin"' in parts[1]


@pytest.mark.parametrize("arguments", [
    ["--run-folder", "relative"], ["--run-folder", '/x"\n  Exec "evil'], ["--group", "a b"],
    ["--group", ""], ["--interval", "0"], ["--interval", "١"], ["--rrdcached", "unix:x y"],
])  # fmt: skip
def test_hostile_arguments_are_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["config", *arguments])
    assert arguments[0] in capsys.readouterr().err


def test_a_reader_that_has_seen_enough(capfd: pytest.CaptureFixture[str]) -> None:
    """``collectd-fedmsg config | true`` ends without a traceback."""
    import os
    import subprocess

    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "collectd_fedmsg.cli", "doctor"],
        stdout=writing,
        stderr=subprocess.PIPE,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
