"""Samples, returns and falls of an equity curve."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.errors import ConfigError
from barter_bt.statistic.curve import Curve, compound, ratio
from barter_bt.statistic.drawdown import drawdown_table
from barter_bt.statistic.interval import DAY_NS, interval_ns, sample_rows, sampling_interval
from barter_bt.statistic.tables import total

VALUES = st.lists(st.floats(0.5, 1e6), min_size=1, max_size=60).map(np.array)


def curve_of(values, step_ns=DAY_NS, **options):
    return Curve(step_ns * np.arange(len(values)), np.asarray(values, float), **options)


def naive_falls(values):
    """Peak, trough, end and depth of each fall, in the slowest way; an end of None has not come."""
    falls, peak, low = [], 0, None
    for row, value in enumerate(values):
        if value >= values[peak]:
            if low is not None:
                falls.append((peak, low, row, 1.0 - values[low] / values[peak]))
            peak, low = row, None
        elif low is None or value < values[low]:
            low = row
    return falls + ([(peak, low, None, 1.0 - values[low] / values[peak])] if low is not None else [])


@settings(deadline=None)
@given(VALUES)
def test_falls_are_those_of_the_definition(values):
    found = curve_of(values).drawdowns
    troughs = [found.trough(values, k) for k in range(len(found.depth))]
    ends = [int(end) if known else None for end, known in zip(found.end, found.recovered, strict=True)]
    assert list(zip(found.peak, troughs, ends, found.depth, strict=True)) == naive_falls(values)
    assert [int(end) for end, known in zip(found.end, found.recovered, strict=True) if not known] in (
        [],
        [len(values) - 1],
    )


@pytest.mark.parametrize("length", [2, 3, 5000])
def test_falls_of_long_and_plain_curves(length):
    random = np.random.default_rng(length)
    for values in (np.exp(np.cumsum(random.normal(0, 0.01, length))), np.linspace(2, 1, length), np.ones(length)):
        found = curve_of(values).drawdowns
        assert found.depth.tolist() == [depth for *_, depth in naive_falls(values)]


def test_a_curve_below_zero_loses_more_than_all_and_one_that_starts_there_has_no_falls():
    assert curve_of([100.0, -50.0]).drawdowns.depth.tolist() == [1.5]
    assert curve_of([0.0, 1.0]).drawdowns is None


def test_the_table_lists_the_deepest_first():
    table = drawdown_table(curve_of([10, 9, 10, 5, 10, 8]), 2)
    assert table["depth"].to_list() == [0.5, pytest.approx(0.2)]
    assert table["time_end"].null_count() == 1
    assert table["duration"].dt.total_days().to_list() == [2, 1]
    assert drawdown_table(None, 3).height == 0


def test_a_return_from_zero_or_less_is_undefined_and_a_return_to_it_is_not():
    assert len(curve_of([1.0, 0.0, 1.0]).returns) == 0
    assert curve_of([1.0, 0.0, 1.0]).days.tolist() == [-1.0]
    assert curve_of([1.0, -1.0]).returns.tolist() == [-2.0]
    assert len(curve_of([-1.0, -2.0]).days) == 0


@pytest.mark.parametrize(
    ("span_ns", "expected"),
    [(2 * DAY_NS, "1d"), (2 * DAY_NS - 1, "1h"), (7200 * 10**9 - 1, "1m"), (10**9, "1s"), (0, "1s")],
)
def test_sampling_interval(span_ns, expected):
    assert sampling_interval(span_ns) == expected


@settings(deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=40).map(sorted), st.integers(1, 300))
def test_samples_are_the_last_rows_up_to_each_edge(times, interval):
    times = np.array(times)
    rows = sample_rows(times, interval).tolist()
    edges = [edge for edge in range(0, 1301, interval) if times[0] < edge <= times[-1]]
    expected = {0, len(times) - 1} | {max(row for row, time in enumerate(times) if time <= edge) for edge in edges}
    assert rows == sorted(expected)


@settings(max_examples=50, deadline=None)
@given(VALUES.filter(lambda values: len(values) > 1))
def test_sampled_returns_compound_to_the_total_return(values):
    curve = Curve(np.arange(len(values)) * 7, values, "20ns")
    assert math.prod(1.0 + curve.returns) == pytest.approx(values[-1] / values[0])


def test_periods_follow_the_spacing_or_the_stated_interval():
    weekdays = np.array([day for day in range(364 + 1) if day % 7 < 5])
    values = np.linspace(100.0, 110.0, len(weekdays))
    periods = {each: Curve(weekdays * DAY_NS, values, interval=each).periods for each in ("actual", "annual_252", "7d")}
    assert periods == {"actual": pytest.approx(260 / 364 * 365), "annual_252": 252.0, "7d": 7.0}
    assert Curve(np.arange(100) * DAY_NS // 24, values[:100], "1h", "daily").periods == 24.0


def test_the_rate_without_risk_compounds_over_a_year():
    for interval, count in (("annual_252", 252), ("annual_365", 365), ("daily", 365), ("30d", 365)):
        curve = curve_of(np.ones(10), interval=interval, risk_free=0.05)
        assert (1.0 + curve.free) ** count == pytest.approx(1.05)
        assert curve.excess.tolist() == [-curve.free] * 9


@pytest.mark.parametrize("wrong", ["", "annual", "-1d", "0s", "2 d"])
def test_what_is_no_interval(wrong):
    with pytest.raises(ConfigError, match="is not an interval"):
        interval_ns(wrong)


def test_compounding_never_overflows():
    assert compound(1.1**3, 1 / 3) == pytest.approx(0.1)
    assert compound(2.0, 1e30) is None
    assert (compound(0.0, 1.0), compound(-0.1, 1.0)) == (-1.0, None)


def test_ratio_is_never_infinite():
    assert ratio(1e300, 1e-300) is None
    assert ratio(1.0, math.inf) is None


@pytest.mark.parametrize("count", [0, 1, 511, 512, 513, 1024, 1500])
def test_a_sum_has_every_value_in_the_stated_order(count):
    """In 512 columns, row by row, and then what is left from left to right: bit for bit."""
    values = np.random.default_rng(count).normal(size=count)
    whole = count // 512 * 512 if count > 512 else 0
    columns = [0.0] * 512 if whole else []
    for k in range(whole):
        columns[k % 512] += float(values[k])
    expected = 0.0
    for value in [*columns, *values[whole:].tolist()]:
        expected += value
    assert total(values) == expected
