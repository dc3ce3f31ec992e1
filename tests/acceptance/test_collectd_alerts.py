"""Alerts within a real collectd: its mail and Nagios targets get them; its threshold plugin too."""

from __future__ import annotations

import os
import signal
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from collectd_fedmsg.alerts.state_db import AlertDatabase
from collectd_fedmsg.commands import config as snippets
from collectd_fedmsg.protocol.sample import Sample
from examples.chain import ROOT
from examples.processes import Processes, wait_for
from tests.acceptance.test_check import Daemon
from tests.integration.test_alert_outputs import Mailbox, output, raised

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(
        not Path("/usr/lib/collectd/notify_email.so").exists(), reason="collectd is not installed"
    ),
]

CONF = """\
Hostname "bus01"
FQDNLookup false
BaseDir "{folder}"
PIDFile "{folder}/collectd.pid"
TypesDB "/usr/share/collectd/types.db"
Interval 1
LoadPlugin logfile
<Plugin logfile>
  LogLevel info
  File "{folder}/collectd.log"
</Plugin>
LoadPlugin unixsock
<Plugin unixsock>
  SocketFile "{folder}/collectd.sock"
</Plugin>
LoadPlugin notify_nagios
<Plugin notify_nagios>
  CommandFile "{folder}/nagios.cmd"
</Plugin>
LoadPlugin notify_email
<Plugin notify_email>
  From "collectd@bus01.example"
  Recipient "ops@example.org"
  SMTPServer "127.0.0.1"
  SMTPPort {port}
  Subject "%s on %s"
</Plugin>
{more}
"""
RULES = """
dashboard = "http://d"
[grouping]
wait = 0
[[rule]]
name = "waits"
when = "backlog"
hold = 2
clear = 2
critical_above = 100
[[rule]]
name = "silent"
when = "daemon_silent"
above = "{silent}"
hold = 0
clear = 2
[output.mail]
type = "smtp"
sender = "a@b"
recipients = ["never@example.org"]
"""


class Busy(Daemon):
    """Handles ten thousand messages a sample: its totals grow also when the backlog shrinks."""

    handled = 0

    def take(self, at: float) -> list[Sample]:
        self.handled += 10_000
        return [Sample("Slow", at, self.handled + self.waiting, self.handled, self.waiting, 0)]


class Site:
    """One collectd, one daemon, a mailbox and Nagios' command file."""

    def __init__(self, folder: Path, box: Mailbox, daemon: Daemon) -> None:
        self.folder, self.box, self.daemon = folder, box, daemon
        self.processes = Processes(folder)
        self.nagios = folder / "nagios.cmd"
        self.nagios.touch()
        self.rules("60s")

    def rules(self, silent: str, more: str = "") -> None:
        """Write the rules; ``silent``: for how long a daemon may be, a busy machine's too."""
        text = RULES.replace("{silent}", silent)
        (self.folder / "rules.toml").write_text(text + more)

    def start(self, more: str) -> None:
        paths = [str(ROOT), sysconfig.get_path("platlib")]
        python = snippets.collectd_block(
            str(self.folder / "health"), str(self.folder / "cursors.json"), 1, paths
        )
        conf = self.folder / "collectd.conf"
        conf.write_text(CONF.format(folder=self.folder, port=self.box.port, more=python + more))
        self.processes.start(
            "collectd", ["/usr/sbin/collectd", "-f", "-C", str(conf)], os.environ, self.folder
        )

    def says(self, text: str, seconds: float = 60) -> None:
        def is_there() -> bool:
            self.processes.check()
            return text in self.nagios.read_text()

        try:
            wait_for(f"Nagios' command file says {text!r}", is_there, seconds)
        except TimeoutError as error:
            tail = self.nagios.read_text()[-1500:]
            log = (self.folder / "collectd.log").read_text()[-3000:]
            raise TimeoutError(f"{error}; it says {tail}; {log}") from None


@pytest.fixture
def site(short_folder: Path) -> Iterator[Any]:
    with Mailbox() as box:
        daemon = Busy(short_folder)
        instance = Site(short_folder, box, daemon)
        yield instance
        instance.processes.stop_all()
        daemon.responder.stop()


def undelivered(folder: Path) -> list[dict[str, Any]]:
    book = AlertDatabase(folder / "alerts.db", create=False)
    entries = book.undelivered()
    book.close()
    return entries


def rules_in_force(folder: Path) -> str:
    book = AlertDatabase(folder / "alerts.db", create=False)
    text, _ = book.good_rules()
    book.close()
    return text


def threshold() -> str:
    """Return the file that we ship, with its consumer's name changed and a shorter hold."""
    text = (ROOT / "packaging/collectd/threshold.conf").read_text()
    return (
        text.replace("Archiver", "Slow")
        .replace("Hits 30", "Hits 2")
        .replace("WarningMax 100", "WarningMax 0")
    )


ALERTS = """
<Plugin python>
  Import "collectd_fedmsg.collectd_alerts"
  <Module "collectd_fedmsg.collectd_alerts">
    Rules "{folder}/rules.toml"
    State "{folder}/alerts.db"
    Interval 1
  </Module>
</Plugin>
"""


def test_every_target_gets_each_notice_once(site: Site) -> None:
    """Raised, worse, over kill -9, and cleared; to Nagios and by mail, nothing twice.

    A mistake in the rules is in collectd's log and the last good ones stay in force; a daemon whose
    socket goes away is silent. The threshold example raises and clears as well.
    """
    site.start(ALERTS.format(folder=site.folder) + threshold())
    site.daemon.waiting = 7
    site.says("Slow of hub on bus01: 7 messages wait (limit 0), since 20")
    wait_for(
        "the mail is there",
        lambda: any(
            to == ["ops@example.org"] and "7 messages wait" in mail.get_content()
            for to, mail in list(site.box.mails)
        ),
        60,
    )
    # The dashboard's evaluator sends through the socket, to the same targets.
    output("collectd", socket=str(site.folder / "collectd.sock")).send(raised('a"b'))
    site.says("Test of test on test: 12 messages wait (limit 0)")
    host = "Host bus01, plugin fedmsg (instance hub) type queue_length (instance Slow_backlog): "
    site.says(f';1;{host}Data source "value" is currently 7')
    site.daemon.waiting = 500
    site.says("2;Slow of hub on bus01: 500 messages wait")
    # Killed between a target's yes and the note of it, it would be sent again: at least once.
    wait_for("it is noted as sent", lambda: undelivered(site.folder) == [])
    site.processes.stop("collectd", signal.SIGKILL)
    site.start(ALERTS.format(folder=site.folder) + threshold())
    site.says(f';1;{host}Data source "value" is currently 500')
    site.daemon.waiting = 0
    site.says(f";0;{host}All data sources are within range again")
    site.says("0;Slow of hub on bus01: over after ")
    text = site.nagios.read_text()
    assert text.count("7 messages wait") == 1
    assert text.count("500 messages wait") == 1
    assert "peak 500 messages" in text
    assert "http://d/daemon/bus01/hub/Slow?start=" in text
    site.rules("3s")
    wait_for("they are in force", lambda: '"3s"' in rules_in_force(site.folder))
    site.rules("3s", '\n[[rule]]\nname = "x"\nwhen = "y"\n')
    log = site.folder / "collectd.log"
    wait_for("the log names the mistake", lambda: "rule[3].when = 'y'" in log.read_text())
    site.daemon.responder.stop()
    site.says("Slow of hub on bus01: silent for ")
