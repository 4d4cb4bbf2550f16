"""Expressions that use later candles are warned of in a plain run; honest ones are not."""

from __future__ import annotations

import polars as pl
import pytest

import barter_bt as bt
from tests.backtest.runs import arguments
from tests.backtest.test_causality import CLOSE, HONEST, LEAKS

CHANGE = CLOSE.pct_change(5).over("instrument")
ACROSS_LEAKS = {
    "next change, ranked": (CLOSE.shift(-1).over("instrument").rank().over("time") > 1, 'col("close").shift('),
    "mean of all times": (CLOSE > CLOSE.mean().over("instrument"), 'col("close").mean()'),
    "share of all times": (CHANGE.rank().over("time") * (CLOSE / CLOSE.max()), 'col("close").max()'),
}
ACROSS_HONEST = {
    "ranked": CHANGE.rank().over("time") > 1,
    "mean of one time": CLOSE > CLOSE.mean().over("time"),
    "mean so far": CLOSE.rolling_mean(10).over("instrument") > CLOSE.mean().over("time"),
}


def warned(target: pl.Expr, instruments: int = 1, rows: int = 300) -> list[str]:
    result = bt.backtest(strategy=bt.Signals(target.cast(pl.Float64)), **arguments(instruments, rows))
    return [text for text in result.warnings if "looks ahead" in text]


@pytest.mark.parametrize(("target", "part"), [*LEAKS.values(), *ACROSS_LEAKS.values()], ids=[*LEAKS, *ACROSS_LEAKS])
def test_a_leak_is_warned_of_and_named(target: pl.Expr, part: str) -> None:
    (one,) = warned(target, 2)
    assert part in one
    assert "check_causality" in one


@pytest.mark.parametrize("target", [*HONEST.values(), *ACROSS_HONEST.values()], ids=[*HONEST, *ACROSS_HONEST])
@pytest.mark.parametrize("instruments", [1, 2])
def test_an_honest_signal_is_not_warned_of(target: pl.Expr, instruments: int) -> None:
    assert warned(target, instruments) == []


def test_a_leak_behind_a_long_start_is_found() -> None:
    """Targets that begin after many candles: as many are looked at."""
    late = pl.when(CLOSE.rolling_mean(20_000).is_not_null()).then(CLOSE.shift(-1) > CLOSE)
    assert len(warned(late, rows=25_000)) == 1
    assert warned(pl.when(CLOSE.rolling_mean(20_000).is_not_null()).then(CLOSE.shift(1) > CLOSE), rows=25_000) == []


def test_a_rare_look_ahead_is_found() -> None:
    """It matters at few candles: those at which the target changes are tried."""
    rare = (pl.int_range(pl.len()) % 97 == 50) & (CLOSE.shift(-1).fill_null(0.0) > 0)
    assert len(warned(rare)) == 1


def test_a_function_that_needs_many_rows_is_not_in_the_way() -> None:
    def mine(values: pl.Series) -> pl.Series:
        assert values.len() == 300
        return values

    assert warned(CLOSE.map_batches(mine, return_dtype=pl.Float64)) == []


def test_no_target_is_no_warning() -> None:
    assert warned(pl.lit(None, pl.Float64)) == []


@pytest.mark.parametrize("rows", [3, 4, 5])
def test_a_few_candles_are_enough(rows: int) -> None:
    assert len(warned(CLOSE.shift(-1), rows=rows)) == 1
    assert warned(CLOSE.shift(1), rows=rows) == []
