"""When targets are followed: outside a band, and until a position has been held long enough."""

from __future__ import annotations

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import StrategyError
from barter_bt.strategy.targets import left_after
from tests.engine.tiny import bars, run, table

HALF = pl.lit(0.5)
NO_FEE = {"with_fee": False}


def sent(result: bt.Result) -> list[tuple]:
    return table(result.orders, "time_sent", "side", "quantity")


def test_rule_18_inside_the_band_nothing_is_sent():
    """Rule 18: half of 10,000 at 100 is 50; at 110 half of 10,500 is 47, and a tenth of that 4; at 150 of 12,500 41."""
    signals = bt.Signals(HALF, size="equity", rebalance="outside_band", band=0.1, **NO_FEE)
    assert sent(run(bars(100, 100, 110, 150, 150), signals)) == [(10, "buy", 50), (40, "sell", 9)]
    always = bt.Signals(HALF, size="equity", **NO_FEE)
    assert sent(run(bars(100, 100, 110, 150, 150), always))[1] == (30, "sell", 3)


def test_rule_18_at_the_edge_nothing_is_sent_and_0_has_no_band():
    """Rule 18: 10 wished and 9 held are off by 1, which is a tenth; 0 is always followed."""
    plan = pl.DataFrame({"time": [10, 20, 30], "instrument": "a_usd", "target": [9.0, 10.0, 0.0]})
    plan = plan.with_columns((pl.col("time") * 10**9).cast(pl.Datetime("ns", "UTC")))
    result = run(bars(100, 100, 100, 100), bt.Signals(plan, rebalance="outside_band", band=0.1))
    assert sent(result) == [(10, "buy", 9), (30, "sell", 9)]


@pytest.mark.parametrize(
    ("targets", "after", "expected"),
    [
        ([1, 1, 1, 1], 2, [1, 1, 0, 0]),
        ([1, 2, 3, -1, -1, -1], 2, [1, 2, 0, -1, -1, 0]),
        ([0, 0, 0, 1, 0, 1, 1], 1, [0, 0, 0, 1, 0, 1, 0]),
        ([1], 5, [1]),
    ],
)
def test_a_position_is_left_after_so_many_rows(targets, after, expected):
    frame = pl.DataFrame({"instrument": "a", "target": [float(each) for each in targets]})
    assert left_after(frame, after)["target"].to_list() == expected


def test_instruments_are_counted_apart():
    frame = pl.DataFrame({"instrument": ["a", "b", "a", "b", "a"], "target": [1.0, 1.0, 1.0, -1.0, 1.0]})
    assert left_after(frame, 2)["target"].to_list() == [1, 1, 1, -1, 0]


def test_signals_leave_and_do_not_come_back_until_the_sign_changes():
    """In at 10, out at 30; short at 50."""
    close = pl.col("close")
    signals = bt.Signals(pl.when(close > 95).then(1.0).otherwise(-1.0), exit_after=2)
    result = run(bars(100, 100, 100, 100, 90, 90), signals, venues=bt.Venue(account="margin"))
    assert sent(result) == [(10, "buy", 1), (30, "sell", 1), (50, "sell", 1)]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rebalance": "outside_band"}, "they go together"),
        ({"band": 0.1}, "they go together"),
        ({"rebalance": "outside_band", "band": 1.0}, "band is 1.0; allowed: from 0 until below 1"),
        ({"exit_after": 0}, "exit_after is 0"),
        ({"exit_after": 2.5}, "exit_after is 2.5"),
        ({"rebalance": "sometimes"}, "allowed: always, on_change, outside_band"),
    ],
)
def test_what_cannot_be_is_told(given, said):
    with pytest.raises(StrategyError, match=said):
        run(bars(100, 100), bt.Signals(pl.lit(1.0), **given))
