"""Barter's own figures give Barter's numbers: one test for each of its tests of statistics, by the same names.

Beside them stands what the corrected figures say where Barter's are at fault.
"""

from __future__ import annotations

from decimal import Decimal as D
from decimal import localcontext

import pytest

from barter_bt.protocol.summary import Drawdown, MeanDrawdown, PerInterval
from barter_bt.statistic import summarise, trading_summary
from barter_bt.statistic.barter import (
    MAX,
    DataSet,
    DrawdownGenerator,
    downside_ratio,
    max_drawdown,
    mean_drawdown,
    profit_factor,
    scale,
    sharpe_ratio,
    win_rate,
)
from tests.statistic.fakes import BALANCES, POSITIONS, START_NS, TRADES, FakeRun, equity_of, table

DAY = 86_400_000_000_000
HOUR = DAY // 24
YEAR_252 = 252 * DAY


def d(*values: object) -> list[D]:
    return [D(str(value)) for value in values]


def dataset(*values: object) -> list[DataSet]:
    """The state after each value."""
    states = []
    for count in range(1, len(values) + 1):
        one = DataSet()
        for value in d(*values[:count]):
            one.update(value)
        states.append(one)
    return states


# Welford's recurrence


def test_calculate_mean():
    values = (0.1, -0.2, -0.05, 0.2, 0.15, -0.17)
    means = [0.1, -0.05, -0.05, 0.0125, 0.04, 0.005]
    assert [one.mean for one in dataset(*values)] == d(*means)


@pytest.mark.parametrize(
    ("values", "m"),
    [
        ((10, 100, -10), (0, 4050, "6866.666666666666666666666667")),
        ((-5, -50, -1000), (0, "1012.5", "631516.6666666666666666666667")),
        ((90000, -90000, 0), (0, 16200000000, 16200000000)),
    ],
)
def test_calculate_recurrence_relation_m(values, m):
    """Barter's last digits differ: its decimals have 28 places, these 28 digits."""
    assert [float(one.m) for one in dataset(*values)] == pytest.approx([float(each) for each in m], rel=1e-19)


@pytest.mark.parametrize(
    ("m", "count", "variance"),
    [
        (0, 1, "0"),
        (1050, 5, "262.5"),
        ("1012.5", 123223, "0.0082168768564055120027267858"),
        (16200000000, 3, "8100000000"),
        ("99999.9999", 23232, "4.3045929964271878093926219276"),
    ],
)
def test_calculate_sample_variance(m, count, variance):
    assert float(DataSet(count=count, m=D(m)).variance_sample) == pytest.approx(float(variance), rel=1e-10)


@pytest.mark.parametrize(
    ("m", "count", "variance"),
    [
        (0, 1, "0"),
        (1050, 5, "210"),
        ("1012.5", 123223, "0.0082168101734"),
        (16200000000, 3, "5400000000"),
        ("99999.9999", 23232, "4.3044077091"),
    ],
)
def test_calculate_population_variance(m, count, variance):
    assert float(DataSet(count=count, m=D(m)).variance) == pytest.approx(float(variance), rel=1e-9)


def test_update_dispersion():
    states = dataset(1.1, 1.2, 1.3, 1.4, 0.6)
    assert [float(one.m) for one in states] == pytest.approx([0, 0.005, 0.02, 0.05, 0.388])
    assert [float(one.variance) for one in states] == pytest.approx([0, 0.0025, 0.02 / 3, 0.0125, 0.0776])
    deviations = [0, 0.05, 0.081649658092, 0.111803398875, 0.278567765544]
    assert [float(one.deviation) for one in states] == pytest.approx(deviations, abs=1e-12)


def test_update_range():
    last = dataset(0.1, 1.01, 1.02, 1.03, 1.04, 1.05, 1.06, 1.07, 9999)[-1]
    assert [last.high, last.low, last.high - last.low] == d(9999, 0.1, 9998.9)
    assert dataset(-3)[0].high == D(-3)


def test_update_data_summary_with_position():
    states = dataset(1.1, 1.2, 1.3)
    assert [one.count for one in states] == [1, 2, 3]
    assert [one.sum for one in states] == d(1.1, 2.3, 3.6)
    assert [one.mean for one in states] == d(1.1, 1.15, 1.2)


