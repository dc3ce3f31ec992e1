"""The fleets' benchmark: scenarios repeat, and what heads the page is counted."""

from __future__ import annotations

import pytest

from benchmarks.diagnosis.fleets import SCENARIOS, evaluate_fleet, table, young_fleet


@pytest.mark.parametrize("make", SCENARIOS, ids=lambda make: make.__name__)
def test_a_scenario_repeats_and_its_phases_follow(make):
    fleet = make(7)
    assert fleet == make(7)
    starts = [phase.start for phase in fleet.phases]
    ends = {episode.end - episode.start for episode in fleet.daemons.values()}
    assert starts == sorted(starts)
    assert len(fleet.daemons) == 10
    assert len(ends) == 1
    assert starts[-1] <= ends.pop()


def test_a_young_fleet_is_judged_at_every_sample():
    """Three of its daemons: a flood, then one is slow, and nobody is sent to the host."""
    fleet = young_fleet(32)
    fleet.daemons = {name: fleet.daemons[name] for name in "ABC"}
    row = evaluate_fleet(fleet).to_dict()
    assert row["counts"].get("wrong", 0) == 0, row["examples"]
    assert row["counts"]["right"] > 20
    assert table([row]).splitlines()[-1].split()[-3:] == ["100.0", "0.0", "0.0"]
