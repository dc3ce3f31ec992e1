"""A damaged RRD file never reaches librrd, which would take the whole process along."""

from __future__ import annotations

import contextlib
import os
import random
import struct
import subprocess
import sys
from pathlib import Path

import pytest

rrdtool = pytest.importorskip("rrdtool")

from collectd_fedmsg_dashboard.store.rrd import RRDStore  # noqa: E402
from collectd_fedmsg_dashboard.store.rrd_header import read_header  # noqa: E402

from collectd_fedmsg.errors import SeriesError  # noqa: E402

NOW = 1_700_000_000
#: Where the header's numbers are on a 64-bit machine, rrd_format.h.
AT = {"sources": 24, "archives": 32, "step": 40, "rows": 272, "steps": 280, "updated": 488}
RANDOM_FILES = 400


def create_file(path: Path) -> bytes:
    rrdtool.create(
        str(path),
        "-s",
        "10",
        "-b",
        str(NOW - 3610),
        "DS:value:GAUGE:20:0:U",
        "RRA:MAX:0.1:1:1200",
        "RRA:AVERAGE:0.1:7:1235",
    )
    rrdtool.update(str(path), *[f"{t}:5" for t in range(NOW - 3600, NOW + 1, 10)])
    return path.read_bytes()


def test_a_good_file(tmp_path):
    create_file(tmp_path / "a.rrd")
    header = read_header(tmp_path / "a.rrd")
    assert (header.step, header.heartbeat) == (10, 20)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("step", 0),
        ("step", 2**62),
        ("sources", 0),
        ("sources", 2**40),
        ("sources", 2**61),
        ("archives", 0),
        ("archives", 2**40),
        ("rows", 0),
        ("rows", 2**50),
        ("steps", 0),
        ("steps", 2**62),
        ("updated", 2**62),
        ("updated", 2**64 - 5),
    ],
)
def test_a_number_that_librrd_divides_or_reads_by(tmp_path, field, value):
    octets = bytearray(create_file(tmp_path / "a.rrd"))
    octets[AT[field] : AT[field] + 8] = struct.pack("<Q", value)
    (tmp_path / "a.rrd").write_bytes(octets)
    with pytest.raises(SeriesError, match=r"a\.rrd"):
        read_header(tmp_path / "a.rrd")


def empty(path):
    path.write_bytes(b"")


def zeros(path):
    path.write_bytes(bytes(4096))


def cut_header(path):
    path.write_bytes(path.read_bytes()[:700])


def cut_rows(path):
    path.write_bytes(path.read_bytes()[:-8])


def cut_cookie(path):
    path.write_bytes(path.read_bytes()[:10])


def another_machine(path):
    octets = path.read_bytes()
    path.write_bytes(octets[:12] + octets[8:16] + octets[24:])


def text(path):
    path.write_text("not an RRD\n" * 100)


def folder(path):
    path.unlink()
    path.mkdir()


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def loop(path):
    path.unlink()
    path.symlink_to(path)


def unlink(path):
    path.unlink()


BROKEN = [
    empty,
    zeros,
    cut_header,
    cut_rows,
    cut_cookie,
    another_machine,
    text,
    folder,
    pipe,
    loop,
    unlink,
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda f: f.__name__)
def test_no_file_of_rrdtool(tmp_path, broken):
    """Each is refused by name, at once: a pipe is not waited for."""
    create_file(tmp_path / "a.rrd")
    broken(tmp_path / "a.rrd")
    with pytest.raises(SeriesError, match=r"a\.rrd"):
        read_header(tmp_path / "a.rrd")


