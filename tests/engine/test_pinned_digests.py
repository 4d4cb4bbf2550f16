"""Whole runs give the digests that are pinned in ``pinned.tsv``; how to change them on purpose: ``pinned.py``."""

from __future__ import annotations

from functools import cache

import polars as pl
import pytest

from barter_bt.backtest import Result
from tests.engine.pinned import COMPILED, RUNS, TABLES, differing, expected, pin

HOW = "on purpose? python -m tests.engine.pinned --write, with an entry in CHANGELOG.md"


@cache
def made(name: str) -> Result:
    return RUNS[name](True)


@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_what_it_was(name):
    """Interpreted; the message names the tables that differ."""
    assert differing(pin(made(name)), expected()[name]) == [], HOW


@pytest.mark.parametrize("name", COMPILED)
def test_a_run_is_what_it_was_compiled(name):
    assert differing(pin(RUNS[name](False)), expected()[name]) == [], HOW


def test_every_pin_is_of_a_run():
    assert list(expected()) == list(RUNS)


def test_the_runs_reach_much():
    """Digests of runs in which nothing happens would pin nothing."""
    ends, liquidity = set(), set()
    for name in RUNS:
        result = made(name)
        assert all(getattr(result, table).height > 0 for table in TABLES), name
        assert result.trades.height >= 20, name
        ends |= {(row["status"], row["reason"]) for row in result.orders.select("status", "reason").to_dicts()}
        liquidity |= set(result.trades["liquidity"])
    assert liquidity == {"maker", "taker"}
    assert ends >= {
        ("filled", None),
        ("open", None),
        ("cancelled", "requested"),
        ("expired", "not_filled"),
        ("rejected", "post_only"),
        ("rejected", "below_minimum"),
        ("rejected", "below_price_min"),
        ("rejected", "insufficient_balance"),
        ("refused", "price_band"),
        ("refused", "order_rate_limit"),
    }


def test_partial_fills_and_cut_orders_are_among_them():
    partial = [name for name in RUNS if _partly_filled(made(name))]
    assert len(partial) >= 3


def _partly_filled(result: Result) -> int:
    return result.orders.filter((pl.col("filled") > 0) & (pl.col("filled") < pl.col("quantity"))).height
