"""The order manager's matrix, cell by cell: the state that is tracked, an update, and what is tracked after it.

Rows and columns are those of the table in `docs/barter.md`; times are plain numbers, quantities of an order 10.
"""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from barter_bt.engine.replica import StateReplica, differences
from barter_bt.errors import DataError
from barter_bt.instrument import Instrument
from barter_bt.protocol import (
    Account,
    AccountEvent,
    AssetFees,
    CancelInFlight,
    Cancelled,
    CancelOrders,
    Command,
    Expired,
    FullyFilled,
    GoodUntilCancelled,
    ImmediateOrCancel,
    Item,
    NoFilter,
    Open,
    OpenFailed,
    OpenInFlight,
    Order,
    OrderAlreadyFullyFilled,
    OrderKey,
    OrderKind,
    OrderRejected,
    OrderRequestCancel,
    OrderRequestOpen,
    OrderResponseCancel,
    RequestCancel,
    RequestOpen,
    SendCancelRequests,
    SendOpenRequests,
    Side,
    Trade,
)
from barter_bt.system import Engine

KEY = OrderKey(0, 0, "s", "cid")
TIF = GoodUntilCancelled(post_only=False)


def opened(time: int, filled: int = 0) -> Open:
    return Open("id", time, D(filled))


def order(state: Any, key: OrderKey = KEY) -> Order:
    return Order(key, Side.BUY, D(5), D(10), OrderKind.LIMIT, TIF, state)


def event(kind: Any) -> Account:
    return Account(Item(AccountEvent(0, kind)))


def snapshot(state: Any, key: OrderKey = KEY) -> Account:
    return event(order(state, key))


def response(state: Any, key: OrderKey = KEY) -> Account:
    return event(OrderResponseCancel(key, state))


def send_open(key: OrderKey = KEY) -> Command:
    return Command(SendOpenRequests(OrderRequestOpen(key, RequestOpen(Side.BUY, D(5), D(10), OrderKind.LIMIT, TIF))))


def send_cancel(key: OrderKey = KEY) -> Command:
    return Command(SendCancelRequests(OrderRequestCancel(key, RequestCancel())))


def make() -> Engine:
    return Engine([Instrument("x", "a_usd", price_increment=1, quantity_increment=1)])


