"""What a story compares: balances, expectations, the rows of the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples import postgres
from examples.story.__main__ import load, names
from examples.story.audit import Balance, heard, last_known, total
from examples.story.watch import Seen


@pytest.mark.parametrize(
    ("balance", "exact"),
    [
        pytest.param(Balance("a", 10, 10.001, 7.0, 3.0), True, id="adds-up"),
        pytest.param(Balance("a", 10, 9.0, 9.0, 0.0), False, id="one-not-received"),
        pytest.param(Balance("a", 10, 10.0, 9.0, 0.0), False, id="one-vanished"),
        pytest.param(Balance("a", 10, 10.0, 11.0, 0.0), False, id="one-appeared"),
        pytest.param(
            Balance("a", 10, 8.0, 5.0, 0.0, lost=3.0, away=2), True, id="restart-explained"
        ),
        pytest.param(Balance("a", 10, 8.0, 5.0, 0.0, away=2), False, id="restart-hides-nothing"),
    ],
)
def test_balance(balance: Balance, exact: bool) -> None:
    """Sent = received = processed + backlog + lost, to the message."""
    assert balance.exact is exact
    assert ("≠" in str(balance)) is not exact


def test_only_the_topics_that_it_hears() -> None:
    topics = {"github.push": 3, "git.receive": 2}
    assert heard(topics, None) == 5
    assert heard(topics, ["github.*"]) == 3


def test_the_unknown_counts_nothing() -> None:
    assert total([1.0, None, 2.5], 2.0) == 7.0


def test_what_waited_at_the_end_of_a_run() -> None:
    """The gap between two runs has no rate, and the later run's backlog."""
    assert last_known([(1.0, 5.0), (2.0, 7.0), (None, 0.0), (None, None)]) == [7.0]
    assert last_known([(None, 3.0)]) == []


def observed(**changed: object) -> Seen:
    plain = {
        "at": 1.0,
        "service": "a",
        "state": "OK",
        "verdicts": ("OK", "ERRORS"),
        "text": "none waits",
        "row": {"evidence": ["3 failed"]},
    }
    return Seen(**{**plain, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("service", "verdicts", "says", "matches"),
    [
        pytest.param("a", ("ERRORS",), "3 failed", True, id="second-verdict-with-evidence"),
        pytest.param("b", ("OK",), "", False, id="another-daemon"),
        pytest.param("a", ("SLOW",), "", False, id="another-verdict"),
        pytest.param("a", ("OK",), "SURGE", False, id="other-words"),
    ],
)
def test_seen(service: str, verdicts: tuple[str, ...], says: str, matches: bool) -> None:
    assert observed().matches(service, verdicts, says) is matches


def test_every_story_has_its_page_and_name() -> None:
    """Each folder with a story has a README with the expected verdicts, under its own name."""
    for name in names():
        story = load(name)
        assert story.name == name
        assert story.phases
        assert story.title
        readme = Path(postgres.__file__).parent / name.replace("-", "_") / "README.rst"
        expected = {
            verdict for phase in story.phases for each in phase.expects for verdict in each.verdicts
        }
        assert not {
            verdict for verdict in expected - {"IDLE"} if verdict not in readme.read_text("utf-8")
        }


def test_an_unknown_story_is_named_with_the_known() -> None:
    with pytest.raises(LookupError, match=r"no story 'x'; there are: .*mass-rebuild"):
        load("x")