def test_librrd_survives_whatever_is_let_through(tmp_path):
    """Random damage: each file is refused here, or read by librrd without ending the process."""
    done = subprocess.run(
        [sys.executable, __file__, str(tmp_path), "7"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-500:]
    tried, read = map(int, done.stdout.split())
    assert tried == RANDOM_FILES
    assert read > RANDOM_FILES / 10


REFUSED = """
import sys
from pathlib import Path
from collectd_fedmsg_dashboard.store.rrd import RRDStore
from collectd_fedmsg.errors import SeriesError
path, gone = Path(sys.argv[1]), Path(sys.argv[1]).with_name("gone.rrd")
store = RRDStore(path.parent)
for _ in range(3):
    for asked, start, end in ((path, 0, 60), (path, 1, 1700000000), (path, 1700000000, 1700000000),
                              (path, 1700000000, 1600000000), (gone, 1600000000, 1700000000)):
        try:
            print(len(store.fetch(asked, "MAX", start, end, 86400).points))
        except SeriesError as error:
            print(error)
"""


def test_nothing_is_asked_that_librrd_refuses(tmp_path):
    """Its binding in Debian 12 frees twice, and ends the process, when a fetch is refused."""
    rrdtool.create(
        str(tmp_path / "a.rrd"),
        "-s",
        "10",
        "-b",
        str(NOW - 3610),
        "DS:value:GAUGE:20:0:U",
        "RRA:AVERAGE:0.1:7:1235",
    )
    done = subprocess.run(
        [sys.executable, "-c", REFUSED, str(tmp_path / "a.rrd")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.count("No such file") == 3


READER = """
import sys
from pathlib import Path
from collectd_fedmsg_dashboard.store.rrd import RRDStore
from collectd_fedmsg.errors import SeriesError
path, start, end, reads = Path(sys.argv[1]), *map(int, sys.argv[2:])
store, read = RRDStore(path.parent), 0
for _ in range(reads):
    try:
        store.newest(path)
        read += len(store.fetch(path, "AVERAGE", start, end, 1).points) > 0
    except SeriesError as error:
        print(error)
print("read", read)
"""
WRITER = """
import sys
import rrdtool
moment = int(sys.argv[2])
print("writes", flush=True)
while True:
    moment += 1
    try:
        rrdtool.update(sys.argv[1], f"{moment}:1")
    except rrdtool.OperationalError:
        pass
"""
HOLDER = """
import fcntl, sys
file = open(sys.argv[1], "r+b")
fcntl.lockf(file, fcntl.LOCK_EX)
print("holds", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("other", "reads"), [
    pytest.param(WRITER, 500, id="written-again-and-again"),
    pytest.param(HOLDER, 1, id="held-for-ever"),
])  # fmt: skip
def test_a_file_that_is_written_meanwhile(tmp_path, other, reads):
    """librrd refuses it, and the binding of Debian 12 ends the process; the store waits a while."""
    path = str(tmp_path / "a.rrd")
    rrdtool.create(
        path, "-s", "1", "-b", str(NOW), "DS:value:GAUGE:20:0:U", "RRA:AVERAGE:0.1:1:1235"
    )
    command = [sys.executable, "-c", other, path, str(NOW)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        try:
            writer.stdout.readline()
            done = subprocess.run(
                [sys.executable, "-c", READER, path, str(NOW), str(NOW + 60), str(reads)],
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        finally:
            writer.kill()
    assert done.returncode == 0, done.stderr[-500:]
    if other == HOLDER:
        assert "a.rrd: a writer has kept it locked for 0.5 s" in done.stdout
    else:
        assert done.stdout == f"read {reads}\n"


def main(folder: str, seed: str) -> None:
    """Damage a file again and again; print how many were tried, and read by librrd."""
    path, chance = Path(folder) / "a.rrd", random.Random(seed)
    good, read, store = create_file(path), 0, RRDStore(path.parent)
    header = len(good) - (1200 + 1235) * 8
    for _ in range(RANDOM_FILES):
        octets = bytearray(good)
        for _ in range(chance.choice((1, 1, 2, 4))):
            at = chance.randrange(header // 8) * 8
            number = chance.choice((0, 1, 2**31, 2**63, 2**64 - 1, chance.getrandbits(64)))
            octets[at : at + 8] = struct.pack("<Q", number)
        path.write_bytes(octets)
        try:
            read_header(path)
        except SeriesError:
            continue
        read += 1
        for read_part in (
            lambda: store.fetch(path, "MAX", NOW - 3540, NOW, 1),
            lambda: store.fetch(path, "AVERAGE", NOW - 3628800, NOW, 3600),
            lambda: store.newest(path),
        ):
            with contextlib.suppress(SeriesError):
                read_part()
    print(RANDOM_FILES, read)


if __name__ == "__main__":
    main(*sys.argv[1:])
