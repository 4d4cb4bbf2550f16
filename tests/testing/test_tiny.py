"""Tiny runs: literal prices, sensible defaults, clear errors."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError
from barter_bt.testing import bars, candles, quotes, run, run_prices, schedule, table, trades

HOLD = bt.Signals(pl.lit(1.0))


def test_what_is_decided_at_one_price_is_filled_at_the_next() -> None:
    result = run_prices([100, 101, 99], HOLD)
    assert table(result.trades, "time_exchange", "price", "quantity") == [(60, 101, 1)]
    assert result.equity["equity"].to_list() == [10_000, 10_000, 10_000, 9_998]
    assert result.warnings == []


def test_candles_gaps_and_steps() -> None:
    """Whole candles, a gap of one, and a step of ten seconds."""
    result = run_prices([100, (101, 105, 95, 102), None, 99], schedule({"at": 20, "buy": 1}), step=10)
    assert table(result.trades, "time_exchange", "price") == [(30, 99)]


def test_several_instruments_and_currencies() -> None:
    result = run_prices({"a_usd": [10, 11, 12], "b_eur": [7, 7, 7]}, HOLD)
    assert table(result.trades, "instrument", "price") == [("a_usd", 11), ("b_eur", 7)]
    assert {one.name for one in result.index.instruments} == {"a_usd", "b_eur"}
    assert table(result.balances, "asset", "total")[-4:] == [("usd", 9989), ("a", 1), ("eur", 9993), ("b", 1)]


def test_own_instrument_terms_and_settings() -> None:
    future = bt.Instrument("cme", "es_usd", kind="future", contract_size=50)
    result = run_prices(
        np.array([5000.0, 5001.0]), HOLD, future, venues=bt.Venue(fees=bt.Fees(per_contract=2)), balances={"usd": 10**6}
    )
    assert table(result.trades, "exchange", "instrument", "fees") == [("cme", "es_usd", 2)]


def test_streams_of_every_kind_in_one_run() -> None:
    data = [trades((1, 100, 5), (4, 102, 5)), quotes((1, 99, 5, 101, 5), (4, 101, 5, 103, 5))]
    result = run(data, schedule({"at": 2, "buy": 1}, {"at": 5, "buy": 1}))
    assert table(result.trades, "price") == [(101,)]
    result = run(candles((0, 60, 5, 6, 4, 5), (60, 120, 5, 6, 4, 5)), schedule({"at": 60, "buy": 1, "limit": 5}))
    assert table(result.trades, "price", "liquidity") == [(5, "taker")]


def test_runs_are_interpreted_and_the_same() -> None:
    assert run_prices([1, 2, 3], HOLD).digest == run_prices([1, 2, 3], HOLD).digest == run(bars(1, 2, 3), HOLD).digest


def test_a_table_as_rows() -> None:
    frame = run_prices([1, 2], schedule({"at": 60, "buy": 1, "limit": 1})).orders
    assert table(frame, "side", "time_sent", "time_closed", "price") == [("buy", 60, None, 1)]
    assert len(table(frame)[0]) == frame.width


def test_a_schedule_can_be_empty() -> None:
    assert run_prices([1, 2], schedule()).orders.height == 0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: run_prices([], HOLD), "prices of 'a_usd' are"),
        (lambda: run_prices({}, HOLD), "no prices are given"),
        (lambda: run_prices({"a_usd": 100}, HOLD), "prices of 'a_usd' are 100"),
        (lambda: run_prices([None], HOLD), "a list with a price is needed"),
        (lambda: run_prices([1], HOLD, [bt.Instrument("x", name) for name in ("a_usd", "b_usd")]), "2 instruments"),
        (lambda: trades((1, 100)), "it must be time_exchange, price, amount"),
        (lambda: trades(5), "a row is 5"),
        (lambda: schedule({"at": 1, "bui": 2}), "did you mean 'buy'"),
        (lambda: schedule({"buy": 2}), "row 0 of the schedule has no 'at'"),
    ],
)
def test_bad_rows_are_told(make, message) -> None:
    with pytest.raises(ConfigError, match=message):
        make()
