"""backtesting.py: its own tests of single trades with ``sl``, ``tp``, spread and commission.

Read in backtesting/test/_test.py of github.com/kernc/backtesting.py, commit 9c2b8e1 of 2026-07-22, version 0.6.6. Most
are on GOOG; those on bars of a few literal prices run everywhere. Two differ by rule 31, and say so.
"""

from __future__ import annotations

from datetime import datetime

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.testing import run_prices, schedule, table
from tests.published.goog import bars, run


def once(*orders: dict[str, object], **venue: object) -> list[tuple[str, str, float]]:
    """Days, sides and prices of the fills of single shares; ``day`` is that at whose close the order is sent."""
    times = [datetime.fromisoformat(f"{order['day']}T16:00Z") for order in orders]
    rows = [
        {"time": time, "instrument": "goog_usd", "action": "open", "quantity": 1.0} | order
        for time, order in zip(times, orders, strict=True)
    ]
    result = run(bt.Schedule(pl.DataFrame(rows).drop("day")), bars(), bt.Venue(**venue))
    columns = pl.col("time_exchange").dt.date().cast(pl.String), pl.col("side").cast(pl.String), "price"
    return result.trades.select(columns).rows()


BREAKOUT = {"day": "2012-10-17", "stop": 758.0, "stop_loss": 720.0}
BOTH = {"day": "2004-08-23", "quantity": -1.0, "stop": 108.0, "stop_loss": 113.0, "take_profit": 105.0}


def test_published_stop_on_the_day_of_the_entry():
    """Bought at the open, sold at 720 on the same day."""
    bought, sold = once({"day": "2012-10-17", "stop_loss": 720.0})
    assert bought == ("2012-10-18", "buy", 755.54)
    assert sold == ("2012-10-18", "sell", 720.0)


def test_published_stop_that_is_gapped_through():
    """The bar after that of the entry opens below the stop, at 99.19."""
    assert once({"day": "2004-08-31", "stop_loss": 99.5})[1] == ("2004-09-02", "sell", 99.19)


def test_published_stop_before_target():
    """Stop at 105 and target at 107.9, given a day later, are both in the range of the bar: it opens at 104.95."""
    way_out = {"day": "2004-08-25", "quantity": -1.0, "reduce_only": True, "group": 1}
    orders = once({"day": "2004-08-24"}, {"stop": 105.0, **way_out}, {"price": 107.9, **way_out})
    assert orders[1] == ("2004-08-26", "sell", 104.95)


def test_published_entry_between_stop_and_target():
    """Entered by a stop at 104, whatever follows."""
    entry = {"day": "2004-09-09", "stop": 104.0, "stop_loss": 103.0, "take_profit": 110.0}
    assert once(entry)[0] == ("2004-09-10", "buy", 104.0)


@pytest.mark.parametrize("path", ["open_high_low_close", "adaptive"])
def test_published_target_in_the_bar_of_the_entry(path):
    """Sold by a stop at 108, bought back at 105 in the same bar; no price turns between them on any path."""
    assert once(BOTH, account="margin", candle_path=path) == [
        ("2004-08-24", "sell", 108.0),
        ("2004-08-24", "buy", 105.0),
    ]


def test_by_default_a_target_waits_for_the_next_bar():
    """Rule 31 differs: nobody knows what the range did after the entry; the next bar opens below the target."""
    assert once(BOTH, account="margin") == [("2004-08-24", "sell", 108.0), ("2004-08-25", "buy", 104.96)]


def test_a_stop_is_held_against_the_bar_of_the_entry():
    """Rule 31 differs: the tool leaves it to the next bar (705.58 on 2012-10-19), here the loss is taken, at 720."""
    assert once(BREAKOUT) == [("2012-10-18", "buy", 758.0), ("2012-10-18", "sell", 720.0)]


COSTS = {
    "spread_and_commission": (88.0, bt.Venue(fees="1%", slippage="1%"), [9685.31, 9749.33]),
    "commission_and_a_sum_for_each_order": (47.0, bt.Venue(bt.Fees("1%", "1%", per_order=100)), [9784.50, 9718.69]),
    "commission": (89.0, bt.Venue(fees="1%"), [9781.28, 9846.04]),
}


@pytest.mark.parametrize("name", COSTS)
def test_published_costs(name):
    """Equity at the closes of the third and the fourth bar; in at the open of the one, out at that of the other.

    The sizes are those of the tool, which takes the sum for an order to be one for each share when it sizes it.
    """
    quantity, venue, published = COSTS[name]
    orders = pl.DataFrame(
        {
            "time": [datetime.fromisoformat("2004-08-20T16:00Z"), datetime.fromisoformat("2004-08-23T16:00Z")],
            "instrument": "goog_usd",
            "action": "open",
            "quantity": [quantity, -quantity],
            "price": [None, 111.24],  # the open of the fourth bar: a limit does not slip
        }
    )
    equity = run(bt.Schedule(orders), bars(), venue).equity["equity"]
    assert equity[2:4].round(2).to_list() == published


def test_published_commission_of_an_order():
    """10 and 1 % for each order; the target at 3 is gapped through, and fills at the open, 4."""
    entry = schedule({"at": 120, "buy": 100, "take_profit": 3})
    venue = bt.Venue(bt.Fees("1%", "1%", per_order=10))
    result = run_prices([1, 1, 1, 2, 4, 1, 2], entry, venues=venue, balances={"usd": 5000})
    assert table(result.trades, "price", "fees") == [(1, 10 + 1), (4, 10 + 4)]
    assert result.equity["equity"][-1] == 5000 + 300 - 25


def test_published_stop_behind_an_entry_at_the_close():
    """Bought at the close that was seen, 100; the next bar but one opens at 50, below the stop at 90."""
    entry = schedule({"at": 120, "buy": 1, "stop_loss": 90})
    result = run_prices([100, 100, 100, 50, 50], entry, venues=bt.Venue(candle_fill="this_close"))
    assert table(result.trades, "time_exchange", "price") == [(120, 100), (180, 50)]