# Drawdowns


def test_drawdown_generate_update():
    falls, told = DrawdownGenerator(), []
    for day, value in enumerate(d(100, 110, 99, 88, 95, 115, 115, "114.99999", 200)):
        told.append((falls.update(value, day), falls.deepest, falls.time_peak))
    assert [ended for ended, *_ in told if ended] == [
        Drawdown(D("0.2"), 1, 5),
        Drawdown(D("0.00000008695652173913043478260869565"), 5, 8),
    ]
    assert [deepest for _, deepest, _ in told[:7]] == d(0, 0, 0.1, 0.2, 0.2, 0, 0)
    assert [peak for *_, peak in told] == [0, 1, 1, 1, 1, 5, 5, 5, 8]


def test_max_drawdown_generator_update():
    falls = [Drawdown(D(value), 0, end) for value, end in (("-0.227", 2), ("-0.55", 3), ("-0.033", 3), ("-0.99999", 3))]
    deepest = [max_drawdown(falls[: k + 1]) for k in range(4)]
    assert [fall.value for fall in deepest if fall] == d("-0.227", "-0.55", "-0.55", "-0.99999")
    assert max_drawdown([]) is None


def test_mean_drawdown_generator_update():
    falls = [Drawdown(D(value), 0, days * DAY) for value, days in (("-0.5", 2), ("-0.5", 2), ("-0.18", 5))]
    with localcontext() as context:
        context.prec = 28
        means = [mean_drawdown(falls[: k + 1]) for k in range(3)]
    assert means == [
        (D("-0.5"), 2 * DAY // 10**6),
        (D("-0.5"), 2 * DAY // 10**6),
        (D("-0.3933333333333333333333333333"), 3 * DAY // 10**6),
    ]


def asset_run(*totals):
    rows = range(len(totals))
    columns = {"total": list(totals), "free": list(totals), "time_exchange": [START_NS + day * DAY for day in rows]}
    return FakeRun(balances=table(BALANCES, exchange="xsim", asset="usd", **columns))


def test_tear_sheet_asset_generator():
    totals = (1.0, 2.0, 1.5, 1.0, 2.5, 2.4, 2.4, 2.41, 3.0)

    def sheet(count, figures):
        (found,) = trading_summary(asset_run(*totals[: count + 1]), figures=figures).assets.values()
        return found

    at = [START_NS + day * DAY for day in range(9)]
    own = [sheet(day, "barter") for day in range(9)]
    values = [one.drawdown.value if one.drawdown else None for one in own]
    assert values == [None, None, *d(0.25, 0.5), None, *d(0.04, 0.04, 0.04), None]
    assert own[4].drawdown_mean == MeanDrawdown(D("0.5"), 3 * DAY // 10**6)
    assert own[4].drawdown_max == Drawdown(D("0.5"), at[1], at[4])
    assert own[8].drawdown_mean == MeanDrawdown(D("0.27"), int(3.5 * DAY) // 10**6)
    assert own[8].drawdown_max == Drawdown(D("0.5"), at[1], at[4])
    corrected = sheet(8, "corrected")
    assert float(corrected.drawdown_mean.mean_drawdown) == pytest.approx(0.27)
    assert corrected.drawdown_max == own[8].drawdown_max


# Ratios


def test_sharpe_ratio_with_zero_std_dev():
    assert sharpe_ratio(*d(0.001, 0.002, 0)) == MAX
    assert summarise(FakeRun(equity=equity_of([100.0] * 5))).sharpe is None


@pytest.mark.parametrize("length", [2 * HOUR])
def test_sharpe_ratio_calculate_with_custom_interval(length):
    assert scale(sharpe_ratio(*d(0.0015, 0.0025, 0.02)), length, length) == D("0.05")


def test_sharpe_ratio_calculate_with_daily_interval():
    assert scale(sharpe_ratio(*d(0.0015, 0.0025, 0.02)), DAY, DAY) == D("0.05")


def test_sharpe_ratio_scale_from_daily_to_annual_252():
    assert float(scale(D("0.05"), DAY, YEAR_252)) == pytest.approx(0.7937253933193771771504847261, rel=1e-15)


def test_sortino_ratio_normal_case():
    assert downside_ratio(*d(0.0015, 0.0025, 0.02)) == D("0.05")


def test_sortino_ratio_zero_downside_dev_positive_excess():
    assert downside_ratio(*d(0.001, 0.002, 0)) == MAX


def test_sortino_ratio_zero_downside_dev_negative_excess():
    assert downside_ratio(*d(0.002, 0.001, 0)) == -MAX


def test_sortino_ratio_zero_downside_dev_no_excess():
    assert downside_ratio(*d(0.001, 0.001, 0)) == 0


def test_sortino_ratio_negative_returns():
    assert downside_ratio(*d(0.001, -0.002, 0.015)) == D("-0.2")


def test_sortino_ratio_custom_interval():
    assert scale(downside_ratio(*d(0.0015, 0.0025, 0.02)), 4 * HOUR, 4 * HOUR) == D("0.05")


def test_sortino_ratio_scale_daily_to_annual():
    assert float(scale(D("0.05"), DAY, YEAR_252)) == pytest.approx(0.7937, abs=1e-4)


def test_sortino_ratio_scale_custom_intervals():
    assert scale(D("0.05"), 2 * HOUR, 8 * HOUR) == D("0.1")


@pytest.mark.parametrize("size", [D("1e-10"), D("1e10")])
def test_sortino_ratio_extreme_values(size):
    assert downside_ratio(size, 2 * size, size) == 1


def test_calmar_ratio_normal_case():
    assert downside_ratio(*d(0.0015, 0.0025, 0.02)) == D("0.05")


def test_calmar_ratio_zero_drawdown_positive_excess():
    assert downside_ratio(*d(0.001, 0.002, 0)) == MAX
    assert summarise(FakeRun(equity=equity_of([100.0, 101.0, 102.0]))).calmar is None


def test_calmar_ratio_zero_drawdown_negative_excess_returns():
    assert downside_ratio(*d(0.002, 0.001, 0)) == -MAX


def test_calmar_ratio_zero_drawdown_negative_excess_via_negative_returns():
    assert downside_ratio(*d(0.002, -0.001, 0)) == -MAX


def test_calmar_ratio_zero_drawdown_no_excess_returns():
    assert downside_ratio(*d(0.001, 0.001, 0)) == 0


def test_calmar_ratio_negative_returns():
    assert downside_ratio(*d(0.001, -0.002, 0.015)) == D("-0.2")


def test_calmar_ratio_custom_interval():
    assert scale(downside_ratio(*d(0.0015, 0.0025, 0.02)), 4 * HOUR, 4 * HOUR) == D("0.05")


def test_calmar_ratio_scale_daily_to_annual():
    assert float(scale(D("0.05"), DAY, YEAR_252)) == pytest.approx(0.7937, abs=1e-4)


def test_calmar_ratio_scale_custom_intervals():
    assert scale(D("0.05"), 2 * HOUR, 8 * HOUR) == D("0.1")


@pytest.mark.parametrize("size", [D("1e-10"), D("1e10")])
def test_calmar_ratio_extreme_values(size):
    assert downside_ratio(size, 2 * size, size) == 1


def test_calmar_ratio_absolute_drawdown():
    assert float(downside_ratio(*d(0.001, 0.002, -0.015))) == pytest.approx(1 / 15)


@pytest.mark.parametrize("value", [D("0.0025")])
def test_rate_of_return_normal_case(value):
    assert scale(value, DAY, DAY, root=False) == value


def test_rate_of_return_zero():
    assert scale(D(0), DAY, DAY, root=False) == 0


def test_rate_of_return_negative():
    assert scale(D("-0.0025"), DAY, DAY, root=False) == D("-0.0025")


def test_rate_of_return_custom_interval():
    assert scale(D("0.0025"), 4 * HOUR, 4 * HOUR, root=False) == D("0.0025")


def test_rate_of_return_scale_daily_to_annual():
    assert scale(D("0.01"), DAY, YEAR_252, root=False) == D("2.52")


def test_rate_of_return_scale_custom_intervals():
    assert scale(D("0.01"), 2 * HOUR, 8 * HOUR, root=False) == D("0.04")


def test_rate_of_return_scale_zero():
    assert scale(D(0), DAY, YEAR_252, root=False) == 0


def test_rate_of_return_scale_negative():
    assert scale(D("-0.01"), DAY, YEAR_252, root=False) == D("-2.52")


@pytest.mark.parametrize("size", [D("1e-10"), D("1e10")])
def test_rate_of_return_extreme_values(size):
    assert scale(size, DAY, YEAR_252, root=False) == 252 * size


def test_profit_factor_calculate():
    cases = [
        ("1e-20", "1e-20", 1), (MAX / 2, MAX / 2, 1), (0, 0, None), (0, 1, -MAX), (1, 0, MAX), (10, 5, 2), (10, -5, 2),
    ]  # fmt: skip
    assert [profit_factor(D(profits), D(losses)) for profits, losses, _ in cases] == [one for *_, one in cases]
    assert float(profit_factor(*d(10.5555, 5.2345))) == pytest.approx(2.016524978507975928933040405, rel=1e-15)


def test_win_rate_calculate():
    assert [win_rate(D(wins), D(total)) for wins, total in ((0, 0), (10, 10), (0, 10), (6, 10))] == [
        None,
        *d(1, 0, 0.6),
    ]


# The whole summary


def trading_run(*pnl):
    """Closed positions of 10 at 100, a day apart."""
    at = [START_NS + DAY * (k + 1) for k in range(len(pnl))]
    schema = POSITIONS | {
        "price_entry_average": POSITIONS["pnl_realised"],
        "quantity_abs_max": POSITIONS["pnl_realised"],
    }
    closed = table(
        schema, exchange="xsim", instrument="btc_usd", pnl_realised=list(map(float, pnl)), price_entry_average=100.0,
        quantity_abs_max=10.0, time_enter=START_NS, time_exit=at,
    )  # fmt: skip
    one = table(TRADES, time_exchange=[START_NS], exchange="xsim", instrument="btc_usd", side="buy")
    return FakeRun(trades=one, positions=closed, equity=equity_of([1000.0] * (len(pnl) + 1)))


def test_both_summaries_of_one_run():
    run = trading_run(100, -50, 200)
    own = trading_summary(run, interval="daily", figures="barter").instruments["xsim-btc_usd"]
    right = trading_summary(run, interval="daily").instruments["xsim-btc_usd"]
    assert own.pnl == right.pnl == 250
    assert float(own.win_rate.value) == pytest.approx(1 / 3)  # the losses are counted
    assert float(right.win_rate.value) == pytest.approx(2 / 3)
    assert own.profit_factor.value == 5  # 0.25 / 0.05: the sum of all over that of the losses
    assert right.profit_factor.value == 6
    assert own.pnl_drawdown_max.value == D("0.5")  # of the profit of 100
    assert float(right.pnl_drawdown_max.value) == pytest.approx(50 / 1100)
    mean, returns = 0.25 / 3, [0.1, -0.05, 0.2]
    deviation = (sum((each - mean) ** 2 for each in returns) / 3) ** 0.5
    assert float(own.sharpe_ratio.value) == pytest.approx(mean / deviation / 3**0.5)
    assert own.sortino_ratio.value > MAX / 2  # one loss has no deviation, and what stands for infinity is scaled
    assert right.sortino_ratio.value is not None


def test_reading_a_summary_twice_changes_nothing():
    run = trading_run(100, -50, -20)
    for figures in ("corrected", "barter"):
        assert trading_summary(run, figures=figures) == trading_summary(run, figures=figures)


def test_a_run_without_anything_has_an_empty_summary():
    assert trading_summary(FakeRun()).instruments == {}
    own = trading_summary(trading_run(), figures="barter").instruments["xsim-btc_usd"]
    assert (own.pnl, own.win_rate, own.profit_factor, own.pnl_drawdown_max) == (0, None, None, None)


def test_an_instrument_that_was_not_traded_has_a_sheet_too():
    run = trading_run(100)
    run.config["instruments"] = [{"exchange": "xsim", "name": name} for name in ("eth_usd", "btc_usd")]
    summary = trading_summary(run)
    assert list(summary.instruments) == ["xsim-eth_usd", "xsim-btc_usd"]
    assert (summary.instruments["xsim-eth_usd"].pnl, summary.instruments["xsim-btc_usd"].pnl) == (0, 100)
    assert summary.instruments["xsim-eth_usd"].sharpe_ratio == PerInterval(None, "annual_365")
