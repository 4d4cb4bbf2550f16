"""Factor reports: against figures counted by hand, time by time, and on factors whose worth is known."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.errors import ConfigError, DataError
from barter_bt.research import factor_report

NAMES = [f"s{k:02}" for k in range(12)]
DAYS = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(days=k) for k in range(60)]


def long(values: np.ndarray, column: str) -> pl.DataFrame:
    """Days x instruments as rows."""
    rows = {
        "time": np.repeat(DAYS[: len(values)], values.shape[1]).tolist(),
        "instrument": NAMES[: values.shape[1]] * len(values),
    }
    return pl.DataFrame(rows | {column: values.ravel()})


def world(seed: int, days: int = 60, names: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """A factor and prices of which it knows something."""
    random = np.random.default_rng(seed)
    factor = random.normal(size=(days, names))
    returns = 0.01 * random.normal(size=(days, names)) + 0.004 * np.vstack([np.zeros((1, names)), factor[:-1]])
    return factor, 100 * np.exp(np.cumsum(returns, axis=0))


def ranks(values: np.ndarray) -> np.ndarray:
    """Mean ranks of equals, from 1."""
    return np.array([(values < v).sum() + ((values == v).sum() + 1) / 2 for v in values])


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(2, 5))
def test_figures_are_those_counted_time_by_time(seed, h, quantiles):
    """Spearman's correlation, mean returns by quantile and turnover, each from its definition."""
    factor, prices = world(seed, days=12, names=10)
    factor = np.round(factor, 1)  # some are equal
    report = factor_report(long(factor, "factor"), long(prices, "close"), horizons=[h], quantiles=quantiles)
    later = prices[h:] / prices[:-h] - 1
    groups = np.array([np.ceil(ranks(row) * quantiles / 10) for row in factor]).astype(int)
    ics = [np.corrcoef(ranks(f), ranks(r))[0, 1] for f, r in zip(factor, later, strict=False)]
    assert np.allclose(report.information_coefficient["ic"].to_numpy(), ics)
    row = report.summary.row(0, named=True)
    assert row["ic"] == pytest.approx(np.mean(ics))
    assert row["t"] == pytest.approx(np.mean(ics) / np.std(ics, ddof=1) * (len(ics) / h) ** 0.5)
    for q in range(1, quantiles + 1):
        means = [r[g == q].mean() for r, g in zip(later, groups, strict=False) if (g == q).any()]
        assert report.quantile_returns.filter(quantile=q)["mean"].item() == pytest.approx(np.mean(means))
        beyond = [r[g == q].mean() - r.mean() for r, g in zip(later, groups, strict=False) if (g == q).any()]
        assert report.quantile_returns.filter(quantile=q)["excess"].item() == pytest.approx(np.mean(beyond))
        new = [np.mean(b[a == q] != q) for a, b in zip(groups[h:], groups[:-h], strict=True) if (a == q).any()]
        assert report.turnover.filter(quantile=q)["turnover"].item() == pytest.approx(np.mean(new))
    same = [np.corrcoef(ranks(a), ranks(b))[0, 1] for a, b in zip(factor[h:], factor[:-h], strict=True)]
    assert row["rank_autocorrelation"] == pytest.approx(np.mean(same))


def test_a_factor_that_knows_the_next_day_decays():
    """It is clear one day ahead, about as much in sum later, and its information over ten days is diluted."""
    factor, prices = world(1)
    report = factor_report(long(factor, "factor"), long(prices, "close"), horizons=[1, 5, 10], quantiles=4)
    ic, t, spread = (report.summary[name].to_list() for name in ("ic", "t", "spread"))
    assert ic[0] > ic[1] > ic[2]
    assert t[0] > 5
    assert spread[0] > 0
    assert report.quantile_returns.filter(horizon=1)["excess"].is_sorted()
    assert "FactorReport(720 of 720 rows, 4 quantiles)" in repr(report)
    assert report.plot().get_title(loc="left") == "Return beyond that of all instruments"


