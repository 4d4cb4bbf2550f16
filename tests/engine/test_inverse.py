"""Inverse contracts: an amount of quote money, settled in the base asset (rules 1, 3 and 4), computed by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal as D

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import barter_bt as bt
from barter_bt.protocol import Account, AccountEvent, AssetFees, Item, Side, Trade
from barter_bt.system import Engine, PositionExit
from barter_bt.venue.terms import Fees, Margin, Venue
from tests.engine.tiny import quotes, run, schedule, stamps, trades

XBT = bt.Instrument(
    "x", "btc_usd", kind="perpetual", settlement="btc", contract_size=100, price_increment="0.5", quantity_increment=1
)
ETHER = bt.Instrument(
    "x", "eth_usd", kind="future", settlement="eth", contract_size=10, price_increment="0.01", quantity_increment=1
)


def market(*prices):
    """One trade a second from 0 on; the first is the first price too."""
    return trades(*((k, price, 1e6) for k, price in enumerate((prices[0], *prices))), instrument="btc_usd")


def deal(*prices, side=1, fee=0.0, **options):
    """Buys (or sells) 100 contracts at each price but the last, and leaves at the last."""
    steps = [{"at": k + 0.5, "buy": side * 100, "on": "btc_usd"} for k in range(len(prices) - 1)]
    steps.append({"at": len(prices) - 0.5, "buy": -side * 100 * (len(prices) - 1), "on": "btc_usd"})
    venue = Venue(Fees(taker=fee), margin=Margin(0.1))
    return run(market(*prices), schedule(*steps), XBT, balances={"btc": 10}, venues=venue, **options)


@pytest.mark.parametrize(("side", "sign"), [(1, 1), (-1, -1)])
def test_gains_are_of_the_base_asset(side, sign):
    result = deal(50_000, 55_000, side=side)
    gain = sign * 10_000 * (1 / 50_000 - 1 / 55_000)
    assert result.positions["pnl_realised"].item() == pytest.approx(gain, abs=2e-9)
    assert result.balances.filter(asset="btc")["total"][-1] == pytest.approx(10 + gain, abs=2e-9)
    assert result.equity["equity"][-1] == pytest.approx(10 + gain, abs=2e-9)
    assert result.reporting == "btc"


def test_the_entry_average_is_harmonic():
    result = deal(50_000, 60_000, 50_000)
    average = 2 / (1 / 50_000 + 1 / 60_000)
    assert result.positions["price_entry_average"].item() == pytest.approx(average, rel=1e-9)
    assert result.orders["price_average"].to_list() == pytest.approx([50_000, 60_000, 50_000])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400_000), st.integers(1, 9))
def test_the_average_of_one_price_is_that_price(half_dollars, contracts):
    """However the contracts' worth is rounded to units: of an order filled at once or in parts, and of a position."""
    price = half_dollars / 2
    data = trades((0, price, 9), (1, price, 9), (2, price, 9), (3, price, 9), instrument="btc_usd")
    steps = [{"at": 0, "buy": contracts, "on": "btc_usd"}, {"at": 1, "sell": 2 * contracts, "on": "btc_usd"}]
    steps.append({"at": 2, "buy": contracts, "on": "btc_usd"})
    result = run(data, schedule(*steps), replace(XBT, contract_size=1), balances={"btc": 1000})
    assert result.orders["price_average"].to_list() == [price] * 3
    assert result.positions["price_entry_average"].to_list() == [price] * 2


def test_the_average_of_several_prices_is_harmonic():
    """An order that quotes fill in parts; a position that is entered at two prices."""
    data = quotes((1, 99, 1, 100, 1), (2, 199, 1, 200, 1), (3, 100, 9, 101, 9), instrument="btc_usd")
    steps = schedule({"at": 1, "buy": 2, "on": "btc_usd"}, {"at": 3, "sell": 2, "on": "btc_usd"})
    result = run(data, steps, XBT, balances={"btc": 100})
    assert result.orders["price_average"].to_list() == pytest.approx([400 / 3, 100])
    assert result.positions["price_entry_average"].to_list() == pytest.approx([400 / 3])


def test_notional_and_fees_are_of_the_base_asset():
    result = deal(50_000, 50_000, fee=0.001)
    assert result.trades["notional"].to_list() == [0.2, 0.2]
    assert result.trades["fees"].to_list() == [0.0002, 0.0002]
    assert result.summary().fees == pytest.approx(0.0004)


def test_an_open_position_is_marked():
    steps = schedule({"at": 0.5, "buy": 100, "on": "btc_usd"})
    venue = Venue(margin=Margin(0.1))
    result = run(market(50_000, 40_000), steps, XBT, balances={"btc": 10}, venues=venue)
    assert result.equity["equity"].to_list()[-1] == pytest.approx(10 + 10_000 * (1 / 50_000 - 1 / 40_000))


@pytest.mark.parametrize(("held", "status"), [("0.02", "filled"), ("0.019", "rejected")])
def test_margin_is_of_the_base_asset(held, status):
    steps = schedule({"at": 0.5, "buy": 100, "on": "btc_usd"})
    result = run(market(50_000, 50_000), steps, XBT, balances={"btc": D(held)}, venues=Venue(margin=Margin(0.1)))
    assert result.orders["status"].item() == status


def test_a_target_of_the_equity():
    """Half of 10 btc at 50,000 is 250,000 usd: 2,500 contracts."""
    target = pl.DataFrame({"time": stamps([1]), "instrument": ["btc_usd"], "target": [0.5]})
    venue = Venue(margin=Margin(0.1))
    strategy = bt.Signals(target, size="equity")
    result = run(market(50_000, 50_000, 50_000), strategy, XBT, balances={"btc": 10}, venues=venue)
    assert result.orders["quantity"].to_list() == [2500]


def test_a_coarse_contract_keeps_the_usual_unit():
    index = bt.instrument.IndexedInstruments([replace(XBT, contract_size=1), ETHER])
    units = bt.instrument.choose_scales(index, {}, {}).units
    assert units[index.asset("btc")] == D("1e-12")
    assert bt.instrument.choose_scales(bt.instrument.IndexedInstruments([ETHER]), {}, {}).units[0] == D("1e-9")


def test_the_specification_counts_in_the_base_asset():
    one = replace(XBT, notional_min="0.01")
    assert one.check_order(4, 50_000) == "below_minimum"
    assert one.check_order(5, 50_000) is None


def test_the_event_engine_settles_in_the_base_asset():
    engine = Engine([XBT])

    def trade(side, price, fee="0"):
        one = Trade("t", f"o-{side}", 0, "s", 1, side, D(price), D(100), AssetFees("btc", D(fee)))
        return engine.process(Account(Item(AccountEvent(0, one))))

    trade(Side.BUY, 50_000, "0.001")
    (closed,) = trade(Side.SELL, 40_000).outputs
    assert isinstance(closed, PositionExit)
    assert closed.pnl_realised == D("-0.051")
    assert closed.price_entry_average == 50_000


def test_slippage_is_of_the_base_asset():
    """The order saw the price before; contracts bought at a higher price gain less by 1 / seen - 1 / paid."""
    result = deal(50_000, 55_000)
    assert result.orders["price_sent"].to_list() == [50_000, 50_000]
    assert result.summary().slippage == pytest.approx(-10_000 * (1 / 50_000 - 1 / 55_000), rel=1e-6)
