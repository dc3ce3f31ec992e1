"""Which user's daemon may have a service's name."""

from __future__ import annotations

from collectd_fedmsg.reader.collect import Reader
from collectd_fedmsg.reader.requester import Requester
from collectd_fedmsg.reader.service_owners import MAX_PER_USER, OWNER_SECONDS, ServiceOwners


def test_a_service_stays_its_user_s() -> None:
    """Another user may have its name a day after its last answer; root may at once."""
    owners, now = ServiceOwners(), 1_800_000_000.0
    assert owners.claim("", "hub", 2001, now) == ""
    assert "of uid 2001" in owners.claim("", "hub", 2002, now + 10)
    assert owners.claim("", "hub", 2001, now + 20) == ""
    assert owners.claim("elsewhere", "hub", 2002, now + 20) == ""
    assert owners.claim("", "hub", 2002, now + 21 + OWNER_SECONDS) == ""
    assert owners.claim("", "hub", 0, now + 22 + OWNER_SECONDS) == ""


def test_names_without_end_push_out_no_other_user_s() -> None:
    """A user with more names than are kept loses his own oldest; the other's name stays its."""
    owners, now = ServiceOwners(), 1_800_000_000.0
    assert owners.claim("", "hub", 2001, now) == ""
    for number in range(3 * MAX_PER_USER):
        assert owners.claim("", f"e{number}", 2002, now + 1) == ""
    assert "of uid 2001" in owners.claim("", "hub", 2002, now + 2)
    assert len(owners.users) == MAX_PER_USER + 1
    assert owners.claim("", "e0", 2001, now + 2) == "", "the flood's own oldest are forgotten"
    assert "of uid 2002" in owners.claim("", f"e{3 * MAX_PER_USER - 1}", 2001, now + 2)
    # What was saved has the same bound, and the same order.
    restored = ServiceOwners(owners.users)
    assert restored.users == owners.users
    assert "of uid 2001" in restored.claim("", "hub", 2002, now + 3)


def test_a_name_that_changes_its_user_counts_for_the_new_one() -> None:
    """The old user's later names do not push it out."""
    owners, now = ServiceOwners(), 1_800_000_000.0
    assert owners.claim("", "hub", 2002, now) == ""
    assert owners.claim("", "hub", 0, now + 1) == ""
    for number in range(MAX_PER_USER + 1):
        assert owners.claim("", f"e{number}", 2002, now + 2) == ""
    assert "of uid 0" in owners.claim("", "hub", 2002, now + 3)


def test_whose_a_service_is() -> None:
    """Its user's name; nobody's where none is known, or at an endpoint that is no socket file."""
    reader = Reader([], Requester())
    reader.cursors.owners.claim("", "hub", 2001, 1_800_000_000.0)
    assert reader.user("ipc:///run/hub.7.sock", "hub") == "uid 2001"
    assert reader.user("ipc:///run/relay.7.sock", "relay") == ""
    assert reader.user("tcp://localhost:9940", "hub") == ""
    assert reader.user("ipc:///run/moksha-monitoring", "hub") == ""
    assert reader.user("http://localhost:15672", "hub") == ""
