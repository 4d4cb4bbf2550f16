"""The engine event by event: positions, balances, health, trading state, risk, sending and its errors."""

from __future__ import annotations

from decimal import Decimal as D
from typing import Any

import pytest

from barter_bt.errors import EngineError
from barter_bt.instrument import Instrument
from barter_bt.protocol import (
    Account,
    AccountEvent,
    AssetBalance,
    AssetFees,
    Balance,
    ClosePositions,
    Command,
    Custom,
    Exchanges,
    ExecutionChannelUnhealthy,
    ImmediateOrCancel,
    Instruments,
    Item,
    Level,
    Market,
    MarketEvent,
    NoFilter,
    OrderBookL1,
    OrderKey,
    OrderKind,
    OrderRequestOpen,
    PublicTrade,
    Reconnecting,
    RequestOpen,
    SendOpenRequests,
    Shutdown,
    Side,
    Trade,
    TradingState,
    TradingStateUpdate,
    Underlying,
    Underlyings,
)
from barter_bt.risk import Limits
from barter_bt.system import AlgoOrders, Engine, Strategy, TradingDisabled

ENABLED, DISABLED = TradingStateUpdate(TradingState.ENABLED), TradingStateUpdate(TradingState.DISABLED)
B, S = Side.BUY, Side.SELL


def instruments() -> list[Instrument]:
    names = [("x", "a_usd"), ("x", "b_usd"), ("y", "a_usd")]
    return [Instrument(e, n, price_increment="0.01", quantity_increment="0.001") for e, n in names]


def make(strategy: Strategy | None = None, **options: Any) -> Engine:
    return Engine(instruments(), strategy, **options)


def own(side: Side, price: Any, quantity: Any, fee: Any, time: int = 1) -> Account:
    fees = AssetFees(None, D(str(fee)))
    kind = Trade("t", f"o{time}", 0, "s", time, side, D(str(price)), D(str(quantity)), fees)
    return Account(Item(AccountEvent(0, kind)))


def public(price: float, time: int = 1, i: int = 0, exchange: str = "x") -> Market:
    return Market(Item(MarketEvent(time, time, exchange, i, PublicTrade("1", price, 1.0, B))))


def request(i: int, quantity: int = 1, cid: str = "c") -> OrderRequestOpen:
    terms = RequestOpen(B, D(1), D(quantity), OrderKind.MARKET, ImmediateOrCancel())
    return OrderRequestOpen(OrderKey(0, i, "s", cid), terms)


# Positions: Barter's table of position updates, as own trades


@pytest.mark.parametrize(
    ("trades", "open_", "exits"),
    [
        ([(B, 100, 1, 10), (B, 120, 1, 10)], (2, "-20"), []),
        ([(B, 100, 2, 10), (S, 150, "0.5", 5)], ("1.5", "10"), []),
        ([(B, 100, 1, 10), (S, 150, 1, 10)], (0, "0"), [("30", "10", "10", "1", B)]),
        ([(B, 100, 1, 10), (S, 150, 2, 20)], (-1, "-10"), [("30", "10", "10", "1", B)]),
        ([(S, 100, 1, 10), (S, 80, 1, 10)], (-2, "-20"), []),
        ([(S, 100, 2, 10), (B, 80, 1, 10)], (-1, "0"), []),
        ([(S, 100, 1, 10), (B, 80, 1, 10)], (0, "0"), [("0", "10", "10", "1", S)]),
        ([(S, 100, 1, 10), (B, 80, 2, 20)], (1, "-10"), [("0", "10", "10", "1", S)]),
        ([(B, 50_000, "0.1", 5), (S, 60_000, "0.05", "2.5")], ("0.05", "492.5"), []),
        ([(S, 50_000, "0.1", 5), (B, 40_000, "0.2", 10)], ("0.1", "-5"), [("990", "5", "5", "0.1", S)]),
        ([(B, 100, 10, 0), (S, 150, 10, -5)], (0, "0"), [("505", "0", "-5", "10", B)]),
        ([(S, 100, 10, 0), (B, 150, 10, 5)], (0, "0"), [("-505", "0", "5", "10", S)]),
    ],
)
def test_positions_follow_own_trades(trades, open_, exits):
    """Opened, increased, reduced, closed, flipped with the fee split by quantity; rebates too."""
    engine, found = make(), []
    for time, one in enumerate(trades, 1):
        found += engine.process(own(*one, time=time)).outputs
    assert (engine.position(0), engine.realised(0)) == (D(str(open_[0])), D(open_[1]))
    told = [(e.pnl_realised, e.fees_enter, e.fees_exit, e.quantity_abs_max, e.side) for e in found]
    assert told == [(*map(D, one[:4]), one[4]) for one in exits]


