"""When series may be rewound with nobody looking."""

from __future__ import annotations

import pytest

from collectd_fedmsg import snippets, unattended
from collectd_fedmsg.commands.rewind_unattended import synchronised

DAY = 86_400


def test_the_block_is_read_as_the_command_writes_it() -> None:
    """StateFile and Rrdcached of the snippet; what is commented out, or not there, is empty."""
    text = snippets.collectd_block("/run/x", "/var/lib/s.json", 10, [], "unix:/run/r.sock")
    assert unattended.read_block(text) == unattended.Block("/var/lib/s.json", "unix:/run/r.sock")
    text = snippets.collectd_block("/run/x", "/var/lib/s.json", 10, [])
    assert unattended.read_block(text) == unattended.Block("/var/lib/s.json")
    assert unattended.read_block('# StateFile "/x"\n Rrdcached "unix:/a" "/b c" \n') == (
        unattended.Block("", "unix:/a", "/b c"))
    assert unattended.read_block("") == unattended.Block()


@pytest.mark.parametrize(("folder", "host", "here"), [
    pytest.param("bus01", "bus01", True, id="its-name"),
    pytest.param("bus01.example.org", "bus01", True, id="with-a-domain"),
    pytest.param("bus01.example.org", "bus01.example.org", True, id="both-with-one"),
    pytest.param("bus010", "bus01", False, id="another-that-begins-so"),
    pytest.param("bus02", "bus01", False, id="another"),
])
def test_whose_folder(folder: str, host: str, here: bool) -> None:
    """Another host's series go by its own clock."""
    assert unattended.is_here(folder, host) == here


@pytest.mark.parametrize(("ahead", "kept", "forced", "said"), [
    pytest.param(3600, True, False, "", id="an-hour"),
    pytest.param(DAY, True, False, "", id="a-day"),
    pytest.param(DAY + 1, True, False, "days ahead", id="more"),
    pytest.param(3600, False, False, "NTP", id="a-clock-that-nobody-keeps"),
    pytest.param(9 * DAY, False, True, "", id="forced"),
])
def test_refusal(ahead: float, kept: bool, forced: bool, said: str) -> None:
    """Cut is only what a clock that is kept has set back by at most a day."""
    refused = unattended.refusal(ahead, kept, forced)
    assert bool(refused) == bool(said)
    assert said in refused


@pytest.mark.parametrize(("steps", "kept_at", "seconds", "kept"), [
    pytest.param({}, 0, 5, True, id="steady"),
    pytest.param({3: -3600}, 0, 8, True, id="stepped-once-more"),
    pytest.param({3: 0.3}, 0, 5, True, id="slewed"),
    pytest.param({}, 9, 9, True, id="kept-later"),
    pytest.param({}, 99, 20, False, id="never-kept"),
])
def test_wait_steady(steps: dict[int, float], kept_at: int, seconds: int, kept: bool) -> None:
    """Five seconds in a row without a step, and at most twenty for NTP."""
    now, wall = [0], [1000.0]

    def sleep(_: float) -> None:
        now[0] += 1
        wall[0] += 1 + steps.get(now[0], 0)

    assert unattended.wait_steady(lambda: (wall[0], float(now[0])), sleep,
                                  lambda: now[0] >= kept_at, 5, 20) == kept
    assert now[0] == seconds


def test_few_copies_are_kept() -> None:
    """With a new one there are three."""
    assert unattended.too_many(["3", "1", "4", "2"]) == ["1", "2"]
    assert unattended.too_many(["1", "2"]) == []


def test_the_kernel_tells_of_its_clock() -> None:
    """It is asked, nothing is set, and nothing crashes."""
    assert synchronised() in (True, False)
