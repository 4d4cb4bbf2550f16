"""Figures against those of other libraries on the same returns; `docs/metrics.md` lists where definitions differ."""

import warnings
from datetime import timedelta

import numpy as np
import pytest

from barter_bt.statistic import returns_by, rolling, summarise
from tests.statistic.fakes import EQUITY, POSITIONS, START_NS, TRADES, FakeRun, equity_of, table

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the libraries, when they are imported
    empyrical = pytest.importorskip("empyrical", reason="empyrical-reloaded is not installed")
    ffn = pytest.importorskip("ffn", reason="ffn is not installed").core
    quantstats = pytest.importorskip("quantstats", reason="quantstats is not installed").stats
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    scipy = pytest.importorskip("scipy.stats", reason="scipy is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")  # theirs
N = 500


def random_run(seed):
    """Fat-tailed daily returns, a benchmark that they follow, and both as curves."""
    random = np.random.default_rng(seed)
    mine = random.standard_t(4, N) * 0.01 + 0.0008
    other = 0.6 * mine + random.normal(0, 0.008, N)
    curves = [100 * np.cumprod(np.append(1, 1 + each)) for each in (mine, other)]
    days = pandas.date_range("2024-01-01", periods=N + 1, freq="D")
    return FakeRun(equity=equity_of(curves[0])), equity_of(curves[1]), [pandas.Series(c, days) for c in curves]


def percent(value):
    return value / 100


def by_scipy(r):
    """The probability that the Sharpe ratio is above 0, with scipy's moments and normal distribution."""
    s, g, k = r.mean() / r.std(), scipy.skew(r, bias=False), scipy.kurtosis(r, bias=False, fisher=False)
    return scipy.norm.cdf(s * np.sqrt((len(r) - 1) / (1 - g * s + (k - 1) / 4 * s**2)))