def test_unrealised_moves_with_every_priced_event():
    """Buy 2 at 100 fee 10, sell 0.5 at 150 fee 5: 67.5 at 150; then with the market (corrected)."""
    engine = make()
    engine.process(own(B, 100, 2, 10))
    assert engine.unrealised(0) == 0
    engine.process(own(S, 150, "0.5", 5, time=2))
    assert engine.unrealised(0) == D("67.5")
    engine.process(public(100.0, 3))
    assert engine.unrealised(0) == D("-7.5")
    levels = Level(D(150), D(1)), Level(D(170), D(3))
    quote = OrderBookL1(4, *levels)
    engine.process(Market(Item(MarketEvent(4, 4, "x", 0, quote))))
    assert (engine.price(0), engine.unrealised(0)) == (D(155), D("75"))


# Balances, health, clock


def balance(total: int, time: int) -> Account:
    return Account(Item(AccountEvent(0, AssetBalance("usd", Balance(D(total), D(total)), time))))


def test_a_balance_is_replaced_if_not_older():
    """First, later, same time, stale."""
    engine = make()
    seen = []
    for total, time in ((1100, 5), (1200, 6), (1300, 6), (1400, 4)):
        engine.process(balance(total, time))
        seen.append(engine.balance("x.usd")[::2])
    assert seen == [(D(1100), 5), (D(1200), 6), (D(1300), 6), (D(1300), 6)]


def test_health_needs_every_link():
    """Each starts as reconnecting; any item heals its own; one that is lost takes the overall health with it."""
    engine = make()
    events = [public(1.0), balance(1, 1), public(1.0, 1, 2, "y")]
    for one in events:
        engine.process(one)
    assert not engine.healthy, "the account of y has said nothing"
    engine.process(Account(Item(AccountEvent(1, AssetBalance("usd", Balance(D(1), D(1)), 1)))))
    assert engine.healthy
    engine.process(Account(Reconnecting("x")))
    assert not engine.healthy
    engine.process(balance(1, 0))
    assert engine.healthy, "a stale item heals, too"


def test_the_clock_never_goes_back():
    """Times of items, in any order; what has no time leaves it."""
    engine, seen = make(start=1_000), []
    for one in (public(1.0, 500), public(1.0, 2_000), public(1.0, 1_500), Market(Reconnecting("x"))):
        seen.append(engine.process(one).time)
    assert seen == [1_000, 2_000, 2_000, 2_000]


# Trading state and what the strategy is asked


class Eager(Strategy):
    """Asks for one order at each event."""

    def __init__(self, quantity: int = 1) -> None:
        self.calls, self.quantity = 0, quantity

    def generate_algo_orders(self, engine: Engine) -> Any:
        self.calls += 1
        return (), [request(0, self.quantity, f"c{self.calls}")]

    def on_trading_disabled(self, engine: Engine) -> str:
        return "told"


def test_algo_orders_follow_every_event_while_trading_is_enabled():
    """Also the update that enables, a repeated one, a lost link and a command; not the one that disables."""
    strategy = Eager()
    engine = make(strategy)
    rows = [(public(1.0), 0), (ENABLED, 1), (ENABLED, 2), (Market(Reconnecting("x")), 3), (balance(1, 1), 4)]
    rows += [(Command(ClosePositions(NoFilter())), 5), (DISABLED, 5), (DISABLED, 5), (public(1.0), 5)]
    told = []
    for sequence, (event, calls) in enumerate(rows):
        audit = engine.process(event)
        assert (strategy.calls, audit.sequence) == (calls, sequence)
        told += [one for one in audit.outputs if isinstance(one, TradingDisabled)]
    assert told == [TradingDisabled("told")], "only when enabled becomes disabled"


