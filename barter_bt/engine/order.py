"""Orders: their codes and the table with one row for each order ever sent.

The row number is the order's number, dense in order of sending. A row is the request, what the engine knows
of its state, and finally its record: a closed order keeps its row, so whatever arrives late is recognised.
"""

from __future__ import annotations

from barter_bt.columns.column import I8, I64
from barter_bt.columns.table import Table
from barter_bt.engine.agenda import NEVER

BUY, SELL = 1, -1
NO_TIME = -(1 << 63)  # it has not happened
MARKET, LIMIT, EXERCISE = 0, 1, 2
GTC, IOC, FOK = 0, 1, 2
NO_TRIGGER, STOP, IF_TOUCHED = 0, 1, 2
NO_PARENT = NO_GROUP = -1
DAY, AT_OPEN, AT_CLOSE = 3, 4, 5  # times in force that are settled by the sessions when an order is sent
ANY_FILL, NEXT_OPEN, NEXT_CLOSE, THIS_CLOSE = 0, 1, 2, 3  # which price of a candle it meets; ANY: as its exchange says
ANY_PRICE, LAST, QUOTE, MARK = 0, 1, 2, 3  # which prices trigger it, likewise

# The first three are live; their numbers are those of Barter's ActiveOrderState.
OPEN_IN_FLIGHT, OPEN, CANCEL_IN_FLIGHT = 0, 1, 2
FILLED, CANCELLED, EXPIRED, REJECTED, REFUSED = 3, 4, 5, 6, 7

NO_REASON = 0
INSUFFICIENT_BALANCE = 1
POST_ONLY = 2
BELOW_MINIMUM = 3
NOT_FILLED = 4
NO_PRICE = 5
REQUESTED = 6
ORDER_QUANTITY_LIMIT = 7
ORDER_NOTIONAL_LIMIT = 8
POSITION_LIMIT = 9
POSITION_NOTIONAL_LIMIT = 10
EXPOSURE_LIMIT = 11
LEVERAGE_LIMIT = 12
OPEN_ORDERS_LIMIT = 13
ORDER_RATE_LIMIT = 14
PRICE_BAND = 15
UNKNOWN_ORDER = 16
REPLACED = 17
BELOW_PRICE_MIN = 18
INSTRUMENT_EXPIRED = 19
RISK_FAILED = 20  # the user's risk manager raised, which ends the run
REDUCE_ONLY = 21
PARENT_ENDED = 22
SIBLING_FILLED = 23
CHILD_FILLED = 24
TIME_OVER = 25
INSTRUMENT_SPLIT = 26
LIQUIDATION = 27
SETTLEMENT = 28
DELISTING = 29
DELIVERY = 30
EXERCISED = 31
ASSIGNMENT = 32
EXPIRED_WORTHLESS = 33
NOT_AMERICAN = 34
NOT_IN_THE_MONEY = 35
BY_VENUE = (LIQUIDATION, SETTLEMENT, DELISTING, DELIVERY, EXERCISED, ASSIGNMENT, EXPIRED_WORTHLESS)
FAULT = 36  # on purpose (rule 96), as the next
LOST_REQUEST = 37
OWN_REASON = 38  # the first reason of the user's risk managers; their names are those of the run
MOST_OWN_REASONS = 128 - OWN_REASON  # so many fit into the column

SIDES = {BUY: "buy", SELL: "sell"}
KINDS = ("market", "limit", "exercise")
ORDER_KINDS = (  # as tables name them
    "market",
    "limit",
    "stop",
    "stop_limit",
    "market_if_touched",
    "limit_if_touched",
    "trailing_stop",
    "trailing_stop_limit",
    "exercise",
)
TIMES_IN_FORCE = ("gtc", "ioc", "fok")
ASKED_TIMES = (*TIMES_IN_FORCE, "day", "at_open", "at_close")
CANDLE_FILLS = ("", "next_open", "next_close", "this_close")
TRIGGER_PRICES = ("", "last", "quote", "mark")
STATUSES = ("open_in_flight", "open", "cancel_in_flight", "filled", "cancelled", "expired", "rejected", "refused")
REASONS = (
    "",
    "insufficient_balance",
    "post_only",
    "below_minimum",
    "not_filled",
    "no_price",
    "requested",
    "order_quantity_limit",
    "order_notional_limit",
    "position_limit",
    "position_notional_limit",
    "exposure_limit",
    "leverage_limit",
    "open_orders_limit",
    "order_rate_limit",
    "price_band",
    "unknown_order",
    "replaced",
    "below_price_min",
    "expired",
    "risk_failed",
    "reduce_only",
    "parent_ended",
    "sibling_filled",
    "child_filled",
    "time_over",
    "split",
    "liquidation",
    "settlement",
    "delisting",
    "delivery",
    "exercise",
    "assignment",
    "expiry",
    "not_american",
    "not_in_the_money",
    "fault",
    "lost",
)


