"""Reality check and superior predictive ability: another library's figures, and rates of false discoveries."""

from __future__ import annotations

import numpy as np
import pytest

from barter_bt.errors import ConfigError, DataError
from barter_bt.research import block_length, reality_check, stationary_rows, superior_predictive_ability
from barter_bt.research.overfitting.predictive import _standard_error
from tests.research.waves import dependent, waves

RETURNS = waves(250, 12) + 0.0006 * (np.arange(12) == 11)


def test_standard_errors_are_those_of_another_library():
    """arch 8.0.0, SPA(0, -returns, block_size=5): roots of its variances."""
    found = _standard_error(RETURNS, 5.0)[:3] * 250**0.5
    assert found == pytest.approx([0.00651735, 0.00707601, 0.00666646], abs=1e-8)


def test_configurations_that_are_worked_on_apart_are_put_together(monkeypatch):
    whole = _standard_error(RETURNS, 5.0)
    monkeypatch.setattr("barter_bt.research.overfitting.predictive._AT_ONCE", 5)
    assert _standard_error(RETURNS, 5.0) == pytest.approx(whole, rel=1e-12)
    part = reality_check(RETURNS, samples=12, seed=1)
    monkeypatch.undo()
    assert part == reality_check(RETURNS, samples=12, seed=1)


def test_p_values_are_those_of_another_library():
    """arch 8.0.0, 20,000 draws: SPA(0, -returns / error).pvalues, whose own studentisation does nothing.

    Without it, its upper p value is White's. Its seeds 1 and 2 give 0.0164 and 0.0148, 0.0255 and 0.0228, 0.0283 and
    0.0248; 0.0677.
    """
    found = superior_predictive_ability(RETURNS, block=5, samples=4_000, seed=3)
    assert found.best == 6
    assert found.lower == pytest.approx(0.0156, abs=0.007)
    assert found.consistent == pytest.approx(0.0242, abs=0.008)
    assert found.upper == pytest.approx(0.0265, abs=0.008)
    assert reality_check(RETURNS, block=5, samples=4_000, seed=3).p_value == pytest.approx(0.0660, abs=0.012)


def test_block_lengths_are_those_of_another_library():
    """arch 8.0.0, optimal_block_length(...)["stationary"], which is below 1 where returns alternate."""
    slow = np.cumsum(waves(400, 1)[:, 0])
    found = [block_length(values) for values in (dependent(), waves(300, 1)[:, 0], slow, waves(300, 2)[:, 1])]
    assert found == pytest.approx([2.62931, 2.178089, 31.519201, 1.0], abs=1e-6)
    assert block_length([0.1] * 50) == 1.0
    assert block_length(np.arange(6.0)) <= 2.0
    with pytest.raises(DataError, match="finite"):
        block_length([0.1, float("nan")])


def test_drawn_rows_follow_each_other_for_as_long_as_asked():
    """Mean length of a block, over 200 draws of 500 rows: within 5 %; all rows are drawn equally often."""
    rows = np.array(list(stationary_rows(500, 200, 8.0, seed=1)))
    breaks = (np.diff(rows, axis=1) % 500 != 1).sum(axis=1) + 1
    assert 500 / breaks.mean() == pytest.approx(8.0, rel=0.05)
    assert np.bincount(rows.ravel(), minlength=500).std() < 4 * 200**0.5


def test_means_of_drawn_series_vary_as_the_closed_form_says():
    """3,000 draws of returns that depend on each other: within four standard errors of a deviation."""
    values = dependent()
    means = [values[rows].mean() for rows in stationary_rows(300, 3_000, 6.0, seed=4)]
    assert np.std(means) == pytest.approx(_standard_error(values[:, None], 6.0)[0], rel=4 / 6_000**0.5)
    assert np.mean(means) == pytest.approx(values.mean(), abs=4 * np.std(means) / 3_000**0.5)
    with pytest.raises(ConfigError, match="block 0.5"):
        stationary_rows(10, 1, 0.5)


@pytest.mark.parametrize("test", ["reality", "ability"])
def test_without_skill_one_world_in_twenty_is_a_false_discovery(test):
    """300 worlds of 8 configurations of noise: p at or below 0.05 in about 5 % of them, never in 10 %."""
    random, found = np.random.default_rng(7), []
    for seed in range(300):
        noise = random.normal(size=(150, 8))
        if test == "reality":
            found.append(reality_check(noise, samples=199, block=1, seed=seed).p_value)
        else:
            found.append(superior_predictive_ability(noise, samples=199, block=1, seed=seed).consistent)
    assert 0.015 < np.mean(np.array(found) <= 0.05) < 0.1
    assert 0.3 < np.mean(found) < 0.65


def test_bad_configurations_drown_a_good_one_in_one_test_alone():
    """Hansen's point: 60 wild losers make White's check blind, and leave the other test as it was."""
    random = np.random.default_rng(8)
    good = random.normal(0.25, 1.0, size=(200, 1))
    losers = random.normal(-3.0, 10.0, size=(200, 60))
    both = np.hstack([good, losers])
    assert superior_predictive_ability(both, block=1).consistent < 0.05
    assert reality_check(both, block=1).p_value > 0.5


def test_a_benchmark_is_taken_off():
    """Against themselves returns are nothing; the order of lower, consistent and upper always holds."""
    market = dependent(250)
    alone = superior_predictive_ability(RETURNS, block=5, seed=1)
    found = superior_predictive_ability(RETURNS + market[:, None], market, block=5, seed=1)
    assert (found.best, found.consistent) == (alone.best, alone.consistent)
    assert found.statistic == pytest.approx(alone.statistic)
    assert found.lower <= found.consistent <= found.upper
    with pytest.raises(DataError, match="no configuration differs"):
        superior_predictive_ability(np.repeat(market[:, None], 3, axis=1), market)


def test_the_block_is_the_longest_that_is_needed():
    both = np.column_stack([waves(300, 1)[:, 0], dependent()])
    assert reality_check(both, samples=10).block == pytest.approx(2.62931, abs=1e-6)


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: reality_check(RETURNS.T), DataError, "looks transposed"),
        (lambda: reality_check(RETURNS[:5, :3]), DataError, "at least 10"),
        (lambda: reality_check(RETURNS, RETURNS[:9, 0]), DataError, "benchmark has 9 observations"),
        (lambda: reality_check(RETURNS, samples=0), ConfigError, "samples is 0"),
        (lambda: superior_predictive_ability(RETURNS, block=0.5), ConfigError, "block is 0.5"),
    ],
)
def test_what_cannot_be_tested_is_told(call, error, told):
    with pytest.raises(error, match=told):
        call()
