"""The whole engine against a naive model, in runs of arbitrary events.

After each step the audit is the one that :mod:`tests.system.naive` expects, the engine shows the model's state, and the
replica equals the engine. ``BARTER_BT_FUZZ=5000`` goes through so many runs instead of a few.
"""

from __future__ import annotations

import copy
from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from barter_bt import protocol as bp
from barter_bt.engine.replica import StateReplica, differences
from barter_bt.errors import EngineError
from barter_bt.instrument import Instrument
from barter_bt.protocol import Side
from barter_bt.system import Engine, Strategy
from tests.draws import draws
from tests.system import naive
from tests.system.agree import agree
from tests.system.test_order_machine import ACTIVE, ERRORS, IDS, INACTIVE, TIFS, agreed, order_of

EXAMPLES = draws(70)

SIZE = D("0.1")
TRADED = [
    naive.Traded("x", "x.a_usd", "a", "usd"),
    naive.Traded("x", "b_usd", "b", "usd"),
    naive.Traded("y", "y.a_usd", "a", "usd", SIZE),
]
ASSETS = [("x", "a"), ("x", "b"), ("x", "usd"), ("y", "a"), ("y", "usd")]
EXCHANGE_OF: dict[Any, int] = {0: 0, 1: 0, 2: 1}
START = 3

# Few of each, so that they meet. Prices are whole ticks, quantities whole lots; a fee that is split rounds (rule 4).
INDICES, TIMES, EXCHANGES = st.sampled_from([0, 0, 1, 2, 2]), st.integers(1, 6), st.sampled_from(["x", "y"])
LINKS = st.integers(0, 1)  # an item may come over any exchange's
PRICES, AMOUNTS = st.integers(10, 30).map(lambda k: k * naive.TICK), st.integers(0, 3).map(D)
QUANTITIES, FEES = st.integers(1, 4).map(D), st.integers(-100, 200).map(lambda k: D(k) / 100)
TERMS = st.builds(
    bp.RequestOpen, st.sampled_from(Side), PRICES, st.integers(2, 3).map(D), st.just(bp.OrderKind.LIMIT), TIFS
)
# "0" to "2" are the ids of orders that close positions; "lost" and "dead" cannot be sent.
CIDS = st.sampled_from(["0", "1", "2", "c", "c", "lost"])


def key(i: int, cid: str) -> bp.OrderKey:
    return bp.OrderKey(EXCHANGE_OF[i], i, "s", cid)


KEYS = st.builds(key, INDICES, CIDS)
OPENS, CANCELS = (
    st.builds(bp.OrderRequestOpen, KEYS, TERMS),
    st.builds(bp.OrderRequestCancel, KEYS, st.just(bp.RequestCancel())),
)
FILTERS = st.one_of(
    st.just(bp.NoFilter()),
    st.builds(bp.Exchanges, EXCHANGES | st.integers(0, 1) | st.just(()) | st.just(("y", 0))),
    st.builds(bp.Instruments, INDICES | st.just((2, 0)) | st.just(("b_usd", "y.a_usd"))),
    st.builds(bp.Underlyings, st.sampled_from([bp.Underlying("a", "usd"), (bp.Underlying("b", "usd"),), ()])),
    st.builds(bp.Underlyings, st.builds(bp.Underlying, st.integers(0, 4), st.integers(0, 4) | st.just("usd"))),
)
COMMANDS = st.one_of(
    st.builds(bp.SendOpenRequests, OPENS | st.lists(OPENS, max_size=3).map(tuple)),
    st.builds(bp.SendCancelRequests, CANCELS | st.lists(CANCELS, max_size=2).map(tuple)),
    st.builds(bp.ClosePositions, FILTERS),
    st.builds(bp.CancelOrders, FILTERS),
)
AMOUNT = st.integers(0, 9).map(D) | st.sampled_from([D("1.123456789012345678"), D("1e-10")])
BALANCES = st.builds(bp.AssetBalance, st.integers(0, 4), st.builds(bp.Balance, AMOUNT, AMOUNT), TIMES)


