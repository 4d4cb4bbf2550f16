"""What strategies read of books: compiled functions and Python, the same."""

from __future__ import annotations

from math import isnan

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import ConfigError, DataError
from barter_bt.strategy import api
from tests.engine.books import DAY, run, snapshot, streams

ROWS = [snapshot(1, [(99, 10), (98, 20)], [(101, 5), (102, 7), (105, 50)]), snapshot(2, [], [(103, 4)])]
READ = ("status", "levels", "price", "second", "beyond", "amount", "depth", "imbalance", "average")


def read(s, my):
    """Note what the book says, row by row of the strategy's own table."""
    v, i = my.variables, 0
    if api.now(s) != my.parameters.at[0]:
        return
    v.status[0] = api.book_status(s, i)
    v.levels[0] = api.book_levels(s, i, api.ASK)
    v.price[0] = api.book_price(s, i, api.BID)
    v.second[0] = api.book_price(s, i, api.ASK, 1)
    v.beyond[0] = api.book_price(s, i, api.ASK, 9)
    v.amount[0] = api.book_amount(s, i, api.BID, 1)
    v.depth[0] = api.book_depth(s, i, api.ASK, 2)
    v.imbalance[0] = api.book_imbalance(s, i, 2)
    v.average[0] = api.book_average(s, i, api.ASK, 9.0)


@pytest.mark.parametrize(
    ("second", "expected"),
    [
        (1, (api.BOOK_NORMAL, 3, 99, 102, None, 20, 12, (30 - 12) / 42, (5 * 101 + 4 * 102) / 9)),
        (2, (api.BOOK_ONE_SIDED, 1, None, None, None, 0, 4, None, None)),
    ],
)
def test_a_compiled_strategy_reads_levels(second, expected):
    own = dict.fromkeys(READ[:2], 0) | dict.fromkeys(READ[2:], 0.0)
    at = (DAY + second) * 10**9
    strategy = bt.Compiled(read, wake="book", parameters={"at": at}, variables=own, name="read")
    said = run(streams(ROWS), strategy, interpret=second == 1).tables["read"].variables
    found = tuple(None if isnan(value := getattr(said, name)[0]) else value for name in READ)
    assert found == pytest.approx(expected)


def test_a_strategy_in_python_reads_a_frame():
    seen = []

    class Reading:
        wake = "book"

        def generate_algo_orders(self, state):
            seen.append((state.book("abc_usd"), state.book("abc_usd", 1).height, api.book_imbalance(state.raw, 0)))
            return [], []

    run(streams(ROWS), Reading())
    whole, height, imbalance = seen[0]
    assert whole.rows() == [(0, 99, 10, 101, 5), (1, 98, 20, 102, 7), (2, None, None, 105, 50)]
    assert (height, imbalance) == (1, pytest.approx(1 / 3))
    assert seen[1][0].rows() == [(0, None, None, 103, 4)]


def test_splits_of_what_has_a_book_are_refused():
    day = pl.DataFrame({"time": [(DAY + 2) * 10**9], "instrument": ["abc_usd"], "ratio": [2.0]})
    splits = bt.data.splits(day.with_columns(pl.col("time").cast(pl.Datetime("ns", "UTC"))))
    with pytest.raises((ConfigError, DataError), match="which has a stream of books"):
        bt.backtest(
            streams(ROWS),
            bt.Instrument("x", "abc_usd", price_increment=1, quantity_increment=1),
            bt.Signals(pl.lit(0.0)),
            balances={"usd": 1},
            cash_flows=splits,
            interpret=True,
        )
