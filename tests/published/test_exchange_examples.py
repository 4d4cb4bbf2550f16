"""Funding, profits of inverse contracts and margins that exchanges work out in their documents.

Read on 2026-11-26, in archived copies of the pages. Where a document prints fewer digits, so many are compared.
"""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.testing import run_prices, schedule

INVERSE = {"kind": "perpetual", "base": "btc", "settlement": "btc", "price_increment": 1, "quantity_increment": 1}
PERPETUAL = bt.Instrument("x", "a_usd", **INVERSE)


class Margins:
    """Notes at each close what positions tie up of an asset, and what is free of it."""

    wake = "bar_close"

    def __init__(self, asset: str = "btc") -> None:
        self.asset, self.used, self.free = asset, list[float](), list[float]()

    def generate_algo_orders(self, state):
        self.used.append(state.margin_used(self.asset))
        self.free.append(state.free_margin(self.asset))
        return [], []


def funding(seconds: int, rate: float) -> bt.data.CashFlows:
    time = datetime.fromtimestamp(seconds, UTC)
    return bt.data.funding(pl.DataFrame({"time": [time], "instrument": ["a_usd"], "rate": [rate]}))


def test_published_funding_of_a_long_position():
    """15,000 contracts from 750 to 800 with 0.25 % of funding at 750: 0.05 paid, 1.25 gained, 1.2 in all.

    https://bitmex.com/app/perpetualContractsGuideExamples
    """
    orders = schedule({"at": 60, "buy": 15_000}, {"at": 240, "sell": 15_000})
    result = run_prices(
        [750, 750, 750, 800, 800], orders, PERPETUAL, balances={"btc": 100}, cash_flows=funding(150, 0.0025)
    )
    assert result.cash_flows["amount"].to_list() == [-0.05]
    assert result.positions["pnl_realised"].to_list() == [1.25]
    assert result.equity["equity"][-1] == pytest.approx(101.2, abs=1e-12)


def test_published_funding_of_a_short_position():
    """100,000 contracts at 7,000 for an hour at 0.01785 %: 0.00255 are paid to it.

    https://support.kraken.com/hc/en-us/articles/360022835911-Inverse-Crypto-Collateral-Perpetual-Contract-Specifications
    """
    flows = funding(150, 0.0001785)
    result = run_prices(
        [7000] * 4, schedule({"at": 60, "sell": 100_000}), PERPETUAL, balances={"btc": 100}, cash_flows=flows
    )
    assert result.cash_flows["amount"].to_list() == [pytest.approx(0.00255, abs=1e-9)]


def test_published_profit_and_fees_of_an_inverse_future():
    """100 contracts of 10 from 600 to 700 at 0.05 %: 0.238095; fees of half a dollar each way; 4 % is 0.0666.

    https://www.deribit.com/docs/example-futures/ (it prints the second fee as 0.00071425, 4e-8 too little)
    """
    future = bt.Instrument("x", "a_usd", **INVERSE, contract_size=10)
    margins = Margins()
    orders = [schedule({"at": 60, "buy": 100}, {"at": 180, "sell": 100}), margins]
    venue = bt.Venue(fees="0.05%", margin=bt.Margin("4%"))
    result = run_prices([600, 600, 700, 700], orders, future, balances={"btc": 1}, venues=venue)
    fees = result.trades["fees"].to_list()
    assert fees == [pytest.approx(0.5 / 600, abs=1e-9), pytest.approx(0.5 / 700, abs=1e-9)]
    assert fees == [pytest.approx(0.0008333, abs=1e-7), pytest.approx(0.00071425, abs=1e-7)]
    assert result.positions["pnl_realised"][0] + sum(fees) == pytest.approx(0.238095, abs=1e-6)
    assert margins.used[1] == pytest.approx(0.0666, abs=1e-4)


# Contracts, their size, price, what the account has, the rate; what that ties up.
MARGINS = {
    # https://binance.com/it/support/faq/be2c7d9d95b04a7e8044ed02dd7dfe5c: 10 contracts of 100 dollars, 20 times
    "binance_initial": ("btc", 10, 100, 9_800, 0.05, 0.0051, 1e-4),
    # 100 contracts, 0.4 %:
    # https://www.binance.com/es-MX/support/faq/how-to-calculate-liquidation-price-of-coin-m-futures-contracts-ceccfcfb4e3a45e3b48b0b1bb1a8ae46
    "binance_maintenance": ("btc", 100, 100, 25_000, 0.004, 0.0016, 1e-12),
    # https://www.bybit.com/en/help-center, article Initial Margin (Inverse Contract), as a mirror shows it: 50 times
    "bybit_initial": ("btc", 12_000, 1, 8_000, 0.02, 0.03, 1e-12),
    # https://support.deribit.com/hc/en-us/articles/25944738177565-Linear-Perpetual: rates at a size of 25 and of 350
    "deribit_initial_25": ("usd", 25, 1, 100_000, 0.02125, 53_125, 1e-9),
    "deribit_initial_350": ("usd", 350, 1, 100_000, 0.0375, 1_312_500, 1e-9),
    "deribit_maintenance_25": ("usd", 25, 1, 100_000, 0.01125, 28_125, 1e-9),
    # https://www.bitmex.com/app/isolatedMarginExamples, example one
    "bitmex_initial": ("usd", 20, 1, 1_000, 0.02, 400, 1e-9),
}


@pytest.mark.parametrize("name", MARGINS)
def test_published_margin(name):
    """What a position ties up at its mark; a maintenance is worked out in the same way."""
    asset, quantity, size, price, rate, published, digits = MARGINS[name]
    perpetual = bt.Instrument("x", "a_usd", **INVERSE | {"settlement": asset}, contract_size=size)
    margins, account = Margins(asset), published * 25
    venue = bt.Venue(margin=bt.Margin(rate))
    strategies = [schedule({"at": 60, "buy": quantity}), margins]
    run_prices([price] * 3, strategies, perpetual, balances={asset: account}, venues=venue)
    assert margins.used[-1] == pytest.approx(published, abs=digits)
    assert margins.used[-1] + margins.free[-1] == pytest.approx(account, rel=1e-9)
