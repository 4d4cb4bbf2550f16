"""Scenarios that draw tiers, fees in other assets, delays and quotes that fill (rules 14, 52, 62 and 63)."""

from __future__ import annotations

import pytest

import barter_bt as bt
from barter_bt.testing import assert_all
from barter_bt.testing.scenario import dealing, random_scenario, to_backtest

SEEDS = (2, 6, 12, 17, 20, 24, 29, 33, 38, 41)


def backtest(scenario, **options):
    """A run of one of :data:`SEEDS`, none of which is refused or ends for its numbers."""
    return bt.backtest(**to_backtest(scenario, 3), interpret=True, **options)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_holds_of_every_run_holds_and_a_checkpoint_is_the_run(tmp_path, monkeypatch, seed):
    """When all reports have arrived, venue and engine hold the same positions."""
    monkeypatch.setattr(dealing, "DRAWN", ("tiers", "received", "asset", "delays", "quotes"))
    path, scenario = tmp_path / "run.npz", random_scenario(seed)
    whole = backtest(scenario, checkpoint=bt.Checkpoint(path, every_rows=11 + seed % 9))
    assert_all(whole)
    assert whole.venue.markets.array("quantity").tolist() == whole.state.instruments.array("quantity").tolist()
    if path.exists():
        assert backtest(scenario, resume=path).digests == whole.digests