def test_noise_is_as_often_significant_as_said():
    """80 factors that know nothing: |t| above 2 in about 5 %."""
    _, prices = world(2, days=30)
    closes, random = long(prices, "close"), np.random.default_rng(3)
    found = [
        factor_report(long(random.normal(size=(30, 12)), "factor"), closes, horizons=[1], quantiles=3).summary["t"][0]
        for _ in range(80)
    ]
    assert 0.01 < np.mean(np.abs(found) > 2.05) < 0.13


def test_excess_returns_of_equal_quantiles_cancel():
    factor, prices = world(4)
    report = factor_report(long(factor, "factor"), long(prices, "close"), horizons=[1], quantiles=4)
    assert report.quantile_returns["excess"].sum() == pytest.approx(0.0, abs=1e-15)


def test_a_price_that_is_not_there_yet_is_no_return():
    """The last times have no return; an instrument that ends has none from then on, whatever others do."""
    factor, prices = world(5, days=6, names=4)
    closes = long(prices, "close").filter((pl.col("instrument") != "s00") | (pl.col("time") < DAYS[3]))
    report = factor_report(long(factor, "factor"), closes, horizons=[2], quantiles=2)
    assert report.data.height == 21
    assert report.data.filter(instrument="s00")["2"].null_count() == 2
    assert report.information_coefficient["instruments"].to_list() == [4, 3, 3, 3]


def test_what_is_later_changes_nothing_before():
    """Quantiles and returns of a time are the same when the data ends later."""
    factor, prices = world(6, days=20)
    whole, part = (
        factor_report(long(factor[:n], "factor"), long(prices[:n], "close"), horizons=[1, 3], quantiles=3).data
        for n in (20, 12)
    )
    known = whole.filter(pl.col("time") < DAYS[9])
    assert known.equals(part.filter(pl.col("time") < DAYS[9]))


def test_candles_and_other_zones_are_the_same_moments():
    factor, prices = world(7, days=8)
    candles = long(prices, "close").rename({"time": "time_exchange"}).cast({"instrument": pl.Enum(NAMES)})
    local = long(factor, "factor").with_columns(pl.col("time").dt.convert_time_zone("America/New_York"))
    assert factor_report(local, candles, horizons=[1], quantiles=3).data.height == 96


def test_a_factor_that_is_the_same_for_all_knows_nothing():
    _, prices = world(8, days=5, names=4)
    report = factor_report(long(np.ones((5, 4)), "factor"), long(prices, "close"), horizons=[1], quantiles=2)
    assert report.summary["ic"].to_list() == [None]
    assert report.data["quantile"].unique().to_list() == [2]


@pytest.mark.parametrize(
    ("change", "error", "told"),
    [
        (lambda f, p: (f.drop("instrument"), p, {}), ConfigError, "factor has no column 'instrument'"),
        (lambda f, p: (f, p.rename({"close": "last"}), {}), ConfigError, "prices has no column 'close'"),
        (lambda f, p: (f, p, {"horizons": [0]}), ConfigError, r"horizons is \[0\]"),
        (lambda f, p: (f, p, {"horizons": []}), ConfigError, r"horizons is \[\]"),
        (lambda f, p: (f, p, {"quantiles": 1}), ConfigError, "quantiles 1"),
        (lambda f, p: (f, p, {"quantiles": 9}), DataError, "9 instruments in all"),
        (lambda f, p: (pl.concat([f, f.head(1)]), p, {}), DataError, "factor: s00 at 2024-01-01 .* is there twice"),
        (lambda f, p: (f.with_columns(factor=float("inf")), p, {}), DataError, "s00 at 2024-01-01 .* is inf"),
        (lambda f, p: (f.with_columns(time=date(2024, 1, 1)).head(1), p, {}), DataError, "times of factor are Date"),
    ],
)
def test_what_cannot_be_reported_is_told(change, error, told):
    factor, prices = world(9, days=4, names=6)
    frame, closes, options = change(long(factor, "factor"), long(prices, "close"))
    with pytest.raises(error, match=told):
        factor_report(frame, closes, **options)
