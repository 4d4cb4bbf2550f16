"""The probability of overfitting: as counted split by split, as another library has it, and as the truth is."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barter_bt.errors import ConfigError, DataError
from barter_bt.research import BlockSums, probability_of_overfitting
from tests.research.waves import waves


def counted(values: np.ndarray, blocks: int) -> list[tuple[float, float, float]]:
    """Measure inside, outside and rank of the best of each split, one after the other: the definition."""
    parts = np.array_split(np.arange(len(values)), blocks)
    found = []
    for chosen in combinations(range(blocks), blocks // 2):
        inside = values[np.concatenate([parts[k] for k in chosen])]
        outside = values[np.concatenate([parts[k] for k in range(blocks) if k not in chosen])]
        one, other = (half.mean(axis=0) / half.std(axis=0, ddof=1) for half in (inside, outside))
        best = int(one.argmax())
        rank = (other < other[best]).sum() + 1
        found.append((one[best], other[best], rank / (values.shape[1] + 1)))
    return sorted(found)


@settings(max_examples=25)
@given(st.integers(2, 5).map(lambda half: 2 * half), st.integers(2, 9), st.integers(0, 9), st.integers(0, 10**6))
def test_every_split_is_what_counting_says(blocks, configurations, rest, seed):
    """Best, both measures and rank, whatever is left over when the time is cut in blocks."""
    values = np.random.default_rng(seed).normal(0.01, 1.0, (8 * blocks + rest % blocks, configurations))
    found = probability_of_overfitting(values, blocks).splits
    mine = sorted(found.select("in_sample", "out_of_sample", "rank").rows())
    assert np.allclose(mine, counted(values, blocks), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("shape", "blocks", "probability", "slope", "logit"),
    [
        ((240, 12), 8, 0.17142857142857143, -0.6104574729512792, 0.7883446698079943),
        ((251, 9), 10, 0.07142857142857142, -0.6076516949007048, 0.8651144902007071),
        ((100, 40), 6, 0.6, -0.31527029124904143, -0.2774591933244993),
    ],
)
def test_another_library_says_the_same(shape, blocks, probability, slope, logit):
    """purgedcv 0.1.11, probability_of_backtest_overfitting(returns.T, blocks): pbo, slope, mean of logits."""
    found = probability_of_overfitting(waves(*shape), blocks)
    assert found.probability == probability
    assert found.slope == pytest.approx(slope, rel=1e-9)
    assert found.splits["logit"].mean() == pytest.approx(logit, rel=1e-9)


@given(st.integers(0, 10**6), st.sampled_from(["sharpe", "mean"]))
def test_sums_by_block_are_as_good_as_returns(seed, measure):
    """Not taken around any mean, as a sweep adds them up while it runs."""
    values = np.random.default_rng(seed).normal(0.01, 1.0, (60, 5))
    parts = np.array_split(values, 6)
    sums, squares = (np.array([part.sum(axis=0) for part in some]) for some in (parts, [p**2 for p in parts]))
    of_sums = probability_of_overfitting(BlockSums(np.full(6, 10.0), sums, squares), measure=measure)
    whole = probability_of_overfitting(values, 6, measure=measure)
    assert np.allclose(of_sums.splits.drop("configuration"), whole.splits.drop("configuration"))
    assert of_sums.splits["configuration"].equals(whole.splits["configuration"])


def test_sums_that_cannot_be_are_told():
    """Odd numbers of blocks, other shapes, squares below what the sum needs, and an option without effect."""
    lengths, sums, squares = np.full(4, 10.0), np.ones((4, 3)), np.ones((4, 3))
    good = BlockSums(lengths, sums, squares, ("a", "b", "c"))
    with pytest.raises(ConfigError, match="blocks is 8, and the sums are of 4"):
        probability_of_overfitting(good, 8)
    with pytest.raises(ConfigError, match="blocks is 3"):
        BlockSums(lengths[:3], sums[:3], squares[:3])
    with pytest.raises(DataError, match=r"the shape \(4, 3\), squares \(4, 2\)"):
        BlockSums(lengths, sums, squares[:, :2])
    with pytest.raises(DataError, match="2 names of 3"):
        BlockSums(lengths, sums, squares, ("a", "b"))
    with pytest.raises(DataError, match="too small for its sum"):
        BlockSums(lengths, sums, squares / 100)


def test_without_skill_the_best_is_as_often_below_the_median_as_above():
    """Mean over 200 worlds of noise: 1/2, within four standard errors."""
    random = np.random.default_rng(5)
    found = [probability_of_overfitting(random.normal(size=(120, 10)), 8).probability for _ in range(200)]
    assert abs(np.mean(found) - 0.5) < 4 * np.std(found) / len(found) ** 0.5


def test_what_has_skill_is_found_and_what_turns_is_as_well():
    """One that is always better: 0. Each good in one half of the time only, at the cost of the other: 1."""
    noise = np.random.default_rng(2).normal(size=(400, 8))
    assert probability_of_overfitting(noise + 0.5 * (np.arange(8) == 3), 8).probability == 0.0
    turning = 0.1 * noise[:, :4] + np.outer(np.repeat([1.0, -1.0], 200), [1, 2, -1, -2])
    found = probability_of_overfitting(turning, 2)
    assert found.probability == 1.0
    assert found.probability_of_loss == 1.0


@given(st.permutations(range(5)), st.floats(0.1, 1_000))
def test_neither_order_nor_scale_matters(order, scale):
    values = waves(96, 5)
    one, other = probability_of_overfitting(values, 6), probability_of_overfitting(values[:, order] * scale, 6)
    assert np.allclose(sorted(one.splits["rank"]), sorted(other.splits["rank"]))


def test_equal_configurations_share_a_rank():
    """A parameter without any effect: all are the median of each other."""
    same = np.repeat(waves(80, 1), 6, axis=1)
    assert probability_of_overfitting(same, 8).splits["rank"].unique().to_list() == [0.5]


def test_who_never_trades_has_a_measure_of_zero():
    values = np.zeros((40, 3))
    values[:, 1] = waves(40, 1)[:, 0] - 0.05
    found = probability_of_overfitting(values, 4)
    assert found.splits["in_sample"].to_list() == [0.0] * 6
    assert found.slope is None
    constant = probability_of_overfitting(np.full((40, 2), 0.01) * [1.0, 2.0], 4)
    assert constant.splits["out_of_sample"].to_list() == [0.0] * 6
    assert probability_of_overfitting(values + [0.0, 0.0, 0.1], 4, measure="mean").probability == 0.0


def test_a_frame_names_the_configurations():
    frame = pl.DataFrame(waves(60, 3), schema=["a", "b", "c"]).with_row_index("time")
    found = probability_of_overfitting(frame, 6)
    assert found.splits["configuration"].is_in(["a", "b", "c"]).all()
    assert "3 configurations, 20 splits" in repr(found)
    assert "probability of overfitting" in found.plot().get_title(loc="right")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: probability_of_overfitting(waves(10, 200)), "10 rows and 200 columns, which looks transposed"),
        (lambda: probability_of_overfitting(waves(200, 10).T), "give returns.T"),
        (lambda: probability_of_overfitting(waves(200, 1)), "200 observations of 1 configurations; allowed"),
        (lambda: probability_of_overfitting(waves(31, 3)), "allowed: at least 32 of 2"),
        (lambda: probability_of_overfitting(waves(40, 1)[:, 0]), "1 dimension"),
        (lambda: probability_of_overfitting(object()), "returns is object, which cannot be read as numbers"),
        (lambda: probability_of_overfitting(np.where(waves(40, 2) > 0.01, np.nan, 0.1)), "of configuration 0 is nan"),
        (lambda: probability_of_overfitting(pl.DataFrame({"a": ["x"], "b": [1.0]})), "column 'a' is String"),
    ],
)
def test_a_matrix_that_is_not_one_is_told(call, told):
    with pytest.raises(DataError, match=told):
        call()


def test_more_configurations_than_observations_are_possible_in_a_frame():
    frame = pl.DataFrame(waves(40, 90))
    assert probability_of_overfitting(frame, 4).configurations == 90


@pytest.mark.parametrize("blocks", [0, 3, 22])
def test_numbers_of_blocks_that_are_not_allowed_are_told(blocks):
    with pytest.raises(ConfigError, match=f"blocks is {blocks}"):
        probability_of_overfitting(waves(80, 3), blocks)


def test_a_measure_that_is_unknown_is_told():
    with pytest.raises(ConfigError, match="measure is 'sortino'"):
        probability_of_overfitting(waves(80, 3), 4, measure="sortino")
