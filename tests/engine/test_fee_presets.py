"""Fees that venues have published: each says where and when, and is what its document has."""

from __future__ import annotations

import re

import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError
from barter_bt.venue import FEE_PRESETS


@pytest.mark.parametrize("name", FEE_PRESETS)
def test_a_preset_says_where_and_when(name):
    """Its name ends with the day from which it holds; lower rates need more volume."""
    preset = FEE_PRESETS[name]
    assert name.endswith(preset.since.replace("-", "_"))
    assert re.search(r"\d{4}-\d\d-\d\d$", preset.published)
    assert preset.source.startswith("https://")
    assert bt.Venue(name).fees == preset.fees
    rates = [preset.fees, *(preset.fees.tiers.levels if preset.fees.tiers else ())]
    takers = [one.taker for one in rates]
    assert takers == sorted(takers, reverse=True)


def test_averages_of_a_day_are_volumes_of_thirty():
    """A million a day on average are thirty of them."""
    tiers = FEE_PRESETS["bitmex_2023_01_17"].fees.tiers
    assert (tiers.levels[0].volume, tiers.levels[-1].volume, tiers.window) == (30e6, 30e9, 30)


@pytest.mark.parametrize(
    ("plan", "shares", "price", "paid"),
    [
        ("fixed", 100, 25, 1.0), ("fixed", 1_000, 25, 5.0), ("fixed", 1_000, 0.25, 2.5), ("fixed", 10, 1, 0.1),
        ("tiered", 1_000, 25, 3.5), ("tiered", 50, 25, 0.35),
    ],
)  # fmt: skip
def test_a_brokers_own_examples(plan, shares, price, paid):
    """Those of its page for the fixed plan; the maximum of one percent comes last."""
    stock = bt.Instrument("ibkr", "a_usd", price_increment="0.01", quantity_increment="1")
    orders = bt.testing.schedule({"at": 0.5, "buy": shares})
    market = bt.testing.trades((0, price, 1e6), (1, price, 1e6), instrument="a_usd")
    venue = bt.Venue(fees=f"ibkr_us_stocks_{plan}_2024_05_22")
    run = bt.testing.run(market, orders, stock, balances={"usd": 1e6}, venues=venue, interpret=True)
    assert run.trades["fees"].to_list() == [paid]


def test_an_unknown_preset_is_told():
    with pytest.raises(ConfigError, match="fees is 'bitstamp'; known: binance_spot") as told:
        bt.Venue("bitstamp")
    assert "bitstamp_2017_08_09" in str(told.value)
    assert bt.Venue(".1%").fees == bt.Venue("0.1%").fees
