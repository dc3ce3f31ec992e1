"""``collectd-fedmsg check`` on real sockets, by hand and under a real Nagios 4."""

from __future__ import annotations

import grp
import os
import pwd
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectd_fedmsg.cli import main
from collectd_fedmsg.commands import nagios as plugin
from collectd_fedmsg.hub.responder import Responder
from collectd_fedmsg.hub.settings import Settings
from collectd_fedmsg.protocol.sample import Sample
from collectd_fedmsg.protocol.sockets import socket_path
from examples.processes import Processes, wait_for
from tests.listening import is_admitting

ROOT = Path(__file__).resolve().parents[2]


class Daemon:
    """A responder on a real socket with a settable backlog."""

    def __init__(self, folder: Path) -> None:
        self.waiting = 0
        settings = Settings(service="hub", run_folder=folder / "health", interval=1)
        self.responder = Responder(settings, self.take)
        self.responder.start()
        path = socket_path(settings.run_folder, "hub", os.getpid())
        wait_for("the socket is there", lambda: is_admitting(path))
        self.endpoints = f"{settings.run_folder}/*.sock"

    def take(self, at: float) -> list[Sample]:
        return [Sample("Slow", at, 10 + self.waiting, 10, self.waiting, 0, failed=3)]


@pytest.fixture
def daemon(short_folder: Path) -> Iterator[Daemon]:
    instance = Daemon(short_folder)
    yield instance
    instance.responder.stop()


def check(capsys: pytest.CaptureFixture[str], daemon: Daemon, *options: str) -> tuple[int, str]:
    code = main(["check", *options, "--endpoints", daemon.endpoints])
    return code, capsys.readouterr().out