# What leads to each state that can be tracked: open at time 20 with 3 filled, and cancels in flight with and without
# the venue's data.
TRACKED: dict[str, list[Any]] = {
    "untracked": [],
    "open in flight": [send_open()],
    "open": [send_open(), snapshot(opened(20, 3))],
    "cancel in flight": [send_open(), send_cancel()],
    "cancel in flight, open": [send_open(), snapshot(opened(20, 3)), send_cancel()],
}
CELLS: list[tuple[str, str, Any, Any]] = [
    ("untracked", "in flight", snapshot(OpenInFlight()), OpenInFlight()),
    ("untracked", "open", snapshot(opened(20, 3)), opened(20, 3)),
    ("untracked", "open, nothing remains", snapshot(opened(20, 10)), None),
    ("untracked", "cancel in flight", snapshot(CancelInFlight(opened(20, 3))), CancelInFlight(opened(20, 3))),
    ("untracked", "cancel in flight, no data", snapshot(CancelInFlight(None)), CancelInFlight(None)),
    ("open in flight", "in flight", snapshot(OpenInFlight()), OpenInFlight()),
    ("open in flight", "open", snapshot(opened(20, 3)), opened(20, 3)),
    ("open in flight", "open, nothing remains", snapshot(opened(20, 10)), None),
    ("open in flight", "cancel in flight", snapshot(CancelInFlight(opened(20))), CancelInFlight(opened(20))),
    ("open in flight", "cancel in flight, no data", snapshot(CancelInFlight(None)), CancelInFlight(None)),
    ("open", "in flight", snapshot(OpenInFlight()), opened(20, 3)),
    ("open", "open, later", snapshot(opened(21, 4)), opened(21, 4)),
    ("open", "open, same time", snapshot(opened(20, 4)), opened(20, 4)),
    ("open", "open, older", snapshot(opened(19, 4)), opened(20, 3)),
    ("open", "open, nothing remains (corrected)", snapshot(opened(21, 10)), None),
    ("open", "cancel in flight, later", snapshot(CancelInFlight(opened(21, 4))), CancelInFlight(opened(21, 4))),
    ("open", "cancel in flight, same time", snapshot(CancelInFlight(opened(20, 4))), CancelInFlight(opened(20, 4))),
    ("open", "cancel in flight, older", snapshot(CancelInFlight(opened(19, 1))), CancelInFlight(opened(20, 3))),
    ("open", "cancel in flight, no data", snapshot(CancelInFlight(None)), CancelInFlight(opened(20, 3))),
    ("cancel in flight", "in flight", snapshot(OpenInFlight()), CancelInFlight(None)),
    ("cancel in flight", "open", snapshot(opened(20, 3)), CancelInFlight(opened(20, 3))),
    ("cancel in flight", "open, nothing remains (corrected)", snapshot(opened(20, 10)), None),
    ("cancel in flight", "cancel in flight", snapshot(CancelInFlight(opened(30, 9))), CancelInFlight(None)),
    ("cancel in flight, open", "open, later", snapshot(opened(21, 4)), CancelInFlight(opened(21, 4))),
    ("cancel in flight, open", "open, same time", snapshot(opened(20, 4)), CancelInFlight(opened(20, 4))),
    ("cancel in flight, open", "open, older", snapshot(opened(19, 4)), CancelInFlight(opened(20, 3))),
    ("cancel in flight, open", "nothing remains (corrected)", snapshot(opened(21, 10)), None),
    ("cancel in flight", "cancel error", response(OrderRejected("no")), None),
    ("cancel in flight, open", "cancel error", response(OrderRejected("no")), opened(20, 3)),
    ("cancel in flight, open", "cancel error, filled", response(OrderAlreadyFullyFilled()), opened(20, 3)),
    ("open in flight", "cancel error", response(OrderRejected("no")), OpenInFlight()),
    ("open", "cancel error", response(OrderRejected("no")), opened(20, 3)),
    ("untracked", "cancel error", response(OrderRejected("no")), None),
]
TERMINAL = [Cancelled("id", 1), FullyFilled(), Expired(), OpenFailed(OrderRejected("no"))]
CELLS += [(row, f"terminal {type(state).__name__}", snapshot(state), None) for row in TRACKED for state in TERMINAL]
CELLS += [(row, "cancel ok", response(Cancelled("id", 1)), None) for row in TRACKED]


@pytest.mark.parametrize(("row", "column", "update", "after"), CELLS, ids=[f"{r} | {c}" for r, c, _, _ in CELLS])
def test_each_cell_of_the_matrix(row, column, update, after):
    """The state that is tracked after the update; the replica has it, too."""
    engine = make()
    replica = StateReplica(engine.state)
    for one in [*TRACKED[row], update]:
        engine.process(one)
    assert [one.state for one in engine.orders(0)] == ([] if after is None else [after])
    replica.follow(engine.state)
    assert differences(engine.state, replica.state) == []
    working = engine.units.quantity(0, engine.state.instruments.working[0])
    filled = 0 if after is None else getattr(getattr(after, "order", after), "filled_quantity", 0)
    assert working == (0 if after is None else 10 - filled)


def test_a_snapshot_changes_the_state_of_an_order_not_its_terms():
    """Price and quantity stay what was asked for."""
    engine = make()
    engine.process(send_open())
    other = Order(KEY, Side.BUY, D(7), D(20), OrderKind.LIMIT, TIF, opened(20, 3))
    engine.process(event(other))
    (tracked,) = engine.orders(0)
    assert (tracked.price, tracked.quantity, tracked.state) == (D(5), D(10), opened(20, 3))


