"""Hosts whose collectd sends to a central one, signed and encrypted; one page for all."""

from __future__ import annotations

import json
import socket
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from examples.processes import wait_for

from . import collectds
from .bus import Bus

SENDER = """\
LoadPlugin network
<Plugin network>
  <Server "127.0.0.1" "{port}">
    SecurityLevel {level}
    Username "{user}"
    Password "{password}"
  </Server>
</Plugin>
"""
CENTRAL = """\
LoadPlugin network
<Plugin network>
  <Listen "127.0.0.1" "{port}">
    SecurityLevel Encrypt
    AuthFile "{folder}/passwd"
  </Listen>
</Plugin>
LoadPlugin rrdcached
<Plugin rrdcached>
  DaemonAddress "unix:{folder}/rrdcached.sock"
  CreateFiles true
  CollectStatistics false
  HeartBeat 3600
  RRARows 2400
</Plugin>
"""
HOSTS = {"east": "e" * 24, "west": "w" * 24}
COUNTS = (700, 300)


class Fleet:
    """Two hosts with a bus, a hub and a collectd each; a central collectd behind a page."""

    def __init__(self, folder: Path, hosts: dict[str, Bus]) -> None:
        self.folder, self.hosts = folder, hosts
        self.central = next(iter(hosts.values())).chain
        self.port = collectds.free_udp_port()

    def begin(self) -> None:
        for bus in self.hosts.values():
            bus.start("daemon")
        passwords = self.folder / "passwd"
        passwords.write_text("".join(f"{user}: {word}\n" for user, word in HOSTS.items()))
        passwords.chmod(0o600)
        self.central.start_rrdcached()
        self.log = collectds.start(
            self.central.processes, self.folder, "centre",
            CENTRAL.format(port=self.port, folder=self.folder), base=self.folder / "rrd")
        wait_for("the central collectd listens",
                 lambda: self.log.exists() and "Initialization complete" in self.log.read_text())
        for host, word in HOSTS.items():
            self.send(host, (host, word))
        self.central.start_dashboard()
        for host in HOSTS:
            wait_for(f"the first rates of {host} are stored",
                     lambda h=host: self.known(h, time.time() - 30, time.time()), 60)

    def send(self, host: str, login: tuple[str, str], *, level: str = "Encrypt",
             of: str = "", port: int = 0) -> None:
        """Start a host's collectd; it reads the daemons of the host ``of``, else its own."""
        bus = self.hosts[of or host]
        outputs = SENDER.format(port=port or self.port, user=login[0], password=login[1],
                                level=level)
        collectds.start(bus.chain.processes, bus.chain.folder, host, outputs,
                        run_folder=bus.chain.run_folder)

    def ask(self, path: str, **query: Any) -> dict[str, Any]:
        address = f"{self.central.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=30) as answer:
            return json.loads(answer.read())  # type: ignore[no-any-return]

    def known(self, host: str, start: float, end: float) -> bool:
        """Tell whether the central store knows a value of [start, end) of each series."""
        if host not in {row["host"] for row in self.ask("daemons")["daemons"]}:
            return False
        # Series travel in different datagrams: one that is there says nothing of the others.
        return all(set(self.rates(host, metric, start, end)) - {None}
                   for metric in ("received", "processed", "backlog"))

    def wait_stored(self, host: str, at: float) -> None:
        """Return when the sample of ``at`` is in the central store."""
        wait_for(f"{host}'s sample of {at:.0f} is stored",
                 lambda: self.known(host, at - 1, at), 60)

    def rates(self, host: str, metric: str, start: float, end: float) -> list[float | None]:
        body = self.ask("series", daemon=f"{host}/daemon/Obedient", start=int(start),
                        end=int(end), metrics=metric, step=1)
        assert body["step"] == 1
        return body["daemons"][0]["series"][metric]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with ExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="cf")))
                   for _ in HOSTS]
        hosts = {host: stack.enter_context(Bus(folder))
                 for host, folder in zip(HOSTS, folders, strict=True)}
        fleet = Fleet(folders[0], hosts)
        fleet.begin()
        yield fleet


def test_two_hosts_on_one_page_to_the_message(fleet: Fleet) -> None:
    """What each hub counted is what the central files hold of it, and both are on the page."""
    began = {host: bus.sample("daemon") for host, bus in fleet.hosts.items()}
    for host, first in began.items():
        fleet.wait_stored(host, first.time)
    for bus, count in zip(fleet.hosts.values(), COUNTS, strict=True):
        bus.publish(count)
    for (host, bus), count in zip(fleet.hosts.items(), COUNTS, strict=True):
        last = bus.settle("daemon")
        fleet.wait_stored(host, last.time)
        for metric in ("received", "processed"):
            assert getattr(last, metric) - getattr(began[host], metric) == count
            rates = fleet.rates(host, metric, began[host].time, last.time)
            assert None not in rates
            assert sum(rate or 0 for rate in rates) == pytest.approx(count, abs=1e-3)
    assert [row["host"] for row in fleet.ask("daemons")["daemons"]] == ["east", "west"]
    with urllib.request.urlopen(fleet.central.url, timeout=30) as page:
        text = page.read().decode()
    assert all(f"<bdi>{host}</bdi>" in text for host in HOSTS)


@pytest.mark.parametrize(("host", "login", "level", "said"), [
    pytest.param("mallory", ("east", "m" * 24), "Encrypt", "Checksum mismatch. Username: east",
                 id="wrong-password"),
    pytest.param("nobody", ("nobody", "n" * 24), "Encrypt",
                 "Failed to get cypher. Username: nobody", id="unknown-user"),
    pytest.param("signer", ("east", HOSTS["east"]), "Sign", "Unencrypted packet", id="only-signed"),
    pytest.param("open", ("east", HOSTS["east"]), "None", "Unencrypted packet", id="neither"),
])
def test_strangers_are_refused(fleet: Fleet, host: str, login: tuple[str, str], level: str,
                               said: str) -> None:
    """Nothing of a host without the password is stored; the central log says why."""
    before = fleet.log.read_text().count(said)
    fleet.send(host, login, level=level, of="west")
    wait_for("it is refused twice", lambda: fleet.log.read_text().count(said) > before + 1, 60)
    fleet.wait_stored("east", fleet.hosts["east"].sample("daemon").time)
    fleet.hosts["west"].chain.processes.stop(f"collectd-{host}")
    stored = {folder.name for folder in (fleet.folder / "rrd").iterdir()}
    assert {"east", "west"} <= stored
    assert host not in stored


def test_what_is_encrypted_cannot_be_read_on_the_way(fleet: Fleet) -> None:
    """A datagram of an encrypting sender names no consumer; one of a plain sender does."""
    seen = {}
    for level in ("None", "Encrypt"):
        with socket.socket(type=socket.SOCK_DGRAM) as eavesdropper:
            eavesdropper.bind(("127.0.0.1", 0))
            eavesdropper.settimeout(60)
            fleet.send(f"to-{level}", ("west", HOSTS["west"]), level=level, of="west",
                       port=eavesdropper.getsockname()[1])
            seen[level] = b"".join(eavesdropper.recv(65536) for _ in range(3))
        fleet.hosts["west"].chain.processes.stop(f"collectd-to-{level}")
    assert b"Obedient_" in seen["None"]
    assert b"Obedient" not in seen["Encrypt"]
    assert b"fedmsg" not in seen["Encrypt"]