CHECKS = {
    "total_return": [lambda r, p, b: quantstats.comp(r), lambda r, p, b: empyrical.cum_returns_final(r)]
    + [lambda r, p, b: ffn.calc_total_return(p)],
    "annual_return": [lambda r, p, b: quantstats.cagr(r, periods=252), lambda r, p, b: empyrical.annual_return(r)],
    "best_day": [lambda r, p, b: quantstats.best(r), lambda r, p, b: ffn.PerformanceStats(p).stats["best_day"]],
    "worst_day": [lambda r, p, b: quantstats.worst(r), lambda r, p, b: ffn.PerformanceStats(p).stats["worst_day"]],
    "volatility": [
        lambda r, p, b: quantstats.volatility(r, periods=252),
        lambda r, p, b: empyrical.annual_volatility(r),
    ],
    "downside_deviation": [
        lambda r, p, b: empyrical.downside_risk(r),
        lambda r, p, b: r.mean() * 252 / ffn.calc_sortino_ratio(r, nperiods=252),
    ],
    "sharpe": [
        lambda r, p, b: quantstats.sharpe(r, periods=252),
        lambda r, p, b: empyrical.sharpe_ratio(r),
        lambda r, p, b: ffn.calc_sharpe(r, nperiods=252),
    ],
    "sortino": [
        lambda r, p, b: quantstats.sortino(r, periods=252),
        lambda r, p, b: empyrical.sortino_ratio(r),
        lambda r, p, b: ffn.calc_sortino_ratio(r, nperiods=252),
    ],
    "omega": [lambda r, p, b: quantstats.omega(r), lambda r, p, b: empyrical.omega_ratio(r)],
    "value_at_risk": [lambda r, p, b: -empyrical.value_at_risk(r), lambda r, p, b: -r.quantile(0.05)],
    "expected_shortfall": [
        lambda r, p, b: -empyrical.conditional_value_at_risk(r),
        lambda r, p, b: -r[r <= r.quantile(0.05)].mean(),
    ],
    "skew": [lambda r, p, b: quantstats.skew(r), lambda r, p, b: ffn.PerformanceStats(p).stats["daily_skew"]],
    "kurtosis": [lambda r, p, b: quantstats.kurtosis(r), lambda r, p, b: ffn.PerformanceStats(p).stats["daily_kurt"]],
    "max_drawdown_duration": [
        lambda r, p, b: longest(
            quantstats.drawdown_details(quantstats.to_drawdown_series(r)), "max drawdown", "days", p
        ),
        lambda r, p, b: longest(ffn.drawdown_details(ffn.to_drawdown_series(p)), "drawdown", "Length", p),
    ],
    "probabilistic_sharpe": [lambda r, p, b: quantstats.probabilistic_sharpe_ratio(r), lambda r, p, b: by_scipy(r)],
    "max_drawdown": [
        lambda r, p, b: -quantstats.max_drawdown(r),
        lambda r, p, b: -empyrical.max_drawdown(r),
        lambda r, p, b: -ffn.calc_max_drawdown(p),
    ],
    "drawdowns": [
        lambda r, p, b: len(quantstats.drawdown_details(quantstats.to_drawdown_series(r))),
        lambda r, p, b: len(ffn.drawdown_details(ffn.to_drawdown_series(p))),
    ],
    "mean_drawdown": [
        lambda r, p, b: -percent(quantstats.drawdown_details(quantstats.to_drawdown_series(r))["max drawdown"].mean()),
        lambda r, p, b: -ffn.PerformanceStats(p).stats["avg_drawdown"],
    ],
    "calmar": [lambda r, p, b: quantstats.calmar(r, periods=252), lambda r, p, b: empyrical.calmar_ratio(r)],
    "beta": [lambda r, p, b: quantstats.greeks(r, b, periods=252)["beta"], lambda r, p, b: empyrical.beta(r, b)],
    "alpha": [
        lambda r, p, b: quantstats.greeks(r, b, periods=252)["alpha"],
        lambda r, p, b: (1 + empyrical.alpha(r, b)) ** (1 / 252) * 252 - 252,
    ],
    "correlation": [lambda r, p, b: r.corr(b), lambda r, p, b: np.sqrt(quantstats.r_squared(r, b))],
    "tracking_error": [
        lambda r, p, b: empyrical.annual_volatility(r - b),
        lambda r, p, b: quantstats.volatility(r - b, periods=252),
    ],
    "information_ratio": [
        lambda r, p, b: quantstats.information_ratio(r, b) * np.sqrt(252),
        lambda r, p, b: empyrical.excess_sharpe(r, b) * np.sqrt(252),
        lambda r, p, b: ffn.calc_information_ratio(r, b) * np.sqrt(252),
    ],
    "upside_capture": [
        lambda r, p, b: empyrical.up_capture(r, b),
        lambda r, p, b: empyrical.annual_return(r[b > 0]) / empyrical.annual_return(b[b > 0]),
    ],
    "downside_capture": [
        lambda r, p, b: empyrical.down_capture(r, b),
        lambda r, p, b: quantstats.cagr(r[b < 0], periods=252) / quantstats.cagr(b[b < 0], periods=252),
    ],
}


def longest(falls, depth, length, prices):
    """Days of the deepest fall from its peak: those of other libraries begin at the first mark below it.

    Of a fall that has not ended quantstats counts the last day too.
    """
    row = int(falls[depth].astype(float).argmin())
    lasts = row == len(falls) - 1 and prices.iloc[-1] < prices.max()
    return float(falls.iloc[row][length]) + (0.0 if lasts and length == "days" else 1.0)


@pytest.mark.parametrize("seed", [5, 6, 7])
@pytest.mark.parametrize("figure", CHECKS)
def test_a_figure_is_what_other_libraries_say(figure, seed):
    run, benchmark, (prices, other) = random_run(seed)
    ours = summarise(run, benchmark=benchmark, interval="annual_252", sampling="1d")[figure]
    if isinstance(ours, timedelta):
        ours = ours / timedelta(days=1)
    returns, theirs = prices.pct_change().dropna(), other.pct_change().dropna()
    for check in CHECKS[figure]:
        assert ours == pytest.approx(float(check(returns, prices, theirs)), rel=1e-9)


