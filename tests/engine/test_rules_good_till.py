"""Rule 35: orders that are good till a time, on hand-made markets and from every driver."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

import barter_bt as bt
from barter_bt.errors import BarterBtError, StrategyError
from barter_bt.strategy import OrderRequest, api
from tests.engine.tiny import TIME, A, B, S, bars, quotes, run, schedule, table, trades

ORDER = ("status", "reason", "filled", "time_closed")


def orders(result: bt.Result) -> list[tuple]:
    return table(result.orders, *ORDER)


def test_rule_35_it_ends_before_the_market_of_that_time():
    """Rule 35: the trade at 4 goes through 99, but the order ended at 4, before it."""
    market = trades((0, 100, 9), (4, 98, 9), (5, 98, 9))
    result = run(market, schedule({"at": 1, "buy": 2, "limit": 99, "till": 4}))
    assert orders(result) == [("expired", "time_over", 0, 4)]


def test_rule_35_what_came_before_is_kept():
    """Rule 35: one of two is filled at 3, the rest ends at 4; what was reserved for it is free again."""
    market = trades((0, 100, 9), (3, 98, 1), (5, 98, 9))
    result = run(market, schedule({"at": 1, "buy": 2, "limit": 99, "till": 4}))
    assert orders(result) == [("expired", "time_over", 1, 4)]
    assert table(result.balances, "total", "free")[-1] == (9_901, 9_901)


def test_rule_35_a_moment_later_is_in_time():
    """Rule 35: good till 4.5, so the trade at 4 fills."""
    market = trades((0, 100, 9), (4, 98, 9), (5, 98, 9))
    result = run(market, schedule({"at": 1, "buy": 2, "limit": 99, "till": 4.5}))
    assert orders(result) == [("filled", None, 2, 4)]


def test_rule_35_by_instrument_then_number():
    """Rule 35: all at 3; those of the first instrument first, each by number, whatever their prices."""
    plan = schedule(
        {"at": 1, "buy": 1, "limit": 9, "till": 3, "on": "b_usd"},
        {"at": 1, "buy": 1, "limit": 90, "till": 3},
        {"at": 1, "buy": 1, "limit": 95, "till": 3},
    )
    watch: list[int] = []

    class Watch:
        wake = "order"

        def generate_algo_orders(self, state: Any) -> None:
            if state.time == 3 * S:
                watch.append(state.order)

    market = [trades((0, 100, 9), (5, 100, 9)), trades((0, 10, 9), (5, 10, 9), instrument="b_usd")]
    result = run(market, [plan, Watch()], [A, B])
    assert watch == [1, 2, 0]
    assert [row[:2] for row in orders(result)] == [("expired", "time_over")] * 3


def test_rule_35_each_ends_at_its_own_time():
    """Rule 35: at 3, 2 and 4, whatever the order in which they were sent."""
    plan = schedule(*({"at": 1, "buy": 1, "limit": 90, "till": till} for till in (3, 2, 4)))
    result = run(trades((0, 100, 9), (5, 100, 9)), plan)
    assert table(result.orders, "time_closed") == [(3,), (2,), (4,)]


def test_rule_35_one_that_arrives_too_late_is_rejected():
    """Rule 35: asked for at 1, good till 2, but it takes a second to arrive."""
    venue = bt.Venue(latency=bt.Latency(request_ns=S))
    market = trades((0, 100, 9), (4, 98, 9))
    result = run(market, schedule({"at": 1, "buy": 2, "limit": 99, "till": 2}), venues=venue)
    assert orders(result) == [("rejected", "time_over", 0, 2)]


def test_rule_35_held_and_waiting_orders_end_too():
    """Rule 35: a stop that is held, and a market order that waits for a quote."""
    market = quotes((0, 99, 9, 101, 9), (5, 104, 9, 105, 9))
    result = run(market, schedule({"at": 1, "buy": 1, "stop": 104, "till": 4}))
    assert orders(result) == [("expired", "time_over", 0, 4)]
    late = run(trades((0, 100, 9), (5, 100, 9)), schedule({"at": 1, "buy": 1, "till": 4}))
    assert orders(late) == [("expired", "time_over", 0, 4)]


def test_rule_35_protection_ends_with_an_entry_that_has_not_filled():
    """Rule 35: the stop waits for an entry that ends at 4; of an entry that has filled it stays."""
    plan = schedule({"at": 1, "buy": 1, "limit": 90, "stop_loss": 80, "till": 4})
    result = run(trades((0, 100, 9), (5, 100, 9)), plan)
    assert [row[:2] for row in orders(result)] == [("expired", "time_over"), ("cancelled", "parent_ended")]
    filled = run(
        trades((0, 100, 9), (2, 89, 1), (5, 100, 9)),
        schedule({"at": 1, "buy": 2, "limit": 90, "stop_loss": 80, "till": 4}),
    )
    assert [row[:3] for row in orders(filled)] == [("expired", "time_over", 1), ("open", None, 0)]


def test_rule_35_the_last_market_event_ends_the_time():
    """Rule 12: nothing happens behind it; one at its very time does."""
    market = trades((0, 100, 9), (5, 100, 9))
    plan = schedule({"at": 1, "buy": 1, "limit": 90, "till": 5}, {"at": 1, "buy": 1, "limit": 90, "till": 6})
    assert [row[:2] for row in orders(run(market, plan))] == [("expired", "time_over"), ("open", None)]


class Asks:
    wake = "trade"

    def __init__(self, **terms: Any) -> None:
        self.terms, self.done = terms, False

    def generate_algo_orders(self, state: Any) -> Any:
        asked = [] if self.done else [OrderRequest("a_usd", 1, price=90, **self.terms)]
        self.done = True
        return [], asked


MARKET = ((0, 100, 9), (5, 100, 9), (6, 100, 9))


@pytest.mark.parametrize("till", [4 * S, datetime(1970, 1, 1, 0, 0, 4, tzinfo=UTC)])
def test_python_asks_for_it(till):
    assert orders(run(trades(*MARKET), Asks(good_till=till))) == [("expired", "time_over", 0, 4)]


def compiled(s, my):
    if my.variables.done[0] == 0:
        my.variables.done[0] = 1
        api.good_till(s, api.limit_buy(s, 0, 1.0, 90.0), api.now(s) + 4_000_000_000)


@pytest.mark.parametrize("interpret", [True, False])
def test_a_compiled_strategy_asks_for_it(interpret):
    one = bt.Compiled(compiled, variables={"done": 0}, wake="trade")
    result = bt.backtest(trades(*MARKET), A, one, balances={"usd": 10_000}, interpret=interpret)
    assert orders(result) == [("expired", "time_over", 0, 4)]


def test_commands_ask_for_it():
    order = {"command": ["open"], "instrument": ["a_usd"], "quantity": [1.0], "price": [90.0]}
    times = [(pl.col(name) * S).cast(TIME) for name in ("time", "good_till")]
    frame = pl.DataFrame(order | {"time": [1], "good_till": [4]}).with_columns(times)
    result = run(trades(*MARKET), schedule(), commands=bt.Commands(frame))
    assert orders(result) == [("expired", "time_over", 0, 4)]


def test_a_compiled_strategy_is_told_of_a_time_that_is_over():
    def late(s, my):
        api.good_till(s, api.limit_buy(s, 0, 1.0, 90.0), api.now(s))

    with pytest.raises(
        StrategyError, match="times .* that cannot be.*\n.*good_till behind good_after and of GTC alone"
    ):
        run(trades(*MARKET), bt.Compiled(late, wake="trade"))


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"good_till": 0}, "which is not after 1970-01-01 00:00:00 UTC"),
        ({"good_till": "1h"}, "it must be a datetime with a zone, or whole ns"),
        ({"good_till": datetime(2030, 1, 1)}, "it must be a datetime with a zone"),
        ({"good_till": 9 * S, "time_in_force": "ioc"}, "ends at once"),
    ],
)
def test_what_cannot_be_is_told(terms, said):
    with pytest.raises(StrategyError, match=said):
        run(trades(*MARKET), Asks(**terms))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"at": 1, "buy": 1, "till": 1}, "a good_till that is not after its time"),
        ({"at": 1, "buy": 1, "limit": 90, "tif": "fok", "till": 3}, "ends at once"),
    ],
)
def test_schedules_tell_what_cannot_be(row, said):
    with pytest.raises(BarterBtError, match=said):
        run(bars(100, 100), schedule(row))
