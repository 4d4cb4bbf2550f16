"""Figures by their formulas, and where they are undefined."""

import math
from datetime import timedelta

import numpy as np
import pytest

from barter_bt.statistic import FIGURES, summarise
from barter_bt.statistic.activity import Activity, count_status
from tests.statistic.fakes import ORDERS, POSITIONS, START_NS, TRADES, FakeRun, equity_of, table

DAY = 86_400_000_000_000


def of(values, **options):
    return summarise(FakeRun(equity=equity_of(values)), **options)


def walk(n, seed=1, drift=0.0005):
    return 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(drift, 0.01, n)))


def closed(*pnl, held=10):
    rows = np.arange(len(pnl))
    fills = table(TRADES, time_exchange=[START_NS], exchange="xsim", instrument="btc_usd", side="buy", quantity=1.0)
    return FakeRun(
        trades=fills,
        positions=table(
            POSITIONS,
            pnl_realised=list(pnl),
            instrument="btc_usd",
            exchange="xsim",
            time_enter=START_NS + rows * 100,
            time_exit=START_NS + rows * 100 + held * 1000,
        ),
    )


def test_flat_curve_has_volatility_zero_and_no_ratios():
    figures = of(np.full(10, 100.0))
    assert (figures.volatility, figures.sharpe, figures.sortino, figures.omega, figures.skew) == (0.0, *[None] * 4)
    assert (figures.max_drawdown, figures.max_drawdown_duration, figures.drawdowns) == (0.0, timedelta(0), 0)
    assert (figures.mean_drawdown, figures.calmar, figures.probabilistic_sharpe) == (None, None, None)


def test_constant_growth_has_no_sharpe_ratio_although_its_returns_differ_in_the_last_bits():
    values = 100 * 1.001 ** np.arange(50)
    assert len(set((values[1:] / values[:-1]).tolist())) > 1
    assert of(values).sharpe is None


def test_only_gains_have_no_sortino_ratio():
    assert (of([100.0, 101.0, 105.0]).sortino, of([100.0, 101.0, 105.0]).omega) == (None, None)


def test_one_return_has_no_risk():
    figures = of([100.0, 101.0], sampling="1d")
    assert figures.samples == 1
    assert {figures[name] for name in ("volatility", "sharpe", "sortino", "value_at_risk", "skew")} == {None}


def test_one_mark_has_no_span():
    figures = of([100.0])
    assert (figures.duration, figures.samples, figures.annual_return, figures.exposure) == (timedelta(0), 0, None, None)


def test_a_total_loss_is_what_the_formulas_say():
    figures = of([100.0, 100.0, 0.0])
    losses = ("total_return", "annual_return", "calmar", "worst_day", "max_drawdown", "volatility")
    assert [figures[name] for name in losses] == [-1.0, -1.0, -1.0, -1.0, 1.0, pytest.approx(365**0.5 / 2**0.5)]


def test_after_a_total_loss_there_are_no_more_returns():
    figures = of([100.0, 100.0, 0.0, 0.0, 0.0])
    assert (figures.annual_return, figures.calmar, figures.worst_day, figures.best_day) == (-1.0, -1.0, -1.0, 0.0)
    assert {figures[name] for name in ("volatility", "sharpe", "sortino", "omega", "value_at_risk", "skew")} == {None}
    assert figures.sample("worst_day") == 2


@pytest.mark.parametrize(("interval", "periods"), [("annual_252", 252), ("annual_365", 365), ("daily", 1), ("7d", 7)])
def test_risk_is_the_formula(interval, periods):
    values = walk(300)
    r = values[1:] / values[:-1] - 1
    figures = of(values, interval=interval, risk_free=0.02)
    f = 1.02 ** (1 / (252 if interval == "annual_252" else 365)) - 1
    downside = math.sqrt((np.minimum(r - f, 0) ** 2).mean())
    assert figures.volatility == pytest.approx(r.std(ddof=1) * math.sqrt(periods))
    assert figures.sharpe == pytest.approx((r.mean() - f) / r.std(ddof=1) * math.sqrt(periods))
    assert figures.sortino == pytest.approx((r.mean() - f) / downside * math.sqrt(periods))
    assert figures.annual_return == pytest.approx((values[-1] / values[0]) ** (periods / len(r)) - 1)
    assert figures.omega == pytest.approx(np.maximum(r - f, 0).sum() / np.maximum(f - r, 0).sum())


def test_tails():
    values = np.cumprod(np.append(100.0, 1 + np.arange(-10, 11) / 1000))
    figures = of(values)
    assert figures.value_at_risk == pytest.approx(0.009)
    assert figures.expected_shortfall == pytest.approx(0.0095)
    assert figures.skew == pytest.approx(0.0, abs=1e-9)


def test_current_drawdown_and_recovery():
    figures = of([100, 80, 100, 110, 99])
    assert figures.current_drawdown == pytest.approx(0.1)
    assert figures.max_drawdown_recovery == timedelta(days=1)
    assert figures.mean_drawdown == pytest.approx(0.15)
    assert figures.mean_drawdown_duration == timedelta(days=1.5)
    assert of([100, 80]).max_drawdown_recovery is None


