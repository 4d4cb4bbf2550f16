"""Figures of round trips by their formulas, and where they are undefined."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from barter_bt.statistic import figures_by, summarise
from tests.statistic.fakes import POSITIONS, START_NS, TRADES, FakeRun, equity_of, table

WITH_ENTRY = POSITIONS | {"price_entry_average": pl.Float64, "quantity_abs_max": pl.Float64}
OF_RETURNS = ("best_return", "worst_return", "mean_return")


def closed(*trips, size=None, inverse=False, instrument="btc_usd"):
    """Positions from (PnL, average entry, largest quantity, microseconds held)."""
    pnl, price, quantity, held = zip(*trips, strict=True) if trips else ((), (), (), ())
    fills = table(TRADES, time_exchange=[START_NS], exchange="xsim", instrument=instrument, side="buy", quantity=1.0)
    run = FakeRun(
        trades=fills,
        positions=table(
            WITH_ENTRY, pnl_realised=pnl, price_entry_average=price, quantity_abs_max=quantity, side="buy",
            instrument=instrument, exchange="xsim", time_enter=[START_NS] * len(trips),
            time_exit=[START_NS + 1000 * each for each in held],
        ),
    )  # fmt: skip
    one = {"exchange": "xsim", "name": instrument, "base": "btc", "quote": "usd", "contract_size": size}
    run.config["instruments"] = [one | {"settlement": "btc" if inverse else "usd"}]
    return run


def test_returns_are_pnl_over_the_largest_cost():
    """50 of 500, -30 of 100 and 0 of 20: 10 %, -30 % and 0 %."""
    figures = summarise(closed((50, 100, 5, 7), (-30, 50, 2, 9), (0, 20, 1, 2)))
    assert [figures[name] for name in OF_RETURNS] == [pytest.approx(each) for each in (0.1, -0.3, -0.2 / 3)]
    assert figures.longest_holding_time == timedelta(microseconds=9)


def test_contracts_count_by_their_size():
    """3 contracts of 10 at 20 cost 600; inverse: 3 of 10 at 20 cost 1.5 coins."""
    assert summarise(closed((60, 20, 3, 1), size="10")).best_return == pytest.approx(0.1)
    assert summarise(closed((0.3, 20, 3, 1), size="10", inverse=True)).best_return == pytest.approx(0.2)


def test_kelly_by_its_formula():
    """2 of 4 won, gains of 4 and 2 on average 3, losses of 1 and 3 on average 2: 1/2 - 1/2 / (3/2) = 1/6."""
    trips = [(pnl, 100, 1, 1) for pnl in (4, -1, 2, -3)]
    assert summarise(closed(*trips)).kelly == pytest.approx(1 / 6)


def test_kelly_is_below_zero_where_losses_are_larger():
    """1 of 3 won, a gain of 1 against losses of 2 and 4, on average 3: 1/3 - 2/3 / (1/3) = -5/3."""
    assert summarise(closed((1, 1, 1, 1), (-2, 1, 1, 1), (-4, 1, 1, 1))).kelly == pytest.approx(-5 / 3)


@pytest.mark.parametrize("pnl", [(1, 2), (-1, -2), (0, 0), (3,)])
def test_without_gains_or_without_losses_there_is_no_kelly(pnl):
    summary = summarise(closed(*((each, 1, 1, 1) for each in pnl)))
    assert summary.kelly is None
    assert summary.why("kelly") == "its denominator is 0: no position made a gain, or none a loss"


def test_what_has_no_positions_has_no_returns():
    summary = summarise(closed())
    for name in (*OF_RETURNS, "longest_holding_time", "kelly"):
        assert (summary[name], summary.why(name)) == (None, "no position was closed")


def test_what_has_no_market_says_so():
    summary = summarise(closed((1, 1, 1, 1)))
    for name in ("buy_and_hold", "max_adverse_excursion", "max_favourable_excursion"):
        assert (summary[name], summary.why(name)) == (None, "the run has no prices of its market")
    assert summarise(closed()).why("mae") == "no position was closed"


def test_positions_without_entry_averages_have_no_returns():
    run = closed((1, 1, 1, 1))
    run.positions = run.positions.drop("price_entry_average")
    assert summarise(run).best_return is None
    assert "no entry averages" in summarise(run).why("best_return")


def test_returns_of_money_of_several_assets_are_fractions_all_the_same():
    one, other = closed((50, 100, 5, 7)), closed((-1, 10, 1, 3), instrument="eth_btc")
    one.positions, one.trades = (
        pl.concat([getattr(each, name) for each in (one, other)]) for name in ("positions", "trades")
    )
    one.equity = equity_of([100.0, 101.0])
    assert (summarise(one).expectancy, summarise(one).worst_return) == (None, pytest.approx(-0.1))
    assert figures_by(one, "instrument")["mean_return"].to_list() == [pytest.approx(0.1), pytest.approx(-0.1)]
    assert figures_by(one, "instrument")["buy_and_hold"].to_list() == [None, None]


def test_growth_by_calendar_years():
    """Doubled in 1,461 days, four calendar years: 2 ^ (1/4) - 1, whatever the interval."""
    doubled = FakeRun(equity=equity_of([100.0] * 1461 + [200.0]))
    for interval in ("actual", "annual_252", "daily"):
        assert summarise(doubled, interval=interval).cagr == pytest.approx(2**0.25 - 1, rel=1e-12)
    assert summarise(FakeRun(equity=equity_of([100.0, 0.0]))).cagr == -1.0
    assert summarise(FakeRun(equity=equity_of([100.0]))).why("cagr") == "start and end are one moment"
    assert summarise(FakeRun(equity=equity_of([100.0, -5.0]))).why("cagr").startswith("equity at end is -5.00")


def test_the_peak_is_the_highest_mark():
    assert summarise(FakeRun(equity=equity_of([100.0, 130.0, 90.0]))).equity_peak == 130.0
