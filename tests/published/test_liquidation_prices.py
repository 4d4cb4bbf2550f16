"""Liquidation and bankruptcy prices that exchanges work out in their documents, found by candles that go through them.

Most documents speak of isolated margin: an account that holds nothing but what is set aside for the position is the
same. Many hold the maintenance of the value at the entry against it, which is a sum for each contract here
(``maintenance_per_contract``); others that of the value at the mark, as a rate does (rule 42); the price of bankruptcy
is that of no maintenance, or of the fee to close. A document's price is where worth and maintenance are equal; a run
liquidates below that, so at the next tick.

Not here, as it cannot be said: maintenance that is graded by size, with an amount that is deducted from it.

Read on 2026-11-26, in archived copies of the pages.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest

import barter_bt as bt
from barter_bt.testing import run_prices, schedule, table


class Case(NamedTuple):
    """A position (short, where its quantity is below 0), what the account has, and the price in the document."""

    quantity: float
    entry: float
    account: float
    margin: bt.Margin
    published: float
    tick: float = 0.01
    asset: str = "usd"


def kept(sum_in_all: float, quantity: float) -> bt.Margin:
    """A maintenance that does not move with the mark."""
    return bt.Margin("0.1%", maintenance_per_contract=sum_in_all / quantity)


CROSS = 10_000 / 8_000  # what 10,000 contracts are worth at 8,000
CASES = {
    # https://help.bybit.com/hc/en-us/articles/900000181046-Liquidation-Price-USDT-Contract-
    "bybit_long_50x": Case(1, 10_000, 10_000 * 0.02, kept(10_000 * 0.005, 1), 9_850),
    "bybit_short_40x": Case(-1, 8_000, 8_000 * 0.025, kept(8_000 * 0.005, 1), 8_160),
    # https://testnet.bybit.com/en-US/help-center/s/article/Liquidation-Price-USDT-Contract, example 1
    "bybit_long_50x_later": Case(1, 20_000, 400, kept(100, 1), 19_700),
    # https://www.bybit.com/en/help-center, article Bankruptcy Price (USDT Contract), as a mirror shows it
    "bybit_bankruptcy_50x": Case(1, 10_000, 200, bt.Margin("0.1%", maintenance=0), 9_800),
    # https://help.bybit.com/hc/en-us/articles/360039261334-How-to-calculate-Liquidation-Price-Inverse-Contract-: cross
    # margin, 0.5 % at the entry and the fee to close at the price of bankruptcy; that price; a tick is half a dollar
    "bybit_inverse_cross": Case(
        10_000, 8_000, 0.5, kept(CROSS * 0.005 + 10_000 * 0.00075 / 5718.57, 10_000), 5739.5, 0.5, "btc"
    ),
    "bybit_inverse_bankruptcy": Case(10_000, 8_000, 0.5, bt.Margin("0.1%", maintenance=0.00075), 5718.57, asset="btc"),
    # https://www.bitmex.com/app/isolatedMarginExamples, example one: 50x, cross margin; its price of bankruptcy
    "bitmex_eth": Case(20, 1_000, 10_000, kept(200, 20), 510),
    "bitmex_eth_bankruptcy": Case(20, 1_000, 10_000, bt.Margin("0.1%", maintenance=0), 500),
    # https://phemex.com/help-center/liq-price-for-USDTM: 1 % and a fee to close, at the mark; it prints 0.3232...
    "phemex_long_5x": Case(500, 0.4, 200 / 5 + 160 * 0.0006, bt.Margin("2%", maintenance=0.0106), 0.3232, 0.0001),
}


def price_of_liquidation(result: bt.Result) -> float:
    """Of the first instrument: the only closing of a position in it."""
    closed = result.orders.filter(instrument="a_usd").drop_nulls("reason")
    assert table(closed, "reason") == [("liquidation",)]
    return closed["price_average"][0]


@pytest.mark.parametrize("name", CASES)
def test_published_price_of_liquidation(name):
    case = CASES[name]
    perpetual = bt.Instrument(
        "x",
        "a_usd",
        kind="perpetual",
        base="btc",
        settlement=case.asset,
        price_increment=case.tick,
        quantity_increment=1,
    )
    far = case.entry * (0.4 if case.quantity > 0 else 1.6)
    ends = sorted((case.entry, far))
    falls = (case.entry, ends[1], ends[0], far)
    order = schedule({"at": 60, "buy" if case.quantity > 0 else "sell": abs(case.quantity)})
    result = run_prices(
        [case.entry, case.entry, falls],
        order,
        perpetual,
        balances={case.asset: case.account},
        venues=bt.Venue(margin=case.margin),
    )
    beyond = (case.published - price_of_liquidation(result)) * (1 if case.quantity > 0 else -1)
    assert -case.tick / 2 <= beyond <= case.tick + 1e-9


@pytest.mark.parametrize("side", [1, -1])
def test_published_formula_of_cross_margin(side):
    """Binance, USD-M, one way: (WB - TMM + UPNL - side x size x entry) / (size x rate - side x size) in the first tier.

    https://www.binance.com/en/support/faq/b3c689c1f50a44cabb3a84e663b81d93 (2020-08-14), where the formula is a picture
    and its terms are text. WB is the balance, TMM and UPNL what all other contracts keep and gain: one, which lost 20.
    """
    size, entry, rate, balance = 10, 200, 0.004, 1_000
    other_kept, other_lost = 2 * 90 * 0.01, 2 * (100 - 90)
    published = (balance - other_kept - other_lost - side * size * entry) / (size * rate - side * size)
    far = (200, 200, 50, 50) if side > 0 else (200, 400, 200, 400)
    orders = schedule({"at": 60, "buy" if side > 0 else "sell": size}, {"at": 60, "buy": 2, "on": "b_usd"})
    both = [bt.Instrument("x", name, kind="perpetual", price_increment="0.01") for name in ("a_usd", "b_usd")]
    margins = {"a_usd": bt.Margin("1%", maintenance=rate), "b_usd": bt.Margin("10%", maintenance="1%")}
    result = run_prices(
        {"a_usd": [entry, entry, entry, far], "b_usd": [100, 100, 90, 90]},
        orders,
        both,
        balances={"usd": balance},
        venues=bt.Venue(margin_by_instrument=margins),
    )
    assert 0 <= (published - price_of_liquidation(result)) * side <= 0.01


@pytest.mark.parametrize("side", [1, -1])
def test_published_formula_of_an_inverse_contract(side):
    """Bybit: size x (1 + side x rate) / (size / entry + side x size / entry / leverage), as of 2026-05-27.

    https://www.bybit.com/en/help-center/article/Liquidation-Price-Calculation-under-Isolated-Mode-Unified-Trading-Account
    As a mirror shows the article; the numbers are those of its example before: 60,000 at 50,000, ten times, 0.5 %.
    """
    size, entry, rate = 60_000, 50_000, 0.005
    published = size * (1 + side * rate) / (size / entry + side * size / entry / 10)
    perpetual = bt.Instrument("x", "a_usd", kind="perpetual", settlement="a", price_increment="0.01")
    far = (entry, entry, 40_000, 40_000) if side > 0 else (entry, 60_000, entry, 60_000)
    order = schedule({"at": 60, "buy" if side > 0 else "sell": size})
    venue = bt.Venue(margin=bt.Margin("1%", maintenance=rate))
    result = run_prices([entry, entry, far], order, perpetual, balances={"a": size / entry / 10}, venues=venue)
    assert 0 <= (published - price_of_liquidation(result)) * side <= 0.01


def test_published_alive_and_liquidated():
    """0.1 btc at 30,000, ten times, 30 kept: 28,000 leaves 100, at 26,000 it is gone; 36,000 is a gain of 600.

    https://support.flipster.io/hc/en-us/articles/7352962731663-Margin-Trading-Explained
    """
    perpetual = bt.Instrument("x", "a_usd", kind="perpetual", price_increment=1, quantity_increment="0.1")
    venue = bt.Venue(margin=bt.Margin("10%", maintenance_per_contract=300))
    prices = [30_000, 30_000, 36_000, 28_000, 26_000]
    result = run_prices(prices, schedule({"at": 60, "buy": 0.1}), perpetual, balances={"usd": 300}, venues=venue)
    assert result.equity["equity"][:5].to_list() == [300, 300, 300, 900, 100]
    assert table(result.orders, "reason", "time_closed") == [(None, 60), ("liquidation", 300)]
    assert result.equity["equity"][-1] == 0