def test_a_benchmark_like_oneself_has_beta_one_and_nothing_else():
    values = walk(100)
    figures = of(values, benchmark=equity_of(values))
    assert figures.beta == pytest.approx(1.0)
    assert figures.correlation == pytest.approx(1.0)
    assert (figures.alpha, figures.tracking_error) == (pytest.approx(0.0, abs=1e-12), pytest.approx(0.0))
    assert (figures.information_ratio, figures.upside_capture, figures.downside_capture) == (None, 1.0, 1.0)


def test_a_benchmark_twice_as_lively():
    r = np.random.default_rng(3).normal(0, 0.01, 200)
    mine, other = (np.cumprod(np.append(100.0, 1 + each)) for each in (r + 0.0001, 2 * r))
    figures = of(mine, benchmark=equity_of(other), interval="annual_252")
    assert figures.beta == pytest.approx(0.5)
    assert figures.alpha == pytest.approx(0.0001 * 252)


def test_a_benchmark_of_another_time_says_nothing():
    late = equity_of(walk(10)).with_columns(time=equity_of(walk(10))["time"].dt.offset_by("10y"))
    figures = of(walk(10), benchmark=late)
    assert {figures[name] for name, each in FIGURES.items() if each.needs == "against"} == {None}


def test_positions_by_their_formulas():
    figures = summarise(closed(3.0, -1.0, 0.0, 2.0, held=60))
    assert (figures.win_rate, figures.profit_factor, figures.expectancy, figures.payoff) == (0.5, 5.0, 1.0, 2.5)
    pnl = np.array([3.0, -1.0, 0.0, 2.0])
    assert figures.sqn == pytest.approx(2 * pnl.mean() / pnl.std(ddof=1))
    assert (figures.best_position, figures.worst_position) == (3.0, -1.0)
    assert figures.holding_time == timedelta(microseconds=60)


def test_without_losses_or_positions_ratios_are_undefined():
    assert (summarise(closed(1.0, 2.0)).profit_factor, summarise(closed(1.0, 2.0)).payoff) == (None, None)
    assert summarise(closed(1.0, 2.0)).win_rate == 1.0
    empty = summarise(closed())
    assert [empty[n] for n in ("win_rate", "expectancy", "sqn", "best_position", "holding_time")] == [None] * 5


def test_status_that_no_order_has_counts_zero():
    orders = table(ORDERS, order_id=[1, 2], status=["filled", "open"])
    assert count_status(orders, "rejected") == 0
    assert count_status(orders, "unheard of") == 0
    assert count_status(table(ORDERS), "filled") == 0


def fills(*rows, **columns):
    """Fills from (days, side, quantity, price, instrument)."""
    time, side, quantity, price, instrument = zip(*rows, strict=True)
    return table(
        TRADES,
        time_exchange=START_NS + DAY * np.array(time),
        side=list(side),
        quantity=list(map(float, quantity)),
        price=list(map(float, price)),
        notional=[float(q * p) for q, p in zip(quantity, price, strict=True)],
        instrument=list(instrument),
        exchange="xsim",
        fees=0.0,
        order_id=list(range(len(rows))),
        **columns,
    )


def test_notional_exposure_is_the_mean_over_time():
    trades = fills((0, "buy", 1, 50, "btc_usd"), (1, "sell", 2, 20, "eth_usd"), (2, "sell", 1, 60, "btc_usd"))
    run = FakeRun(trades=trades, equity=equity_of([100.0] * 5))
    assert summarise(run).exposure_notional == pytest.approx((50 * 2 + 40 * 3) / 4 / 100)
    assert summarise(FakeRun(equity=equity_of([100.0] * 5))).exposure_notional is None


def test_slippage_is_paid_beyond_the_price_seen():
    trades = fills((0, "buy", 2, 101, "btc_usd"), (1, "sell", 1, 99, "btc_usd"), (2, "buy", 1, 50, "btc_usd"))
    orders = table(ORDERS | {"price_sent": ORDERS["price"]}, order_id=[0, 1, 2], price_sent=[100.0, 100.0, None])
    assert summarise(FakeRun(trades=trades, orders=orders)).slippage == pytest.approx(3.0)
    assert summarise(FakeRun(trades=trades)).slippage is None
    part = FakeRun(trades=trades[1:], orders=orders[1:])  # as of one instrument of several
    assert summarise(part).slippage == pytest.approx(1.0)


@pytest.mark.parametrize(("names", "expected"), [(["btc_usd", "eth_usd"], "usd"), (["btc_usd", "eth_btc"], None)])
def test_quote_asset_is_known_if_there_is_one(names, expected):
    run = FakeRun(trades=fills(*((10, "buy", 1, 1, name) for name in names)))
    assert Activity(run).quote == expected


def test_quote_asset_of_the_configuration_wins():
    run = FakeRun(trades=fills((10, "buy", 1, 1, "btc_usd")))
    run.config["instruments"] = [{"exchange": "xsim", "name": "btc_usd", "quote": "usdt"}]
    assert Activity(run).quote == "usdt"
