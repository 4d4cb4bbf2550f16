"""Sharpe ratios and trials: the papers' own examples, other libraries' figures, and rates of false discoveries."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barter_bt.errors import ConfigError, DataError
from barter_bt.research import (
    SharpeEstimate,
    deflated_sharpe,
    effective_trials,
    expected_maximum_sharpe,
    minimum_backtest_years,
    minimum_track_record,
    probabilistic_sharpe,
    sharpe_estimate,
)
from barter_bt.statistic.summary import summarise
from tests.research.waves import dependent, waves
from tests.statistic.fakes import FakeRun, equity_of

SHARPES = st.floats(0.01, 0.4)


def test_moments_are_those_of_other_libraries():
    """scipy 1.17.1: mean / std(ddof=1), skew(bias=False), kurtosis(bias=False)."""
    found = sharpe_estimate(dependent())
    assert found.sharpe == pytest.approx(0.25417755518138674, rel=1e-12)
    assert found.skew == pytest.approx(-0.07798679284182165, rel=1e-9)
    assert found.excess_kurtosis == pytest.approx(-0.8807107001355448, rel=1e-9)


def test_probabilities_are_those_of_another_library():
    """skfolio 1.12.2: probabilistic_sharpe_ratio(y, 0.05), whose moments are others; expected_max_sharpe_ratio."""
    assert probabilistic_sharpe(dependent(), 0.05) == pytest.approx(0.9997356791771029, abs=1e-6)
    assert expected_maximum_sharpe(40, 0.02) == pytest.approx(0.04378960455074351, rel=1e-12)


def test_a_run_says_the_same():
    """One formula: the figure of a run is the function of its returns."""
    values = 100 * np.cumprod(np.concatenate(([1.0], 1.0 + dependent())))
    run = FakeRun(equity=equity_of(values))
    assert summarise(run, sampling="1d").probabilistic_sharpe == pytest.approx(
        probabilistic_sharpe(dependent()), rel=1e-9
    )


def test_the_example_of_the_deflated_sharpe_ratio():
    """Bailey, López de Prado (2014): 100 trials leave 0.9004; at 46, and at 88 with normal returns, 0.95 is left."""
    best, deviation = SharpeEstimate(2.5 / 250**0.5, 1250, -3.0, 7.0), (0.5 / 250) ** 0.5
    assert expected_maximum_sharpe(100, deviation) == pytest.approx(0.1132, abs=5e-5)
    assert deflated_sharpe(best, 100, deviation) == pytest.approx(0.9004, abs=5e-5)
    assert deflated_sharpe(best, 46, deviation) == pytest.approx(0.9505, abs=5e-5)
    assert deflated_sharpe(SharpeEstimate(best.sharpe, 1250), 88, deviation) == pytest.approx(0.9505, abs=5e-5)


def test_the_examples_of_the_minimum_track_record():
    """Bailey, López de Prado (2012): a yearly 2 is above 1 after 2.73 years of daily, 3.24 of monthly normal returns.

    Monthly returns with skewness -0.72 and kurtosis 5.78 take 4.99. purgedcv 0.1.11,
    min_track_record_length(0.1, 0.02, 0.05, -0.5, 5.0): 450.
    """
    yearly = [(250, 0.0, 0.0, 2.73), (12, 0.0, 0.0, 3.24), (12, -0.72, 2.78, 4.99)]
    for periods, skew, kurtosis, years in yearly:
        stated = SharpeEstimate(2 / periods**0.5, 10, skew, kurtosis)
        assert minimum_track_record(stated, 1 / periods**0.5) == pytest.approx(years * periods, abs=1.01)
    assert minimum_track_record(SharpeEstimate(0.1, 10, -0.5, 2.0), 0.02) == 450


@given(SHARPES, st.floats(-1.0, 1.0), st.floats(0.0, 6.0), st.floats(0.8, 0.99))
def test_the_minimum_track_record_is_the_first_that_is_long_enough(sharpe, skew, kurtosis, confidence):
    n = minimum_track_record(SharpeEstimate(sharpe, 5, skew, kurtosis), 0.0, confidence)
    enough = [probabilistic_sharpe(SharpeEstimate(sharpe, k, skew, kurtosis)) for k in (n - 1, n)]
    assert enough[0] < confidence + 1e-9
    assert enough[1] >= confidence - 1e-9


@given(st.integers(2, 10_000), st.floats(0.001, 1.0))
def test_more_trials_expect_more(trials, deviation):
    assert expected_maximum_sharpe(trials, deviation) < expected_maximum_sharpe(trials + 1, deviation)


@pytest.mark.parametrize("trials", [10, 100])
def test_the_expected_maximum_is_that_of_noise(trials):
    """Mean of the highest of so many standard normal numbers, 4,000 times: within 3 %."""
    highest = np.random.default_rng(1).normal(size=(4_000, trials)).max(axis=1).mean()
    assert expected_maximum_sharpe(trials, 1.0) == pytest.approx(highest, rel=0.03)


def test_the_best_of_many_without_skill_is_rarely_found_good():
    """500 worlds of 40 trials of noise: the plain probability is above 0.95 mostly, the deflated in 5 % at most."""
    random, plain, deflated = np.random.default_rng(3), 0, 0
    for _ in range(500):
        returns = random.normal(size=(250, 40))
        sharpes = returns.mean(axis=0) / returns.std(axis=0, ddof=1)
        best = returns[:, sharpes.argmax()]
        plain += probabilistic_sharpe(best) > 0.95
        deflated += deflated_sharpe(best, 40, sharpes.std(ddof=1)) > 0.95
    assert plain > 400
    assert 0 < deflated <= 25


def test_one_trial_without_skill_is_found_good_as_often_as_said():
    """2,000 worlds: above 0.95 in 5 %, within four standard errors."""
    worlds = np.random.default_rng(4).normal(size=(2_000, 100))
    found = np.mean([probabilistic_sharpe(world) > 0.95 for world in worlds])
    assert found == pytest.approx(0.05, abs=4 * (0.05 * 0.95 / 2_000) ** 0.5)


def test_trials_that_resemble_each_other_count_for_fewer():
    noise = np.random.default_rng(6).normal(size=(4_000, 12))
    assert effective_trials(noise) == pytest.approx(12, abs=0.1)
    alike = 0.5**0.5 * (noise + noise[:, :1])[:, 1:]
    assert effective_trials(alike) == pytest.approx(0.5 + 0.5 * 11, abs=0.2)
    assert effective_trials(np.column_stack([noise[:, 0], -noise[:, 0]])) == 2.0
    assert effective_trials(np.zeros((10, 4))) == 4.0
    assert effective_trials(noise[:, :1]) == 1.0


@given(st.integers(2, 8))
def test_effective_trials_go_by_the_mean_correlation(columns):
    values = waves(60, columns)
    mean = np.corrcoef(values.T)[np.triu_indices(columns, 1)].mean()
    assert effective_trials(values) == pytest.approx(min(mean + (1 - mean) * columns, columns), rel=1e-9)


def test_years_of_the_paper():
    """Bailey, Borwein, López de Prado, Zhu (2014); purgedcv 0.1.11, minimum_backtest_length(45)."""
    assert minimum_backtest_years(45) == pytest.approx(4.998087004443404, rel=1e-12)
    assert minimum_backtest_years(45, 2.0) == pytest.approx(4.998087004443404 / 4, rel=1e-12)
    assert minimum_backtest_years(1) == 0.0


def test_what_is_undefined_is_none():
    """Too few returns, none that vary, no lead over the benchmark, moments that cannot be."""
    assert probabilistic_sharpe([0.1, 0.2, 0.1]) is None
    assert probabilistic_sharpe(pl.Series([0.1] * 10)) is None
    assert deflated_sharpe([0.0] * 10, 5, 0.1) is None
    assert minimum_track_record(SharpeEstimate(0.1, 10), 0.1) is None
    assert probabilistic_sharpe(SharpeEstimate(1.0, 10, skew=3.0)) is None
    assert minimum_track_record(SharpeEstimate(1.0, 10, skew=3.0)) is None


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: expected_maximum_sharpe(0.5, 1.0), ConfigError, "trials is 0.5"),
        (lambda: expected_maximum_sharpe(5, -1.0), ConfigError, "deviation -1.0"),
        (lambda: minimum_track_record([0.1], confidence=0.4), ConfigError, "confidence is 0.4"),
        (lambda: minimum_backtest_years(5, 0.0), ConfigError, "sharpe is 0.0"),
        (lambda: probabilistic_sharpe([0.1, float("nan")]), DataError, "row 1 is nan"),
        (lambda: probabilistic_sharpe(waves(20, 2)), DataError, "2 dimensions"),
        (lambda: effective_trials(waves(5, 9)), DataError, "looks transposed"),
    ],
)
def test_what_cannot_be_computed_is_told(call, error, told):
    with pytest.raises(error, match=told):
        call()
