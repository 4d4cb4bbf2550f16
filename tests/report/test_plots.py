"""Each picture: what it shows, of a plain run, of nothing, of much."""

import numpy as np
import polars as pl
import pytest

import barter_bt as bt
from barter_bt import report
from barter_bt.errors import ConfigError
from barter_bt.report.charts import month_grid
from barter_bt.report.series import excursions, exposures, market_line, pnl_by, until_end
from tests.report.test_tearsheet import prices_of
from tests.statistic.fakes import POSITIONS, START_NS, TRADES, FakeRun, crossing_run, equity_of, table

DAY = 86_400_000_000_000
PLOTS = [
    report.plot_price,
    report.plot_equity,
    report.plot_underwater,
    report.plot_rolling,
    report.plot_exposure,
    report.plot_months,
    report.plot_distribution,
    report.plot_pnl,
    report.plot_positions,
]
RUNS = [crossing_run(3000, 40), FakeRun(), FakeRun(equity=equity_of([1.0]))]


@pytest.mark.parametrize("style", ["light", "dark"])
@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
@pytest.mark.parametrize(
    "run", [crossing_run(3000, 40), FakeRun(), FakeRun(equity=equity_of([1.0]))], ids=["run", "empty", "one"]
)
def test_every_picture_of_any_run(plot, run, style):
    axes = plot(run, style=style)
    axes.figure.draw_without_rendering()
    assert axes.get_title("left")


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
@pytest.mark.parametrize("end", [0.0, -500.0])
def test_every_picture_of_a_ruined_account(plot, end):
    run = crossing_run(300, 10)
    run.equity = equity_of([*np.linspace(100.0, end, 200), *[end] * 100], 60_000_000_000)
    plot(run).figure.draw_without_rendering()


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_a_picture_is_drawn_on_the_axes_given(plot):
    axes = report.plot_equity(crossing_run(100, 4)).figure.add_subplot()
    assert plot(crossing_run(300, 10), axes) is axes


def test_a_million_points_are_drawn_as_thousands():
    run = crossing_run(1_000_000, 1000)
    for plot in (report.plot_equity, report.plot_underwater):
        assert max(len(line.get_xdata()) for line in plot(run).get_lines()) <= 4000


def test_the_tear_sheet_says_its_figures(tmp_path):
    run = crossing_run(3000, 40)
    figure = report.plot_tear_sheet(run, tmp_path / "sheet.png", run.equity, prices_of(run))
    words = {text.get_text() for text in figure.axes[0].texts}
    assert {"Sharpe ratio (annual)", "Trades (fills)", "40"} <= words
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")


def test_the_market_around_one_position():
    run = crossing_run(3000, 40)
    axes = report.plot_trade(run, 3, prices=prices_of(run))
    assert axes.get_title("left") == "Position 3: buy btc_usd"
    with pytest.raises(ConfigError, match="position is 20, but the run closed 20"):
        report.plot_trade(run, 20)


def test_an_instrument_that_was_not_traded():
    with pytest.raises(ConfigError, match=r"(?s)'eth_usd' was not traded.*btc_usd"):
        report.plot_price(crossing_run(300, 10), instrument="eth_usd")


def test_the_grid_of_months_is_the_calendar():
    years, grid = month_grid(FakeRun(equity=equity_of(np.arange(100.0, 500.0))))
    assert (years, grid.shape) == ([2024, 2025], (2, 12))
    assert grid[0, 0] == pytest.approx(0.31)  # to the midnight that ends January
    assert np.isnan(grid[1, 3])
    assert np.nanprod(1 + grid) == pytest.approx(4.99)


def test_excursions_are_the_furthest_moves():
    closed = table(
        POSITIONS | {"price_entry_average": pl.Float64}, exchange="xsim", instrument="btc_usd", side=["buy", "sell"],
        price_entry_average=100.0, pnl_realised=1.0, time_enter=START_NS, time_exit=START_NS + 3 * DAY,
    )  # fmt: skip
    prices = equity_of([100, 90, 130, 110, 10]).select("time", pl.lit("btc_usd").alias("instrument"), price="equity")
    found = excursions(FakeRun(positions=closed), prices)
    assert found.adverse.tolist() == [pytest.approx(0.1), pytest.approx(0.3)]
    assert found.favourable.tolist() == [pytest.approx(0.3), pytest.approx(0.1)]
    assert found.held.tolist() == [3 * DAY] * 2
    assert np.isnan(excursions(FakeRun(positions=closed)).adverse).all()


def test_exposure_is_what_is_held_at_the_last_price():
    trades = table(
        TRADES, time_exchange=START_NS + DAY * np.arange(3), exchange="xsim", instrument="btc_usd",
        side=["buy", "sell", "sell"], quantity=[2.0, 1.0, 3.0], price=10.0, notional=[20.0, 11.0, 36.0],
    )  # fmt: skip
    assert exposures(FakeRun(trades=trades))["btc_usd"].values.tolist() == [20.0, 11.0, -24.0]


def test_pnl_is_summed_by_part():
    run = crossing_run(3000, 40)
    (row,) = pnl_by(run).to_dicts()
    assert row == {"instrument": "btc_usd", "pnl": pytest.approx(run.positions["pnl_realised"].sum()), "positions": 20}


def test_there_may_be_no_market():
    assert market_line(FakeRun(), "btc_usd") is None


def test_what_some_prices_cannot_tell_is_left_unknown():
    closed = table(
        POSITIONS | {"price_entry_average": pl.Float64}, exchange="xsim", instrument="btc_usd", side="buy",
        price_entry_average=100.0, pnl_realised=1.0, time_enter=START_NS, time_exit=START_NS + DAY * np.array([1, 30]),
    )  # fmt: skip
    prices = equity_of([100, 90] * 20).select("time", pl.lit("btc_usd").alias("instrument"), price="equity")
    run = FakeRun(positions=closed)
    run.prices, run.prices_spacing_ns = lambda: prices, DAY
    assert np.isnan(excursions(run).adverse).tolist() == [True, False]


def test_money_of_several_assets_is_not_added():
    run = crossing_run(3000, 40)
    run.trades = run.trades.with_columns(
        instrument=pl.Series(["btc_usd", "eth_btc"] * 20, dtype=pl.Enum(["btc_usd", "eth_btc"]))
    )
    assert pnl_by(run, "strategy").height == 0
    assert "not added" in report.plot_pnl(run, by="strategy").get_title("right")


def test_what_is_held_is_drawn_until_the_end():
    """A single purchase is a line, not a point."""
    market = bt.testing.trades((0, 100, 9), (1, 101, 9), (70, 102, 9))
    a = bt.Instrument("x", "a_usd", price_increment=1, quantity_increment=1)
    result = bt.testing.run(market, bt.testing.schedule({"at": 0, "buy": 2}), a)
    (held,) = exposures(result).values()
    line = until_end(held, result)
    assert (len(held.times), line.values.tolist()) == (1, [202.0, 202.0])
    assert line.times[-1] == result.equity["time"].dt.timestamp("ns")[-1]
