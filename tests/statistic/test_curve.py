"""Figures of an equity curve."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.statistic.curve import (
    DAY_NS,
    YEAR_NS,
    annual,
    max_drawdown,
    ratio,
    risk,
    sample_rows,
    sampling_interval,
)

CURVES = st.lists(st.floats(0.5, 1e6), min_size=1, max_size=60).map(np.array)


def naive_drawdown(curve):
    """The deepest fall by the definition, in the slowest way."""
    peak, depth = curve[0], 0.0
    for value in curve:
        peak = max(peak, value)
        depth = max(depth, 1.0 - value / peak)
    return depth


@given(CURVES)
def test_drawdown_is_the_definition(curve):
    found = max_drawdown(curve)
    assert found.depth == naive_drawdown(curve)


@given(CURVES)
def test_drawdown_lasts_from_the_last_peak_to_the_first_mark_back_at_it(curve):
    found = max_drawdown(curve)
    top = curve[found.row_peak]
    assert found.row_peak <= found.row_trough <= found.row_end
    assert top == curve[: found.row_trough + 1].max()
    assert (curve[found.row_peak + 1 : found.row_end] < top).all()
    assert found.row_end in (0, len(curve) - 1) or curve[found.row_end] >= top


@pytest.mark.parametrize("length", [1023, 1024, 1025, 5000])
def test_drawdown_over_many_blocks_is_the_definition(length):
    random = np.random.default_rng(length)
    for curve in (np.exp(np.cumsum(random.normal(0, 0.01, length))), np.linspace(2, 1, length), np.ones(length)):
        assert max_drawdown(curve).depth == naive_drawdown(curve)


def test_drawdown_of_a_curve_that_goes_below_zero_is_more_than_all():
    assert max_drawdown(np.array([100.0, -50.0])).depth == 1.5


def test_drawdown_of_a_curve_that_starts_at_zero_is_undefined():
    assert max_drawdown(np.array([0.0, 1.0])) is None


def test_flat_curve_has_volatility_zero_and_no_ratios():
    figures = risk(np.full(10, 100.0), 9 * DAY_NS)
    assert (figures.volatility, figures.sharpe, figures.sortino) == (0.0, None, None)


def test_constant_growth_has_no_sharpe_ratio_although_its_returns_differ_in_the_last_bits():
    samples = 100 * 1.001 ** np.arange(50)
    assert len(set((samples[1:] / samples[:-1]).tolist())) > 1
    assert risk(samples, 49 * DAY_NS).sharpe is None


def test_only_gains_have_no_sortino_ratio():
    assert risk(np.array([100.0, 101.0, 105.0]), 2 * DAY_NS).sortino is None


def test_one_return_has_no_risk():
    assert risk(np.array([100.0, 101.0]), DAY_NS)[2:] == (None, None, None)


def test_risk_is_the_formula():
    samples = np.array([100.0, 102.0, 99.0, 103.0])
    returns = samples[1:] / samples[:-1] - 1
    figures = risk(samples, 3 * DAY_NS)
    assert figures.volatility == pytest.approx(returns.std(ddof=1) * math.sqrt(365))
    assert figures.sharpe == pytest.approx(returns.mean() / returns.std(ddof=1) * math.sqrt(365))
    downside = math.sqrt((np.minimum(returns, 0) ** 2).mean())
    assert figures.sortino == pytest.approx(returns.mean() / downside * math.sqrt(365))


def test_periods_per_year_follow_the_spacing():
    weekdays = [day for day in range(364 + 1) if day % 7 < 5]
    samples = np.linspace(100.0, 110.0, len(weekdays))
    assert risk(samples, (weekdays[-1] - weekdays[0]) * DAY_NS).periods_per_year == pytest.approx(260 / 364 * 365)


def test_zero_or_negative_equity_has_no_returns():
    assert risk(np.array([1.0, 0.0, 1.0]), 2 * DAY_NS).sharpe is None


@pytest.mark.parametrize(
    ("span_ns", "expected"),
    [(2 * DAY_NS, "1d"), (2 * DAY_NS - 1, "1h"), (7200 * 10**9 - 1, "1m"), (10**9, "1s"), (0, "1s")],
)
def test_sampling_interval(span_ns, expected):
    assert sampling_interval(span_ns) == expected


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40).map(sorted), st.integers(1, 300))
def test_samples_are_the_last_rows_up_to_each_edge(times, interval):
    times = np.array(times)
    rows = sample_rows(times, interval).tolist()
    edges = [edge for edge in range(0, 1301, interval) if times[0] < edge <= times[-1]]
    expected = {0, len(times) - 1} | {max(row for row, time in enumerate(times) if time <= edge) for edge in edges}
    assert rows == sorted(expected)


@settings(max_examples=50)
@given(CURVES.filter(lambda curve: len(curve) > 1))
def test_sampled_returns_compound_to_the_total_return(curve):
    times = np.arange(len(curve)) * 7
    samples = curve[sample_rows(times, 20)]
    assert math.prod(samples[1:] / samples[:-1]) == pytest.approx(curve[-1] / curve[0])


def test_annual_return_compounds_and_never_overflows():
    assert annual(1.1**3, 3 * YEAR_NS) == pytest.approx(0.1)
    assert annual(2.0, 1) is None
    assert annual(0.0, YEAR_NS) is None
    assert annual(2.0, 0) is None


def test_ratio_is_never_infinite():
    assert ratio(1e300, 1e-300) is None
    assert ratio(1.0, math.inf) is None
