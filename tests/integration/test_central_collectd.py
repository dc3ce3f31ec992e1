"""Hosts whose collectd sends to a central one, signed and encrypted; one page for all, or several.

The hosts send to a second one as well, which stores for itself: the live replica of the docs.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from examples.chain import ROOT
from examples.processes import free_port, wait_for
from tests.conftest import new_short_folder
from tests.documented import block

from . import collectds
from .bus import Bus

#: How much each file keeps; the samples here are of a second.
ROWS = "  RRARows 2400\n</Plugin>\n"
SPARE = """\
LoadPlugin rrdtool
<Plugin rrdtool>
  CacheTimeout 0
  HeartBeat 3600
"""


def sender(port: int, login: tuple[str, str], level: str = "Encrypt") -> str:
    """Return what the page gives each host."""
    return block(
        "scale-out",
        "LoadPlugin network",
        {
            "collectd.example.org": "127.0.0.1",
            "25826": str(port),
            "Encrypt": level,
            "proxy01": login[0],
            "a long random word of this host alone": login[1],
        },
    )


def centre(port: int, folder: Path) -> str:
    """Return what the page gives the central host; names of files relative to BaseDir."""
    return (
        block(
            "scale-out",
            "WriteThreads 1",
            {
                "0.0.0.0": "127.0.0.1",
                "25826": str(port),
                "/etc/collectd": str(folder),
                "/run/rrdcached.sock": f"{folder}/rrdcached.sock",
                '  DataDir "/var/lib/collectd/rrd"\n': "  CollectStatistics false\n",
            },
        ).rpartition("</Plugin>")[0]
        + ROWS
    )


def listener(port: int, folder: Path) -> str:
    """Return the part of it that listens."""
    configuration = centre(port, folder)
    return configuration[
        configuration.index("LoadPlugin network") : configuration.index("LoadPlugin rrdcached")
    ]


#: Another user, who may read wherever the project is checked out but write nowhere.
READER = (
    "setpriv",
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--inh-caps=+dac_read_search",
    "--ambient-caps=+dac_read_search",
)
HOSTS = {"east": "e" * 24, "west": "w" * 24}
COUNTS = (700, 300)


class Fleet:
    """Two hosts with a bus, a hub and a collectd each; a central collectd behind a page."""

    def __init__(self, folder: Path, hosts: dict[str, Bus]) -> None:
        self.folder, self.hosts = folder, hosts
        self.central = next(iter(hosts.values())).chain
        self.port, self.spare_port = collectds.free_udp_ports(2)

    def begin(self) -> None:
        for bus in self.hosts.values():
            bus.start("daemon")
        passwords = self.folder / "passwd"
        passwords.write_text("".join(f"{user}: {password}\n" for user, password in HOSTS.items()))
        passwords.chmod(0o600)
        self.central.start_rrdcached()
        self.log = collectds.start(
            self.central.processes,
            self.folder,
            "centre",
            centre(self.port, self.folder),
            base=self.folder / "rrd",
        )
        (self.folder / "spare").mkdir()
        spare = collectds.start(
            self.central.processes,
            self.folder,
            "spare",
            listener(self.spare_port, self.folder) + SPARE + ROWS,
            base=self.folder / "spare",
        )
        for log in (self.log, spare):
            wait_for(
                "the central collectd listens",
                lambda log=log: log.exists() and "Initialization complete" in log.read_text(),
            )
        for host, password in HOSTS.items():
            self.send(host, (host, password))
        self.central.start_dashboard()
        for host in HOSTS:
            wait_for(
                f"the first rates of {host} are stored",
                lambda h=host: self.known(h, time.time() - 30, time.time()),
                60,
            )

    def send(
        self,
        host: str,
        login: tuple[str, str],
        *,
        level: str = "Encrypt",
        of: str = "",
        port: int = 0,
    ) -> None:
        """Start a host's collectd; it reads the daemons of the host ``of``, else its own."""
        bus = self.hosts[of or host]
        outputs = "".join(
            sender(to, login, level) for to in ([port] if port else [self.port, self.spare_port])
        )
        collectds.start(
            bus.chain.processes, bus.chain.folder, host, outputs, run_folder=bus.chain.run_folder
        )

    def ask(self, path: str, at: str = "", **query: Any) -> dict[str, Any]:
        """Return an answer of the dashboard ``at``, of the central one unless said."""
        address = f"{at or self.central.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        with urllib.request.urlopen(address, timeout=60) as answer:
            return json.loads(answer.read())  # type: ignore[no-any-return]

    def note(self, at: str, text: str) -> None:
        request = urllib.request.Request(
            f"{at}/api/v1/marks", json.dumps({"text": text}).encode(), {"X-Token": "t" * 16}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert answer.status == 201

    def dashboard(
        self, name: str, *options: str, before: Sequence[str] = (), **settings: str
    ) -> str:
        """Start one more dashboard; return its address."""
        port, processes = free_port(), self.central.processes
        config = self.folder / f"{name}.toml"
        config.write_text("".join(f'{key} = "{text}"\n' for key, text in settings.items()))
        processes.start(
            name,
            [
                *before,
                sys.executable,
                "-m",
                "collectd_fedmsg_dashboard.serve",
                "--port",
                str(port),
                "--interval",
                "1",
                "--config",
                str(config),
                *options,
            ],
            os.environ,
            self.folder,
        )

        def answers() -> bool:
            processes.check()
            with suppress(OSError):
                return bool(self.ask("daemons", f"http://127.0.0.1:{port}"))
            return False

        wait_for(f"{name} answers", answers, 60)
        return f"http://127.0.0.1:{port}"

    def known(self, host: str, start: float, end: float) -> bool:
        """Tell whether the central store knows a value of [start, end) of each series."""
        if host not in {row["host"] for row in self.ask("daemons")["daemons"]}:
            return False
        # Series travel in different datagrams: one that is there says nothing of the others.
        return all(
            set(self.rates(host, metric, start, end)) - {None}
            for metric in ("received", "processed", "backlog")
        )

    def wait_stored(self, host: str, at: float) -> None:
        """Return when the sample of ``at`` is in the central store."""
        wait_for(f"{host}'s sample of {at:.0f} is stored", lambda: self.known(host, at - 1, at), 60)

    def rates(
        self, host: str, metric: str, start: float, end: float, at: str = ""
    ) -> list[float | None]:
        body = self.ask(
            "series",
            at,
            daemon=f"{host}/daemon/Obedient",
            start=int(start),
            end=int(end),
            metrics=metric,
            step=1,
        )
        assert body["step"] == 1
        return body["daemons"][0]["series"][metric]  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def fleet() -> Iterator[Fleet]:
    with ExitStack() as stack:
        folders = [stack.enter_context(new_short_folder()) for _ in HOSTS]
        hosts = {
            host: stack.enter_context(Bus(folder))
            for host, folder in zip(HOSTS, folders, strict=True)
        }
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
    # The worse one comes first: which of them that is at this moment is not the question here.
    assert sorted(row["host"] for row in fleet.ask("daemons")["daemons"]) == ["east", "west"]
    with urllib.request.urlopen(fleet.central.url, timeout=60) as page:
        text = page.read().decode()
    assert all(f"<bdi>{host}</bdi>" in text for host in HOSTS)


@pytest.mark.parametrize(
    ("host", "login", "level", "reason"),
    [
        pytest.param(
            "mallory",
            ("east", "m" * 24),
            "Encrypt",
            "Checksum mismatch. Username: east",
            id="wrong-password",
        ),
        pytest.param(
            "nobody",
            ("nobody", "n" * 24),
            "Encrypt",
            "Failed to get cypher. Username: nobody",
            id="unknown-user",
        ),
        pytest.param(
            "signer", ("east", HOSTS["east"]), "Sign", "Unencrypted packet", id="only-signed"
        ),
        pytest.param("open", ("east", HOSTS["east"]), "None", "Unencrypted packet", id="neither"),
    ],
)
def test_strangers_are_refused(
    fleet: Fleet, host: str, login: tuple[str, str], level: str, reason: str
) -> None:
    """Nothing of a host without the password is stored; the central log says why."""
    before = fleet.log.read_text().count(reason)
    fleet.send(host, login, level=level, of="west")
    wait_for("it is refused twice", lambda: fleet.log.read_text().count(reason) > before + 1, 60)
    fleet.wait_stored("east", fleet.hosts["east"].sample("daemon").time)
    fleet.hosts["west"].chain.processes.stop(f"collectd-{host}")
    stored = {folder.name for folder in (fleet.folder / "rrd").iterdir()}
    assert {"east", "west"} <= stored
    assert host not in stored


def test_what_is_encrypted_cannot_be_read_on_the_way(fleet: Fleet) -> None:
    """A datagram of an encrypting sender names no consumer; one of a plain sender does."""
    plain = heard_by_an_eavesdropper(fleet, "None", lambda datagrams: b"Obedient_" in datagrams[-1])
    # A round may be over before the daemon has answered: as many of these as it took there.
    secret = heard_by_an_eavesdropper(
        fleet, "Encrypt", lambda datagrams: len(datagrams) > len(plain)
    )
    assert b"Obedient" not in b"".join(secret)
    assert b"fedmsg" not in b"".join(secret)


def heard_by_an_eavesdropper(
    fleet: Fleet, level: str, enough: Callable[[list[bytes]], bool]
) -> list[bytes]:
    """Return the datagrams that a sender of this security level sends, until there are enough."""
    with socket.socket(type=socket.SOCK_DGRAM) as eavesdropper:
        eavesdropper.bind(("127.0.0.1", 0))
        eavesdropper.settimeout(60)
        port = eavesdropper.getsockname()[1]
        fleet.send(f"to-{level}", ("west", HOSTS["west"]), level=level, of="west", port=port)
        datagrams = [eavesdropper.recv(65536)]
        while not enough(datagrams):
            datagrams.append(eavesdropper.recv(65536))
    fleet.hosts["west"].chain.processes.stop(f"collectd-to-{level}")
    return datagrams


def test_two_dashboards_over_one_store(fleet: Fleet) -> None:
    """Both answer the same while collectd writes; notes written to both at once are in both."""
    token = fleet.folder / "token"
    token.write_text("t" * 16)
    token.chmod(0o600)
    store = {
        "data_dir": f"{fleet.folder}/rrd",
        "rrdcached": f"unix:{fleet.folder}/rrdcached.sock",
        "token_file": f"{token}",
        "marks_file": f"{fleet.folder}/marks",
    }
    first, second = (fleet.dashboard(name, **store) for name in ("one", "two"))
    began = fleet.hosts["east"].sample("daemon")
    fleet.hosts["east"].publish(200)
    last = fleet.hosts["east"].settle("daemon")
    fleet.wait_stored("east", last.time)
    for metric in ("received", "processed", "backlog"):
        rates = [fleet.rates("east", metric, began.time, last.time, at) for at in (first, second)]
        assert None not in rates[0]
        assert rates[0] == rates[1]
    assert sum(fleet.rates("east", "received", began.time, last.time, second)) == pytest.approx(200)
    texts = {f"{n} by {at}" for n in range(15) for at in (first, second)}
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda text: fleet.note(text.rpartition(" ")[2], text), texts))
    for at in (first, second):
        assert {mark["text"] for mark in fleet.ask("marks", at, span="now")["marks"]} == texts
    for name in ("one", "two"):
        fleet.central.processes.stop(name)