def test_after_a_shutdown_nothing_is_processed():
    """It has no outputs, and the strategy is not asked."""
    strategy = Eager()
    engine = make(strategy, trading=TradingState.ENABLED)
    audits = engine.run([public(1.0), Shutdown(), public(1.0)])
    assert [audit.outputs for audit in audits][1:] == [()]
    assert strategy.calls == 1
    with pytest.raises(EngineError, match="has ended"):
        engine.process(public(1.0))


# Risk and sending


def test_the_risk_manager_refuses_with_a_reason_or_resizes():
    """A refused order is in the audit and never in flight; a resized one is sent smaller; commands bypass it."""
    engine = make(Eager(5), trading=TradingState.ENABLED, risk=Limits(order_quantity=2))
    (output,) = engine.process(public(1.0)).outputs
    assert isinstance(output, AlgoOrders)
    assert [one.reason for one in output.refused] == ["order_quantity_limit"]
    assert engine.orders(0) == []
    engine = make(Eager(5), trading=TradingState.ENABLED, risk=Limits(order_quantity=2, resize=True))
    (output,) = engine.process(public(1.0)).outputs
    assert [one.state.quantity for one in output.opens.sent] == [D(2)]
    assert [one.quantity for one in engine.orders(0)] == [D(2)]
    engine = make(risk=Limits(order_quantity=2))
    engine.process(Command(SendOpenRequests((request(0, 7), request(1, 8, "d")))))
    assert [one.quantity for i in (0, 1) for one in engine.orders(i)] == [D(7), D(8)]


def test_a_recoverable_error_stays_in_the_output():
    """The request is not in flight, the run goes on."""
    errors: list[Any] = [ExecutionChannelUnhealthy("full"), None]
    engine = make(Eager(), trading=TradingState.ENABLED, send=lambda _: errors.pop(0))
    first, second = engine.process(public(1.0)), engine.process(public(1.0))
    assert first.errors == ()
    assert [error for _, error in first.outputs[0].opens.errors] == [ExecutionChannelUnhealthy("full")]
    assert len(second.outputs[0].opens.sent) == 1
    assert [one.key.cid for one in engine.orders(0)] == ["c2"]


def test_an_unrecoverable_error_ends_the_run_and_the_audit_has_what_was_sent():
    """Barter's audit omits the algo orders that were sent in the same call (corrected)."""

    class Two(Strategy):
        def generate_algo_orders(self, engine: Engine) -> Any:
            return (), [request(0), request(1, cid="d")]

    gone = Custom("gone")
    engine = make(Two(), trading=TradingState.ENABLED, send=lambda one: gone if one.key.instrument else None)
    audits = engine.run([public(1.0), public(1.0)])
    assert len(audits) == 1
    assert audits[0].errors == (gone,)
    assert [one.key.cid for one in audits[0].outputs[0].opens.sent] == ["c"]
    assert [one.key.cid for one in engine.orders(0)] == ["c"]
    assert engine.orders(1) == []


@pytest.mark.parametrize(
    ("chosen", "closed"),
    [
        (NoFilter(), [0, 1, 2]),
        (Exchanges("y"), [2]),
        (Exchanges((0, 1)), [0, 1, 2]),
        (Instruments((0, "b_usd")), [0, 1]),
        (Underlyings(Underlying("a", "usd")), [0, 2]),
    ],
)
def test_filters_choose_instruments(chosen, closed):
    """None, exchanges, instruments, underlyings; by index or name; orders in index order."""
    engine = make()
    for i, exchange in enumerate((0, 0, 1)):
        engine.process(public(10.0, 1, i, "xxy"[i]))
        trade = Trade("t", f"o{i}", i, "s", 1, B, D(10), D(1), AssetFees(None, D(0)))
        engine.process(Account(Item(AccountEvent(exchange, trade))))
    (output,) = engine.process(Command(ClosePositions(chosen))).outputs
    assert [one.key.instrument for one in output.opens.sent] == closed
    assert {(one.state.side, one.state.quantity) for one in output.opens.sent} == {(S, D(1))}
