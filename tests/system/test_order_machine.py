"""The order manager against a naive model, in runs of arbitrary snapshots, responses and commands.

After each step the tracked orders are those of :mod:`tests.system.naive`, and the replica equals the engine.
``BARTER_BT_FUZZ=5000`` goes through so many runs instead of a few.
"""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from barter_bt.engine.replica import StateReplica, differences
from barter_bt.instrument import Instrument
from barter_bt.protocol import (
    Account,
    AccountEvent,
    AccountSnapshot,
    CancelInFlight,
    Cancelled,
    CancelOrders,
    Command,
    Expired,
    FillOrKill,
    FullyFilled,
    GoodUntilCancelled,
    GoodUntilEndOfDay,
    ImmediateOrCancel,
    InstrumentAccountSnapshot,
    Instruments,
    Item,
    NoFilter,
    Open,
    OpenFailed,
    OpenInFlight,
    Order,
    OrderAlreadyCancelled,
    OrderAlreadyFullyFilled,
    OrderKey,
    OrderKind,
    OrderRejected,
    OrderRequestCancel,
    OrderRequestOpen,
    OrderResponseCancel,
    RateLimit,
    RequestCancel,
    RequestOpen,
    SendCancelRequests,
    SendOpenRequests,
    Side,
    Timeout,
)
from barter_bt.system import Commanded, Engine
from tests.draws import draws
from tests.system import naive

EXAMPLES = draws(70)

# Few of each, so that they meet. No time is 0: the engine's columns take it for "the exchange has said nothing".
INSTRUMENTS, TIMES, IDS = st.integers(0, 1), st.integers(1, 3), st.sampled_from(["id", "other"])
OFTEN, SELDOM = OrderKey(0, 0, "s", "c0"), [OrderKey(0, i, "s", cid) for i in (0, 1) for cid in ("c0", "c1", "c2")]
KEYS = st.sampled_from([OFTEN] * 18 + SELDOM)
# A limit order, as the engine keeps no price of a market order.
TIFS = st.sampled_from(
    [GoodUntilCancelled(False), GoodUntilCancelled(True), ImmediateOrCancel(), FillOrKill(), GoodUntilEndOfDay()]
)
TERMS = st.builds(
    RequestOpen,
    st.sampled_from(Side),
    st.integers(5, 7).map(D),
    st.integers(2, 3).map(D),
    st.just(OrderKind.LIMIT),
    TIFS,
)
OPENS = st.builds(OrderRequestOpen, KEYS, TERMS)
CANCELS = st.builds(OrderRequestCancel, KEYS, st.builds(RequestCancel, st.none() | IDS))
ERRORS = st.sampled_from(
    [OrderRejected("no"), OrderAlreadyFullyFilled(), OrderAlreadyCancelled(), RateLimit(), Timeout()]
)
# 3 filled is all of any order: see `agreed`.
OPEN = st.builds(Open, IDS, TIMES, st.sampled_from([D(0), D(1), D(3)]))
ACTIVE = st.just(OpenInFlight()) | OPEN | st.builds(CancelInFlight, st.none() | OPEN)
INACTIVE = (
    st.builds(Cancelled, IDS, TIMES) | st.just(FullyFilled()) | st.just(Expired()) | st.builds(OpenFailed, ERRORS)
)


def order_of(request: OrderRequestOpen, state: Any) -> Order:
    t = request.state
    return Order(request.key, t.side, t.price, t.quantity, t.kind, t.time_in_force, state)


def snapshots(states: Any) -> st.SearchStrategy[Order]:
    return st.builds(order_of, OPENS, states)


def agreed(update: Order, orders: naive.Orders) -> Order:
    """A snapshot of which the documents say what it does.

    They do not say by whose quantity nothing remains, the snapshot's (as in the engine) or the tracked order's: where
    all is filled the two are the same here.
    """
    tracked, told = orders.tracked.get(naive.key_of(update)), naive.known(update.state)
    if told is None:
        return update
    quantity = update.quantity if tracked is None else tracked.quantity
    filled = quantity if told.filled_quantity == 3 else told.filled_quantity
    quantity = quantity if filled == quantity else update.quantity
    terms = RequestOpen(update.side, update.price, quantity, update.kind, update.time_in_force)
    told = Open(told.id, told.time_exchange, filled)
    is_open = isinstance(update.state, Open)
    return order_of(OrderRequestOpen(update.key, terms), told if is_open else CancelInFlight(told))