class OrderTerms(Table):
    """What an exchange is asked for: the columns of everything that asks for an order, or keeps one.

    A new term of an order is a column here, a line in :func:`copy_terms`, and whoever gives it a meaning.
    """

    instrument: I64
    side: I8
    kind: I8
    time_in_force: I8
    post_only: I8
    resize: I8  # a target's order: may be cut to what can be paid
    reduce_only: I8
    trigger_kind: I8
    candle_fill: I8  # which price of a candle it meets, if it takes
    trigger_by: I8  # which prices its trigger, and those of what protects it, look at
    price: I64  # ticks; 0 for market orders
    quantity: I64  # lots
    good_after: I64  # time at its exchange until which that holds it back; NO_TIME: none
    good_till: I64  # time at its exchange at which it ends; NEVER: none
    trigger: I64  # ticks at which it is held no longer; 0: none, or a trailing stop's that is still to be set
    trail: I64  # ticks between a trailing stop and the market, or else ...
    trail_rate: I64  # ... that distance as a fraction of the price, in 1e-9
    activation: I64  # ticks that the price must reach before the trigger follows it, 0: none (any more, at the venue)
    activation_by: I8  # 0, or the unit in which that is still a distance from the parent's first fill
    parent: I64  # order that it protects, or follows, and waits for, NO_PARENT if none
    follows: I8  # 1: it waits for all of that order, on its own account (rule 58)
    group: I64  # number of the first order of its group, whose first fill ends the others (rule 57), NO_GROUP if none
    offset: I64  # ticks between its price, or trigger, and the parent's first fill, or else ...
    offset_rate: I64  # ... that distance as a fraction of it, in 1e-9
    wish: I64  # one more than the row of the target that it is sized by at its fill (rule 61); 0: it is not


def set_plain(
    to: OrderTerms, row: int, i: int, side: int, kind: int, time_in_force: int, price: int, lots: int
) -> None:
    """Terms of an order without conditions."""
    to.instrument[row], to.side[row] = i, side
    to.kind[row], to.time_in_force[row] = kind, time_in_force
    to.post_only[row] = to.resize[row] = to.reduce_only[row] = 0
    to.trigger_kind[row] = NO_TRIGGER
    to.trigger[row] = to.trail[row] = to.trail_rate[row] = to.offset[row] = to.offset_rate[row] = 0
    to.activation[row] = to.activation_by[row] = 0
    to.parent[row] = to.group[row] = NO_PARENT
    to.follows[row] = to.wish[row] = 0
    to.candle_fill[row] = to.trigger_by[row] = 0
    to.good_after[row], to.good_till[row] = NO_TIME, NEVER
    to.price[row], to.quantity[row] = price, lots


class OrderRequest(OrderTerms):
    """Terms, and what the engine keeps with them: whose order it is, and the quantity before anything cut it."""

    strategy: I64
    quantity_requested: I64


def copy_terms(to: OrderTerms, row: int, given: OrderTerms, given_row: int) -> None:
    """Copy the terms of one order. The tables may be of different classes; compiled code has a version for each."""
    to.instrument[row], to.side[row] = given.instrument[given_row], given.side[given_row]
    to.kind[row], to.time_in_force[row] = given.kind[given_row], given.time_in_force[given_row]
    to.post_only[row], to.resize[row] = given.post_only[given_row], given.resize[given_row]
    to.reduce_only[row], to.trigger_kind[row] = given.reduce_only[given_row], given.trigger_kind[given_row]
    to.price[row], to.quantity[row] = given.price[given_row], given.quantity[given_row]
    to.candle_fill[row], to.trigger_by[row] = given.candle_fill[given_row], given.trigger_by[given_row]
    to.good_after[row], to.good_till[row] = given.good_after[given_row], given.good_till[given_row]
    to.trigger[row], to.trail[row] = given.trigger[given_row], given.trail[given_row]
    to.trail_rate[row], to.parent[row] = given.trail_rate[given_row], given.parent[given_row]
    to.activation[row], to.activation_by[row] = given.activation[given_row], given.activation_by[given_row]
    to.offset[row], to.offset_rate[row] = given.offset[given_row], given.offset_rate[given_row]
    to.follows[row], to.group[row] = given.follows[given_row], given.group[given_row]
    to.wish[row] = given.wish[given_row]


def copy_request(to: OrderRequest, row: int, given: OrderRequest, given_row: int) -> None:
    """Copy the terms of one order and what the engine keeps with them."""
    copy_terms(to, row, given, given_row)
    to.strategy[row] = given.strategy[given_row]
    to.quantity_requested[row] = given.quantity_requested[given_row]


class Orders(OrderRequest, growable=True):
    """One row per order. Money is in units of the quote asset, times in ns."""

    price_sent: I64  # of the market, when the order was sent; 0 if unknown
    filled: I64
    notional: I64
    fees: I64
    status: I8
    reason: I8
    time_sent: I64
    time_exchange: I64  # accepted by the venue; NO_TIME if never
    time_triggered: I64  # at the venue; NO_TIME if it never was
    time_closed: I64  # the engine learnt of the end; NO_TIME while live
    before: I64  # neighbours among the live orders of the instrument, -1 at the ends
    after: I64
