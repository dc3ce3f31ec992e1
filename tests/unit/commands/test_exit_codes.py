"""Exit codes: a check that was not made is UNKNOWN (3); no command shows a traceback."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collectd_fedmsg import cli
from collectd_fedmsg.alerts.state import State
from collectd_fedmsg.alerts.state_db import AlertDatabase
from collectd_fedmsg.cli import main
from collectd_fedmsg.commands.check import numbered
from collectd_fedmsg.streams import Cleaned
from tests.users import POWERLESS


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "--bogus"],
        ["check", "-V"],
        ["check", "--version"],
        ["check", "--help"],
        ["check", "-t", "nan"],
        ["check", "-t", "inf"],
        ["check", "-t", "-1"],
        ["check", "-t", "x"],
        ["check", "-t", "1e999"],
        ["check", "--window", "1e99"],
        ["check", "-w", "9" * 400 + ":1"],
        ["check", "backlog", "oldest"],
        ["check", "-w"],
        ["check", "nonsense"],
        ["alerts", "status", "--bogus"],
        ["alerts", "status", "-V"],
        ["alerts", "status", "more"],
    ],
    ids=" ".join,
)
def test_a_call_that_checks_nothing_is_unknown(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 3
    output = capsys.readouterr()
    assert output.out.strip()
    assert output.err == ""


def test_a_wrong_call_of_another_command_is_2():
    with pytest.raises(SystemExit) as caught:
        main(["doctor", "--bogus"])
    assert caught.value.code == 2


@pytest.mark.parametrize(("command", "code"), [("check", 3), ("config", 2)])
def test_what_no_command_expects_is_one_sentence(
    command: str, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def broken(*_: object) -> int:
        raise ZeroDivisionError("division by \x1b[2Jzero")

    parser = cli.parser([command])
    options = parser.parse_args([command])
    options.run = broken
    monkeypatch.setattr(parser, "parse_known_args", lambda _: (options, []))
    monkeypatch.setattr(cli, "parser", lambda _: parser)
    assert main([command]) == code
    error = capsys.readouterr().err
    assert error.startswith("collectd-fedmsg: internal error, please report: ZeroDivisionError")
    assert "\x1b" not in error
    assert "Traceback" not in error


def test_what_is_printed_steers_no_terminal():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    Cleaned(stream).write("a\x1b[2J\u202eb\x9bc ä €\tz\n")
    stream.flush()
    assert stream.buffer.getvalue() == (  # type: ignore[attr-defined]
        b"a\\x1b[2J\\u202eb\\x9bc \xe4 \\u20ac\tz\n"
    )


def test_daemons_of_one_name_are_numbered_without_a_pid():
    """Performance data keep their labels over restarts."""
    runs = [("hub", "r1"), ("relay", "r2"), ("hub", "r3"), ("hub", "r1")]
    assert numbered(runs) == {
        ("hub", "r1"): "hub",
        ("relay", "r2"): "relay",
        ("hub", "r3"): "hub#2",
    }


def test_status_for_a_user_who_may_only_read(tmp_path: Path):
    """Nagios' user reads the file of a running evaluator; without permission it is UNKNOWN."""
    folder = tmp_path / "state"
    folder.mkdir(mode=0o755)
    state = folder / "alerts.db"
    running = AlertDatabase(state)
    running.commit(time.time(), 10, State(), [], [])
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)

    def status() -> tuple[int, str]:
        process = subprocess.run(
            [
                *POWERLESS,
                sys.executable,
                "-m",
                "collectd_fedmsg.cli",
                "alerts",
                "status",
                "--state",
                str(state),
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return process.returncode, process.stdout

    code, line = status()
    assert (code, line[:20]) == (0, "FEDMSG OK: evaluated"), line
    folder.chmod(0)
    code, line = status()
    folder.chmod(0o700)
    assert code == 3
    assert "Permission denied" in line
    running.close()


@pytest.mark.parametrize(
    "arguments",
    [
        ["rewind", "{}", "--state-file", "/dev/zero"],
        [
            "doctor",
            "--run-folder",
            "{}",
            "--data-dir",
            "{}",
            "--collectd-conf",
            "/dev/zero",
            "--state",
            "/dev/zero",
            "--rrdcached",
            "/dev/zero",
            "--url",
            "/dev/zero",
        ],
        ["alerts", "run", "--rules", "/dev/zero", "--state", "", "--data-dir", "{}"],
        ["alerts", "list", "--state", "{}/a\nb"],
        ["alerts", "check-config", "/proc/self/mem"],
        ["alerts", "status", "--state", "{}"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_odd_files_end_in_one_sentence(arguments: list[str], tmp_path: Path):
    """A device that never ends, a folder, no name at all: soon over, without a traceback."""
    process = subprocess.run(
        [
            sys.executable,
            "-m",
            "collectd_fedmsg.cli",
            *(argument.format(tmp_path) for argument in arguments),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    output = process.stdout + process.stderr
    assert process.returncode in (1, 2)
    assert output.strip()
    assert "Traceback" not in output
    assert "internal error" not in output