# How a run ends: a shutdown, or a command of which one request is sent and one ends the engine.
DEAD = [
    bp.OrderRequestOpen(key(0, cid), bp.RequestOpen(Side.BUY, D(7), D(2), bp.OrderKind.LIMIT, bp.FillOrKill()))
    for cid in ("dead", "c")
]
NOWHERE = bp.OrderRequestCancel(bp.OrderKey(7, 0, "s", "c"), bp.RequestCancel())
ENDS = [bp.Shutdown(), bp.Command(bp.SendOpenRequests(tuple(DEAD))), bp.Command(bp.SendCancelRequests(NOWHERE))]
SIDES = st.sampled_from(["ba", "ba", "ba", "b", "a", ""])
ORDERS = st.builds(order_of, OPENS, ACTIVE | INACTIVE)


def deliver(request: Any) -> Any:
    errors = {"lost": bp.ExecutionChannelUnhealthy("full"), "dead": bp.Custom("gone")}
    return errors.get(request.key.cid)


class Seesaw(Strategy):
    """Opens where it has no order and a small position, cancels what stands open; its hooks act and return.

    It always sends one cancel of an order that there never was, so that each audit shows whether it was asked.
    """

    id = "seesaw"

    def generate_algo_orders(self, engine: Any) -> Any:
        cancels, opens = [bp.OrderRequestCancel(key(0, "never"), bp.RequestCancel())], []
        for i in range(3):
            price, orders = engine.price(i), engine.orders(i)
            if price is not None and not orders and abs(engine.position(i)) < 2:
                terms = (Side.SELL if i == 1 else Side.BUY, price, D(2), bp.OrderKind.LIMIT, bp.ImmediateOrCancel())
                opens.append(bp.OrderRequestOpen(key(i, "c"), bp.RequestOpen(*terms)))
            cancels += cancels_of([one for one in orders if isinstance(one.state, bp.Open)])
        return cancels, opens

    def on_disconnect(self, engine: Any, exchange: str) -> Any:
        at = [i for i in range(3) if TRADED[i].exchange == exchange]
        return "lost", engine.send(cancels_of([one for i in at for one in engine.orders(i)]), ())

    def on_trading_disabled(self, engine: Any) -> Any:
        return sum(len(engine.orders(i)) for i in range(3))


def cancels_of(orders: list[bp.Order]) -> list[bp.OrderRequestCancel]:
    return [bp.OrderRequestCancel(one.key, bp.RequestCancel()) for one in orders]