def test_a_second_store_that_collectd_feeds(fleet: Fleet) -> None:
    """Two ``Server`` blocks: the other central collectd has the same counts, and judges."""
    at = fleet.dashboard("spare", "--data-dir", f"{fleet.folder}/spare")
    began = fleet.hosts["west"].sample("daemon")
    fleet.hosts["west"].publish(100)
    last = fleet.hosts["west"].settle("daemon")

    def stored() -> bool:
        return None not in fleet.rates("west", "received", began.time, last.time, at)

    wait_for("the second store has it", stored, 60)
    assert sum(fleet.rates("west", "received", began.time, last.time, at)) == pytest.approx(100)
    wait_for(
        "it judges",
        lambda: (
            "UNKNOWN"
            not in {
                row["state"] for row in fleet.ask("daemons", at)["daemons"] if row["host"] in HOSTS
            }
        ),
        60,
    )
    fleet.central.processes.stop("spare")


def test_a_copy_is_history(fleet: Fleet) -> None:
    """Copied files of another user, no rrdcached: the same series; once they are old, UNKNOWN."""
    rrd, copy = fleet.folder / "rrd", fleet.folder / "copy"
    last = fleet.hosts["east"].sample("daemon")
    fleet.wait_stored("east", last.time)
    page = (ROOT / "docs" / "scale-out.rst").read_text("utf-8")
    script = "\n".join(re.findall(r"^ +((?:find|rsync) .*)$", page, re.M))
    for documented, replacement in (
        ("replica.example.org:/var/lib/collectd/rrd", copy),
        ("/var/lib/collectd/rrd", rrd),
        ("/run/rrdcached.sock", fleet.folder / "rrdcached.sock"),
    ):
        assert documented in script
        script = script.replace(documented, str(replacement))
    done = subprocess.run(
        ["sh", "-ec", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    for path in sorted(copy.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
    # Where root has few capabilities, that nothing changed is all that can be seen.
    probe = subprocess.run([*READER, "true"], capture_output=True, timeout=60, check=False)
    bound = READER if probe.returncode == 0 else ()
    if bound or os.geteuid():
        grow = [*bound, "truncate", "-s", "+1", str(next(copy.rglob("*.rrd")))]
        assert subprocess.run(grow, capture_output=True, timeout=60, check=False).returncode
    at = fleet.dashboard("copy", "--data-dir", str(copy), before=bound)
    span = (last.time - 5, last.time)
    assert fleet.rates("east", "received", *span, at) == fleet.rates("east", "received", *span)

    def unknown() -> bool:
        rows = fleet.ask("daemons", at)["daemons"]
        return {row["state"] for row in rows} == {"UNKNOWN"}

    wait_for("it is old", unknown, 60)
    with urllib.request.urlopen(at, timeout=60) as page:
        text = page.read().decode()
    assert "The last sample came <time" in text
    # The living fleet is judged by seconds: at one moment it may be no better.
    wait_for(
        "the living fleet is not",
        lambda: fleet.ask("state")["headline"] != fleet.ask("state", at)["headline"],
    )
    picture = f"{at}/daemon/east/daemon/Obedient/panel.png?metric=backlog&span=now"
    with urllib.request.urlopen(picture, timeout=60) as answer:
        assert answer.read(4) == b"\x89PNG"
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before
    fleet.central.processes.stop("copy")
    shutil.rmtree(copy)