def test_a_closed_client_id_is_remembered():
    """A late snapshot of a finished order does not bring it back (corrected); a new request does."""
    engine = make()
    for one in (send_open(), snapshot(FullyFilled()), snapshot(opened(30, 1)), snapshot(opened(31, 10))):
        engine.process(one)
        working = engine.state.instruments.working[0]
        assert [working, engine.state.instruments.live[0]] == ([10, 1] if engine.orders(0) else [0, 0])
    assert engine.orders(0) == []
    for one in (send_open(), snapshot(opened(31, 1))):
        engine.process(one)
    assert [one.state for one in engine.orders(0)] == [opened(31, 1)]


def test_a_client_id_that_is_used_again_replaces_the_live_order():
    """As in Barter, where the later order takes its place; here the earlier one is closed, and says why."""
    engine = make()
    engine.process(send_open())
    engine.process(send_open())
    assert len(engine.orders(0)) == 1
    assert engine.state.instruments.working[0] == 10
    assert engine.state.orders.status[0] > 2


def test_a_cancel_of_what_is_not_tracked_is_sent_and_changes_nothing():
    """It stands among what was sent; a second cancel of one order is sent again."""
    engine = make()
    audit = engine.process(send_cancel())
    assert len(audit.outputs[0].cancels.sent) == 1
    assert engine.orders(0) == []
    for one in (send_open(), snapshot(opened(20)), send_cancel(), send_cancel()):
        engine.process(one)
    assert [one.state for one in engine.orders(0)] == [CancelInFlight(opened(20))]


def test_the_command_to_cancel_skips_orders_that_are_being_cancelled():
    """And sends no exchange id for those in flight."""
    engine = make()
    keys = [OrderKey(0, 0, "s", f"cid{k}") for k in range(3)]
    for key in keys:
        engine.process(send_open(key))
    engine.process(snapshot(opened(20), keys[1]))
    engine.process(send_cancel(keys[2]))
    audit = engine.process(Command(CancelOrders(NoFilter())))
    sent = audit.outputs[0].cancels.sent
    assert [(one.key.cid, one.state.id) for one in sent] == [("cid0", None), ("cid1", "id")]
    assert all(isinstance(one.state, CancelInFlight) for one in engine.orders(0))


def test_nothing_remains_of_an_order_whose_whole_quantity_is_filled():
    """Also where the exchange knows the order by a larger quantity than was asked for."""
    engine = make()
    engine.process(send_open())
    larger = Order(KEY, Side.BUY, D(5), D(20), OrderKind.LIMIT, TIF, opened(20, 15))
    engine.process(event(larger))
    assert engine.orders(0) == []
    assert engine.state.instruments.working[0] == 0


def test_a_market_order_keeps_its_price():
    engine = make()
    terms = RequestOpen(Side.BUY, D(7), D(1), OrderKind.MARKET, ImmediateOrCancel())
    engine.process(Command(SendOpenRequests(OrderRequestOpen(KEY, terms))))
    assert engine.orders(0)[0].price == 7


def test_names_that_the_engine_gives_are_no_client_ids():
    """An order that a trade told of is not the client's, whatever the client calls its own."""
    engine, mine = make(), OrderKey(0, 0, "s", "order X")
    engine.process(send_open(mine))
    trade = Trade("t", "X", 0, "s", 1, Side.BUY, D(5), D(1), AssetFees(None, D(0)))
    engine.process(event(trade))
    engine.process(snapshot(FullyFilled(), mine))
    assert engine.orders(0) == []


def test_an_event_that_cannot_be_applied_has_no_number():
    engine, before = make(), snapshot(opened(20, 3))
    replica = StateReplica(engine.state)
    wrong = event(Trade("t", "X", 0, "s", 99, Side.BUY, D("5.5"), D(1), AssetFees(None, D(0))))
    with pytest.raises(DataError, match="not a whole number of steps"):
        engine.process(wrong)
    assert engine.process(before).sequence == 0
    assert engine.state.engine.time[0] == 20
    replica.follow(engine.state)
    assert differences(engine.state, replica.state) == []