class OrderMachine(RuleBasedStateMachine):
    """One engine, its replica, and the model."""

    def __init__(self) -> None:
        super().__init__()
        names = ("a_usd", "b_usd")
        self.engine = Engine([Instrument("x", name, price_increment=1, quantity_increment=1) for name in names])
        self.replica = StateReplica(self.engine.state)
        self.model = naive.Orders()

    def _tell(self, kind: Any) -> None:
        assert self.engine.process(Account(Item(AccountEvent(0, kind)))).outputs == ()

    def _command(self, kind: Any) -> Commanded:
        (output,) = self.engine.process(Command(kind)).outputs
        assert isinstance(output, Commanded)
        return output

    @rule(update=snapshots(ACTIVE))
    def snapshot_of_an_active_order(self, update: Order) -> None:
        update = agreed(update, self.model)
        self.model.snapshot(update)
        self._tell(update)

    @rule(update=snapshots(OPEN))
    def snapshot_of_an_open_order(self, update: Order) -> None:
        """The cells with times, in which most can go wrong, get rules of their own."""
        self.snapshot_of_an_active_order(update)

    @rule(request=OPENS, time=TIMES)
    def order_that_is_sent_and_opened(self, request: OrderRequestOpen, time: int) -> None:
        """Two steps at once: few orders would get so far by chance."""
        self.command_to_open((request,))
        self.snapshot_of_an_active_order(order_of(request, Open("id", time, D(0))))

    @rule(update=snapshots(st.builds(CancelInFlight, OPEN)))
    def snapshot_of_an_order_that_is_being_cancelled(self, update: Order) -> None:
        self.snapshot_of_an_active_order(update)

    @rule(update=snapshots(INACTIVE))
    def snapshot_of_an_inactive_order(self, update: Order) -> None:
        self.model.snapshot(update)
        self._tell(update)

    @rule(updates=st.lists(snapshots(ACTIVE | INACTIVE), max_size=3))
    def snapshot_of_the_account(self, updates: list[Order]) -> None:
        """Its orders are applied one after the other; what each finds is what the last has left."""
        told = []
        for one in updates:
            update = agreed(one, self.model)
            self.model.snapshot(update)
            told.append(InstrumentAccountSnapshot(update.key.instrument, (update,)))
        self._tell(AccountSnapshot(0, (), tuple(told)))

    @rule(key=KEYS, state=st.builds(Cancelled, IDS, TIMES) | ERRORS)
    def response_to_a_cancel(self, key: OrderKey, state: Any) -> None:
        response = OrderResponseCancel(key, state)
        self.model.cancelled(response)
        self._tell(response)

    @rule(requests=st.lists(OPENS, min_size=1, max_size=2).map(tuple))
    def command_to_open(self, requests: tuple[OrderRequestOpen, ...]) -> None:
        """A client id that is in use, even twice in one command, is sent as any other."""
        for request in requests:
            self.model.open(request)
        assert self._command(SendOpenRequests(requests)).opens.sent == requests

    @rule(requests=st.lists(CANCELS, min_size=1, max_size=2).map(tuple))
    def command_to_cancel(self, requests: tuple[OrderRequestCancel, ...]) -> None:
        """Also of what is not tracked, which is sent and changes nothing."""
        for request in requests:
            self.model.cancel(request)
        assert self._command(SendCancelRequests(requests)).cancels.sent == requests

    @rule(chosen=st.just(NoFilter()) | st.builds(Instruments, INSTRUMENTS))
    def command_to_cancel_orders(self, chosen: Any) -> None:
        """All but those that are being cancelled; without an id those in flight."""
        which = (0, 1) if isinstance(chosen, NoFilter) else (chosen.instruments,)
        orders = [one for i in which for one in self.model.of(i) if not isinstance(one.state, CancelInFlight)]
        ids = [told.id if (told := naive.known(one.state)) else None for one in orders]
        requests = tuple(OrderRequestCancel(one.key, RequestCancel(i)) for one, i in zip(orders, ids, strict=True))
        for request in requests:
            self.model.cancel(request)
        assert self._command(CancelOrders(chosen)).cancels.sent == requests

    @invariant()
    def the_tracked_orders_are_those_of_the_model(self) -> None:
        for i in (0, 1):
            orders = self.model.of(i)
            assert self.engine.orders(i) == orders
            working = [(1 if o.side == Side.BUY else -1) * (o.quantity - _filled(o)) for o in orders]
            assert self.engine.units.quantity(i, self.engine.state.instruments.working[i]) == sum(working)

    @invariant()
    def the_replica_equals_the_engine(self) -> None:
        self.replica.follow(self.engine.state)
        assert differences(self.engine.state, self.replica.state) == []


def _filled(order: Order) -> D:
    told = naive.known(order.state)
    return told.filled_quantity if told else D(0)


TestOrderMachine = OrderMachine.TestCase
TestOrderMachine.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
