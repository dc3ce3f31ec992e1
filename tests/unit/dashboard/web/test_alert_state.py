"""A daemon's alerts are one card: every cause is named, each explanation appears once."""

from __future__ import annotations

from collectd_fedmsg_dashboard.web.alert_state import cards


def alert(name, cause, mark, *, subject="h/hub/Archiver", severity="warning", since=0, why=("a",)):
    """Return an alert as ``whole`` lists it."""
    return {
        "id": name,
        "subject_id": subject,
        "cause": cause,
        "cause_severity": mark,
        "severity": severity,
        "since": since,
        "why": list(why),
        "action": f"see to {cause}",
    }


def test_two_causes_of_one_daemon_are_one_card():
    """The worse leads, whichever came first; no sentence and no advice stands twice."""
    (card,) = cards(
        [
            alert("1", "SURGE", "2", since=10, why=("backlog +700", "from one topic")),
            alert("2", "SLOW", "3", since=20, why=("backlog +700", "db is slow")),
            alert("3", "SLOW", "3", since=30, why=("backlog +700", "db is slow")),
        ]
    )
    assert (card["cause"], card["causes"], card["since"]) == ("SLOW", ["SURGE"], 10)
    assert [alert["id"] for alert in card["others"]] == ["3", "1"]
    assert card["why"] == ["backlog +700", "db is slow", "from one topic"]
    assert card["actions"] == ["see to SLOW", "see to SURGE"]


def test_of_a_silent_daemon_not_known_is_no_second_cause():
    """Silence explains why nothing is known."""
    (card,) = cards(
        [alert("1", "UNKNOWN", "none"), alert("2", "daemon_silent", "none", severity="critical")]
    )
    assert (card["cause"], card["causes"]) == ("daemon_silent", [])


def test_cards_stand_in_the_order_of_rows():
    """Urgent, then what needs attention, then the silent."""
    order = [
        alert("1", "daemon_silent", "none", subject="a", severity="critical"),
        alert("2", "SURGE", "2", subject="b"),
        alert("3", "SLOW", "3", subject="c"),
    ]
    assert [card["id"] for card in cards(order)] == ["3", "2", "1"]
