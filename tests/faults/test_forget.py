"""``collectd-fedmsg forget``: what is gone for good goes; what lives, and links, stay."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from collectd_fedmsg.cli import main
from tests.played_servers import by_line, played

rrdtool = pytest.importorskip("rrdtool")
DAY = 86400


def series(root: Path, host: str, name: str, age: int, service: str = "hub") -> Path:
    """Write a file whose newest sample is ``age`` seconds old."""
    path = root / host / f"fedmsg-{service}" / f"{name}.rrd"
    path.parent.mkdir(parents=True, exist_ok=True)
    last = int(time.time()) // 10 * 10 - age
    rrdtool.create(
        str(path),
        "--start",
        str(last - 20),
        "--step",
        "10",
        "DS:value:DERIVE:600:0:U",
        "RRA:AVERAGE:0.1:1:10",
    )
    rrdtool.update(str(path), f"{last}:1")
    return path


@pytest.fixture
def site(tmp_path: Path) -> dict[str, Path]:
    return {
        "old": series(tmp_path, "old01", "derive-C_received", 40 * DAY),
        "live": series(tmp_path, "app01", "derive-C_received", 0),
        "topic": series(tmp_path, "app01", "derive-C_topic-gone", 8 * DAY),
        "late": series(tmp_path, "app02", "derive-C_received", 2 * DAY),
        "other": series(tmp_path, "old01", "load", 40 * DAY, "x/../../load".partition("/")[0]),
    }


@pytest.mark.parametrize(
    ("arguments", "code", "removed"),
    [
        pytest.param(["--host", "old01"], 0, {"old"}, id="a-retired-host"),
        pytest.param(["--topic", "*"], 0, {"topic"}, id="topics-no-longer-sent"),
        pytest.param(["--host", "app*"], 1, {"topic"}, id="what-lives-stays-and-is-named"),
        pytest.param(["--host", "app02"], 1, set(), id="not-for-a-week"),
        pytest.param(["--host", "app02", "--older", "1d"], 0, {"late"}, id="a-span-of-one-s-own"),
        pytest.param(["--host", "nowhere"], 1, set(), id="nothing-of-that"),
        pytest.param([], 2, set(), id="everything-is-never-meant"),
        pytest.param(["--host", "old01", "--dry-run"], 0, set(), id="dry-run"),
    ],
)
def test_forget(
    site: dict[str, Path], tmp_path: Path, arguments: list[str], code: int, removed: set[str]
) -> None:
    assert main(["forget", str(tmp_path), *arguments]) == code
    assert {name for name, path in site.items() if not path.exists()} == removed


def test_a_wrong_span_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["forget", str(tmp_path), "--host", "x", "--older", "soon"])
    assert "'soon': must be a duration" in capsys.readouterr().err


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    victim = series(tmp_path / "other", "h", "derive-C_received", 40 * DAY)
    (tmp_path / "rrd").mkdir()
    (tmp_path / "rrd" / "old01").symlink_to(victim.parents[1])
    assert main(["forget", str(tmp_path / "rrd"), "--host", "old01"]) == 1
    assert victim.exists()


def test_a_file_is_removed_where_it_was_looked_at(tmp_path: Path, short_folder: Path) -> None:
    """Its folder becomes a link while rrdcached is asked to let go of it: no other file goes."""
    victim = series(tmp_path / "other", "h", "derive-C_received", 40 * DAY)
    retired = series(tmp_path / "rrd", "old01", "derive-C_received", 40 * DAY)
    folder, aside = retired.parent, tmp_path / "aside"

    def answer(line: bytes) -> bytes:
        if line.startswith(b"LAST"):
            return b"-1 No such file\n"
        if not folder.is_symlink():
            folder.rename(aside)
            folder.symlink_to(victim.parent)
        return b"0 done\n"

    socket = short_folder / "rrdcached.sock"
    arguments = [
        "forget",
        str(tmp_path / "rrd"),
        "--host",
        "old01",
        "--rrdcached",
        f"unix:{socket}",
    ]
    with played(by_line(answer), socket):
        assert main(arguments) == 0
    assert victim.exists()
    assert not (aside / retired.name).exists()
    assert folder.is_symlink()


def test_a_name_that_would_be_a_command_is_not_sent(tmp_path: Path, short_folder: Path) -> None:
    retired = series(tmp_path, "old01\nFLUSHALL", "derive-C_received", 40 * DAY)
    lines = []
    socket = short_folder / "rrdcached.sock"
    arguments = ["forget", str(tmp_path), "--host", "old01*", "--rrdcached", f"unix:{socket}"]
    with played(by_line(lambda line: lines.append(line) or b"0 1\n"), socket):  # type: ignore[func-returns-value]
        assert main(arguments) == 1
    assert not lines
    assert retired.exists()
