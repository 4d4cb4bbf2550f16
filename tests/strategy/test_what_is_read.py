"""What a strategy reads of its position, its orders and the time, in natural units."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import barter_bt as bt
from barter_bt.errors import StrategyError
from barter_bt.strategy import OrderRequest, api
from tests.engine.tiny import A, S, Watch, quotes, run, trades


def test_fees_and_time_in_a_position():
    """Bought at 2 for 3 times 100 at 1 %: 3 in fees, two seconds later."""
    watch = Watch(
        lambda s: (s.datetime, s.fees("a_usd"), s.time_in_position("a_usd")),
        lambda s, n: ([], [OrderRequest("a_usd", 3)]) if n == 1 else None,
        wake="trade",
    )
    market = trades((1, 100, 9), (2, 100, 9), (4, 100, 9))
    run(market, watch, venues=bt.Venue(fees="1%"))
    start = datetime(1970, 1, 1, tzinfo=UTC)
    assert watch.seen[0] == (start + timedelta(seconds=1), 0.0, timedelta(0))
    assert watch.seen[-1] == (start + timedelta(seconds=4), 3.0, timedelta(seconds=2))


def test_amounts_at_the_best_prices():
    watch = Watch(lambda s: (s.bid_amount("a_usd"), s.ask_amount("a_usd")))
    run(quotes((1, 99, 3, 101, 4)), watch)
    assert watch.seen == [(3.0, 4.0)]


def test_an_order_as_it_stands():
    """A protected buy of which one of two is filled, and a stop that is good till 9."""
    seen: list[Any] = []

    def ask(state: Any, n: int) -> Any:
        seen.append([state.read_order(k) for k in state.open_orders("a_usd")])
        asks = OrderRequest("a_usd", 2, price=99, stop_loss=90)
        held = OrderRequest("a_usd", -1, stop=80, good_till=9 * S)
        return ([], [asks, held]) if n == 1 else None

    run(
        trades((1, 100, 9), (2, 98, 1), (3, 100, 9)),
        Watch(lambda s: None, ask, wake="trade"),
        venues=bt.Venue(account="margin"),
    )
    entry, stop, held = seen[-1]
    assert (entry.number, entry.instrument, entry.quantity, entry.leaves, entry.price) == (0, "a_usd", 2.0, 1.0, 99.0)
    assert (entry.status, entry.time_in_force, entry.trigger, entry.parent) == ("open", "gtc", None, None)
    assert (stop.quantity, stop.trigger, stop.parent, stop.price) == (-1.0, 90.0, 0, None)
    assert (held.trigger, held.good_till, held.good_after, held.parent) == (80.0, 9 * S, None, None)


def test_an_order_that_never_was_is_told():
    class Reads:
        wake = "trade"

        def generate_algo_orders(self, state: Any) -> None:
            state.read_order(7)

    with pytest.raises(StrategyError, match="there is no order 7"):
        run(trades((1, 100, 9)), Reads())


def reads(s, my):
    my.variables.fees[0] = api.fees(s, 0)
    my.variables.held[0] = api.time_in_position(s, 0)
    my.variables.bid[0] = api.bid_amount(s, 0) + api.ask_amount(s, 0)
    if my.variables.done[0] == 0:
        my.variables.done[0] = 1
        api.buy(s, 0, 2.0)


@pytest.mark.parametrize("interpret", [True, False])
def test_a_compiled_strategy_reads_the_same(interpret):
    one = bt.Compiled(reads, variables={"fees": 0.0, "held": 0, "bid": 0.0, "done": 0}, wake="trade")
    market = trades((1, 100, 9), (2, 100, 9), (4, 100, 9))
    venue = bt.Venue(fees="1%")
    result = bt.backtest(market, A, one, balances={"usd": 10_000}, venues=venue, interpret=interpret)
    (own,) = result.own.values()
    assert own["variables"].select("fees", "held", "bid").row(0) == (2.0, 2 * S, 0.0)
