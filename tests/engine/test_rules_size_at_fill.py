"""Rule 61: targets that are sized at their fill, on hand-made markets; 10,000 usd, prices around 100."""

from __future__ import annotations

import pytest

import barter_bt as bt
from barter_bt.errors import StrategyError
from barter_bt.strategy import api
from tests.engine.tiny import Watch, bars, quotes, run, schedule, table, trades

AT_FILL = {"size": "equity", "size_at": "fill"}
ORDER = ("side", "quantity", "quantity_requested", "filled", "status", "reason")


def orders(data: object, *rows: dict, **options: object) -> list[tuple]:
    venue = {"venues": options.pop("venues", bt.Venue(account="margin"))}
    return table(run(data, schedule(*rows, **AT_FILL | options), **venue).orders, *ORDER)


@pytest.mark.parametrize(("price", "lots"), [(80, 125), (100, 100), (125, 80)])
@pytest.mark.parametrize("side", [1, -1])
def test_rule_61_all_of_the_money_at_the_price_of_the_fill(price, lots, side):
    """10,000 at 100 when it is known; the next trade is another price."""
    found = orders(trades((0, 100, 900), (2, price, 900)), {"at": 1, "target": side})
    assert found == [("buy" if side > 0 else "sell", lots, 100, lots, "filled", None)]


def test_rule_61_the_fee_is_part_of_it_and_what_moves_the_price_later_is_cut():
    """A tenth of the value as fee: 9,090 of 10,000 buy 113 at 80; with slippage to 84, 108 can be paid."""
    market = trades((0, 100, 900), (2, 80, 900))
    assert orders(market, {"at": 1, "target": 1}, venues=bt.Venue(fees=0.1))[0][1:4] == (113, 90, 113)
    slips = bt.Venue(fees=0.1, slippage=bt.Slippage(ticks=4))
    assert orders(market, {"at": 1, "target": 1}, venues=slips)[0][1:4] == (108, 90, 108)
    assert orders(market, {"at": 1, "target": 1}, venues=bt.Venue(fees=0.1), with_fee=False)[0][1] == 113  # cut


def test_rule_61_what_is_held_counts_and_an_order_may_be_for_nothing():
    """Half is 50 at 100; then 60 % of what is 10,000 are 60: at 100 ten more, at 125 two less: nothing to buy."""
    rows = {"at": 1, "target": 0.5}, {"at": 3, "target": 0.6}
    same = orders(trades((0, 100, 900), (2, 100, 900), (4, 100, 900)), *rows)
    assert same[1] == ("buy", 10, 10, 10, "filled", None)
    higher = orders(trades((0, 100, 900), (2, 100, 900), (4, 125, 900)), *rows)
    assert higher[1][3:] == (0, "expired", "not_filled")
    assert orders(trades((0, 100, 900), (2, 100, 900), (4, 125, 900)), rows[0], {"at": 3, "target": 0})[1][1] == 50


def test_rule_61_the_first_quote_that_fills_it_decides():
    """The ask of 125 has nothing left for it, 80 has 20 lots: 125 in all, of which the others come at 100."""
    market = quotes((0, 99, 5, 101, 5), (3, 124, 5, 125, 0), (4, 79, 5, 80, 20), (5, 99, 5, 100, 900))
    venue = bt.Venue(account="margin", latency=bt.Latency(request_ns="2s"))
    result = run(market, schedule({"at": 1, "target": 1}, **AT_FILL, with_fee=False), venues=venue)
    assert table(result.trades, "time_exchange", "price", "quantity")[:1] == [(4, 80, 20)]
    assert table(result.orders, "quantity_requested", "quantity") == [(100, 104)]  # 1,600 are spent, 8,400 pay for 84


def test_signals_at_the_next_open():
    """Known at the close of 100, filled at the open of 80."""
    signals = bt.Signals(bt.strategy.every(9).cast(float).replace(0.0, None), size="equity", size_at="fill")
    assert table(run(bars(100, (80, 100, 80, 100)), signals).trades, "price", "quantity")[0] == (80, 125)


class Half:
    """Once half of the equity, sized at the fill."""

    wake = "trade"

    def generate_algo_orders(self, state):
        first = not state.next_order
        return [], state.order_target_percent("a_usd", 0.5, at_fill=True) if first else []


def half(s, my):
    if api.next_order(s) == 0:
        api.order_target_percent(s, 0, 0.5, at_fill=1)


@pytest.mark.parametrize("strategy", [Half(), bt.Compiled(half, wake="trade")], ids=["python", "compiled"])
def test_every_driver_may_size_at_the_fill(strategy):
    """5,000 at 80; the order was for 50 at 100."""
    result = run(trades((0, 100, 900), (2, 80, 900)), strategy)
    assert table(result.orders, "quantity", "filled", "price_sent") == [(62, 62, 100)]


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"price": 90, "worth": 100}, "only a market order, without a trigger, is sized at its fill"),
        ({"worth": 0}, "worth is 0.0, less than a unit of money"),
    ],
)
def test_a_request_that_cannot_be_is_told(terms, said):
    asked = Watch(lambda state: None, lambda state, n: ([], [state.buy("a_usd", 1, **terms)]))
    with pytest.raises(StrategyError, match=said):
        run(trades((0, 100, 900)), asked)


@pytest.mark.parametrize(
    ("row", "options", "said"),
    [
        ({}, {"size": "units", "size_at": "fill"}, 'size_at is "fill", and size is "units"'),
        ({}, {"size": "equity", "size_at": "close"}, "size_at is 'close'; allowed: decision, fill"),
        ({"limit": 90}, AT_FILL, 'an entry and size_at="fill"'),
    ],
)
def test_rule_61_what_cannot_be_is_told(row, options, said):
    with pytest.raises(StrategyError, match=said):
        run(trades((0, 100, 5)), schedule({"at": 1, "target": 0.5, **row}, **options))


def test_an_order_that_is_sized_at_its_fill_does_not_only_reduce():
    """As in Python, where a request with both is refused."""

    def decide(s, my):
        api.reduce_only(s, api.target_value(s, 0, 500.0, 1))

    with pytest.raises(StrategyError, match="neither protected nor sized at its fill"):
        run(trades((1, 100, 9), (2, 101, 9)), bt.Compiled(decide, wake="trade"))
