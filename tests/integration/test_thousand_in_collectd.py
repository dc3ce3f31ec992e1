"""A real collectd and a thousand daemons, of which a hundred hang."""

from __future__ import annotations

import os
import socket
import sys
import sysconfig
from pathlib import Path

import pytest

from collectd_fedmsg.commands import config as snippets
from examples import collectd_conf
from examples.chain import ROOT
from examples.processes import Processes, wait_for

COUNT, MUTE, TIMEOUT = 1000, 10, 4
CONF = """\
LoadPlugin unixsock
<Plugin unixsock>
  SocketFile "{folder}/unixsock"
</Plugin>
{python}
"""


@pytest.mark.timeout(400)
def test_the_nine_hundred_are_dispatched(short_folder: Path) -> None:
    """Round after round, within the time limit; the plugin says how many were silent."""
    peers = short_folder / "peers"
    peers.mkdir()
    block = snippets.collectd_block(
        str(peers), str(short_folder / "state.json"), 10, [str(ROOT), sysconfig.get_path("platlib")]
    )
    # Twice what it is by default: of a busy machine a thousand answers take seconds.
    assert "    Timeout 2\n" in block
    block = block.replace("    Timeout 2\n", f"    Timeout {TIMEOUT}\n")
    (short_folder / "collectd.conf").write_text(
        collectd_conf.head(
            "localhost",
            short_folder,
            short_folder / "collectd.pid",
            short_folder / "collectd.log",
            10,
        )
        + CONF.format(folder=short_folder, python=block)
    )
    processes = Processes(short_folder)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.integration.peers", str(peers)]
    processes.start("peers", [*command, str(COUNT), str(MUTE)], env, ROOT)
    try:
        wait_for("all listen", (peers / "ready").exists, 60)
        processes.start(
            "collectd",
            ["/usr/sbin/collectd", "-f", "-C", str(short_folder / "collectd.conf")],
            env,
            short_folder,
        )
        address = short_folder / "unixsock"
        wait_for("collectd listens", address.exists)
        heads = {
            f"localhost/fedmsg-d{number}/queue_length-C_backlog"
            for number in range(COUNT)
            if number % MUTE
        }

        def all_there() -> bool:
            processes.check()
            return heads <= {line.partition(" ")[2] for line in ask(address, "LISTVAL")}

        wait_for("all that answer are dispatched", all_there, 120)
        names = ("count-daemons_seen", "count-daemons_silent")
        # On a loaded machine the first rounds may end before everybody has answered.
        wait_for(
            "a round in which all of them answer",
            lambda: (
                [value(address, name) for name in names] == [COUNT - COUNT // MUTE, COUNT // MUTE]
            ),
            100,
        )
        # Two seconds more, for a loaded machine.
        wait_for("no longer", lambda: value(address, "duration-read") < TIMEOUT + 2, 100)
        seconds = value(address, "duration-read")
        print(f"{COUNT - COUNT // MUTE} seen, {COUNT // MUTE} silent, a read takes {seconds:.2f} s")
    finally:
        processes.stop_all()


def ask(address: Path, command: str) -> list[str]:
    """Return the lines that collectd's unixsock plugin answers, without the first."""
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(30)
        peer.connect(str(address))
        peer.sendall(f"{command}\n".encode())
        stream = peer.makefile()
        number, _, status = stream.readline().partition(" ")
        assert int(number) >= 0, status
        return [stream.readline().rstrip("\n") for _ in range(int(number))]


def value(address: Path, name: str) -> float:
    [line] = ask(address, f'GETVAL "localhost/collectd_fedmsg/{name}"')
    return float(line.partition("=")[2])