class EngineMachine(RuleBasedStateMachine):
    """One engine, its replica, and the model."""

    sound = False

    @initialize(strategy=st.sampled_from([Strategy, Seesaw]), trading=st.booleans(), end=st.sampled_from(ENDS))
    def begin(self, strategy: type[Strategy], trading: bool, end: Any) -> None:
        step: dict[str, Any] = {"price_increment": naive.TICK, "quantity_increment": 1}
        swap = Instrument("y", "a_usd", kind="perpetual", contract_size=SIZE, **step)
        self.engine = Engine(
            [Instrument("x", "a_usd", **step), Instrument("x", "b_usd", **step), swap],
            strategy(),
            balances={"x.usd": 5},
            trading=bp.TradingState.ENABLED if trading else bp.TradingState.DISABLED,
            send=deliver,
            start=START,
        )
        self.replica = StateReplica(self.engine.state)
        self.model = naive.Model(TRADED, strategy(), deliver, START, trading)
        # Of the other assets nobody has told: none of them, at no time.
        self.model.balances = {k: (D(5), D(5), START) if k == 2 else (D(0), D(0), 0) for k in range(len(ASSETS))}
        self.end, self.sound = end, True

    def _step(self, event: Any) -> None:
        self.sound = False
        audit = self.model.process(event)
        assert self.engine.process(event) == audit
        self.sound = True

    def teardown(self) -> None:
        """The last event of each run; after it nothing is processed."""
        if self.sound:
            self._step(self.end)
            self.the_engine_shows_the_state_of_the_model()
            self.the_replica_equals_the_engine()
            with pytest.raises(EngineError, match="has ended"):
                self.engine.process(bp.Shutdown())

    # Market events

    def _market(self, i: int, time: int, kind: Any, exchange: str | None = None) -> None:
        self._step(bp.Market(bp.Item(bp.MarketEvent(time, time + 1, exchange or TRADED[i].exchange, i, kind))))

    @rule(i=INDICES, time=TIMES, price=PRICES, exchange=st.none() | EXCHANGES)
    def public_trade(self, i: int, time: int, price: D, exchange: str | None) -> None:
        """Also over another exchange's link."""
        self._market(i, time, bp.PublicTrade("1", float(price), 1.0, Side.BUY), exchange)

    @rule(i=INDICES, time=TIMES, bid=PRICES, ticks=st.integers(0, 5), amounts=st.tuples(AMOUNTS, AMOUNTS), sides=SIDES)
    def best_prices(self, i: int, time: int, bid: D, ticks: int, amounts: tuple[D, D], sides: str) -> None:
        """Sides may be missing or empty, the book locked; a crossed one is an error in the data (rule 13)."""
        levels = bp.Level(bid, amounts[0]), bp.Level(bid + ticks * naive.TICK, amounts[1])
        known = [level if side in sides else None for side, level in zip("ba", levels, strict=True)]
        self._market(i, time, bp.OrderBookL1(time, *known))

    @rule(i=INDICES, time=TIMES, close=PRICES)
    def candle(self, i: int, time: int, close: D) -> None:
        price = float(close)
        self._market(i, time, bp.Candle(time, price, price + 1, price - 1, price, 7.0, 1))

    @rule(i=INDICES, time=TIMES)
    def liquidation(self, i: int, time: int) -> None:
        """It only heals its link."""
        self._market(i, time, bp.Liquidation(Side.BUY, 5.0, 1.0, time))

    @rule(link=st.sampled_from([bp.Market, bp.Account]), exchange=EXCHANGES)
    def reconnecting(self, link: Any, exchange: str) -> None:
        self._step(link(bp.Reconnecting(exchange)))

    # Account events

    def _account(self, exchange: int, kind: Any) -> None:
        self._step(bp.Account(bp.Item(bp.AccountEvent(exchange, kind))))

    @rule(balance=BALANCES)
    def balance(self, balance: bp.AssetBalance) -> None:
        exchange = 0 if balance.asset in (0, 1, 2) else 1
        self._account(exchange, balance)

    @rule(
        i=INDICES,
        order_id=IDS | st.just("third"),
        time=TIMES,
        side=st.sampled_from(Side),
        price=PRICES,
        quantity=QUANTITIES,
        fee=FEES,
    )
    def own_trade(self, i: int, order_id: str, time: int, side: Side, price: D, quantity: D, fee: D) -> None:
        """Of whatever order: an exchange's id may be unknown, or be that of an order of the other side."""
        fees = bp.AssetFees(None, fee)
        self._account(EXCHANGE_OF[i], bp.Trade("t", order_id, i, "s", time, side, price, quantity, fees))

    @rule(link=LINKS, update=ORDERS)
    def order_snapshot(self, link: int, update: bp.Order) -> None:
        self._account(link, agreed(update, self.model.orders_))

    @rule(link=LINKS, key=KEYS, state=st.builds(bp.Cancelled, IDS, TIMES) | ERRORS)
    def response_to_a_cancel(self, link: int, key: bp.OrderKey, state: Any) -> None:
        self._account(link, bp.OrderResponseCancel(key, state))

    @rule(exchange=st.integers(0, 1), balances=st.lists(BALANCES, max_size=2), updates=st.lists(ORDERS, max_size=3))
    def account_snapshot(self, exchange: int, balances: list[Any], updates: list[bp.Order]) -> None:
        there = tuple(one for one in balances if ASSETS[one.asset][0] == "xy"[exchange])
        scratch, told = copy.deepcopy(self.model.orders_), []  # what each part finds is what the last has left
        for one in updates:
            update = agreed(one, scratch)
            scratch.snapshot(update)
            told.append(bp.InstrumentAccountSnapshot(update.key.instrument, (update,)))
        self._account(exchange, bp.AccountSnapshot(exchange, there, tuple(told)))

    # The user

    @rule(state=st.sampled_from(bp.TradingState))
    def trading_state(self, state: bp.TradingState) -> None:
        self._step(bp.TradingStateUpdate(state))

    @rule(command=COMMANDS)
    def command(self, command: Any) -> None:
        self._step(bp.Command(command))

    # What holds after each step

    @invariant()
    def the_engine_shows_the_state_of_the_model(self) -> None:
        agree(self.engine, self.model)

    @invariant()
    def the_replica_equals_the_engine(self) -> None:
        self.replica.follow(self.engine.state)
        assert differences(self.engine.state, self.replica.state) == []


TestEngineMachine = EngineMachine.TestCase
TestEngineMachine.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