def test_a_rate_without_risk():
    run, _, (prices, _) = random_run(8)
    r, f = prices.pct_change().dropna(), 0.04
    figures = summarise(run, interval="annual_252", sampling="1d", risk_free=f)
    assert figures.sharpe == pytest.approx(quantstats.sharpe(r, rf=f, periods=252), rel=1e-9)
    assert figures.sharpe == pytest.approx(empyrical.sharpe_ratio(r, 1.04 ** (1 / 252) - 1), rel=1e-9)
    assert figures.sortino == pytest.approx(quantstats.sortino(r, rf=f, periods=252), rel=1e-9)
    assert figures.omega == pytest.approx(empyrical.omega_ratio(r, 1.04 ** (1 / 252) - 1), rel=1e-9)


def test_calendar_years_of_ffn():
    run, _, (prices, _) = random_run(9)
    figures = summarise(run, interval="365d6h", sampling="1d")
    assert figures.annual_return == pytest.approx(ffn.calc_cagr(prices), rel=1e-9)
    assert figures.calmar == pytest.approx(ffn.calc_calmar_ratio(prices), rel=1e-9)


@pytest.mark.parametrize("frequency", ["D", "B", "W", "ME"])
def test_annual_return_of_ffn_on_any_calendar(frequency):
    """It counts time, not returns, as "actual" does; its years are 365.25 days."""
    days = pandas.date_range("2021-01-01", periods=60, freq=frequency)
    values = 100 * np.cumprod(1 + np.random.default_rng(12).normal(0.001, 0.01, 60))
    run = FakeRun(equity=table(EQUITY, time=days.as_unit("ns").asi8, equity=values))
    ours = (1 + summarise(run).annual_return) ** (365.25 / 365) - 1
    assert summarise(run).cagr == pytest.approx(ours, rel=1e-9)
    assert ours == pytest.approx(ffn.calc_cagr(pandas.Series(values, days)), rel=1e-9)


def test_closed_positions():
    pnl = np.random.default_rng(2).normal(1, 10, 400)
    trades = table(TRADES, time_exchange=[START_NS], exchange="xsim", instrument="btc_usd", side="buy")
    closed = table(POSITIONS, pnl_realised=pnl, time_enter=[START_NS] * 400, time_exit=[START_NS + 1] * 400)
    figures, theirs = summarise(FakeRun(trades=trades, positions=closed)), pandas.Series(pnl)
    assert figures.win_rate == pytest.approx(quantstats.win_rate(theirs, prepare_returns=False))
    assert figures.profit_factor == pytest.approx(quantstats.profit_factor(theirs, prepare_returns=False))
    assert figures.payoff == pytest.approx(quantstats.payoff_ratio(theirs, prepare_returns=False))
    assert figures.expectancy == pytest.approx(theirs.mean())
    assert figures.sqn == pytest.approx(np.sqrt(400) * theirs.mean() / theirs.std())


def test_months():
    run, _, (prices, _) = random_run(10)
    prices.index -= pandas.Timedelta(1, "ns")  # here a mark at midnight ends the day before
    months = returns_by(run, "month")["return"].to_numpy()
    last = prices.resample("ME").last().to_numpy()[1:]  # without the first mark, of the year before
    assert months[1:] == pytest.approx(last[1:] / last[:-1] - 1)
    assert months[1:] == pytest.approx(
        ffn.PerformanceStats(prices).monthly_returns.dropna().to_numpy()[-len(last) + 1 :]
    )


def test_rolling():
    run, benchmark, (prices, other) = random_run(11)
    r, b = prices.pct_change().dropna(), other.pct_change().dropna()
    ours = rolling(run, 63, benchmark=benchmark, interval="annual_252", sampling="1d")
    sharpe = quantstats.rolling_sharpe(r, rolling_period=63, periods_per_year=252, prepare_returns=False).dropna()
    assert ours["sharpe"].to_numpy() == pytest.approx(sharpe.to_numpy(), rel=1e-8)
    assert ours["volatility"].to_numpy() == pytest.approx(empyrical.roll_annual_volatility(r, window=63).to_numpy())
    assert ours["return"].to_numpy() == pytest.approx((1 + r).rolling(63).apply(np.prod).dropna().to_numpy() - 1)
    beta = empyrical.roll_beta(r, b, window=63).to_numpy()
    assert ours["beta"].to_numpy() == pytest.approx(beta, rel=1e-7)
