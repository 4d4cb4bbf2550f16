"""Which terms of margin were in force: given and by default, of finished and of saved runs."""

from __future__ import annotations

import pytest

import barter_bt as bt
from barter_bt.statistic.in_force import terms_in_force, told
from tests.engine.tiny import FUTURE, A, bars, run, schedule

TIERS = [bt.MarginTier(50_000, "1%", "0.5%"), bt.MarginTier(None, "2%", "1%")]
BUY = schedule({"at": 5, "buy": 1})
SPOT, PERP = A, bt.Instrument("x", "p_usd", kind="perpetual", price_increment=1, quantity_increment=1)


def terms(instruments, **venue):
    items = instruments if isinstance(instruments, list) else [instruments]
    data = [bars(100, 100, 100, instrument=one.name) for one in items]
    return run(data, schedule({"at": 5, "buy": 1, "on": items[0].name}), items, venues=bt.Venue(**venue))


@pytest.mark.parametrize(
    ("instrument", "venue", "expected"),
    [
        (SPOT, {}, ("none", None, None, "none")),
        (SPOT, {"account": "margin"}, ("cross", 1.0, None, "none")),
        (SPOT, {"account": "margin", "margin": bt.Margin(maintenance=0)}, ("cross", 1.0, 0.0, "whole")),
        (PERP, {}, ("cross", 1.0, 0.0, "whole")),
        (PERP, {"margin": bt.Margin("10%", maintenance="5%")}, ("cross", 0.1, 0.05, "whole")),
        (PERP, {"margin": bt.Margin(mode="isolated")}, ("isolated", 1.0, 0.0, "whole")),
        (PERP, {"margin": bt.Margin(tiers=TIERS, liquidation="by_tier")}, ("cross", 0.01, None, "by_tier")),
        (FUTURE, {"margin": bt.Margin(per_contract=50)}, ("cross", None, 0.0, "whole")),
    ],
)
def test_terms_of_one_instrument(instrument, venue, expected):
    result = terms(instrument, **venue)
    assert result.terms.select("margin", "rate", "maintenance", "liquidation").row(0) == expected
    assert ("margin of" in repr(result.summary())) == (expected[0] != "none")
    is_default = None if expected[0] == "none" else "margin" not in venue
    assert result.terms["by_default"][0] == is_default
    assert ("(margin by default)" in repr(result.summary())) == bool(is_default)


def test_spot_beside_what_is_liquidated_is_liquidated_with_it():
    """Rule 42: all that is margined in the asset."""
    both = terms([SPOT, PERP], account="margin", mark="closing")
    assert both.terms["liquidation"].to_list() == ["whole", "whole"]
    told = "cross margin of a_usd, p_usd: 100 % to open, liquidated when nothing is left; marked by the price that"
    assert told in repr(both.summary())


def test_a_saved_run_says_the_same(tmp_path):
    own = {"f_usd": bt.Margin(per_contract=50, maintenance_per_contract=40, liquidation_fee="1%")}
    result = terms(FUTURE, margin_by_instrument=own)
    saved = bt.read(result.save(tmp_path / "run"))
    assert saved.terms.equals(result.terms)
    row = saved.terms.row(0, named=True)
    assert (row["per_contract"], row["maintenance_per_contract"], row["liquidation_fee"]) == (50, 40, 0.01)
    assert "50 per contract to open, 40 per contract to keep" in repr(result.summary())


@pytest.mark.parametrize(("settlement", "words"), [("daily", ", settled daily"), ("closing", "")])
def test_daily_settlement_is_told(settlement, words):
    config = terms(FUTURE).config
    config["venues"]["x"]["margin"]["settlement"] = settlement
    found = terms_in_force(config)
    assert found["settlement"].to_list() == [settlement]
    assert told(found)[0].endswith(f"weighted mid{words} (margin by default)")
