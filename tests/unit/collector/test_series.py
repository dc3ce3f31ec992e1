"""How many consumers may have series: no user or service takes the places of another."""

from __future__ import annotations

from collectd_fedmsg.collector.series import FEW_CONSUMERS, SeriesTable

MOST = 100


def places_taken(table: SeriesTable, service: str, user: str, number: int = 2 * MOST) -> int:
    places = [table.find("", service, f"C{count}", user) for count in range(number)]
    return sum(series is not None for series in places)


def test_a_user_s_consumers_take_no_other_s_places() -> None:
    """Many services with consumers without end: the other user's, and TCP's, are all there."""
    table = SeriesTable(MOST, ())
    assert sum(places_taken(table, f"e{number}", "uid 2002") for number in range(20)) == MOST
    assert table.find("", "new", "C", "uid 2002") is None
    assert places_taken(table, "hub", "uid 2001", 10) == 10
    assert places_taken(table, "rabbit", "", 10) == 10
    # The same again are not more.
    assert places_taken(table, "hub", "uid 2001", 10) == 10


def test_a_service_leaves_room_for_the_others() -> None:
    """One with consumers without end has three quarters; the rest is for those with few."""
    table = SeriesTable(MOST, ())
    assert places_taken(table, "mad", "uid 2001") == MOST * 3 // 4
    assert places_taken(table, "hub", "uid 2001") == FEW_CONSUMERS
    assert places_taken(table, "relay", "uid 2001") == MOST // 4 - FEW_CONSUMERS
    assert places_taken(table, "alone", "uid 2002", FEW_CONSUMERS) == FEW_CONSUMERS


def test_a_small_table_is_all_for_one() -> None:
    """A service with few consumers may have every place of it."""
    assert places_taken(SeriesTable(10, ()), "hub", "") == 10
