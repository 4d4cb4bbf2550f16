"""What holds of orders and their fills: quantity, limit, order of events, end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from barter_bt.backtest import Result
from barter_bt.engine.agenda import NEVER
from barter_bt.engine.order import BY_VENUE, EXERCISE, LIMIT, NO_TIME, OPEN, REASONS, STATUSES
from barter_bt.testing.invariants.amended import Amended
from barter_bt.testing.invariants.journal import expect, fail, place, rows, state_of

ENDED = ("filled", "cancelled", "expired", "rejected", "refused")


def assert_fills_within_orders(result: Result) -> None:
    """Fills are of their order's instrument and side, together at most its quantity, never beyond its limit price.

    What an order says of its fills (quantity, notional, fees) is their sum, its quantity at most what was asked for. Of
    one that was amended the limit price is that of the time, its quantity at most what an amend asked for.

    Raises
    ------
    AssertionError
        With the row of the trades or orders.

    Examples
    --------
    >>> import barter_bt as bt
    >>> assert_fills_within_orders(bt.testing.run_prices([9, 8], bt.testing.schedule({"at": 60, "buy": 1, "limit": 9})))
    """
    state = state_of(result)
    orders, amended = rows(state.orders), Amended(result)
    sums = [dict.fromkeys(("filled", "notional", "fees"), 0) for _ in orders]
    for number, trade in enumerate(rows(state.trades)):
        where, order = place(result, "trades", number, trade), orders[trade["order"]]
        for name in ("instrument", "side"):
            expect(trade[name], order[name], where, name, f"is that of its order {trade['order']}")
        worthless = trade["price"] == 0 and (order["reason"] in BY_VENUE or order["kind"] == EXERCISE)
        if trade["quantity"] <= 0 or (trade["price"] <= 0 and not worthless):
            fail(where, f"{trade['quantity']} lots at {trade['price']} ticks; both must be positive")
        limits = amended.limits(trade["order"], order, trade)
        if order["kind"] == LIMIT and min(trade["side"] * (trade["price"] - limit) for limit in limits) > 0:
            named = " and ".join(map(str, limits))
            fail(where, f"price {trade['price']} is beyond the limit {named} of order {trade['order']}, in ticks")
        for name, value in (("filled", "quantity"), ("notional", "notional"), ("fees", "fees")):
            sums[trade["order"]][name] += trade[value]
    for number, order in enumerate(orders):
        where = place(result, "orders", number, order, "time_sent")
        if result.partial and order["status"] <= OPEN:
            continue
        for name, total in sums[number].items():
            expect(order[name], total, where, name, "is the sum of its fills")
        at_fill = order["wish"] or (order["parent"] >= 0 and orders[order["parent"]]["wish"])  # rule 61
        most = order["quantity"] if at_fill else amended.most(number, order)
        if not order["filled"] <= order["quantity"] <= most:
            lots = "{filled} lots filled of {quantity}, {quantity_requested} requested".format(**order)
            fail(where, f"{lots}; none may be more than the next")


def assert_no_fill_before_its_order(result: Result) -> None:
    """A request takes its latency, a fill comes at or after its arrival, and the engine learns of it no earlier.

    Raises
    ------
    AssertionError
        With the row of the trades and the times.

    Examples
    --------
    >>> import barter_bt as bt
    >>> late = bt.Venue(latency=bt.Latency("70s"))
    >>> result = bt.testing.run_prices([9, 8, 7], bt.testing.schedule({"at": 60, "buy": 1}), venues=late)
    >>> assert_no_fill_before_its_order(result)
    """
    state = state_of(result)
    orders, terms, links = rows(state.orders), rows(state.terms), rows(state.links)
    for number, trade in enumerate(rows(state.trades)):
        where, order = place(result, "trades", number, trade), orders[trade["order"]]
        link = links[terms[trade["instrument"]]["exchange"]]
        arrival = order["time_sent"] + link["request_ns"]
        if order["time_sent"] != NO_TIME and trade["time_exchange"] < arrival:
            early = arrival - trade["time_exchange"]
            fail(where, f"filled {early} ns before order {trade['order']} arrived, sent at {order['time_sent']} ns")
        if trade["time_engine"] < trade["time_exchange"] + link["response_ns"]:
            told = trade["time_engine"] - trade["time_exchange"]
            fail(where, f"the engine knew {told} ns after the fill, and a response takes {link['response_ns']}")


def assert_orders_end(result: Result) -> None:
    """Every order has ended, with the time and whatever reason belongs to it, or is open at the end.

    An order is filled if and only if all of it is; one that was refused or rejected has no fill; times do not go back.

    Raises
    ------
    AssertionError
        With the row of the orders.

    Examples
    --------
    >>> import barter_bt as bt
    >>> assert_orders_end(bt.testing.run_prices([9, 8], bt.testing.schedule({"at": 60, "buy": 1, "limit": 5})))
    """
    state = state_of(result)
    for number, order in enumerate(rows(state.orders)):
        where, status = place(result, "orders", number, order, "time_sent"), STATUSES[order["status"]]
        if status not in ENDED and not (status == "open" or result.partial):
            fail(where, f"status is {status} at the end of the run; allowed: open, {', '.join(ENDED)}")
        if (order["time_closed"] != NO_TIME) != (status in ENDED):
            fail(where, f"status is {status}, and time_closed is {_told(order['time_closed'])}")
        if (status == "filled") != (order["filled"] == order["quantity"] and order["filled"] > 0):
            fail(where, f"status is {status}, with {order['filled']} of {order['quantity']} lots filled")
        if status in ("rejected", "refused") and order["filled"]:
            fail(where, f"status is {status}, with {order['filled']} lots filled")
        closed_out = order["reason"] in BY_VENUE and order["time_sent"] == NO_TIME
        if (order["reason"] != 0) != (status in ENDED[1:] or closed_out):
            fail(where, f"status is {status}, and its reason is {REASONS[order['reason']]!r}")
        _expect_in_order(where, order)


def _expect_in_order(where: str, order: Mapping[str, Any]) -> None:
    accepted = order["time_sent"] if order["time_exchange"] == NO_TIME else order["time_exchange"]
    closed = NEVER if order["time_closed"] == NO_TIME else order["time_closed"]
    if not order["time_sent"] <= accepted <= closed:
        times = ", ".join(f"{name} {_told(order[name])}" for name in ("time_sent", "time_exchange", "time_closed"))
        fail(where, f"times go back: {times}")


def _told(time: int) -> str:
    return "none" if time == NO_TIME else f"{time} ns"