def test_by_hand(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """One line, performance data with the thresholds, the exit code of the range."""
    options = ("-w", "0", "-c", "100", "--service", "hub")
    assert check(capsys, daemon, *options) == (
        0,
        "FEDMSG OK: hub/Slow backlog 0 | 'hub/Slow_backlog'=0;0;100;0\n",
    )
    daemon.waiting = 7
    wait_for("the backlog is seen", lambda: check(capsys, daemon, "-w", "0", "-c", "100")[0] == 1)
    assert check(capsys, daemon, "-w", "0", "-c", "5")[0] == 2
    assert check(capsys, daemon, "exceptions", "-c", "2", "--window", "0")[0] == 0
    assert check(capsys, daemon, "present", "--consumer", "Slow")[0] == 0
    code, line = check(capsys, daemon, "present", "--consumer", "Slow", "--consumer", "Gone")
    assert (code, line) == (2, "FEDMSG CRITICAL: not there: Gone\n")


def test_no_daemon_at_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It names the sockets and the service asked for."""
    pattern = f"{tmp_path}/*.sock"
    assert main(["check", "--endpoints", pattern]) == 2
    assert main(["check", "--service", "hub", "--endpoints", pattern]) == 2
    assert capsys.readouterr().out.splitlines() == [
        f"FEDMSG CRITICAL: no daemon answers at {pattern}",
        f"FEDMSG CRITICAL: no daemon hub answers at {pattern}",
    ]


@pytest.mark.parametrize("arguments", [["-w", "x"], ["nonsense"], ["-w", "9:1"]])
def test_a_wrong_call_is_unknown(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["check", *arguments])
    assert caught.value.code == plugin.UNKNOWN
    assert capsys.readouterr().out.startswith("FEDMSG UNKNOWN: ")


@pytest.mark.parametrize(
    ("text", "value", "alerts"),
    [
        ("10", 10, False),
        ("10", 11, True),
        ("10", -1, True),
        ("10:", 9, True),
        ("~:10", -5, False),
        ("~:10", 11, True),
        ("10:20", 20, False),
        ("@10:20", 10, True),
        ("@10:20", 21, False),
    ],
)
def test_ranges(text: str, value: float, alerts: bool) -> None:
    """The guidelines' own table."""
    assert plugin.Range.parse(text).alerts(value) is alerts


NAGIOS = """
log_file={f}/nagios.log
cfg_file={f}/objects.cfg
object_cache_file={f}/objects.cache
precached_object_file={f}/objects.pre
status_file={f}/status.dat
status_update_interval=1
temp_file={f}/nagios.tmp
temp_path={f}
check_result_path={f}
command_file={f}/nagios.cmd
query_socket={f}/nagios.qh
lock_file={f}/nagios.pid
state_retention_file={f}/retention.dat
check_external_commands=0
interval_length=1
nagios_user=root
nagios_group=root
enable_notifications=0
"""
OBJECTS = """
define timeperiod {{
 timeperiod_name always
 alias always
 {days}
}}
define contact {{
 contact_name me
 host_notification_period always
 service_notification_period always
 host_notification_commands check_fedmsg_backlog
 service_notification_commands check_fedmsg_backlog
}}
define host {{
 host_name bus01
 address 127.0.0.1
 max_check_attempts 1
 check_period always
 contacts me
}}
define service {{
 host_name bus01
 service_description backlog
 check_command check_fedmsg_backlog!hub!Slow!0!5
 check_interval 1
 retry_interval 1
 max_check_attempts 1
 check_period always
 contacts me
}}
"""


@pytest.mark.acceptance
@pytest.mark.skipif(not Path("/usr/sbin/nagios4").exists(), reason="nagios4-core is not installed")
def test_under_nagios(daemon: Daemon, short_folder: Path) -> None:
    """Nagios itself sees OK, and CRITICAL once messages wait; with performance data."""
    configuration = (ROOT / "packaging/nagios/fedmsg.cfg").read_text()
    command = f"{sys.executable} -m collectd_fedmsg.cli check"
    configuration = re.sub(
        r"/usr/bin/collectd-fedmsg check (\w+)",
        rf"{command} \1 --endpoints '{daemon.endpoints}'",
        configuration,
    )
    week = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
    days = "\n ".join(f"{day} 00:00-24:00" for day in week)
    (short_folder / "objects.cfg").write_text(configuration + OBJECTS.format(days=days))
    (short_folder / "nagios.cfg").write_text(NAGIOS.format(f=short_folder))
    processes = Processes(short_folder)
    status = short_folder / "status.dat"

    def sees(state: int) -> bool:
        processes.check()
        text = status.read_text() if status.exists() else ""
        block = text.partition("servicestatus {")[2].partition("}")[0]
        return f"\tcurrent_state={state}\n" in block and "'hub/Slow_backlog'=" in block

    try:
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        processes.start(
            "nagios", ["/usr/sbin/nagios4", str(short_folder / "nagios.cfg")], env, short_folder
        )
        wait_for("Nagios sees OK", lambda: sees(0), 60)
        daemon.waiting = 7
        wait_for("Nagios sees CRITICAL", lambda: sees(2), 60)
    finally:
        processes.stop_all()


@pytest.mark.skipif(not Path("/usr/bin/promtool").exists(), reason="prometheus is not installed")
def test_the_prometheus_rules() -> None:
    done = subprocess.run(
        ["/usr/bin/promtool", "test", "rules", "fedmsg-rules.test.yml"],
        cwd=ROOT / "packaging/prometheus",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


ICINGA = """
include <itl>
include "{root}/packaging/icinga/fedmsg.conf"
object CheckCommand "up" {{ command = [ "/bin/true" ] }}
object Host "bus01" {{
  check_command = "up"
  vars.fedmsg = true
  vars.fedmsg_service = "hub"
}}
"""


@pytest.mark.skipif(not Path("/usr/sbin/icinga2").exists(), reason="icinga2-bin is not installed")
def test_icinga_takes_the_commands(tmp_path: Path) -> None:
    """Icinga's own validation passes, and the example gives the host its service."""
    file = tmp_path / "icinga2.conf"
    file.write_text(ICINGA.format(root=ROOT))
    folders = [
        argument
        for name in ("DataDir", "LogDir", "CacheDir", "InitRunDir")
        for argument in ("-D", f"{name}={tmp_path}")
    ]
    done = subprocess.run(
        [
            "/usr/sbin/icinga2",
            "daemon",
            "-C",
            "-c",
            str(file),
            *folders,
            "-D",
            f"RunAsUser={pwd.getpwuid(os.getuid()).pw_name}",
            "-D",
            f"RunAsGroup={grp.getgrgid(os.getgid()).gr_name}",
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Instantiated 1 Service." in done.stdout
