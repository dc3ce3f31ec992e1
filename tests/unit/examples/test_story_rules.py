"""The notifier's rules: negated, disabled, by access list; as the story's two engines ask them."""

from __future__ import annotations

import pytest

from examples.notifier_drowning.rules import Filter, News, Preference, Rule, recipients

BUILD = News("org.fedoraproject.prod.buildsys.build.state.change", "kernel", "ralph")
ACCESS = {"ralph": frozenset({"kernel"})}


def access(user: str) -> frozenset[str]:
    return ACCESS.get(user, frozenset())


@pytest.mark.parametrize(
    ("rule", "user", "holds"),
    [
        pytest.param(Rule("topic", "*.buildsys.*"), "ralph", True, id="topic"),
        pytest.param(Rule("topic", "*.buildsys.*", negated=True), "ralph", False, id="negated"),
        pytest.param(Rule("package", "bash"), "ralph", False, id="another-package"),
        pytest.param(Rule("package", "bash", negated=True), "ralph", True, id="not-that-package"),
        pytest.param(Rule("person"), "ralph", True, id="own-action"),
        pytest.param(Rule("person"), "kevin", False, id="another-persons-action"),
        pytest.param(Rule("maintained"), "ralph", True, id="maintains-it"),
        pytest.param(Rule("maintained"), "kevin", False, id="maintains-nothing"),
        pytest.param(Rule("maintained", negated=True), "kevin", True, id="not-a-maintainer"),
    ],
)
def test_rule(rule: Rule, user: str, holds: bool) -> None:
    assert rule.holds(BUILD, user, access) is holds


def test_a_package_without_owner_has_no_maintainer() -> None:
    assert not Rule("maintained").holds(News("t", None, None), "ralph", access)


@pytest.mark.parametrize(
    ("condition", "matches"),
    [
        pytest.param(Filter((Rule("person"), Rule("maintained"))), True, id="all-hold"),
        pytest.param(Filter((Rule("person"), Rule("package", "bash"))), False, id="one-does-not"),
        pytest.param(Filter((Rule("topic", "*"),), enabled=False), False, id="disabled"),
        pytest.param(Filter(()), False, id="empty"),
    ],
)
def test_filter(condition: Filter, matches: bool) -> None:
    pairs = list(recipients(BUILD, [Preference("ralph", "irc", (condition,))], access))
    assert pairs == ([("ralph", "irc")] if matches else [])


def test_any_filter_of_a_context_is_enough() -> None:
    """A context gets one message, however many of its filters match."""
    filters = (Filter((Rule("person"),)), Filter((Rule("maintained"),)), Filter(()))
    preferences = [Preference("ralph", "irc", filters), Preference("kevin", "email", filters)]
    assert list(recipients(BUILD, preferences, access)) == [("ralph", "irc")]


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match="'mood' is none of topic"):
        Rule("mood")
